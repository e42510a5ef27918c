// The normalized residual stream -> one unit vector a text: the mean over its tokens, or its first token. A workgroup a text;
// four groups of 64 invocations share its tokens.

@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> stream: array<f32>;
@group(0) @binding(3) var<storage, read> norm: array<f32>; // scale, then shift
@group(0) @binding(4) var<storage, read> stats: array<vec2<f32>>;
@group(0) @binding(5) var<storage, read_write> pooled: array<f32>; // [texts, HIDDEN]

const INVOCATIONS = 256u;
const COLUMNS = 64u;
const GROUPS = INVOCATIONS / COLUMNS;

var<workgroup> tile_moments: array<vec2<f32>, INVOCATIONS>;
var<workgroup> parts: array<f32, INVOCATIONS>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let start = words[batch.texts_at + 2u * group.x];
    var length = words[batch.texts_at + 2u * group.x + 1u];
    if FIRST_TOKEN_ONLY == 1u {
        length = 1u;
    }
    let lane = index % COLUMNS;
    var squares = 0.0;
    for (var first_column = 0u; first_column < HIDDEN; first_column += COLUMNS) {
        let column = min(first_column + lane, HIDDEN - 1u);
        var sum = 0.0;
        for (var first = 0u; first < length; first += INVOCATIONS) {
            let chunk = min(INVOCATIONS, length - first);
            // One chunk's moments serve all columns where the text is that short.
            if first_column == 0u || length > INVOCATIONS {
                workgroupBarrier();
                if index < chunk {
                    tile_moments[index] = token_moments(start + first + index);
                }
                workgroupBarrier();
            }
            for (var i = index / COLUMNS; i < chunk; i += GROUPS) {
                let moments = tile_moments[i];
                sum += (stream[(start + first + i) * HIDDEN_STRIDE + column] - moments.x) * moments.y;
            }
        }
        parts[index] = sum;
        workgroupBarrier();
        if index < COLUMNS && first_column + lane < HIDDEN {
            let whole = parts[lane] + parts[COLUMNS + lane] + parts[2u * COLUMNS + lane] + parts[3u * COLUMNS + lane];
            let mean = whole / f32(length) * norm[column] + norm[HIDDEN_STRIDE + column];
            pooled[group.x * HIDDEN + column] = mean;
            squares += mean * mean;
        }
        workgroupBarrier();
    }

    // The first 64 invocations hold the squares and wrote the columns that they now scale.
    parts[index] = squares;
    workgroupBarrier();
    if index < COLUMNS {
        var whole = 0.0;
        for (var i = 0u; i < COLUMNS; i++) {
            whole += parts[i];
        }
        let inverse = 1.0 / max(sqrt(whole), 1e-12);
        for (var column = lane; column < HIDDEN; column += COLUMNS) {
            pooled[group.x * HIDDEN + column] *= inverse;
        }
    }
}
