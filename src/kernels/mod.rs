//! The arithmetic that everything else waits for: products of matrices, activations, norms.
//!
//! Each kernel is portable Rust whose sums have a fixed order, so that the bits are the same natively and in wasm. The inner tile of
//! the integer products has a second form in `core::arch::wasm32`, and a third in its relaxed SIMD; integers add up to the same in any order. So have
//! the few loops that the compiler does not make vectors of.

// What is small and in a loop must become part of the loop, or its lanes are not joined to vectors.
#![allow(clippy::inline_always)]

mod activation;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod bytes;
mod float;
mod int4;
mod int8;
mod norm;
mod pairs;
mod rows;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[path = "tiles_simd128.rs"]
mod tiles;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
#[path = "tiles_portable.rs"]
mod tiles;

pub(crate) use activation::{gelu, softmax};
pub(crate) use float::{LinearPanels, Strided, linear_f32, matmul};
pub(crate) use int4::linear_int4;
pub use int8::SimdLevel;
pub(crate) use int8::{Beside, Int8Matrix, Int8Rows, dot_rows, linear_int8};
pub(crate) use norm::layer_norm;
pub(crate) use pairs::{PairRows, Panels, multiply_pairs, reaches};
pub(crate) use rows::{Columns, MAX_INT8, QuantizedRows};
pub(crate) use tiles::{simd_level, unpack_int4};

/// Values that are worked on at once: two registers of 128 bits. Sums are kept in this many lanes and added up in a fixed order.
pub(crate) const LANES: usize = 8;

/// Adding this rounds an f32 of at most 2^22 to the nearest integer, ties to even, and leaves it in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Adds up the lanes in the one order that all sums use.
#[inline]
pub(crate) fn add_lanes(lanes: [f32; LANES]) -> f32 {
    let pair = |lane: usize| lanes[lane] + lanes[lane + LANES / 2];
    (pair(0) + pair(1)) + (pair(2) + pair(3))
}
