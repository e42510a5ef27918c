//! What is chosen next: the linear model of session transitions (SLIT in Choe et al., WWW 2021).
//!
//! Every position of every sequence is an example: from its past, each item weighed by [`SEQUENCE_DECAY`] a step, to the item after it.
//! `B = (S'S + lambda I)^-1 S'T` is the matrix of least squared error.

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};

use super::active::Active;
use crate::error::{Error, Result};
use crate::evaluation::Event;
use crate::learned::SEQUENCE_DECAY;

/// See [`together`](super::together).
const LAMBDA: f32 = 160.0;
/// The past reaches so many items back; what is older weighs less than a thousandth.
const WINDOW: usize = 20;

/// The matrix from a history's items (rows) to what is chosen next (columns).
pub(super) fn solve(training: &[Vec<Event>], active: &Active) -> Result<Mat<f32>> {
    let size = active.len();
    let mut gram = Mat::<f32>::zeros(size, size);
    let mut next = Mat::<f32>::zeros(size, size);
    let decay: Vec<f32> = (0..WINDOW).map(|age| SEQUENCE_DECAY.powi(age as i32)).collect();
    for sequence in training {
        let places = active.places(sequence);
        for (last, target) in places.iter().enumerate().skip(1) {
            let past = places[..last].iter().rev().zip(&decay);
            for (i, of_i) in past.clone() {
                next[(*i, *target)] += of_i;
                for (j, of_j) in past.clone().filter(|(j, _)| *j <= i) {
                    gram[(*i, *j)] += of_i * of_j;
                }
            }
        }
    }
    for i in 0..size {
        gram[(i, i)] += LAMBDA;
    }
    let factor = gram
        .llt(Side::Lower)
        .map_err(|e| Error::invalid("training interactions", format!("{e:?}"), "a matrix that can be factorized"))?;
    Ok(factor.solve(next))
}
