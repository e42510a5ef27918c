//! A full ranking of the candidates of one case: its first places, and where the relevant items stand.

use std::cmp::Ordering;

use super::case::{Case, Fold};
use super::item_order::ItemOrder;

/// What measures need of a full ranking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The first rows, best first.
    pub top: Vec<u32>,
    /// Ranks of the relevant rows among all candidates, ascending, from 1.
    pub ranks: Vec<usize>,
    /// Number of candidates.
    pub candidates: usize,
}

impl Ranked {
    /// Ranks every candidate of `case` by its score, highest first; equal scores go by [`ItemOrder::tie`]. A score that is not a number is the lowest.
    #[must_use]
    pub fn new(scores: &[f32], case: &Case, fold: &Fold, order: &ItemOrder, k: usize) -> Self {
        let mut is_hidden = vec![false; scores.len()];
        let history = case.known.history.iter().map(|event| event.item);
        for item in history.chain(case.known.excluded.iter().copied()) {
            is_hidden[item as usize] = true;
        }
        let rows = (0..scores.len()).filter(|row| fold.is_candidate[*row] && !is_hidden[*row]);
        Self::of(rows, scores, &case.relevant, order, k)
    }

    /// As [`new`](Self::new), for any candidates.
    pub(super) fn of(
        candidates: impl Iterator<Item = usize>,
        scores: &[f32],
        relevant: &[u32],
        order: &ItemOrder,
        k: usize,
    ) -> Self {
        let score = |row: u32| {
            let score = scores[row as usize];
            if score.is_nan() { f32::NEG_INFINITY } else { score }
        };
        // Adding 0 makes the two zeros equal, as total_cmp does not.
        let by_rank = |a: &u32, b: &u32| -> Ordering {
            let ties = || order.tie(*a as usize).cmp(&order.tie(*b as usize));
            (score(*b) + 0.0).total_cmp(&(score(*a) + 0.0)).then_with(ties)
        };
        let mut rows: Vec<u32> = candidates.map(|row| row as u32).collect();
        let mut wanted = relevant.to_vec();
        wanted.sort_by(by_rank);
        wanted.dedup();
        // ahead[i]: candidates that stand between the relevant items i - 1 and i.
        let mut ahead = vec![0; wanted.len() + 1];
        for row in &rows {
            ahead[wanted.partition_point(|w| by_rank(w, row) == Ordering::Less)] += 1;
        }
        // Each relevant item counts itself into the place where it stands.
        let ranks = ahead[..wanted.len()].iter().scan(0, |rank, n| {
            *rank += n;
            Some(*rank)
        });
        let (ranks, count) = (ranks.collect(), rows.len());
        if k < rows.len() {
            rows.select_nth_unstable_by(k, by_rank);
            rows.truncate(k);
        }
        rows.sort_by(by_rank);
        Self { top: rows, ranks, candidates: count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn same_as_sorting_everything(
            scores in prop::collection::vec((-3_i8..3).prop_map(f32::from), 1..60),
            relevant in prop::collection::btree_set(0_u32..60, 0..12),
            k in 1_usize..20,
        ) {
            let ids: Vec<String> = (0..scores.len()).map(|id| id.to_string()).collect();
            let order = ItemOrder::new(&ids);
            let relevant: Vec<u32> = relevant.into_iter().filter(|row| (*row as usize) < scores.len()).collect();
            let mut sorted: Vec<u32> = (0..scores.len() as u32).collect();
            sorted.sort_by(|a, b| {
                let (x, y) = (scores[*a as usize], scores[*b as usize]);
                y.partial_cmp(&x).unwrap().then(order.tie(*a as usize).cmp(&order.tie(*b as usize)))
            });
            let ranks: Vec<usize> = (1..=sorted.len()).filter(|rank| relevant.contains(&sorted[rank - 1])).collect();
            let ranked = Ranked::of(0..scores.len(), &scores, &relevant, &order, k);
            prop_assert_eq!(ranked.ranks, ranks);
            sorted.truncate(k);
            prop_assert_eq!(ranked.top, sorted);
        }
    }

    #[test]
    fn zeros_are_equal_and_what_is_no_number_comes_last() {
        let ids = ["1", "2", "3"].map(str::to_owned);
        let order = ItemOrder::new(&ids);
        let ranked = |scores: [f32; 3]| Ranked::of(0..3, &scores, &[], &order, 3).top;
        assert_eq!(ranked([0.0, -0.0, 0.0]), ranked([0.0; 3]));
        assert_eq!(ranked([f32::NAN, -1.0, 5.0]), [2, 1, 0]);
    }
}
