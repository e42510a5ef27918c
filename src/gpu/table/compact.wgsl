// Collects all rows whose key's upper 22 bits reach the k-th largest's. `selected[0]` counts them, also those that found no
// place; then row and score of each, in no order.

@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> histogram: array<atomic<u32>>; // [2, BINS]
@group(0) @binding(3) var<storage, read_write> selected: array<atomic<u32>>;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    let first = find_bin(0u, query.k, index);
    let second = find_bin(BINS, query.k - first.above, index);
    let threshold = max(((first.index << DIGIT) | second.index) << (32u - 2u * DIGIT), 1u);
    for (var row = group.x * INVOCATIONS + index; row < query.rows; row += groups.x * INVOCATIONS) {
        let key = keys[row];
        if key >= threshold {
            let place = atomicAdd(&selected[0], 1u);
            if place < query.capacity {
                atomicStore(&selected[1u + 2u * place], row);
                atomicStore(&selected[2u + 2u * place], bits_of(key));
            }
        }
    }
}
