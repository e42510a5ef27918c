// Four int8 weights in a word, the first in its lowest byte. The scale of the row is applied to sums.
alias Packed = u32;
fn unpack(word: Packed) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}
