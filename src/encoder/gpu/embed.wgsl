// Token ids -> the residual stream: token vector + position vector, and the stream's stats. One invocation a token and block.

@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<Stored>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> stream: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let token = id.x / batch.blocks;
    let block = id.x % batch.blocks;
    if token >= batch.tokens {
        return;
    }
    let vector = words[HEADER_WORDS + 2u * token];
    let position = words[HEADER_WORDS + 2u * token + 1u];
    let scale = scales[vector];
    let first = block * batch.block_width;
    let end = min(first + batch.block_width, HIDDEN);

    // Columns beyond the last are stored as zeros and stay zero.
    var sum = 0.0;
    for (var column = first; column < end; column += 4u) {
        let at = column / 4u;
        let value = unpack(fetch(vector, at)) * scale + positions[position * HIDDEN_VEC4 + at];
        stream[token * HIDDEN_VEC4 + at] = value;
        sum += dot(value, vec4<f32>(1.0));
    }
    let mean = sum / f32(end - first);
    var squares = 0.0;
    for (var column = first; column < end; column += 4u) {
        let apart = stream[token * HIDDEN_VEC4 + column / 4u] - mean;
        let there = vec4<u32>(column) + vec4<u32>(0u, 1u, 2u, 3u) < vec4<u32>(end);
        squares += dot(apart, select(vec4<f32>(0.0), apart, there));
    }
    stats[token * batch.blocks + block] = vec2<f32>(mean, squares);
}
