//! The eigenvalues of a Gram matrix: one factorization that serves every regularization.

use faer::{Mat, Side};

use crate::error::{Error, Result};

/// `G = V diag(values) V'` of a symmetric matrix.
pub(super) struct Spectrum {
    /// Eigenvalues, ascending; those of a Gram matrix are not below 0.
    pub values: Vec<f64>,
    /// Row-major; row i holds what each eigenvector has at i.
    pub vectors: Vec<f64>,
}

impl Spectrum {
    /// The spectrum of the symmetric `size x size` matrix whose lower half is `entry(i, j)`, `j <= i`.
    pub fn of(size: usize, entry: impl Fn(usize, usize) -> f64) -> Result<Self> {
        let matrix = Mat::from_fn(size, size, |i, j| if j <= i { entry(i, j) } else { 0.0 });
        let eigen = matrix.self_adjoint_eigen(Side::Lower).map_err(|e| {
            Error::invalid("training interactions", format!("{e:?}"), "a matrix with finite eigenvalues")
        })?;
        let values = eigen.S().column_vector().iter().map(|value| value.max(0.0)).collect();
        let vectors = (0..size).flat_map(|i| eigen.U().row(i).iter().copied()).collect();
        Ok(Self { values, vectors })
    }

    pub fn size(&self) -> usize {
        self.values.len()
    }

    /// What each eigenvector has at `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.vectors[i * self.size()..(i + 1) * self.size()]
    }
}
