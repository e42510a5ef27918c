// Token ids -> the residual stream, where tokens' vectors are narrower than it: projection of the token vector + position vector, and the
// stream's stats. The projection's rows follow the vocabulary's in one table. A workgroup a block and token.

@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> weights: array<Stored>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> positions: array<f32>;
@group(0) @binding(5) var<storage, read_write> stream: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<vec2<f32>>;

// As many as the widest block has columns.
const INVOCATIONS = 64u;

var<workgroup> narrow: array<vec4<f32>, INPUT_VEC4>;
var<workgroup> values: array<f32, INVOCATIONS>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let block = group.x;
    let token = group.y;
    let vector = words[HEADER_WORDS + 2u * token];
    let position = words[HEADER_WORDS + 2u * token + 1u];
    for (var at = index; at < INPUT_VEC4; at += INVOCATIONS) {
        narrow[at] = unpack(fetch(vector, at)) * scales[vector];
    }
    workgroupBarrier();

    let first = block * batch.block_width;
    let count = min(batch.block_width, HIDDEN - first);
    var value = 0.0;
    if index < count {
        let row = PROJECTION_ROW + first + index;
        for (var at = 0u; at < INPUT_VEC4; at++) {
            value += dot(unpack(fetch(row, at)), narrow[at]);
        }
        value = value * scales[row] + positions[position * HIDDEN_VEC4 * 4u + first + index];
        stream[token * HIDDEN_VEC4 * 4u + first + index] = value;
    }
    values[index] = value;
    workgroupBarrier();

    if index == 0u {
        var sum = 0.0;
        for (var i = 0u; i < count; i++) {
            sum += values[i];
        }
        let mean = sum / f32(count);
        var squares = 0.0;
        for (var i = 0u; i < count; i++) {
            let apart = values[i] - mean;
            squares += apart * apart;
        }
        stats[token * batch.blocks + block] = vec2<f32>(mean, squares);
    }
}
