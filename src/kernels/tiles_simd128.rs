//! The tile in wasm's 128-bit SIMD: eight products of 16 bits, added up in pairs, an instruction.

use core::arch::wasm32::{
    f32x4_abs, f32x4_convert_i32x4, f32x4_extract_lane, f32x4_mul, f32x4_pmax, f32x4_pmin, f32x4_splat, i8x16_splat,
    i8x16_sub, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i16x8_load_extend_i8x8, i16x8_mul, i16x8_splat,
    i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, u8x16_splat, u16x8_shr, v128, v128_and,
    v128_load, v128_load32_splat, v128_store,
};

use super::{LANES, SimdLevel};
use crate::quantization::int4;

/// What this module is built for, and the processor is good for.
pub(crate) fn simd_level() -> SimdLevel {
    #[cfg(target_feature = "relaxed-simd")]
    if super::bytes::are_exact() {
        return SimdLevel::RelaxedSimd;
    }
    SimdLevel::Simd128
}

/// Values that one instruction takes.
const STEP: usize = 8;

/// A weight.
pub(super) trait Weight: Copy + Into<i32> {
    /// Eight weights as 16-bit lanes.
    ///
    /// # Safety
    /// Eight weights can be read at `from`.
    unsafe fn load(from: *const Self) -> v128;
}

impl Weight for i8 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: as above.
        unsafe { i16x8_load_extend_i8x8(from) }
    }
}

impl Weight for i16 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> v128 {
        // SAFETY: as above.
        unsafe { v128_load(from.cast()) }
    }
}

/// Dot products of `M` rows with `N` channels, all of one length.
#[inline(always)]
pub(super) fn tile<W: Weight, const M: usize, const N: usize>(rows: [&[i16]; M], channels: [&[W]; N]) -> [[i32; M]; N] {
    let length = rows[0].len();
    assert!(rows.iter().all(|r| r.len() == length) && channels.iter().all(|c| c.len() == length));
    let whole = length - length % STEP;
    let mut lanes = [[i32x4_splat(0); M]; N];
    let mut i = 0;
    while i < whole {
        // SAFETY: `i + STEP <= length`, the length of every row and channel; loads need no alignment.
        unsafe {
            let mut values = [i32x4_splat(0); M];
            for m in 0..M {
                values[m] = v128_load(rows[m].as_ptr().add(i).cast());
            }
            for n in 0..N {
                let channel = W::load(channels[n].as_ptr().add(i));
                for m in 0..M {
                    lanes[n][m] = i32x4_add(lanes[n][m], i32x4_dot_i16x8(values[m], channel));
                }
            }
        }
        i += STEP;
    }
    let mut sums = lanes.map(|lanes| lanes.map(add));
    for i in whole..length {
        for n in 0..N {
            for m in 0..M {
                sums[n][m] += i32::from(rows[m][i]) * channels[n][i].into();
            }
        }
    }
    sums
}

/// [`int4::unpack`], which the compiler does not make vectors of.
#[inline]
pub(crate) fn unpack_int4(values: &[u8], factors: &[i8], out: &mut [i16]) {
    let (values, out) = (values.as_chunks::<{ int4::GROUP_BYTES }>().0, out.as_chunks_mut::<{ int4::GROUP }>().0);
    assert!(values.len() == factors.len() && out.len() == factors.len());
    for ((bytes, factor), out) in values.iter().zip(factors).zip(out) {
        let factor = i16x8_splat(i16::from(*factor));
        // SAFETY: a group is one vector of bytes, and four of 16-bit integers; neither needs alignment.
        unsafe {
            let bytes = v128_load(bytes.as_ptr().cast());
            let code = |half| i8x16_sub(v128_and(half, u8x16_splat(15)), i8x16_splat(8));
            let (low, high) = (code(bytes), code(u16x8_shr(bytes, 4)));
            let out: *mut v128 = out.as_mut_ptr().cast();
            v128_store(out, i16x8_mul(i16x8_extend_low_i8x16(low), factor));
            v128_store(out.add(1), i16x8_mul(i16x8_extend_high_i8x16(low), factor));
            v128_store(out.add(2), i16x8_mul(i16x8_extend_low_i8x16(high), factor));
            v128_store(out.add(3), i16x8_mul(i16x8_extend_high_i8x16(high), factor));
        }
    }
}

/// Lowers `lows` and raises `highs` to the products of values and weights, lane by lane. There are whole vectors of `N`, a multiple of four.
#[inline(always)]
pub(super) fn widen<const N: usize>(
    [mut lows, mut highs]: [[f32; N]; 2],
    values: &[f32],
    weights: &[f32],
) -> [[f32; N]; 2] {
    assert!(N.is_multiple_of(4) && values.len() == weights.len() && values.len().is_multiple_of(N));
    // A few lanes at a time, which stay in registers.
    for lane in (0..N).step_by(4) {
        // SAFETY: `lane + 4 <= N`, and vectors of `N` begin at `i`.
        unsafe {
            let (low_at, high_at): (*mut v128, *mut v128) =
                (lows.as_mut_ptr().add(lane).cast(), highs.as_mut_ptr().add(lane).cast());
            let (mut low, mut high) = (v128_load(low_at), v128_load(high_at));
            let mut i = lane;
            while i < values.len() {
                let x = f32x4_mul(v128_load(values.as_ptr().add(i).cast()), v128_load(weights.as_ptr().add(i).cast()));
                low = f32x4_pmin(low, x);
                high = f32x4_pmax(high, x);
                i += N;
            }
            v128_store(low_at, low);
            v128_store(high_at, high);
        }
    }
    [lows, highs]
}

/// The largest magnitude among some values.
#[inline(always)]
pub(super) fn largest(values: &[f32]) -> f32 {
    let (vectors, rest) = values.as_chunks::<4>();
    let mut largest = f32x4_splat(0.0);
    for vector in vectors {
        // SAFETY: a vector is read, which needs no alignment.
        largest = f32x4_pmax(largest, f32x4_abs(unsafe { v128_load(vector.as_ptr().cast()) }));
    }
    let pairs = f32x4_pmax(largest, i32x4_shuffle::<2, 3, 0, 1>(largest, largest));
    let all = f32x4_pmax(pairs, i32x4_shuffle::<1, 0, 3, 2>(pairs, pairs));
    rest.iter().fold(f32x4_extract_lane::<0>(all), |max, x| if x.abs() > max { x.abs() } else { max })
}

/// `M` rows of pairs by eight columns that lie side by side, times both scales; rows of `out` lie `stride` apart.
// A function of its own: V8 keeps the sums in registers while it is small.
#[inline(never)]
#[expect(clippy::needless_range_loop, reason = "rows and columns by their numbers")]
pub(super) fn tile_of_pairs<const M: usize>(
    rows: [&[u32]; M],
    panel: &[[u32; LANES]],
    row_scales: [f32; M],
    column_scales: &[f32; LANES],
    out: &mut [f32],
    stride: usize,
) {
    assert!(rows.iter().all(|row| row.len() == panel.len()) && out.len() >= (M - 1) * stride + LANES);
    let rows = rows.map(<[u32]>::as_ptr);
    let mut sums = [[i32x4_splat(0); 2]; M];
    // SAFETY: all lengths were compared above; nothing needs alignment.
    unsafe {
        for (i, columns) in panel.iter().enumerate() {
            let columns: *const v128 = columns.as_ptr().cast();
            let columns = [v128_load(columns), v128_load(columns.add(1))];
            for m in 0..M {
                let pair = v128_load32_splat(rows[m].add(i));
                for n in 0..2 {
                    sums[m][n] = i32x4_add(sums[m][n], i32x4_dot_i16x8(pair, columns[n]));
                }
            }
        }
        let column_scales: *const v128 = column_scales.as_ptr().cast();
        for m in 0..M {
            for n in 0..2 {
                let scales = f32x4_mul(v128_load(column_scales.add(n)), f32x4_splat(row_scales[m]));
                let to = out.as_mut_ptr().add(m * stride + 4 * n);
                v128_store(to.cast(), f32x4_mul(f32x4_convert_i32x4(sums[m][n]), scales));
            }
        }
    }
}

#[inline(always)]
pub(super) fn add(lanes: v128) -> i32 {
    let pairs = i32x4_add(lanes, i32x4_shuffle::<2, 3, 0, 1>(lanes, lanes));
    i32x4_extract_lane::<0>(i32x4_add(pairs, i32x4_shuffle::<1, 0, 3, 2>(pairs, pairs)))
}
