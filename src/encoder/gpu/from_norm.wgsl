// The ends of a product that reads the normalized residual stream: queries, keys and values, or the expansion with its GELU.

@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<vec4<f32>>; // scale, then shift
@group(0) @binding(6) var<storage, read> stats: array<vec2<f32>>;

fn load_input(token: u32, moments: vec2<f32>, at: u32) -> vec4<f32> {
    return (input[token * INPUT_VEC4 + at] - moments.x) * moments.y * norm[at] + norm[INPUT_VEC4 + at];
}

// Stores one value of the result.
fn finish(token: u32, moments: vec2<f32>, column: u32, value: f32) -> f32 {
    if token < batch.tokens && column < OUTPUTS {
        output[token * OUTPUT_STRIDE + column] = select(value, gelu(value), GELU == 1u);
    }
    return 0.0;
}

fn store_block(token: u32, block: u32, mean: f32, squares: f32) {}

// x * P(X <= x) of a standard normal X. The error function is Abramowitz and Stegun's 7.1.26 (off by at most 1.5e-7), its
// complement taken directly so that nothing cancels for negative x.
fn gelu(x: f32) -> f32 {
    let y = abs(x) * 0.70710678;
    let t = 1.0 / (1.0 + 0.3275911 * y);
    let polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
    let tail = 0.5 * polynomial * exp(-y * y);
    return x * select(tail, 1.0 - tail, x > 0.0);
}
