//! Fewer dimensions for a table of vectors: its principal axes.
//!
//! The axes are the eigenvectors of `X^T X` with the largest eigenvalues (Eckart and Young, 1936), not of the covariance: what they keep best is the
//! dot products of rows, which is what rows are ranked by, and the common direction of all rows stays in.

use faer::{Mat, Side};

use crate::error::{Error, Result};

/// The `count` principal axes of unit rows, row-major `[count, dimensions]`, widest first; each points to the side where its largest value is
/// positive.
///
/// # Errors
/// [`Error::InvalidInput`] if `count` is not 1 to `dimensions`, or a value is not finite.
pub fn principal_axes(rows: &[f32], dimensions: usize, count: usize) -> Result<Vec<f32>> {
    if !(1..=dimensions).contains(&count) {
        return Err(Error::invalid("dimensions of the table", count, format!("1 to {dimensions}, as the model has")));
    }
    let mut gram = vec![0.0_f64; dimensions * dimensions];
    for row in rows.chunks_exact(dimensions) {
        for (i, x) in row.iter().enumerate() {
            for (sum, y) in gram[i * dimensions..=i * dimensions + i].iter_mut().zip(row) {
                *sum += f64::from(*x) * f64::from(*y);
            }
        }
    }
    let gram = Mat::from_fn(dimensions, dimensions, |i, j| if j <= i { gram[i * dimensions + j] } else { 0.0 });
    let eigen = gram
        .self_adjoint_eigen(Side::Lower)
        .map_err(|e| Error::invalid("embeddings", format!("{e:?}"), "finite values"))?;
    let mut axes = Vec::with_capacity(count * dimensions);
    // Eigenvalues come in ascending order.
    for axis in (dimensions - count..dimensions).rev() {
        let column = eigen.U().col(axis);
        let widest = column.iter().fold(0.0_f64, |widest, x| if x.abs() > widest.abs() { *x } else { widest });
        #[expect(clippy::cast_possible_truncation, reason = "stored as f32")]
        axes.extend(column.iter().map(|x| (x * widest.signum()) as f32));
    }
    Ok(axes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::dot;

    #[test]
    fn rows_of_a_plane_are_kept_whole_by_two_axes() {
        let (a, b) = ([0.6, 0.8, 0.0, 0.0], [0.0, 0.0, 0.6, 0.8]);
        let rows: Vec<f32> = [(1.0, 0.0), (0.6, 0.8), (0.8, -0.6), (0.9, 0.1)]
            .iter()
            .flat_map(|(x, y)| (0..4).map(move |i| x * a[i] + y * b[i]))
            .collect();
        let axes = principal_axes(&rows, 4, 2).unwrap();
        let kept = |row: &[f32]| -> Vec<f32> { axes.chunks_exact(4).map(|axis| dot(axis, row)).collect() };
        for x in rows.chunks_exact(4) {
            for y in rows.chunks_exact(4) {
                assert!((dot(&kept(x), &kept(y)) - dot(x, y)).abs() < 1e-5);
            }
        }
        assert!((dot(&axes[..4], &axes[..4]) - 1.0).abs() < 1e-5 && dot(&axes[..4], &axes[4..]).abs() < 1e-5);
    }

    #[test]
    fn more_axes_than_dimensions_are_refused() {
        assert_eq!(principal_axes(&[1.0, 0.0], 2, 3).unwrap_err().code(), "invalid_input");
        assert_eq!(principal_axes(&[1.0, 0.0], 2, 0).unwrap_err().code(), "invalid_input");
    }
}
