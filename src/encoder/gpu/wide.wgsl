// A product for many tokens, where arithmetic is the work. A workgroup makes 64 tokens x 64 outputs in steps of 16 along the
// inner dimension; both tiles lie in shared memory as f32, and the next ones are fetched while these are multiplied. Each
// invocation holds 8 x 4 sums.

const SIDE = 64u;
const INVOCATIONS = 128u;
// vec4 of one row in a step, and how far apart rows lie, so that neighboring rows fall into different banks.
const STEP = 4u;
const ROW = STEP + 1u;
// Where the tile of weights begins.
const WEIGHTS_AT = SIDE * ROW;

var<workgroup> tile_moments: array<vec2<f32>, SIDE>;
var<workgroup> tile: array<vec4<f32>, 2u * SIDE * ROW>;

@compute @workgroup_size(INVOCATIONS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
    let first_output = group.x * SIDE;
    let first_token = group.y * SIDE;
    // Tokens and outputs beyond the last are computed from the last one and not stored.
    let last_token = batch.tokens - 1u;
    if index < SIDE {
        tile_moments[index] = token_moments(min(first_token + index, last_token));
    }
    workgroupBarrier();

    // Four neighbors fetch one row's step; each fetches from two rows of either tile.
    let lane = index % STEP;
    let fetched = vec2<u32>(index / STEP, index / STEP + INVOCATIONS / STEP);
    let tokens = min(vec2<u32>(first_token) + fetched, vec2<u32>(last_token));
    let rows = min(vec2<u32>(first_output) + fetched, vec2<u32>(OUTPUTS - 1u));
    let moments_x = tile_moments[fetched.x];
    let moments_y = tile_moments[fetched.y];
    var input_x = load_input(tokens.x, moments_x, lane);
    var input_y = load_input(tokens.y, moments_y, lane);
    var weights_x = fetch(rows.x, lane);
    var weights_y = fetch(rows.y, lane);

    // Outputs column, column + 16, ..; tokens row, row + 8, ..
    let column = index % 16u;
    let row = index / 16u;
    // Named, not an array: an index that a compiler fails to resolve would move the sums to memory.
    var sums0 = vec4<f32>();
    var sums1 = vec4<f32>();
    var sums2 = vec4<f32>();
    var sums3 = vec4<f32>();
    var sums4 = vec4<f32>();
    var sums5 = vec4<f32>();
    var sums6 = vec4<f32>();
    var sums7 = vec4<f32>();
    for (var first = 0u; first < INPUT_VEC4; first += STEP) {
        tile[fetched.x * ROW + lane] = input_x;
        tile[fetched.y * ROW + lane] = input_y;
        tile[WEIGHTS_AT + fetched.x * ROW + lane] = unpack(weights_x);
        tile[WEIGHTS_AT + fetched.y * ROW + lane] = unpack(weights_y);
        workgroupBarrier();
        // The last fetch is of no use, and harmless.
        let at = min(first + STEP, INPUT_VEC4 - STEP) + lane;
        input_x = load_input(tokens.x, moments_x, at);
        input_y = load_input(tokens.y, moments_y, at);
        weights_x = fetch(rows.x, at);
        weights_y = fetch(rows.y, at);
        for (var k = 0u; k < STEP; k++) {
            let w = transpose(mat4x4<f32>(
                tile[WEIGHTS_AT + column * ROW + k],
                tile[WEIGHTS_AT + (column + 16u) * ROW + k],
                tile[WEIGHTS_AT + (column + 32u) * ROW + k],
                tile[WEIGHTS_AT + (column + 48u) * ROW + k],
            ));
            let x = row * ROW + k;
            sums0 = add_product(sums0, w, tile[x]);
            sums1 = add_product(sums1, w, tile[x + 8u * ROW]);
            sums2 = add_product(sums2, w, tile[x + 16u * ROW]);
            sums3 = add_product(sums3, w, tile[x + 24u * ROW]);
            sums4 = add_product(sums4, w, tile[x + 32u * ROW]);
            sums5 = add_product(sums5, w, tile[x + 40u * ROW]);
            sums6 = add_product(sums6, w, tile[x + 48u * ROW]);
            sums7 = add_product(sums7, w, tile[x + 56u * ROW]);
        }
        workgroupBarrier();
    }

    let columns = vec4<u32>(first_output + column) + vec4<u32>(0u, 16u, 32u, 48u);
    let token = first_token + row;
    sums0 = finish_four(token, tile_moments[row], columns, sums0);
    sums1 = finish_four(token + 8u, tile_moments[row + 8u], columns, sums1);
    sums2 = finish_four(token + 16u, tile_moments[row + 16u], columns, sums2);
    sums3 = finish_four(token + 24u, tile_moments[row + 24u], columns, sums3);
    sums4 = finish_four(token + 32u, tile_moments[row + 32u], columns, sums4);
    sums5 = finish_four(token + 40u, tile_moments[row + 40u], columns, sums5);
    sums6 = finish_four(token + 48u, tile_moments[row + 48u], columns, sums6);
    sums7 = finish_four(token + 56u, tile_moments[row + 56u], columns, sums7);

    if WRITES_STATS == 1u {
        // Columns beyond the last count as zeros in sums, and not at all in squares. The tile now holds one sum an
        // invocation for each of its tokens, four tokens in a vec4.
        let count = f32(min(SIDE, OUTPUTS - first_output));
        let mine = column * 16u + row * 2u;
        tile[mine] = vec4<f32>(total(sums0), total(sums1), total(sums2), total(sums3));
        tile[mine + 1u] = vec4<f32>(total(sums4), total(sums5), total(sums6), total(sums7));
        workgroupBarrier();
        var means_low = vec4<f32>();
        var means_high = vec4<f32>();
        for (var c = 0u; c < 16u; c++) {
            means_low += tile[c * 16u + row * 2u];
            means_high += tile[c * 16u + row * 2u + 1u];
        }
        means_low /= count;
        means_high /= count;
        workgroupBarrier();
        tile[mine] = vec4<f32>(
            squares(sums0, means_low.x, columns),
            squares(sums1, means_low.y, columns),
            squares(sums2, means_low.z, columns),
            squares(sums3, means_low.w, columns),
        );
        tile[mine + 1u] = vec4<f32>(
            squares(sums4, means_high.x, columns),
            squares(sums5, means_high.y, columns),
            squares(sums6, means_high.z, columns),
            squares(sums7, means_high.w, columns),
        );
        workgroupBarrier();
        // Invocation `column` of a row finishes the row's token `row + 8 * column`.
        if column < 8u {
            let high = column / 4u;
            var whole = vec4<f32>();
            for (var c = 0u; c < 16u; c++) {
                whole += tile[c * 16u + row * 2u + high];
            }
            let means = select(means_low, means_high, high == 1u);
            store_block(token + 8u * column, group.x, means[column % 4u], whole[column % 4u]);
        }
    }
}
