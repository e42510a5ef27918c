//! Products with int8 matrices: the linear layers of the encoder and the scores of a table of items.
//!
//! What comes in is quantized on the fly (`rows.rs`): the inputs of layers to 8 bits, and 14 in the columns that need them; what scores a table to 14
//! bits. Both are multiplied as 16-bit integers (`i32x4_dot_i16x8`), or, where wasm's relaxed SIMD multiplies bytes exactly, the former as bytes
//! (`bytes.rs`): the same integers, at twice the speed.

use ::bytes::Bytes;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
use super::bytes;
use super::rows::{Columns, QuantizedRows};
use super::tiles::tile;

/// Which instructions the int8 kernels are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SimdLevel {
    /// What the compiler makes of portable code for the machine that it is built for.
    Portable,
    /// The same code with 256-bit integers of x86.
    Avx2,
    /// WebAssembly's fixed-width SIMD.
    Simd128,
    /// WebAssembly's relaxed SIMD.
    RelaxedSimd,
}

/// Rows and channels of one tile: ten sums, and the values that feed them, are what 15 registers hold. Six rows spill, and cost a third.
pub(super) const ROWS: usize = 5;
pub(super) const CHANNELS: usize = 2;

/// Rows whose values stay in the first-level cache while all channels pass by, in bytes.
const BLOCK_BYTES: usize = 24 << 10;

/// Rows of f32 as products with int8 matrices take them: in words of 16 bits, or in bytes.
#[derive(Debug, Default)]
pub(crate) struct Int8Rows {
    words: QuantizedRows,
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    bytes: Option<bytes::ByteRows>,
}

impl Int8Rows {
    /// Quantizes rows of finite values to the grids of their columns. The buffers are reused.
    pub fn quantize(&mut self, rows: &[f32], columns: &Columns) {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if bytes::serve(columns) {
            return self.bytes.get_or_insert_default().quantize(rows, columns);
        }
        self.words.quantize_to_grids(rows, columns);
    }
}

/// What products need of an int8 matrix beside its weights, once they are there: nothing, where words are multiplied.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    bytes: Option<bytes::Beside>,
}

impl Beside {
    /// Of `weight`, `[outputs, columns]`.
    #[cfg_attr(not(target_feature = "relaxed-simd"), expect(unused_variables, reason = "nothing to know"))]
    pub fn of(weight: &[i8], columns: &Columns) -> Self {
        Self {
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            bytes: bytes::serve(columns).then(|| bytes::Beside::of(weight, columns)),
        }
    }

    /// Of a weight that may be laid out anew, so that nothing is there twice: none if others have it too, or if nothing is gained.
    /// [`plain`](Self::plain) is the weight as it was.
    #[cfg_attr(
        not(target_feature = "relaxed-simd"),
        expect(unused_variables, clippy::needless_pass_by_ref_mut, reason = "words take it as it is")
    )]
    pub fn in_place(weight: &mut Bytes, columns: &Columns) -> Option<Self> {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if bytes::serve(columns) {
            return match core::mem::take(weight).try_into_mut() {
                Ok(mut own) => {
                    let bytes = bytes::Beside::in_place(bytemuck::cast_slice_mut(&mut own), columns);
                    *weight = own.freeze();
                    bytes.map(|bytes| Self { bytes: Some(bytes) })
                }
                Err(shared) => {
                    *weight = shared;
                    None
                }
            };
        }
        None
    }

    /// The weight `[outputs, inputs]` as it was, if it was laid out anew.
    #[cfg_attr(
        not(target_feature = "relaxed-simd"),
        expect(unused_variables, clippy::unused_self, reason = "it never is")
    )]
    pub fn plain(&self, weight: &[i8], inputs: usize) -> Option<Vec<i8>> {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if let Some(bytes) = &self.bytes {
            return bytes.plain(weight, inputs);
        }
        None
    }

    /// Of the same weight, with as many columns, of which others are wide.
    #[cfg_attr(
        not(target_feature = "relaxed-simd"),
        expect(unused_variables, clippy::unused_self, clippy::needless_pass_by_ref_mut, reason = "nothing to know")
    )]
    pub fn widen(&mut self, weight: &[i8], columns: &Columns) {
        #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
        if let Some(bytes) = &mut self.bytes {
            bytes.widen(weight, columns);
        }
    }
}

/// An int8 matrix, `[outputs, inputs]`, as a layer has it.
#[derive(Clone, Copy)]
pub(crate) struct Int8Matrix<'a> {
    pub weight: &'a [i8],
    /// One an output.
    pub scales: &'a [f32],
    #[cfg_attr(not(target_feature = "relaxed-simd"), allow(dead_code, reason = "words need nothing"))]
    pub beside: &'a Beside,
}

/// `out = x W^T + bias`; `out` is `[rows, outputs]`.
pub(crate) fn linear_int8(x: &Int8Rows, matrix: Int8Matrix<'_>, bias: &[f32], out: &mut [f32]) {
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    if let (Some(x), Some(beside)) = (&x.bytes, &matrix.beside.bytes) {
        return bytes::linear(x, matrix.weight, beside, matrix.scales, bias, out);
    }
    linear_words(&x.words, matrix.weight, matrix.scales, bias, out);
}

fn linear_words(x: &QuantizedRows, weight: &[i8], scales: &[f32], bias: &[f32], out: &mut [f32]) {
    let (inputs, outputs) = (x.length, scales.len());
    let block = (BLOCK_BYTES / (2 * inputs) / ROWS).max(1) * ROWS;
    for first in (0..x.count()).step_by(block) {
        let end = (first + block).min(x.count());
        for channel in (0..outputs).step_by(CHANNELS) {
            let job = Job { x, weight, scales, bias, inputs, channel };
            let mut row = first;
            while row < end {
                row += if channel + CHANNELS <= outputs {
                    job.rows::<CHANNELS>(row, end - row, out)
                } else {
                    job.rows::<1>(row, end - row, out)
                };
            }
        }
    }
}

/// Some output channels, for any rows.
struct Job<'a> {
    x: &'a QuantizedRows,
    weight: &'a [i8],
    scales: &'a [f32],
    bias: &'a [f32],
    inputs: usize,
    channel: usize,
}

impl Job<'_> {
    /// Computes the next rows, at most [`ROWS`], and says how many.
    #[inline]
    fn rows<const N: usize>(&self, row: usize, left: usize, out: &mut [f32]) -> usize {
        match left {
            1 => self.tile::<1, N>(row, out),
            2 => self.tile::<2, N>(row, out),
            3 => self.tile::<3, N>(row, out),
            4 => self.tile::<4, N>(row, out),
            _ => self.tile::<ROWS, N>(row, out),
        }
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "24 bits of an integer sum are enough")]
    fn tile<const M: usize, const N: usize>(&self, row: usize, out: &mut [f32]) -> usize {
        let rows: [&[i16]; M] = core::array::from_fn(|m| &self.x.values[(row + m) * self.inputs..][..self.inputs]);
        let channels: [&[i8]; N] =
            core::array::from_fn(|n| &self.weight[(self.channel + n) * self.inputs..][..self.inputs]);
        let sums = tile(rows, channels);
        let outputs = self.scales.len();
        for m in 0..M {
            let scale = self.x.scales[row + m];
            for (n, sums) in sums.iter().enumerate() {
                let channel = self.channel + n;
                out[(row + m) * outputs + channel] =
                    sums[m] as f32 * (scale * self.scales[channel]) + self.bias[channel];
            }
        }
        M
    }
}

/// Rows of a table that are read at once.
const TABLE_ROWS: usize = 4;

/// Dot products of the one row of `x` with consecutive rows of an int8 table, before the table's scales: `out[r] = x . row(r)`.
#[expect(clippy::cast_precision_loss, reason = "24 bits of an integer sum are enough")]
pub(crate) fn dot_rows(x: &QuantizedRows, table: &[i8], out: &mut [f32]) {
    let length = x.length;
    let scale = x.scales[0];
    let row = |r: usize| &table[r * length..][..length];
    let (blocks, rest) = out.as_chunks_mut::<TABLE_ROWS>();
    for (b, out) in blocks.iter_mut().enumerate() {
        let sums = tile([&x.values[..length]], core::array::from_fn(|n| row(b * TABLE_ROWS + n)));
        *out = sums.map(|[sum]: [i32; 1]| sum as f32 * scale);
    }
    let done = blocks.len() * TABLE_ROWS;
    for (r, out) in rest.iter_mut().enumerate() {
        let [[sum]] = tile([&x.values[..length]], [row(done + r)]);
        *out = sum as f32 * scale;
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use crate::kernels::MAX_INT8;
    use crate::kernels::rows::Grid;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn linear_equals_the_naive_one(
            rows in 1_usize..20, inputs in 1_usize..80, outputs in 1_usize..9, spikes in 0_usize..4, seed in any::<u32>()
        ) {
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); (state >> 16) as u16 };
            let mut x: Vec<f32> = (0..rows * inputs).map(|_| f32::from(next()) / 32768.0 - 1.0).collect();
            let reaches: Vec<f32> = (0..inputs).map(|_| f32::from(next())).collect();
            for _ in 0..spikes {
                let at = next() as usize % x.len();
                x[at] *= 20.0;
            }
            let weight: Vec<i8> = (0..outputs * inputs).map(|_| (i32::from(next() % 255) - 127) as i8).collect();
            let scales: Vec<f32> = (0..outputs).map(|_| f32::from(next()) / 65536.0).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| f32::from(next()) / 65536.0).collect();
            let columns = if spikes % 2 == 0 { Columns::alike(inputs) } else { Columns::by_reach(&reaches) };
            let grids: Vec<Grid> = x.chunks(inputs).map(|row| columns.grid(row)).collect();
            let mut quantized = Int8Rows::default();
            quantized.quantize(&x, &columns);
            let mut out = vec![0.0; rows * outputs];
            let beside = Beside::of(&weight, &columns);
            linear_int8(&quantized, Int8Matrix { weight: &weight, scales: &scales, beside: &beside }, &bias, &mut out);
            for r in 0..rows {
                for c in 0..outputs {
                    let dot: f64 = (0..inputs).map(|i| f64::from(x[r * inputs + i]) * f64::from(weight[c * inputs + i])).sum();
                    let expected = dot * f64::from(scales[c]) + f64::from(bias[c]);
                    let magnitude: f64 = weight[c * inputs..][..inputs].iter().map(|w| f64::from(*w).abs()).sum();
                    // Half a step an input, and what f32 rounds off.
                    let bound = 0.51 * f64::from(grids[r].step) * magnitude * f64::from(scales[c]) + 1e-4 + expected.abs() * 1e-6;
                    prop_assert!((f64::from(out[r * outputs + c]) - expected).abs() <= bound);
                }
            }
        }
    }

    #[test]
    fn the_largest_values_of_the_longest_rows_do_not_overflow() {
        for length in [384, 1536, 2064, 2065, 4096, 65536] {
            let mut x = QuantizedRows::default();
            x.quantize(&vec![-1.0; length], length, QuantizedRows::limit(length, MAX_INT8));
            let mut out = [0.0];
            dot_rows(&x, &vec![-127; length], &mut out);
            let expected = 127.0 * length as f32;
            assert!((out[0] / expected - 1.0).abs() < 1e-4, "{length}: {} instead of {expected}", out[0]);
        }
    }
}
