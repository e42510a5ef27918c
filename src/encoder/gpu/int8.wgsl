// Four int8 weights in a word, the first in its lowest byte. The scale of the row is applied to sums.
alias Stored = u32;
alias Fetched = u32;
fn fetch(row: u32, at: u32) -> Fetched {
    return weights[row * INPUT_VEC4 + at];
}
fn unpack(word: Fetched) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
