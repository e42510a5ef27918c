//! The tile in portable Rust: the reference, and what runs natively.

use super::SimdLevel;
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
