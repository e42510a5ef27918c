// Layer normalization (Ba et al., 2016) without a kernel of its own. The residual stream is stored before the norm, with the
// mean and the sum of squared deviations of each block of columns beside it; whoever reads a token merges its blocks (Chan,
// Golub and LeVeque, 1979) and normalizes on the fly. Several lanes may share a token, each with every `lanes`-th block.
//
// Needs `stats: array<vec2<f32>>` of `[tokens, batch.blocks]`, `HIDDEN` and `EPSILON_BITS`.

// What a lane's blocks add to a token's mean.
fn mean_part(token: u32, lane: u32, lanes: u32) -> f32 {
    var sum = 0.0;
    for (var block = lane; block < batch.blocks; block += lanes) {
        sum += block_columns(block) * stats[token * batch.blocks + block].x;
    }
    return sum / f32(HIDDEN);
}

// What a lane's blocks add to a token's squared deviations from its mean.
fn squares_part(token: u32, mean: f32, lane: u32, lanes: u32) -> f32 {
    var sum = 0.0;
    for (var block = lane; block < batch.blocks; block += lanes) {
        let part = stats[token * batch.blocks + block];
        let apart = part.x - mean;
        sum += part.y + block_columns(block) * apart * apart;
    }
    return sum;
}

// Mean and 1 / standard deviation.
fn moments_of(mean: f32, squares: f32) -> vec2<f32> {
    return vec2<f32>(mean, inverseSqrt(squares / f32(HIDDEN) + bitcast<f32>(EPSILON_BITS)));
}

// The same, found by one invocation.
fn token_moments(token: u32) -> vec2<f32> {
    let mean = mean_part(token, 0u, 1u);
    return moments_of(mean, squares_part(token, mean, 0u, 1u));
}

fn block_columns(block: u32) -> f32 {
    return f32(min(batch.block_width, HIDDEN - block * batch.block_width));
}
