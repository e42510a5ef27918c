//! The tile in wasm's 128-bit SIMD: eight products of 16 bits, added up in pairs, an instruction.

use core::arch::wasm32::{
    i16x8_load_extend_i8x8, i32x4_add, i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, v128, v128_load,
};

use super::SimdLevel;

/// What this module is built for.
pub(crate) fn simd_level() -> SimdLevel {
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

#[inline(always)]
fn add(lanes: v128) -> i32 {
    let pairs = i32x4_add(lanes, i32x4_shuffle::<2, 3, 0, 1>(lanes, lanes));
    i32x4_extract_lane::<0>(i32x4_add(pairs, i32x4_shuffle::<1, 0, 3, 2>(pairs, pairs)))
}
