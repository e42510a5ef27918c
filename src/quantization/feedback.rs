//! Rounding with feedback: int8 rows whose errors cancel in the products that matter (GPTQ, Frantar et al., ICLR 2023).
//!
//! Values of a row are rounded one after another. What one loses, those that come after it make up for, as far as their inputs go together:
//! with `H` the sum of `x x^T` over inputs `x`, the expected squared error of a row's product is `e H e^T`, and the best correction of the values that
//! are left is read from the Cholesky factor of `H^-1`. The grid is the one of [`super::int8`]; only where on it values come to lie changes.

use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef, Side};
use rayon::prelude::*;

use super::int8::scale_of;
use crate::error::{Error, Result};

/// Added to the diagonal of `H`, relative to its mean: inputs that were never seen are not taken for impossible.
const DAMPING: f32 = 0.01;

/// Quantizes rows of `moments.ncols()` values; returns `(values, scales)` as [`quantize_row_in_steps`](super::quantize_row_in_steps) gives them row by row.
///
/// # Errors
/// [`Error::InvalidInput`] for moments that are not finite or not positive semidefinite.
///
/// # Panics
/// If the rows are not as long as the moments say.
#[expect(clippy::cast_possible_truncation, reason = "rounded and clamped to i8's range first")]
pub fn quantize_rows(rows: &[f32], moments: MatRef<'_, f32>, least_step: f32) -> Result<(Vec<i8>, Vec<f32>)> {
    let columns = moments.ncols();
    assert_eq!(rows.len() % columns, 0);
    let factor = inverse_factor(moments)?;
    let mut values = vec![0_i8; rows.len()];
    let scales = rows
        .par_chunks_exact(columns)
        .zip(values.par_chunks_exact_mut(columns))
        .map(|(row, values)| {
            let scale = scale_of(row, least_step);
            if scale == 0.0 {
                return scale;
            }
            let mut left = row.to_vec();
            for at in 0..columns {
                let rounded = (left[at] / scale).round_ties_even().clamp(-127.0, 127.0);
                values[at] = rounded as i8;
                let pull = &factor[at * columns..][..columns];
                let error = (left[at] - rounded * scale) / pull[at];
                for (value, pull) in left[at + 1..].iter_mut().zip(&pull[at + 1..]) {
                    *value -= error * pull;
                }
            }
            scale
        })
        .collect();
    Ok((values, scales))
}

/// The upper factor `U` of `H^-1 = U^T U`, row by row.
fn inverse_factor(moments: MatRef<'_, f32>) -> Result<Vec<f32>> {
    let size = moments.ncols();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand columns")]
    let mean = (0..size).map(|i| moments[(i, i)]).sum::<f32>() / size as f32;
    // In f64: inputs go together so much that f32 loses the small eigenvalues.
    let damped = Mat::<f64>::from_fn(size, size, |i, j| {
        f64::from(moments[(i, j)]) + if i == j { f64::from(DAMPING * mean).max(1e-30) } else { 0.0 }
    });
    let refused =
        || Error::invalid("moments of a layer's inputs", "values that are no moments", "finite sums of squares");
    let inverse = damped.llt(Side::Lower).map_err(|_| refused())?.solve(Mat::<f64>::identity(size, size));
    let lower = inverse.llt(Side::Lower).map_err(|_| refused())?;
    let lower = lower.L();
    #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
    let factor: Vec<f32> = (0..size)
        .flat_map(|row| (0..size).map(move |column| (row, column)))
        .map(|(row, column)| lower[(column, row)] as f32)
        .collect();
    if factor.iter().any(|x| !x.is_finite()) {
        return Err(refused());
    }
    Ok(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantization::quantize_row;
    use proptest::prelude::*;

    /// Inputs of two strong common directions and some noise, as activations are.
    fn inputs(seed: &[f32], columns: usize) -> Mat<f32> {
        Mat::from_fn(64, columns, |i, j| {
            let common = seed[i % seed.len()] * if j % 3 == 0 { 4.0 } else { 1.0 };
            common + seed[(7 * i + 3 * j) % seed.len()] * 0.3
        })
    }

    fn squared_error(row: &[f32], values: &[i8], scale: f32, inputs: &Mat<f32>) -> f32 {
        let error = |i: usize| -> f32 {
            (0..row.len()).map(|j| inputs[(i, j)] * (row[j] - f32::from(values[j]) * scale)).sum()
        };
        (0..inputs.nrows()).map(|i| error(i) * error(i)).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]

        /// Of one row by luck not; of many together always.
        #[test]
        fn products_lose_less_than_by_plain_rounding(
            rows in prop::collection::vec(-1.0_f32..1.0, 40 * 48),
            seed in prop::collection::vec(-1.0_f32..1.0, 97),
        ) {
            let inputs = inputs(&seed, 48);
            let moments = inputs.transpose() * &inputs;
            let (values, scales) = quantize_rows(&rows, moments.as_ref(), 0.0).unwrap();
            let (mut ours, mut theirs) = (0.0, 0.0);
            for ((row, values), scale) in rows.chunks_exact(48).zip(values.chunks_exact(48)).zip(scales) {
                let mut plain = [0; 48];
                prop_assert!((quantize_row(row, &mut plain) - scale).abs() < 1e-9);
                ours += squared_error(row, values, scale, &inputs);
                theirs += squared_error(row, &plain, scale, &inputs);
            }
            prop_assert!(ours < theirs, "{ours} against {theirs}");
        }
    }

    #[test]
    fn inputs_that_do_not_go_together_give_plain_rounding() {
        let row = [0.31, -0.72, 1.0, 0.004, 0.0];
        let (values, scales) = quantize_rows(&row, Mat::<f32>::identity(5, 5).as_ref(), 0.0).unwrap();
        let mut plain = [0; 5];
        assert!((quantize_row(&row, &mut plain) - scales[0]).abs() < 1e-9);
        assert_eq!(values, plain);
        assert_eq!(quantize_rows(&[0.0; 5], Mat::<f32>::zeros(5, 5).as_ref(), 0.0).unwrap(), (vec![0; 5], vec![0.0]));
        assert!(quantize_rows(&row, Mat::<f32>::from_fn(5, 5, |_, _| f32::NAN).as_ref(), 0.0).is_err());
    }
}
