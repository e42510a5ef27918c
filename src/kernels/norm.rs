//! Layer normalization.

use super::{LANES, add_lanes};

/// `x = (x - mean) / sqrt(variance + epsilon) * gamma + beta` in place, over one row (Ba et al., 2016).
#[expect(clippy::cast_precision_loss, reason = "row lengths are far below 2^24")]
pub(crate) fn layer_norm(row: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32) {
    let length = row.len() as f32;
    let mean = sum_of(row, |x| x) / length;
    let variance = sum_of(row, |x| (x - mean) * (x - mean)) / length;
    let factor = 1.0 / (variance + epsilon).sqrt();
    for ((x, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
        *x = (*x - mean) * factor * gamma + beta;
    }
}

#[inline]
fn sum_of(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *sum += of(*x);
        }
    }
    rest.iter().fold(add_lanes(sums), |sum, x| sum + of(*x))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_normalized_row_has_mean_0_and_variance_1(row in prop::collection::vec(-10.0_f32..10.0, 2..300)) {
            let mut found = row.clone();
            let n = row.len();
            layer_norm(&mut found, &vec![1.0; n], &vec![0.0; n], 1e-12);
            #[allow(clippy::cast_precision_loss)]
            let length = n as f64;
            let mean: f64 = found.iter().map(|x| f64::from(*x)).sum::<f64>() / length;
            let variance: f64 = found.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>() / length;
            let spread = row.iter().copied().fold(f32::MIN, f32::max) - row.iter().copied().fold(f32::MAX, f32::min);
            prop_assume!(spread > 1e-2);
            prop_assert!(mean.abs() < 1e-3 && (variance - 1.0).abs() < 1e-3, "mean {mean}, variance {variance}");
        }
    }
}
