// A product for few tokens, where reading the weights is the work. A workgroup makes 16 tokens x 16 outputs; 16 slices share
// the inner dimension, so that a single short text already keeps thousands of invocations busy and each has only a few
// dependent steps. Each invocation holds 4 x 4 sums.

const SIDE = 16u;
const SLICES = 16u;
// Tokens x outputs in vec4, and one more, so that slices fall into different banks.
const SLICE_VEC4 = SIDE * SIDE / 4u;
const SLICE_STRIDE = SLICE_VEC4 + 1u;

var<workgroup> tile_moments: array<vec2<f32>, SIDE>;
var<workgroup> lanes: array<f32, 2u * SIDE * SLICES>;
var<workgroup> parts: array<vec4<f32>, SLICES / 2u * SLICE_STRIDE>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let first_output = group.x * SIDE;
    let first_token = group.y * SIDE;
    // Tokens and outputs beyond the last are computed from the last one and not stored.
    let last_token = batch.tokens - 1u;
    // Neighbors read neighboring words of the same rows.
    let slice = index % SLICES;

    // The slices of a token share its stats.
    let own = index / SLICES;
    let own_token = min(first_token + own, last_token);
    lanes[index] = mean_part(own_token, slice, SLICES);
    workgroupBarrier();
    let mean = sum_of_lanes(own * SLICES, SLICES);
    lanes[SIDE * SLICES + index] = squares_part(own_token, mean, slice, SLICES);
    workgroupBarrier();
    if slice == 0u {
        tile_moments[own] = moments_of(mean, sum_of_lanes((SIDE + own) * SLICES, SLICES));
    }
    workgroupBarrier();

    let row = index / SLICES / 4u * 4u;
    let column = index / SLICES % 4u * 4u;
    let tokens = min(vec4<u32>(first_token + row) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(last_token));
    let rows = min(vec4<u32>(first_output + column) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(OUTPUTS - 1u));
    let moments0 = tile_moments[row];
    let moments1 = tile_moments[row + 1u];
    let moments2 = tile_moments[row + 2u];
    let moments3 = tile_moments[row + 3u];
    // Named, not an array: an index that a compiler fails to resolve would move the sums to memory.
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    for (var at = slice; at < INPUT_VEC4; at += SLICES) {
        let w = transpose(mat4x4<f32>(
            unpack(fetch(rows.x, at)),
            unpack(fetch(rows.y, at)),
            unpack(fetch(rows.z, at)),
            unpack(fetch(rows.w, at)),
        ));
        sums0 = add_product(sums0, w, load_input(tokens.x, moments0, at));
        sums1 = add_product(sums1, w, load_input(tokens.y, moments1, at));
        sums2 = add_product(sums2, w, load_input(tokens.z, moments2, at));
        sums3 = add_product(sums3, w, load_input(tokens.w, moments3, at));
    }

    // The upper half of the slices hand their sums to the lower half, then 64 invocations add those up and finish four
    // outputs of a token each.
    let corner = (slice % (SLICES / 2u)) * SLICE_STRIDE + (row * SIDE + column) / 4u;
    if slice >= SLICES / 2u {
        parts[corner] = sums0;
        parts[corner + SIDE / 4u] = sums1;
        parts[corner + SIDE / 2u] = sums2;
        parts[corner + SIDE * 3u / 4u] = sums3;
    }
    workgroupBarrier();
    if slice < SLICES / 2u {
        parts[corner] += sums0;
        parts[corner + SIDE / 4u] += sums1;
        parts[corner + SIDE / 2u] += sums2;
        parts[corner + SIDE * 3u / 4u] += sums3;
    }
    workgroupBarrier();
    let finishes = index < SLICE_VEC4;
    let token = index / 4u % SIDE;
    let columns = vec4<u32>(first_output + index % 4u * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
    var values = vec4<f32>();
    if finishes {
        for (var s = 0u; s < SLICES / 2u; s++) {
            values += parts[s * SLICE_STRIDE + index];
        }
        values = finish_four(first_token + token, tile_moments[token], columns, values);
    }

    if WRITES_STATS == 1u {
        if finishes {
            lanes[index] = total(values);
        }
        workgroupBarrier();
        let block_mean = sum_of_lanes(token * 4u, 4u) / f32(min(SIDE, OUTPUTS - first_output));
        if finishes {
            lanes[SLICE_VEC4 + index] = squares(values, block_mean, columns);
        }
        workgroupBarrier();
        if finishes && index % 4u == 0u {
            store_block(first_token + token, group.x, block_mean, sum_of_lanes(SLICE_VEC4 + index, 4u));
        }
    }
}

fn sum_of_lanes(first: u32, count: u32) -> f32 {
    var sum = 0.0;
    for (var i = 0u; i < count; i++) {
        sum += lanes[first + i];
    }
    return sum;
}
