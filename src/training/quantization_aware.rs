//! Quantization-aware training: the forward pass sees quantized weights, the gradient passes through to the f32 weights behind them
//! (the straight-through estimator of Bengio et al., 2013, arXiv 1308.3432).

use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use serde::{Deserialize, Serialize};

use crate::quantization::int4::{GROUP, MAX_FACTOR};

/// How the forward pass sees the matrices of a student. Vectors and positions stay f32.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As they are.
    #[default]
    F32,
    /// One scale a row, `max|w| / 127`, values in -127..=127; as [`crate::quantization`] stores them.
    Int8,
    /// Groups of [`GROUP`] neighbors in a row, values in -8..=7, as [`crate::quantization::int4`] stores them by
    /// [`Rounding::Trained`](crate::quantization::int4::Rounding::Trained): the value of largest magnitude is -8 whatever its sign, each group has
    /// an i8 factor, each row an f16 scale.
    Int4,
}

impl Precision {
    /// `f32`, `int8` or `int4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }
}

/// Scales below this are taken for zero.
const SMALLEST_SCALE: f32 = 1e-7;

/// The weights `[rows, columns]` as the forward pass is to see them. The gradient with respect to `weights` is that of the result.
#[must_use]
pub fn straight_through(weights: Tensor<2>, precision: Precision) -> Tensor<2> {
    if precision == Precision::F32 {
        return weights;
    }
    let plain = weights.clone().inner();
    let rounding = quantized(plain.clone(), precision) - plain;
    weights + rounding
}

/// The weights rounded to what `precision` can hold, `[rows, columns]`.
#[must_use]
pub fn quantized(weights: Tensor<2>, precision: Precision) -> Tensor<2> {
    match precision {
        Precision::F32 => weights,
        Precision::Int8 => {
            let scales = (weights.clone().abs().max_dim(1) / 127.0).clamp_min(SMALLEST_SCALE);
            (weights / scales.clone()).round().clamp(-127.0, 127.0) * scales
        }
        Precision::Int4 => int4(weights),
    }
}

fn int4(weights: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = weights.dims();
    let padded = columns.next_multiple_of(GROUP);
    let weights = if padded == columns {
        weights
    } else {
        Tensor::cat(vec![weights.clone(), Tensor::zeros([rows, padded - columns], &weights.device())], 1)
    };
    let groups = weights.reshape([rows * padded / GROUP, GROUP]);
    let largest = groups.clone().abs().argmax(1);
    let steps = to_f16(groups.clone().gather(1, largest) / -8.0);
    let is_zero = steps.clone().abs().lower_scalar(SMALLEST_SCALE);
    let codes = (groups / steps.clone().mask_fill(is_zero, SMALLEST_SCALE)).round().clamp(-8.0, 7.0);
    // What is stored of the steps: a factor each, and a scale for the row.
    let steps = steps.reshape([rows, padded / GROUP]);
    let limit = f32::from(MAX_FACTOR);
    let scales = to_f16(steps.clone().abs().max_dim(1) / limit).clamp_min(SMALLEST_SCALE);
    let stored = (steps / scales.clone()).round().clamp(-limit, limit) * scales;
    let rounded = codes * stored.reshape([rows * padded / GROUP, 1]);
    rounded.reshape([rows, padded]).slice([0..rows, 0..columns])
}

/// Rounds to what f16 can hold, where the device knows f16; the scales are off by at most 1 / 2048 elsewhere.
fn to_f16(scales: Tensor<2>) -> Tensor<2> {
    if scales.device().supports_dtype(DType::F16) { scales.cast(FloatDType::F16).cast(FloatDType::F32) } else { scales }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use crate::quantization::{dequantize_row, int4, quantize_row};

    fn weights(rows: usize, columns: usize) -> Vec<f32> {
        (0..rows * columns).map(|i| ((i * 37 % 101) as f32 - 47.0) / 53.0 * (1.0 + (i % 7) as f32)).collect()
    }

    fn through_tensor(values: &[f32], shape: [usize; 2], precision: Precision) -> Vec<f32> {
        let tensor = Tensor::<2>::from_data(TensorData::new(values.to_vec(), shape), &Device::flex());
        quantized(tensor, precision).into_data().try_into_vec().unwrap()
    }

    /// A row as `inglenook pack --dtype int4 --trained-int4` stores it; what does not fill a group is padded with zeros.
    fn stored_int4(row: &[f32]) -> Vec<f32> {
        let mut padded = row.to_vec();
        padded.resize(row.len().next_multiple_of(GROUP), 0.0);
        let quantized = int4::quantize_trained_row(&padded);
        let mut integers = vec![0; padded.len()];
        int4::unpack(&quantized.values, &quantized.factors, &mut integers);
        integers[..row.len()].iter().map(|i| f32::from(*i) * quantized.scale.to_f32()).collect()
    }

    #[test]
    fn int4_equals_what_the_library_stores() {
        for columns in [32, 96, 40] {
            let values = weights(5, columns);
            let stored: Vec<f32> = values.chunks(columns).flat_map(stored_int4).collect();
            let seen = through_tensor(&values, [5, columns], Precision::Int4);
            assert!(seen.iter().zip(&stored).all(|(a, b)| (a - b).abs() < 1e-6), "{columns} columns");
        }
    }

    #[test]
    fn int8_equals_what_the_library_stores() {
        let values = weights(4, 24);
        for (row, seen) in values.chunks(24).zip(through_tensor(&values, [4, 24], Precision::Int8).chunks(24)) {
            let (mut q, mut stored) = ([0; 24], [0.0; 24]);
            let scale = quantize_row(row, &mut q);
            dequantize_row(&q, scale, &mut stored);
            assert_eq!(seen, stored);
        }
    }

    #[test]
    fn rows_of_zeros_stay_zero() {
        for precision in [Precision::Int4, Precision::Int8] {
            assert_eq!(through_tensor(&[0.0; 64], [2, 32], precision), [0.0; 64]);
        }
    }

    #[test]
    fn the_gradient_passes_straight_through() {
        let device = Device::flex().autodiff();
        let values = weights(3, 32);
        let weights = Tensor::<2>::from_data(TensorData::new(values.clone(), [3, 32]), &device).require_grad();
        let seen = straight_through(weights.clone(), Precision::Int4);
        // The gradient of a sum of squares is twice what was summed: the quantized weights, not those behind them.
        let gradient = weights.grad(&(seen.clone() * seen.clone()).sum().backward()).unwrap();
        let (gradient, seen) = (gradient.into_data(), (seen.inner() * 2.0).into_data());
        assert_eq!(gradient.try_into_vec::<f32>().unwrap(), seen.try_into_vec::<f32>().unwrap());
        let expected = through_tensor(&values, [3, 32], Precision::Int4);
        assert!(expected.iter().zip(&values).any(|(q, w)| (q - w).abs() > 1e-3));
    }
}
