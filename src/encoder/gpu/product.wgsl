// input * weights^T + bias: what both forms of a product share.

@group(0) @binding(1) var<storage, read> input: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> weights: array<Stored>;
@group(0) @binding(3) var<storage, read> channels: array<vec2<f32>>; // scale and bias of an output

// `sums + w * x`, in multiply-adds that a compiler can fuse.
fn add_product(sums: vec4<f32>, w: mat4x4<f32>, x: vec4<f32>) -> vec4<f32> {
    var added = sums;
    added += w[0] * x.x;
    added += w[1] * x.y;
    added += w[2] * x.z;
    added += w[3] * x.w;
    return added;
}

// Scales the sums of four outputs of a token, adds the biases and stores them. Returns what counts for the stats, 0 where
// there is no such token or output.
fn finish_four(token: u32, moments: vec2<f32>, columns: vec4<u32>, sums: vec4<f32>) -> vec4<f32> {
    let last = min(columns, vec4<u32>(OUTPUTS - 1u));
    return vec4<f32>(
        finish(token, moments, columns.x, sums.x * channels[last.x].x + channels[last.x].y),
        finish(token, moments, columns.y, sums.y * channels[last.y].x + channels[last.y].y),
        finish(token, moments, columns.z, sums.z * channels[last.z].x + channels[last.z].y),
        finish(token, moments, columns.w, sums.w * channels[last.w].x + channels[last.w].y),
    );
}

fn total(v: vec4<f32>) -> f32 {
    return dot(v, vec4<f32>(1.0));
}

// Squared deviations from the mean, of the outputs that there are.
fn squares(values: vec4<f32>, mean: f32, columns: vec4<u32>) -> f32 {
    let apart = select(vec4<f32>(0.0), values - mean, columns < vec4<u32>(OUTPUTS));
    return dot(apart, apart);
}
