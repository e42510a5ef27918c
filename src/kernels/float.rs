//! Products of f32 matrices: attention, and models whose weights are f32.

use super::LANES;

/// Rows of a matrix that lie `stride` values apart.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a> {
    pub values: &'a [f32],
    pub stride: usize,
}

/// Rows that share the loaded values of `b`.
const ROWS: usize = 5;

/// `out = a b`, where `a` is `[rows, inner]`, `b` is `[inner, columns]` and `out` is `[rows, columns]` with rows `out_stride` apart.
/// Each value is summed along `inner` in order.
pub(crate) fn matmul(a: Strided<'_>, b: Strided<'_>, sizes: [usize; 3], out: &mut [f32], out_stride: usize) {
    #[cfg(target_arch = "x86_64")]
    if super::simd_level() == super::SimdLevel::Avx2 {
        // SAFETY: the machine has AVX2.
        return unsafe { matmul_avx2(a, b, sizes, out, out_stride) };
    }
    matmul_of(a, b, sizes, out, out_stride);
}

/// The same code, for which the compiler may use AVX2. Lanes and their order stay, and nothing is fused: so do the bits.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn matmul_avx2(a: Strided<'_>, b: Strided<'_>, sizes: [usize; 3], out: &mut [f32], out_stride: usize) {
    matmul_of(a, b, sizes, out, out_stride);
}

#[inline(always)]
fn matmul_of(a: Strided<'_>, b: Strided<'_>, [rows, inner, columns]: [usize; 3], out: &mut [f32], out_stride: usize) {
    let whole = columns - columns % LANES;
    let mut row = 0;
    while row < rows {
        let height = (rows - row).min(ROWS);
        for column in (0..whole).step_by(LANES) {
            let at = [row, column];
            match height {
                5 => tile::<5>(a, b, inner, at, out, out_stride),
                4 => tile::<4>(a, b, inner, at, out, out_stride),
                3 => tile::<3>(a, b, inner, at, out, out_stride),
                2 => tile::<2>(a, b, inner, at, out, out_stride),
                _ => tile::<1>(a, b, inner, at, out, out_stride),
            }
        }
        for row in row..row + height {
            for column in whole..columns {
                let a = &a.values[row * a.stride..];
                out[row * out_stride + column] =
                    (0..inner).fold(0.0, |sum, i| sum + a[i] * b.values[i * b.stride + column]);
            }
        }
        row += height;
    }
}

// In wasm a function of its own: V8 keeps the sums in registers while it is small.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn tile<const M: usize>(
    a: Strided<'_>,
    b: Strided<'_>,
    inner: usize,
    [row, column]: [usize; 2],
    out: &mut [f32],
    out_stride: usize,
) {
    let a: [&[f32]; M] = core::array::from_fn(|m| &a.values[(row + m) * a.stride..][..inner]);
    let mut sums = [[0.0_f32; LANES]; M];
    for i in 0..inner {
        let b: &[f32; LANES] = b.values[i * b.stride + column..].first_chunk().unwrap_or(&[0.0; LANES]);
        for (sums, a) in sums.iter_mut().zip(&a) {
            let x = a[i];
            for (sum, b) in sums.iter_mut().zip(b) {
                *sum += x * b;
            }
        }
    }
    for (m, sums) in sums.iter().enumerate() {
        out[(row + m) * out_stride + column..][..LANES].copy_from_slice(sums);
    }
}

/// `out = x W^T + bias` for rows `x` of `inputs` values and a matrix of little-endian f32, `[outputs, inputs]`; `out` is `[rows, outputs]`.
/// `panel` is scratch.
pub(crate) fn linear_f32(x: &[f32], inputs: usize, weight: &[u8], bias: &[f32], panel: &mut Vec<f32>, out: &mut [f32]) {
    let (rows, outputs) = (x.len() / inputs, bias.len());
    let weight = weight.as_chunks::<4>().0;
    let mut block = vec![0.0; rows * LANES];
    // Eight output channels at a time, turned so that they lie side by side.
    panel.clear();
    panel.resize(inputs * LANES, 0.0);
    for first in (0..outputs).step_by(LANES) {
        let width = (outputs - first).min(LANES);
        for lane in 0..width {
            let channel = &weight[(first + lane) * inputs..][..inputs];
            for (i, value) in channel.iter().enumerate() {
                panel[i * LANES + lane] = f32::from_le_bytes(*value);
            }
        }
        let a = Strided { values: x, stride: inputs };
        let b = Strided { values: panel, stride: LANES };
        matmul(a, b, [rows, inputs, LANES], &mut block, LANES);
        for (out, block) in out.chunks_exact_mut(outputs).zip(block.as_chunks::<LANES>().0) {
            for lane in 0..width {
                out[first + lane] = block[lane] + bias[first + lane];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_the_naive_product(rows in 1_usize..11, inner in 1_usize..40, columns in 1_usize..30, pad in 0_usize..5, seed in 0_u32..1000) {
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); f32::from((state >> 16) as u16) / 65536.0 - 0.5 };
            let (a_stride, b_stride, out_stride) = (inner + pad, columns + pad, columns + pad);
            let a: Vec<f32> = (0..rows * a_stride).map(|_| next()).collect();
            let b: Vec<f32> = (0..inner * b_stride).map(|_| next()).collect();
            let mut out = vec![9.0; rows * out_stride];
            matmul(Strided { values: &a, stride: a_stride }, Strided { values: &b, stride: b_stride }, [rows, inner, columns], &mut out, out_stride);
            for r in 0..rows {
                for c in 0..out_stride {
                    let expected = if c < columns { (0..inner).map(|i| a[r * a_stride + i] * b[i * b_stride + c]).sum() } else { 9.0 };
                    prop_assert!((out[r * out_stride + c] - expected).abs() < 1e-5);
                }
            }
        }
    }
}
