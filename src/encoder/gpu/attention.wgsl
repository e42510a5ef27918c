// Attention of one head for QUERIES tokens of one text: softmax(q k^T / sqrt(width)) v in one pass over the text's keys, with
// the running maximum and sum of the online softmax (Milakov and Gimelshein, 2018). Texts lie one after another at their true
// lengths, so there is no mask. Eight invocations share a query.

@group(0) @binding(1) var<storage, read> words: array<u32>;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<f32>>; // [tokens, 3, heads, HEAD_VEC4]
@group(0) @binding(3) var<storage, read_write> attended: array<vec4<f32>>; // [tokens, heads, HEAD_VEC4], padded to ATTENDED_VEC4

const LANES = 8u;
const INVOCATIONS = QUERIES * LANES;
const KEYS_EACH = KEYS / LANES;
const VALUES_EACH = (HEAD_VEC4 + LANES - 1u) / LANES;
// How far apart keys lie, so that neighbors fall into different banks.
const ROW = HEAD_VEC4 + 1u;
const LOWEST = -1e30;

var<workgroup> queries: array<vec4<f32>, QUERIES * HEAD_VEC4>;
var<workgroup> tile: array<vec4<f32>, KEYS * ROW>;
var<workgroup> weights: array<f32, QUERIES * KEYS>;
var<workgroup> maxima: array<f32, INVOCATIONS>;
var<workgroup> sums: array<f32, INVOCATIONS>;

// Copies keys (part 1) or values (part 2) to the tile; keys beyond the last repeat it.
fn load_tile(part: u32, head: u32, first_token: u32, last_token: u32, index: u32) {
    for (var i = index; i < KEYS * HEAD_VEC4; i += INVOCATIONS) {
        let key = i / HEAD_VEC4;
        let token = min(first_token + key, last_token);
        tile[key * ROW + i % HEAD_VEC4] = qkv[((token * 3u + part) * HEADS + head) * HEAD_VEC4 + i % HEAD_VEC4];
    }
}

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let head = group.y;
    let start = words[batch.queries_at + 3u * group.x];
    let length = words[batch.queries_at + 3u * group.x + 1u];
    let first_query = words[batch.queries_at + 3u * group.x + 2u];
    let last_token = start + length - 1u;
    let query = index / LANES;
    let lane = index % LANES;
    for (var i = index; i < QUERIES * HEAD_VEC4; i += INVOCATIONS) {
        let token = min(start + first_query + i / HEAD_VEC4, last_token);
        queries[i] = qkv[(token * 3u * HEADS + head) * HEAD_VEC4 + i % HEAD_VEC4] * bitcast<f32>(SCALE_BITS);
    }

    var maximum = LOWEST;
    var sum = 0.0;
    var mixed: array<vec4<f32>, VALUES_EACH>;
    for (var first = 0u; first < length; first += KEYS) {
        load_tile(1u, head, start + first, last_token, index);
        workgroupBarrier();
        var scores: array<f32, KEYS_EACH>;
        for (var c = 0u; c < HEAD_VEC4; c++) {
            let q = queries[query * HEAD_VEC4 + c];
            for (var k = 0u; k < KEYS_EACH; k++) {
                scores[k] += dot(q, tile[(lane + LANES * k) * ROW + c]);
            }
        }
        var highest = LOWEST;
        for (var k = 0u; k < KEYS_EACH; k++) {
            if first + lane + LANES * k >= length {
                scores[k] = LOWEST;
            }
            highest = max(highest, scores[k]);
        }
        maxima[index] = highest;
        workgroupBarrier();

        load_tile(2u, head, start + first, last_token, index);
        let former = maximum;
        for (var i = 0u; i < LANES; i++) {
            maximum = max(maximum, maxima[query * LANES + i]);
        }
        var part = 0.0;
        for (var k = 0u; k < KEYS_EACH; k++) {
            let weight = exp(scores[k] - maximum);
            weights[query * KEYS + lane + LANES * k] = weight;
            part += weight;
        }
        sums[index] = part;
        workgroupBarrier();

        let shrink = exp(former - maximum);
        sum *= shrink;
        for (var i = 0u; i < LANES; i++) {
            sum += sums[query * LANES + i];
        }
        for (var v = 0u; v < VALUES_EACH; v++) {
            mixed[v] *= shrink;
        }
        let keys = min(KEYS, length - first);
        for (var k = 0u; k < keys; k++) {
            let weight = weights[query * KEYS + k];
            for (var v = 0u; v < VALUES_EACH; v++) {
                mixed[v] += weight * tile[k * ROW + min(lane + LANES * v, HEAD_VEC4 - 1u)];
            }
        }
        workgroupBarrier();
    }

    if first_query + query < length {
        for (var v = 0u; v < VALUES_EACH; v++) {
            if lane + LANES * v < HEAD_VEC4 {
                let at = (start + first_query + query) * ATTENDED_VEC4 + head * HEAD_VEC4 + lane + LANES * v;
                attended[at] = mixed[v] / sum;
            }
        }
    }
}
