// Keys of the rows of one chunk of the table. Eight invocations share four rows, and read neighboring words of them; a
// workgroup makes 128 rows.

struct Chunk {
    first_row: u32,
    rows: u32,
}
@group(0) @binding(1) var<uniform> chunk: Chunk;
@group(0) @binding(2) var<storage, read> table: array<vec4<u32>>; // int8, [rows, ROW]
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read> factors: array<f32>;
@group(0) @binding(5) var<storage, read> base: array<u32>; // bits of f32
@group(0) @binding(6) var<storage, read> vectors: array<vec4<f32>>; // [2, 4 * ROW]
@group(0) @binding(7) var<storage, read_write> keys: array<u32>;

const LANES = 8u;
const ROWS_EACH = 4u;
const ROWS_A_GROUP = 128u;
// One more than the lanes, so that rows fall into different banks.
const STRIDE = LANES + 1u;
const EXCLUDED = 0xff800000u; // minus infinity

var<workgroup> parts: array<vec2<f32>, ROWS_A_GROUP * STRIDE>;

fn unpack(word: u32) -> vec4<f32> {
    return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4<u32>(24u, 16u, 8u, 0u)) >> vec4<u32>(24u));
}

fn vector_part(at: u32) -> mat4x4<f32> {
    return mat4x4<f32>(vectors[at], vectors[at + 1u], vectors[at + 2u], vectors[at + 3u]);
}

// Dot products of 16 int8 values with 16 values of either vector.
fn dots(values: vec4<u32>, a: mat4x4<f32>, b: mat4x4<f32>) -> vec2<f32> {
    let first = unpack(values.x);
    let second = unpack(values.y);
    let third = unpack(values.z);
    let fourth = unpack(values.w);
    return vec2<f32>(
        dot(first, a[0]) + dot(second, a[1]) + dot(third, a[2]) + dot(fourth, a[3]),
        dot(first, b[0]) + dot(second, b[1]) + dot(third, b[2]) + dot(fourth, b[3]),
    );
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let lane = index % LANES;
    let first = index / LANES * ROWS_EACH;
    let first_in_chunk = (group.y * GRID_WIDTH + group.x) * ROWS_A_GROUP;
    let rows = vec4<u32>(first_in_chunk + first) + vec4<u32>(0u, 1u, 2u, 3u);
    let at = min(rows, vec4<u32>(chunk.rows - 1u)) * ROW;
    // Named, not an array: an index that a compiler fails to resolve would move the sums to memory.
    var sums0 = vec2<f32>();
    var sums1 = vec2<f32>();
    var sums2 = vec2<f32>();
    var sums3 = vec2<f32>();
    for (var word = lane; word < ROW; word += LANES) {
        let a = vector_part(4u * word);
        let b = vector_part(4u * (ROW + word));
        sums0 += dots(table[at.x + word], a, b);
        sums1 += dots(table[at.y + word], a, b);
        sums2 += dots(table[at.z + word], a, b);
        sums3 += dots(table[at.w + word], a, b);
    }
    parts[first * STRIDE + lane] = sums0;
    parts[(first + 1u) * STRIDE + lane] = sums1;
    parts[(first + 2u) * STRIDE + lane] = sums2;
    parts[(first + 3u) * STRIDE + lane] = sums3;
    workgroupBarrier();

    let row = first_in_chunk + index;
    if index < ROWS_A_GROUP && row < chunk.rows {
        let at = chunk.first_row + row;
        var sums = vec2<f32>();
        for (var i = 0u; i < LANES; i++) {
            sums += parts[index * STRIDE + i];
        }
        let factor = select(vec2<f32>(1.0), vec2<f32>(factors[at]), query.by_row == vec2<u32>(1u));
        let terms = query.weights * factor * (sums * scales[at] - query.offsets);
        let score = bitcast<f32>(base[at]) + (terms.x + terms.y);
        keys[at] = select(key_of(score), 0u, base[at] == EXCLUDED);
    }
}
