// Four f32 weights.
alias Packed = vec4<f32>;
fn unpack(weights: Packed) -> vec4<f32> {
    return weights;
}
