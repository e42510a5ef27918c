// The ends of a product that is added to the normalized residual stream: attention's output, or the contraction. The sum is
// the next residual stream, stored before its norm together with its stats.

@group(0) @binding(4) var<storage, read_write> output: array<f32>;
@group(0) @binding(5) var<storage, read> norm: array<f32>; // scale, then shift
@group(0) @binding(6) var<storage, read> stats: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read> residual: array<f32>;
@group(0) @binding(8) var<storage, read_write> next_stats: array<vec2<f32>>;

fn load_input(token: u32, moments: vec2<f32>, at: u32) -> vec4<f32> {
    return input[token * INPUT_VEC4 + at];
}

// Adds the residual to one value, stores the sum and returns it.
fn finish(token: u32, moments: vec2<f32>, column: u32, value: f32) -> f32 {
    if token >= batch.tokens || column >= OUTPUTS {
        return 0.0;
    }
    let at = token * OUTPUT_STRIDE + column;
    let normalized = (residual[at] - moments.x) * moments.y * norm[column] + norm[OUTPUT_STRIDE + column];
    let sum = value + normalized;
    output[at] = sum;
    return sum;
}

fn store_block(token: u32, block: u32, mean: f32, squares: f32) {
    if token < batch.tokens {
        next_stats[token * batch.blocks + block] = vec2<f32>(mean, squares);
    }
}
