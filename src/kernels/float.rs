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

/// Rows and channels of f32 as [`linear_f32`] multiplies them. The buffers are reused.
#[derive(Debug, Default)]
pub(crate) struct LinearPanels {
    /// The values of a tile of rows that belong to one input lie side by side: `[tiles, inputs, rows]`.
    rows: Vec<f32>,
    /// The same of a panel of channels: `[inputs, channels]`.
    channels: Vec<f32>,
}

/// `out = x W^T + bias` for rows `x` of `inputs` values and a matrix of little-endian f32, `[outputs, inputs]`; `out` is `[rows, outputs]`.
/// Each value is summed along the inputs in order, whatever the tiles are: the same bits on every machine.
pub(crate) fn linear_f32(
    x: &[f32],
    inputs: usize,
    weight: &[u8],
    bias: &[f32],
    panels: &mut LinearPanels,
    out: &mut [f32],
) {
    let job = LinearJob { x, inputs, weight: weight.as_chunks::<4>().0, bias };
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the machine has AVX-512.
        return unsafe { job.run_avx512(panels, out) };
    } else if super::simd_level() == super::SimdLevel::Avx2 {
        // SAFETY: the machine has AVX2.
        return unsafe { job.run_avx2(panels, out) };
    }
    job.run::<4, LANES>(panels, out, sums_of);
}

#[derive(Clone, Copy)]
struct LinearJob<'a> {
    x: &'a [f32],
    inputs: usize,
    weight: &'a [[u8; 4]],
    bias: &'a [f32],
}

impl LinearJob<'_> {
    /// With AVX-512.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f")]
    unsafe fn run_avx512(self, panels: &mut LinearPanels, out: &mut [f32]) {
        // SAFETY: the machine has AVX-512.
        self.run::<12, 16>(panels, out, |rows, channels| sums_avx512(rows, channels));
    }

    /// The same code, for which the compiler may use AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    unsafe fn run_avx2(self, panels: &mut LinearPanels, out: &mut [f32]) {
        self.run::<12, LANES>(panels, out, sums_of);
    }

    /// Tiles of `M` rows, and of 4 and 1 for those that are left, by `N` channels.
    #[inline(always)]
    fn run<const M: usize, const N: usize>(
        self,
        LinearPanels { rows, channels }: &mut LinearPanels,
        out: &mut [f32],
        sums_of_many: impl Fn(&[f32], &[f32]) -> [[f32; N]; M],
    ) {
        let (count, outputs) = (self.x.len() / self.inputs, self.bias.len());
        let height = |row: usize| match count - row {
            left if left >= M => M,
            4.. => 4,
            _ => 1,
        };
        rows.resize(self.x.len(), 0.0);
        let mut row = 0;
        while row < count {
            let tile = row * self.inputs..(row + height(row)) * self.inputs;
            let to = &mut rows[tile.clone()];
            turn(self.x[tile].chunks_exact(self.inputs).map(|row| row.iter().copied()), height(row), to);
            row += height(row);
        }
        channels.clear();
        channels.resize(self.inputs * N, 0.0);
        for first in (0..outputs).step_by(N) {
            let bias = &self.bias[first..outputs.min(first + N)];
            let weight = self.weight[first * self.inputs..].chunks_exact(self.inputs).take(bias.len());
            turn(weight.map(|channel| channel.iter().map(|bytes| f32::from_le_bytes(*bytes))), N, channels);
            let mut row = 0;
            while row < count {
                let height = height(row);
                let tile = &rows[row * self.inputs..(row + height) * self.inputs];
                let out = &mut out[row * outputs + first..];
                match height {
                    1 => store(sums_of::<1, N>(tile, channels), bias, out, outputs),
                    4 => store(sums_of::<4, N>(tile, channels), bias, out, outputs),
                    _ => store(sums_of_many(tile, channels), bias, out, outputs),
                }
                row += height;
            }
        }
    }
}

/// Lays rows side by side, `width` of them at most.
#[inline(always)]
fn turn(rows: impl Iterator<Item = impl Iterator<Item = f32>>, width: usize, to: &mut [f32]) {
    for (lane, row) in rows.enumerate() {
        for (to, x) in to.chunks_exact_mut(width).zip(row) {
            to[lane] = x;
        }
    }
}

/// The products of `M` rows with the `N` channels of a panel.
// In wasm a function of its own: V8 keeps the sums in registers while it is small.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
fn sums_of<const M: usize, const N: usize>(rows: &[f32], channels: &[f32]) -> [[f32; N]; M] {
    let mut sums = [[0.0_f32; N]; M];
    for (x, channels) in rows.as_chunks::<M>().0.iter().zip(channels.as_chunks::<N>().0) {
        for m in 0..M {
            for lane in 0..N {
                sums[m][lane] += x[m] * channels[lane];
            }
        }
    }
    sums
}

/// The same in instructions: the compiler does not find them.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sums_avx512<const M: usize>(rows: &[f32], channels: &[f32]) -> [[f32; 16]; M] {
    use core::arch::x86_64::{
        _mm512_add_ps, _mm512_loadu_ps, _mm512_mul_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };
    let mut lanes = [_mm512_setzero_ps(); M];
    for (x, channels) in rows.as_chunks::<M>().0.iter().zip(channels.as_chunks::<16>().0) {
        // SAFETY: as many values are read as a vector holds.
        let channels = unsafe { _mm512_loadu_ps(channels.as_ptr()) };
        for m in 0..M {
            lanes[m] = _mm512_add_ps(lanes[m], _mm512_mul_ps(_mm512_set1_ps(x[m]), channels));
        }
    }
    let mut sums = [[0.0; 16]; M];
    for (sums, lanes) in sums.iter_mut().zip(lanes) {
        // SAFETY: as many values are written as a vector holds.
        unsafe { _mm512_storeu_ps(sums.as_mut_ptr(), lanes) };
    }
    sums
}

/// Writes the first of each row's sums, as many as `bias` has, with the bias.
#[inline(always)]
fn store<const M: usize, const N: usize>(sums: [[f32; N]; M], bias: &[f32], out: &mut [f32], stride: usize) {
    for (m, sums) in sums.iter().enumerate() {
        for ((out, sum), bias) in out[m * stride..].iter_mut().zip(sums).zip(bias) {
            *out = sum + bias;
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

        #[test]
        fn linear_has_the_bits_of_sums_in_order(rows in 1_usize..40, inputs in 1_usize..40, outputs in 1_usize..40, seed in 0_u32..1000) {
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); f32::from((state >> 16) as u16) / 65536.0 - 0.5 };
            let x: Vec<f32> = (0..rows * inputs).map(|_| next()).collect();
            let weight: Vec<f32> = (0..outputs * inputs).map(|_| next()).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
            let bytes: Vec<u8> = weight.iter().flat_map(|w| w.to_le_bytes()).collect();
            let portable = |out: &mut [f32]| {
                let job = LinearJob { x: &x, inputs, weight: bytes.as_chunks::<4>().0, bias: &bias };
                job.run::<4, LANES>(&mut LinearPanels::default(), out, sums_of);
            };
            let mut found = [vec![9.0; rows * outputs], vec![9.0; rows * outputs]];
            linear_f32(&x, inputs, &bytes, &bias, &mut LinearPanels::default(), &mut found[0]);
            portable(&mut found[1]);
            for (x, row) in x.chunks(inputs).enumerate() {
                for (channel, (weight, bias)) in weight.chunks(inputs).zip(&bias).enumerate() {
                    let expected = row.iter().zip(weight).fold(0.0, |sum, (x, w)| sum + x * w) + bias;
                    for found in &found {
                        prop_assert_eq!(found[x * outputs + channel].to_bits(), expected.to_bits());
                    }
                }
            }
        }
    }
}
