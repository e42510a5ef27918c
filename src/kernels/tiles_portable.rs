//! The tile in portable Rust: the reference, and what runs natively.

use super::{LANES, SimdLevel};
pub(crate) use crate::quantization::int4::unpack as unpack_int4;

/// What this machine has.
pub(crate) fn simd_level() -> SimdLevel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return SimdLevel::Avx2;
    }
    SimdLevel::Portable
}

/// A weight.
pub(super) trait Weight: Copy + Into<i32> {}

impl Weight for i8 {}
impl Weight for i16 {}

/// Dot products of `M` rows with `N` channels, all of one length.
#[inline]
pub(super) fn tile<W: Weight, const M: usize, const N: usize>(rows: [&[i16]; M], channels: [&[W]; N]) -> [[i32; M]; N] {
    #[cfg(target_arch = "x86_64")]
    if simd_level() == SimdLevel::Avx2 {
        // SAFETY: the machine has AVX2.
        return unsafe { tile_avx2(rows, channels) };
    }
    tile_of(rows, channels)
}

/// The same code, for which the compiler may use AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn tile_avx2<W: Weight, const M: usize, const N: usize>(
    rows: [&[i16]; M],
    channels: [&[W]; N],
) -> [[i32; M]; N] {
    tile_of(rows, channels)
}

#[inline(always)]
fn tile_of<W: Weight, const M: usize, const N: usize>(rows: [&[i16]; M], channels: [&[W]; N]) -> [[i32; M]; N] {
    const STEP: usize = 16;
    let length = rows[0].len();
    let mut sums = [[0; M]; N];
    // Integers may be added in any order: the compiler spreads each sum over lanes.
    let whole = length - length % STEP;
    for n in 0..N {
        for m in 0..M {
            let (row, channel) = (&rows[m][..whole], &channels[n][..whole]);
            sums[n][m] = row.iter().zip(channel).map(|(x, w)| i32::from(*x) * (*w).into()).sum();
        }
    }
    for i in whole..length {
        for n in 0..N {
            for m in 0..M {
                sums[n][m] += i32::from(rows[m][i]) * channels[n][i].into();
            }
        }
    }
    sums
}

/// Lowers `lows` and raises `highs` to the products of values and weights, lane by lane. There are whole vectors of `N`.
#[inline(always)]
pub(super) fn widen<const N: usize>(
    [mut lows, mut highs]: [[f32; N]; 2],
    values: &[f32],
    weights: &[f32],
) -> [[f32; N]; 2] {
    for (values, weights) in values.as_chunks::<N>().0.iter().zip(weights.as_chunks::<N>().0) {
        for lane in 0..N {
            let x = values[lane] * weights[lane];
            lows[lane] = if x < lows[lane] { x } else { lows[lane] };
            highs[lane] = if x > highs[lane] { x } else { highs[lane] };
        }
    }
    [lows, highs]
}

/// The largest magnitude among some values.
#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0_f32, |max, x| if x.abs() > max { x.abs() } else { max })
}

/// `M` rows of pairs by eight columns that lie side by side, times both scales; rows of `out` lie `stride` apart.
#[inline]
pub(super) fn tile_of_pairs<const M: usize>(
    rows: [&[u32]; M],
    panel: &[[u32; LANES]],
    row_scales: [f32; M],
    column_scales: &[f32; LANES],
    out: &mut [f32],
    stride: usize,
) {
    #[cfg(target_arch = "x86_64")]
    let sums = if simd_level() == SimdLevel::Avx2 {
        // SAFETY: the machine has AVX2.
        unsafe { sums_of_pairs_avx2(rows, panel) }
    } else {
        sums_of_pairs(rows, panel)
    };
    #[cfg(not(target_arch = "x86_64"))]
    let sums = sums_of_pairs(rows, panel);
    for m in 0..M {
        for (lane, out) in out[m * stride..][..LANES].iter_mut().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "24 bits of an integer sum are enough")]
            let sum = sums[m][lane] as f32;
            *out = sum * (column_scales[lane] * row_scales[m]);
        }
    }
}

/// The same code, for which the compiler may use AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn sums_of_pairs_avx2<const M: usize>(rows: [&[u32]; M], panel: &[[u32; LANES]]) -> [[i32; LANES]; M] {
    sums_of_pairs(rows, panel)
}

#[inline(always)]
fn sums_of_pairs<const M: usize>(rows: [&[u32]; M], panel: &[[u32; LANES]]) -> [[i32; LANES]; M] {
    // The two values of a pair.
    let low = |pair: u32| (pair << 16).cast_signed() >> 16;
    let high = |pair: u32| pair.cast_signed() >> 16;
    let rows = rows.map(|row| &row[..panel.len()]);
    let mut sums = [[0; LANES]; M];
    for (i, columns) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(&rows) {
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum += low(row[i]) * low(*column) + high(row[i]) * high(*column);
            }
        }
    }
    sums
}
