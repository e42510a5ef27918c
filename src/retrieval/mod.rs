//! Retrieval: the best k rows of a catalog by a cheap score.

mod gpu_scan;
mod scan;
mod selection;
mod signs;

use std::cmp::Ordering;

pub(crate) use gpu_scan::GpuScan;
pub(crate) use scan::{Scan, Term};
use selection::Selection;
pub(crate) use signs::SignTable;

/// A row that may be recommended, with its retrieval score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The row in the catalog.
    pub row: usize,
    /// The retrieval score; finite.
    pub score: f32,
}

/// The total order of every list: score descending, then catalog order.
#[must_use]
pub fn by_score(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then(a.row.cmp(&b.row))
}

/// The best `k` of `rows` in the order of [`by_score`]; all of them if there are fewer. Exact: every row is scored.
pub fn top_k(rows: impl Iterator<Item = usize>, k: usize, score: impl Fn(usize) -> f32) -> Vec<Candidate> {
    let mut best = Selection::new(k);
    for row in rows {
        best.offer(row, score(row));
    }
    best.into_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_sorting_everything(scores in prop::collection::vec((-4_i8..4).prop_map(f32::from), 0..80), k in 0_usize..90) {
            let mut naive: Vec<Candidate> = scores.iter().enumerate().map(|(row, score)| Candidate { row, score: *score }).collect();
            naive.sort_by(by_score);
            naive.truncate(k);
            prop_assert_eq!(top_k(0..scores.len(), k, |row| scores[row]), naive);
        }
    }

    #[test]
    fn ties_keep_catalog_order() {
        let rows: Vec<usize> = top_k([3, 1, 2].into_iter(), 2, |_| 0.5).iter().map(|c| c.row).collect();
        assert_eq!(rows, [1, 2]);
    }
}
