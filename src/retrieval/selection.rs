//! The best k of a stream of scores, without a heap.

use super::{Candidate, by_score};

/// Keeps the best `k` candidates that it is offered.
///
/// A buffer takes what beats the threshold; when it is full, quickselect halves it and raises the threshold. A scan of n rows in random
/// order takes about `k ln(n / k)` of them, so the work is one comparison a row and little else.
pub(crate) struct Selection {
    k: usize,
    kept: Vec<Candidate>,
    /// The k-th best score at the last halving: less than this cannot be among the best.
    threshold: f32,
}

impl Selection {
    /// Buffers hold at least this many beyond `k`, so that a small `k` is not sorted at every turn.
    const SLACK: usize = 64;

    pub fn new(k: usize) -> Self {
        Self { k, kept: Vec::with_capacity(2 * k + Self::SLACK), threshold: f32::NEG_INFINITY }
    }

    /// Offers a row. Scores are finite, or negative infinity for rows that must not appear.
    #[inline]
    pub fn offer(&mut self, row: usize, score: f32) {
        if score >= self.threshold && score > f32::NEG_INFINITY {
            self.keep(Candidate { row, score });
        }
    }

    fn keep(&mut self, candidate: Candidate) {
        if self.k == 0 {
            return;
        }
        self.kept.push(candidate);
        if self.kept.len() == 2 * self.k + Self::SLACK {
            self.kept.select_nth_unstable_by(self.k - 1, by_score);
            self.kept.truncate(self.k);
            self.threshold = self.kept[self.k - 1].score;
        }
    }

    /// The best, in the order of [`by_score`].
    pub fn into_sorted(self) -> Vec<Candidate> {
        let mut best = self.into_unsorted();
        best.sort_unstable_by(by_score);
        best
    }

    /// The best, in no order.
    pub fn into_unsorted(mut self) -> Vec<Candidate> {
        if self.kept.len() > self.k && self.k > 0 {
            self.kept.select_nth_unstable_by(self.k - 1, by_score);
        }
        self.kept.truncate(self.k);
        self.kept
    }
}
