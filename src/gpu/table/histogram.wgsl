// Counts the keys of the rows in 2,048 bins: pass 0 by their first 11 bits, pass 1 by the next 11.

@group(0) @binding(1) var<storage, read> keys: array<u32>;
@group(0) @binding(2) var<storage, read_write> histogram: array<atomic<u32>>; // [2, BINS]

var<workgroup> counts: array<atomic<u32>, BINS>;

@compute @workgroup_size(INVOCATIONS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) index: u32,
) {
    var prefix = 0u;
    if PASS == 1u {
        prefix = find_bin(0u, query.k, index).index;
    }
    for (var row = group.x * INVOCATIONS + index; row < query.rows; row += groups.x * INVOCATIONS) {
        let key = keys[row];
        if key != 0u {
            if PASS == 0u {
                atomicAdd(&counts[key >> (32u - DIGIT)], 1u);
            } else if key >> (32u - DIGIT) == prefix {
                atomicAdd(&counts[(key >> (32u - 2u * DIGIT)) % BINS], 1u);
            }
        }
    }
    workgroupBarrier();
    for (var bin = index; bin < BINS; bin += INVOCATIONS) {
        let count = atomicLoad(&counts[bin]);
        if count > 0u {
            atomicAdd(&histogram[PASS * BINS + bin], count);
        }
    }
}
