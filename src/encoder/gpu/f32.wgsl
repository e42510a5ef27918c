// Four f32 weights.
alias Stored = vec4<f32>;
alias Fetched = vec4<f32>;
fn fetch(row: u32, at: u32) -> Fetched {
    return weights[row * INPUT_VEC4 + at];
}
fn unpack(weights: Fetched) -> vec4<f32> {
    return weights;
}
