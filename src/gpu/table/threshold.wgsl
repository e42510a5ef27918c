// Radix selection of the k-th largest key by its upper 22 bits: a histogram of the first 11, then one of the next 11 among the
// keys that share the winning first 11. Every workgroup finds the winning bin for itself.

const BINS = 2048u;
const DIGIT = 11u;
const INVOCATIONS = 256u;
const BINS_EACH = BINS / INVOCATIONS;

// The winning bin, and how many keys lie in higher ones.
struct Bin {
    index: u32,
    above: u32,
}

var<workgroup> tail: array<u32, INVOCATIONS>;
var<workgroup> winner: Bin;

// The bin of the `k`-th largest key by the histogram that begins at `first`; bin 0 if there are fewer keys.
fn find_bin(first: u32, k: u32, index: u32) -> Bin {
    var own = 0u;
    for (var i = 0u; i < BINS_EACH; i++) {
        own += atomicLoad(&histogram[first + index * BINS_EACH + i]);
    }
    tail[index] = own;
    if index == 0u {
        winner = Bin(0u, 0u);
    }
    workgroupBarrier();
    // Keys in the bins of higher invocations.
    for (var stride = 1u; stride < INVOCATIONS; stride *= 2u) {
        var other = 0u;
        if index + stride < INVOCATIONS {
            other = tail[index + stride];
        }
        workgroupBarrier();
        tail[index] += other;
        workgroupBarrier();
    }
    var above = tail[index] - own;
    if above < k && tail[index] >= k {
        for (var i = BINS_EACH; i > 0u; i--) {
            let bin = index * BINS_EACH + i - 1u;
            let count = atomicLoad(&histogram[first + bin]);
            if above + count >= k {
                winner = Bin(bin, above);
                break;
            }
            above += count;
        }
    }
    return workgroupUniformLoad(&winner);
}
