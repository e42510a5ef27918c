//! What is chosen together: EASE (Steck, WWW 2019) with texts as side information.
//!
//! `G = X'X + share E E' + lambda I` of who chose what and of the items' centered text vectors, `P = G^-1`, and `B_ij = -P_ij / P_jj` off the
//! diagonal: the linear item-item model of least squared error. The text vectors are further "users" (collective EASE, Jeunen et al., RecSys 2020).

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Side, get_global_parallelism};

use super::active::Active;
use crate::error::{Error, Result};
use crate::evaluation::{Event, Space};

/// What a pair of items must share to be believed, for people of whom much is known. At 0 noise is learned.
pub(super) const CLOSE: f32 = 2000.0;
/// The same for people of whom little is known: one item says no more than what very many chose with it.
pub(super) const BROAD: f32 = 25_600.0;
/// What one dimension of text counts beside one user.
const TEXT_SHARE: f32 = 20.0;

/// The matrix from a history's items (rows) to what is chosen with them (columns).
pub(super) fn solve(training: &[Vec<Event>], active: &Active, space: &Space, lambda: f32) -> Result<Mat<f32>> {
    let size = active.len();
    let texts = Mat::from_fn(size, space.dimensions, |i, j| space.row(active.rows[i] as usize)[j]);
    let mut gram = Mat::<f32>::zeros(size, size);
    matmul(gram.as_mut(), Accum::Replace, texts.as_ref(), texts.transpose(), TEXT_SHARE, get_global_parallelism());
    for sequence in training {
        let mut places = active.places(sequence);
        places.sort_unstable();
        places.dedup();
        for (at, j) in places.iter().enumerate() {
            for i in &places[at..] {
                gram[(*i, *j)] += 1.0;
            }
        }
    }
    for i in 0..size {
        gram[(i, i)] += lambda;
    }
    let factor = gram
        .llt(Side::Lower)
        .map_err(|e| Error::invalid("training interactions", format!("{e:?}"), "a matrix that can be factorized"))?;
    let mut inverse = factor.solve(Mat::<f32>::identity(size, size));
    for j in 0..size {
        let own = inverse[(j, j)];
        for i in 0..size {
            inverse[(i, j)] = if i == j { 0.0 } else { -inverse[(i, j)] / own };
        }
    }
    Ok(inverse)
}
