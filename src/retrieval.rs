//! Retrieval: the exact top k rows of a catalog by a cheap score.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

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

/// Orders candidates so that the heap's greatest is the worst of the list.
#[derive(PartialEq)]
struct Worst(Candidate);

impl Eq for Worst {}

impl PartialOrd for Worst {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Worst {
    fn cmp(&self, other: &Self) -> Ordering {
        by_score(&self.0, &other.0)
    }
}

/// The best `k` of `rows` in the order of [`by_score`]; all of them if there are fewer. Exact: every row is scored.
pub fn top_k(rows: impl Iterator<Item = usize>, k: usize, score: impl Fn(usize) -> f32) -> Vec<Candidate> {
    let mut best: BinaryHeap<Worst> = BinaryHeap::new();
    for row in rows {
        let candidate = Candidate { row, score: score(row) };
        if best.len() < k {
            best.push(Worst(candidate));
        } else if let Some(mut worst) = best.peek_mut()
            && by_score(&candidate, &worst.0) == Ordering::Less
        {
            *worst = Worst(candidate);
        }
    }
    best.into_sorted_vec().into_iter().map(|w| w.0).collect()
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
