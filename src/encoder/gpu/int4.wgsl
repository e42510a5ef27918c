// Groups of 32 int4 weights in four words, and their factor in a fifth (src/quantization/int4.rs): byte j holds weight j in its low and
// weight j + 16 in its high half, each plus 8. The scale of the row is applied to sums.
alias Stored = u32;
struct Fetched {
    codes: u32,
    factor: i32,
}
fn fetch(row: u32, at: u32) -> Fetched {
    let group = (row * INPUT_VEC4 + at) / 8u * 5u;
    let part = at % 8u;
    return Fetched(weights[group + part % 4u] >> (part / 4u * 4u), bitcast<i32>(weights[group + 4u]));
}
fn unpack(weights: Fetched) -> vec4<f32> {
    let codes = (vec4<u32>(weights.codes) >> vec4<u32>(0u, 8u, 16u, 24u)) & vec4<u32>(15u);
    return vec4<f32>((vec4<i32>(codes) - 8) * weights.factor);
}
