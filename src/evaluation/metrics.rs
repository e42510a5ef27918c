//! Measures of one ranked list. Ranks start at 1; every measure but novelty is in `0..=1` (diversity in `0..=2`), and higher is better.

use super::ranked::Ranked;

/// Normalized discounted cumulative gain (Järvelin and Kekäläinen, TOIS 2002) with binary gains: the sum over the relevant items of rank `<= k` of
/// `1 / log2(rank + 1)`, over what the best ranking would give. 0 without relevant items.
#[must_use]
pub fn ndcg_at_k(ranks: &[usize], k: usize) -> f64 {
    let gain = |rank: usize| 1.0 / (rank as f64 + 1.0).log2();
    let ideal: f64 = (1..=ranks.len().min(k)).map(gain).sum();
    // From 0.0, since the sum of nothing is -0.0.
    let found = ranks.iter().filter(|rank| **rank <= k).fold(0.0, |sum, rank| sum + gain(*rank));
    if ideal > 0.0 { found / ideal } else { 0.0 }
}

/// Share of the relevant items that are among the first `k`.
#[must_use]
pub fn recall_at_k(ranks: &[usize], k: usize) -> f64 {
    if ranks.is_empty() { 0.0 } else { hits(ranks, k) / ranks.len() as f64 }
}

/// Share of the first `k` places that hold relevant items.
#[must_use]
pub fn precision_at_k(ranks: &[usize], k: usize) -> f64 {
    if k == 0 { 0.0 } else { hits(ranks, k) / k as f64 }
}

/// 1 if any of the first `k` is relevant.
#[must_use]
pub fn hit_rate_at_k(ranks: &[usize], k: usize) -> f64 {
    f64::from(u8::from(ranks.iter().any(|rank| *rank <= k)))
}

/// Reciprocal rank of the first relevant item, without a cut-off.
#[must_use]
pub fn mrr(ranks: &[usize]) -> f64 {
    ranks.iter().min().map_or(0.0, |rank| 1.0 / *rank as f64)
}

/// Share of the pairs of a relevant and another candidate that are in the right order. `ranks` ascend. One half if there are no pairs.
#[must_use]
pub fn auc(ranks: &[usize], candidates: usize) -> f64 {
    let others = candidates.saturating_sub(ranks.len());
    if ranks.is_empty() || others == 0 {
        return 0.5;
    }
    // Of the candidates before the i-th relevant one, i are relevant themselves.
    let wrong: usize = ranks.iter().enumerate().map(|(i, rank)| rank - 1 - i).sum();
    1.0 - wrong as f64 / (ranks.len() * others) as f64
}

/// Distinct items in all lists over the number of candidates.
#[must_use]
pub fn catalog_coverage<'a>(lists: impl IntoIterator<Item = &'a [u32]>, candidates: usize) -> f64 {
    let mut items: Vec<u32> = lists.into_iter().flatten().copied().collect();
    items.sort_unstable();
    items.dedup();
    if candidates == 0 { 0.0 } else { items.len() as f64 / candidates as f64 }
}

fn hits(ranks: &[usize], k: usize) -> f64 {
    ranks.iter().filter(|rank| **rank <= k).count() as f64
}

/// All measures of one case.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CaseMetrics {
    /// See [`ndcg_at_k`].
    pub ndcg: f64,
    /// See [`recall_at_k`].
    pub recall: f64,
    /// See [`precision_at_k`].
    pub precision: f64,
    /// See [`mrr`].
    pub mrr: f64,
    /// See [`hit_rate_at_k`].
    pub hit_rate: f64,
    /// See [`auc`].
    pub auc: f64,
    /// Mean of 1 - cosine over the pairs of the first `k` items (Ziegler et al., WWW 2005).
    pub diversity: f64,
    /// Mean of -log2(share of all training interactions) over the first `k` items (Vargas and Castells, RecSys 2011), in bits.
    pub novelty: f64,
}

impl CaseMetrics {
    /// Measures a ranking at cut-off `k`. `distance` is 1 - cosine of two rows, `surprise` the bits of one.
    #[must_use]
    pub fn of(ranked: &Ranked, k: usize, distance: impl Fn(u32, u32) -> f64, surprise: impl Fn(u32) -> f64) -> Self {
        let top = &ranked.top[..k.min(ranked.top.len())];
        let mut distances = Vec::with_capacity(top.len() * top.len() / 2);
        for (i, a) in top.iter().enumerate() {
            distances.extend(top[i + 1..].iter().map(|b| distance(*a, *b)));
        }
        Self {
            ndcg: ndcg_at_k(&ranked.ranks, k),
            recall: recall_at_k(&ranked.ranks, k),
            precision: precision_at_k(&ranked.ranks, k),
            mrr: mrr(&ranked.ranks),
            hit_rate: hit_rate_at_k(&ranked.ranks, k),
            auc: auc(&ranked.ranks, ranked.candidates),
            diversity: mean(distances.into_iter()),
            novelty: mean(top.iter().map(|row| surprise(*row))),
        }
    }
}

/// 0 of nothing.
pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len();
    if count == 0 { 0.0 } else { values.sum::<f64>() / count as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn is(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    #[test]
    fn by_hand_one_relevant_item() {
        is(ndcg_at_k(&[1], 10), 1.0);
        is(ndcg_at_k(&[3], 10), 0.5); // 1 / log2(4)
        is(ndcg_at_k(&[11], 10), 0.0);
        is(mrr(&[11]), 1.0 / 11.0);
        is(recall_at_k(&[10], 10), 1.0);
        is(precision_at_k(&[10], 10), 0.1);
        is(hit_rate_at_k(&[11], 10), 0.0);
        is(auc(&[3], 5), 0.5); // two of four others stand before it
    }

    #[test]
    fn by_hand_several_relevant_items() {
        // DCG: 1 + 1/log2(4) = 1.5; the ideal: 1 + 1/log2(3) + 1/log2(4).
        is(ndcg_at_k(&[1, 3, 12], 10), 1.5 / (1.5 + 1.0 / 3.0_f64.log2()));
        // More relevant items than places: two places can be right at best.
        is(ndcg_at_k(&[1, 2, 3], 2), 1.0);
        is(recall_at_k(&[1, 3, 12], 10), 2.0 / 3.0);
        is(precision_at_k(&[1, 3, 12], 10), 0.2);
        // 12 candidates, 9 others: wrong pairs 0 + 1 + 9 of 27.
        is(auc(&[1, 3, 12], 12), 1.0 - 10.0 / 27.0);
        is(mrr(&[2, 5]), 0.5);
    }

    #[test]
    fn nothing_relevant_and_nothing_ranked_give_numbers() {
        is(ndcg_at_k(&[], 10) + recall_at_k(&[], 10) + mrr(&[]) + precision_at_k(&[], 0), 0.0);
        is(auc(&[], 0), 0.5);
        is(catalog_coverage([], 0), 0.0);
        let nothing = Ranked { top: vec![], ranks: vec![], candidates: 0 };
        is(CaseMetrics::of(&nothing, 10, |_, _| 1.0, |_| 1.0).diversity, 0.0);
    }

    #[test]
    fn lists_as_a_whole() {
        is(catalog_coverage([[1, 2].as_slice(), &[2, 3]], 12), 0.25);
        let ranked = Ranked { top: vec![0, 1, 2], ranks: vec![1], candidates: 9 };
        let metrics = CaseMetrics::of(&ranked, 3, |a, b| f64::from(b - a), f64::from);
        is(metrics.diversity, (1.0 + 2.0 + 1.0) / 3.0);
        is(metrics.novelty, 1.0);
    }

    proptest! {
        #[test]
        fn measures_stay_in_their_range(ranks in prop::collection::btree_set(1_usize..80, 1..20), k in 1_usize..30) {
            let ranks: Vec<usize> = ranks.into_iter().collect();
            let all = [ndcg_at_k(&ranks, k), recall_at_k(&ranks, k), precision_at_k(&ranks, k), mrr(&ranks), auc(&ranks, 80)];
            prop_assert!(all.iter().all(|x| (0.0..=1.0).contains(x)), "{:?}", all);
        }

        #[test]
        fn a_better_rank_is_never_worth_less(rank in 2_usize..40, k in 1_usize..30) {
            for measure in [|r: usize, k| ndcg_at_k(&[r], k), |r: usize, _| mrr(&[r]), |r: usize, _| auc(&[r], 40)] {
                prop_assert!(measure(rank - 1, k) >= measure(rank, k));
            }
        }
    }
}
