//! Rounding with feedback: int8 rows whose errors cancel in the products that matter (GPTQ, Frantar et al., ICLR 2023).
//!
//! Values of a row are rounded one after another. What one loses, those that come after it make up for, as far as their inputs go together:
//! with `H` the sum of `x x^T` over inputs `x`, the expected squared error of a row's product is `e H e^T`, and the best correction of the values that
//! are left is read from the Cholesky factor of `H^-1`. Inputs that are largest come first. Then single values are moved for as long as that makes the error
//! smaller (coordinate descent, as by Behdin et al., 2023). The grid is the one of [`super::int8`]; only where on it values come to lie changes.

use faer::linalg::solvers::Solve;
use faer::{Mat, MatRef, Side};
use rayon::prelude::*;

use super::int8::scale_of;
use crate::error::{Error, Result};

/// Added to the diagonal of `H`, relative to its mean: inputs that were never seen are not taken for impossible.
const DAMPING: f32 = 0.01;

/// Times that all values of a row are looked at again, at most.
const SWEEPS: usize = 4;

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
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|&a, &b| moments[(b, b)].total_cmp(&moments[(a, a)]));
    let damped = damped(moments, &order);
    let factor = inverse_factor(&damped)?;
    let damped: Vec<f32> = row_by_row(columns, |at| damped[at]);
    let mut values = vec![0_i8; rows.len()];
    let scales = rows
        .par_chunks_exact(columns)
        .zip(values.par_chunks_exact_mut(columns))
        .map(|(row, values)| {
            let scale = scale_of(row, least_step);
            if scale == 0.0 {
                return scale;
            }
            let wanted: Vec<f32> = order.iter().map(|&column| row[column] / scale).collect();
            let mut rounded = round_with_feedback(&wanted, &factor);
            settle(&wanted, &mut rounded, &damped);
            for (&column, rounded) in order.iter().zip(rounded) {
                values[column] = rounded as i8;
            }
            scale
        })
        .collect();
    Ok((values, scales))
}

/// Values in steps, each rounded so that what it loses is made up for by those that come after it.
fn round_with_feedback(wanted: &[f32], factor: &[f32]) -> Vec<f32> {
    let columns = wanted.len();
    let mut left = wanted.to_vec();
    for at in 0..columns {
        let rounded = on_grid(left[at]);
        let pull = &factor[at * columns..][..columns];
        let error = (left[at] - rounded) / pull[at];
        left[at] = rounded;
        add_scaled(&mut left[at + 1..], -error, &pull[at + 1..]);
    }
    left
}

/// Moves single values to where, all others as they are, the product loses least, until none moves or [`SWEEPS`] are done.
fn settle(wanted: &[f32], rounded: &mut [f32], moments: &[f32]) {
    let columns = wanted.len();
    let mut pulls = vec![0.0_f32; columns];
    for (at, (wanted, rounded)) in wanted.iter().zip(&*rounded).enumerate() {
        add_scaled(&mut pulls, rounded - wanted, &moments[at * columns..][..columns]);
    }
    for _ in 0..SWEEPS {
        let mut moved = false;
        for at in 0..columns {
            let row = &moments[at * columns..][..columns];
            let better = on_grid(rounded[at] - pulls[at] / row[at]);
            let step = better - rounded[at];
            if step != 0.0 {
                rounded[at] = better;
                add_scaled(&mut pulls, step, row);
                moved = true;
            }
        }
        if !moved {
            return;
        }
    }
}

fn add_scaled(sums: &mut [f32], factor: f32, row: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += factor * value;
    }
}

fn on_grid(value: f32) -> f32 {
    value.round_ties_even().clamp(-127.0, 127.0)
}

/// The moments in another order of columns, with something added to the diagonal. In f64: inputs go together so much that f32 loses the small eigenvalues.
fn damped(moments: MatRef<'_, f32>, order: &[usize]) -> Mat<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand columns")]
    let mean = order.iter().map(|&i| moments[(i, i)]).sum::<f32>() / order.len() as f32;
    let damping = f64::from(DAMPING * mean).max(1e-30);
    Mat::from_fn(order.len(), order.len(), |i, j| {
        f64::from(moments[(order[i], order[j])]) + if i == j { damping } else { 0.0 }
    })
}

/// The upper factor `U` of `H^-1 = U^T U`, row by row.
fn inverse_factor(damped: &Mat<f64>) -> Result<Vec<f32>> {
    let size = damped.ncols();
    let refused =
        || Error::invalid("moments of a layer's inputs", "values that are no moments", "finite sums of squares");
    let inverse = damped.llt(Side::Lower).map_err(|_| refused())?.solve(Mat::<f64>::identity(size, size));
    let lower = inverse.llt(Side::Lower).map_err(|_| refused())?;
    let lower = lower.L();
    let factor = row_by_row(size, |(row, column)| lower[(column, row)]);
    if factor.iter().any(|x| !x.is_finite()) {
        return Err(refused());
    }
    Ok(factor)
}

#[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
fn row_by_row(size: usize, value: impl Fn((usize, usize)) -> f64) -> Vec<f32> {
    (0..size).flat_map(|row| (0..size).map(move |column| (row, column))).map(|at| value(at) as f32).collect()
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
