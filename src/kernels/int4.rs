//! Products with int4 matrices.
//!
//! A few channels at a time are unpacked to 16-bit integers, `factor * q` (`quantization/int4.rs`), which stay in the first-level cache
//! while all rows pass by: from there on it is the int8 product, without its widening of weights.

use core::ops::Range;

use super::int8::{CHANNELS, ROWS};
use super::rows::QuantizedRows;
use super::tiles::tile;

/// Unpacked channels, in bytes; the rows of a tile have to fit into the first-level cache beside them.
const PANEL_BYTES: usize = 12 << 10;

/// `out = x W^T + bias`: `unpack` writes the integers of some channels, `scales` turns those of a channel into weights; `out` is `[rows, outputs]`.
/// `panel` is scratch.
pub(crate) fn linear_int4(
    x: &QuantizedRows,
    unpack: impl Fn(Range<usize>, &mut [i16]),
    scales: &[f32],
    bias: &[f32],
    panel: &mut Vec<i16>,
    out: &mut [f32],
) {
    let (inputs, outputs) = (x.length, scales.len());
    let block = (PANEL_BYTES / (2 * inputs)).max(CHANNELS).min(outputs);
    panel.resize(block * inputs, 0);
    for first in (0..outputs).step_by(block) {
        let channels = first..(first + block).min(outputs);
        let panel = &mut panel[..channels.len() * inputs];
        unpack(channels.clone(), panel);
        let job = Job { x, panel, scales, bias, first: channels.start, channels: channels.len() };
        let mut row = 0;
        while row < x.count() {
            row += match x.count() - row {
                1 => job.rows::<1>(row, out),
                2 => job.rows::<2>(row, out),
                3 => job.rows::<3>(row, out),
                4 => job.rows::<4>(row, out),
                _ => job.rows::<ROWS>(row, out),
            };
        }
    }
}

/// Some unpacked channels, for any rows.
struct Job<'a> {
    x: &'a QuantizedRows,
    panel: &'a [i16],
    scales: &'a [f32],
    bias: &'a [f32],
    first: usize,
    channels: usize,
}

impl Job<'_> {
    /// Computes `M` rows.
    #[inline]
    fn rows<const M: usize>(&self, row: usize, out: &mut [f32]) -> usize {
        let mut channel = 0;
        while channel < self.channels {
            channel += if self.channels - channel >= CHANNELS {
                self.tile::<M, CHANNELS>(row, channel, out)
            } else {
                self.tile::<M, 1>(row, channel, out)
            };
        }
        M
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "24 bits of an integer sum are enough")]
    fn tile<const M: usize, const N: usize>(&self, row: usize, channel: usize, out: &mut [f32]) -> usize {
        let inputs = self.x.length;
        let rows: [&[i16]; M] = core::array::from_fn(|m| &self.x.values[(row + m) * inputs..][..inputs]);
        let channels: [&[i16]; N] = core::array::from_fn(|n| &self.panel[(channel + n) * inputs..][..inputs]);
        let sums = tile(rows, channels);
        let outputs = self.scales.len();
        for m in 0..M {
            let scale = self.x.scales[row + m];
            for (n, sums) in sums.iter().enumerate() {
                let channel = self.first + channel + n;
                out[(row + m) * outputs + channel] =
                    sums[m] as f32 * (scale * self.scales[channel]) + self.bias[channel];
            }
        }
        N
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use crate::quantization::int4;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn equals_the_naive_product(rows in 1_usize..20, groups in 1_usize..6, outputs in 1_usize..60, seed in any::<u32>()) {
            let inputs = groups * int4::GROUP;
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); f32::from((state >> 16) as u16) / 32768.0 - 1.0 };
            let x: Vec<f32> = (0..rows * inputs).map(|_| next()).collect();
            let weight: Vec<f32> = (0..outputs * inputs).map(|_| next()).collect();
            let bias: Vec<f32> = (0..outputs).map(|_| next()).collect();
            let importance = vec![1.0; inputs];
            let packed: Vec<_> = weight.chunks(inputs).map(|row| int4::quantize_row(row, &importance)).collect();
            let scales: Vec<f32> = packed.iter().map(|row| row.scale.to_f32()).collect();
            let unpack = |channels: Range<usize>, out: &mut [i16]| {
                for (row, out) in packed[channels].iter().zip(out.chunks_mut(inputs)) {
                    int4::unpack(&row.values, &row.factors, out);
                }
            };
            let mut integers = vec![0; weight.len()];
            unpack(0..outputs, &mut integers);
            let limit = QuantizedRows::limit(inputs, int4::MAX_VALUE);
            let mut quantized = QuantizedRows::default();
            quantized.quantize(&x, inputs, limit);
            let (mut panel, mut out) = (Vec::new(), vec![0.0; rows * outputs]);
            linear_int4(&quantized, unpack, &scales, &bias, &mut panel, &mut out);
            for r in 0..rows {
                for c in 0..outputs {
                    let pairs = x[r * inputs..][..inputs].iter().zip(&integers[c * inputs..][..inputs]);
                    let (mut dot, mut magnitude) = (0.0, 0.0);
                    for (x, w) in pairs {
                        dot += f64::from(*x) * f64::from(*w);
                        magnitude += f64::from(*w).abs();
                    }
                    let expected = dot * f64::from(scales[c]) + f64::from(bias[c]);
                    // Half a step of the input.
                    let bound = 0.51 / limit as f64 * magnitude * f64::from(scales[c]) + 1e-4;
                    prop_assert!((f64::from(out[r * outputs + c]) - expected).abs() <= bound);
                }
            }
        }
    }
}
