//! Products with int8 matrices: the linear layers of the encoder and the scores of a table of items.
//!
//! The rows that come in are quantized on the fly, each with one scale, to 14 bits with sign: `i32x4_dot_i16x8` multiplies 16-bit
//! values anyway, so that a finer input costs nothing, and the error that int8 inputs would bring does not arise. Products of 14 and 8 bits
//! add up in i32 without overflow for rows of up to 2,064 values; longer rows get fewer bits.

use super::ROUND;
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

/// The largest magnitude of a quantized input.
const MAX: usize = 8191;

/// The largest magnitude of an int8 weight.
pub(crate) const MAX_INT8: usize = 127;

/// Rows of f32, quantized: `x = values * scale`, off by at most half a step, `scale / 2`, that is `max|x| / 16,382`; three roundings to f32 (of the
/// factor, the product and the scale) can add 0.0015 steps.
#[derive(Debug, Default)]
pub(crate) struct QuantizedRows {
    pub(super) length: usize,
    pub(super) values: Vec<i16>,
    pub(super) scales: Vec<f32>,
}

impl QuantizedRows {
    /// The largest magnitude that values of such rows may have, so that sums of products with weights of at most `largest_weight` fit into i32.
    pub fn limit(length: usize, largest_weight: usize) -> usize {
        MAX.min(i32::MAX as usize / (largest_weight * length))
    }

    /// Quantizes rows of `length` finite values to at most `limit`. The buffers are reused.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191")]
    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits hold the rounded value")]
    pub fn quantize(&mut self, rows: &[f32], length: usize, limit: usize) {
        self.length = length;
        self.values.clear();
        self.values.resize(rows.len(), 0);
        self.scales.clear();
        let limit = limit as f32;
        for (row, values) in rows.chunks_exact(length).zip(self.values.chunks_exact_mut(length)) {
            let max = row.iter().fold(0.0_f32, |max, x| if x.abs() > max { x.abs() } else { max });
            // Below this the factor would overflow; such a row is zero for all that follows.
            let factor = if max > 1e-30 { limit / max } else { 0.0 };
            for (value, x) in values.iter_mut().zip(row) {
                *value = (x * factor + ROUND).to_bits() as i16;
            }
            self.scales.push(if factor > 0.0 { max / limit } else { 0.0 });
        }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.scales.len()
    }
}

/// Rows and channels of one tile: ten sums, and the values that feed them, are what 15 registers hold. Six rows spill, and cost a third.
pub(super) const ROWS: usize = 5;
pub(super) const CHANNELS: usize = 2;

/// Rows whose values stay in the first-level cache while all channels pass by, in bytes.
const BLOCK_BYTES: usize = 24 << 10;

/// `out = x W^T + bias`: `weight` is `[outputs, inputs]` with one scale an output, `out` is `[rows, outputs]`.
pub(crate) fn linear_int8(x: &QuantizedRows, weight: &[i8], scales: &[f32], bias: &[f32], out: &mut [f32]) {
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
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quantized_rows_are_within_half_a_step(row in prop::collection::vec(-100.0_f32..100.0, 1..500)) {
            let mut x = QuantizedRows::default();
            x.quantize(&row, row.len(), QuantizedRows::limit(row.len(), MAX_INT8));
            for (value, q) in row.iter().zip(&x.values) {
                // Reckoned in f64, so that only the three roundings of `quantize` count: each is off by at most 2^-24 of up to 8191 steps.
                let bound = 0.5 + 3.0 * MAX as f64 * 2.0_f64.powi(-24);
                let scale = f64::from(x.scales[0]);
                prop_assert!((f64::from(*value) - f64::from(*q) * scale).abs() <= scale * bound);
            }
        }

        #[test]
        fn linear_equals_the_naive_one(
            rows in 1_usize..20, inputs in 1_usize..80, outputs in 1_usize..9, seed in any::<u32>()
        ) {
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); (state >> 16) as u16 };
            let x: Vec<f32> = (0..rows * inputs).map(|_| f32::from(next()) / 32768.0 - 1.0).collect();
            let weight: Vec<i8> = (0..outputs * inputs).map(|_| (i32::from(next() % 255) - 127) as i8).collect();
            let scales: Vec<f32> = (0..outputs).map(|_| f32::from(next()) / 65536.0).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| f32::from(next()) / 65536.0).collect();
            let mut quantized = QuantizedRows::default();
            quantized.quantize(&x, inputs, QuantizedRows::limit(inputs, MAX_INT8));
            let mut out = vec![0.0; rows * outputs];
            linear_int8(&quantized, &weight, &scales, &bias, &mut out);
            for r in 0..rows {
                for c in 0..outputs {
                    let dot: f64 = (0..inputs).map(|i| f64::from(x[r * inputs + i]) * f64::from(weight[c * inputs + i])).sum();
                    let expected = dot * f64::from(scales[c]) + f64::from(bias[c]);
                    // Half a step of 1 / 8191 an input, times 127.
                    let bound = 127.0 * 0.51 / 8191.0 * inputs as f64 * f64::from(scales[c]) + 1e-4;
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

    #[test]
    fn a_row_of_zeros_or_of_next_to_nothing_is_zero() {
        let mut x = QuantizedRows::default();
        x.quantize(&[0.0, 0.0, 1e-38, -1e-38], 2, MAX);
        assert_eq!((x.values.as_slice(), x.scales.as_slice()), ([0_i16; 4].as_slice(), [0.0_f32; 2].as_slice()));
    }
}
