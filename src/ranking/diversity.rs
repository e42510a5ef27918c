//! Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998): a list whose items are good and differ.

/// One place in a diversified list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Index into the relevances that were given.
    pub index: usize,
    /// What to add to the item's relevance to get its value in the list; at most 0. Values fall along the list.
    pub adjustment: f32,
}

/// Picks `k` items, each time the one of greatest `(1 - d) * relevance - d * (similarity to the picks so far + exposure)`. Of `d`, the `diversity`, 0 is
/// relevance only, 1 is difference only: lists differ within themselves and from each other.
///
/// `relevance` is taken relative to its range, so that it compares with `similarity(i, j)`, a cosine, and `exposure(i)`, how often an item is in
/// anybody's list, `0..=1`; similarities below 0 count as 0. Ties go to the smaller index. The first of many picks are those of few.
#[must_use]
pub fn mmr(
    relevance: &[f32],
    similarity: impl Fn(usize, usize) -> f32,
    exposure: impl Fn(usize) -> f32,
    diversity: f32,
    k: usize,
) -> Vec<Pick> {
    let (low, high) = relevance.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), r| (l.min(*r), h.max(*r)));
    // Equal relevances leave diversity alone to decide.
    let range = if high > low { high - low } else { 1.0 };
    let mut cost: Vec<f32> = (0..relevance.len()).map(&exposure).collect();
    let mut closest = vec![0.0_f32; relevance.len()];
    let mut left: Vec<usize> = (0..relevance.len()).collect();
    let mut picks = Vec::with_capacity(k.min(left.len()));
    while picks.len() < k && !left.is_empty() {
        let adjustment = |i: usize| -diversity * ((relevance[i] - low) + range * cost[i]);
        let mut best = 0;
        for at in 1..left.len() {
            if relevance[left[at]] + adjustment(left[at]) > relevance[left[best]] + adjustment(left[best]) {
                best = at;
            }
        }
        let index = left[best];
        picks.push(Pick { index, adjustment: adjustment(index) });
        left.remove(best);
        for i in &left {
            let nearer = similarity(*i, index).max(closest[*i]);
            cost[*i] += nearer - closest[*i];
            closest[*i] = nearer;
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_diversity_is_relevance_only() {
        let picks = mmr(&[0.1, 0.9, 0.5], |_, _| 1.0, |_| 1.0, 0.0, 3);
        assert_eq!(picks.iter().map(|p| p.index).collect::<Vec<_>>(), [1, 2, 0]);
        assert!(picks.iter().all(|p| p.adjustment.abs() < f32::EPSILON));
    }

    #[test]
    fn what_everybody_is_shown_gives_way() {
        let picks = mmr(&[1.0, 0.9, 0.8], |_, _| 0.0, |i| if i == 0 { 1.0 } else { 0.0 }, 0.9, 3);
        assert_eq!(picks.iter().map(|p| p.index).collect::<Vec<_>>(), [1, 2, 0]);
    }

    #[test]
    fn a_near_copy_of_the_first_pick_gives_way() {
        let alike = |a: usize, b: usize| if a + b == 1 { 1.0 } else { 0.0 };
        let picks = mmr(&[1.0, 0.9, 0.5], alike, |_| 0.0, 0.5, 3);
        assert_eq!(picks.iter().map(|p| p.index).collect::<Vec<_>>(), [0, 2, 1]);
    }

    proptest! {
        #[test]
        fn values_fall_along_the_list(
            relevance in prop::collection::vec(-1.0_f32..1.0, 1..30),
            diversity in 0.0_f32..=1.0,
        ) {
            #[expect(clippy::cast_precision_loss, reason = "small indices")]
            let similarity = |a: usize, b: usize| ((a * 7 + b * 7) % 10) as f32 / 10.0;
            let exposure = |i: usize| if i.is_multiple_of(3) { 0.7 } else { 0.1 };
            let picks = mmr(&relevance, similarity, exposure, diversity, 10);
            let fewer = mmr(&relevance, similarity, exposure, diversity, 4);
            prop_assert_eq!(&fewer[..], &picks[..fewer.len()]);
            prop_assert_eq!(picks.len(), relevance.len().min(10));
            let values: Vec<f32> = picks.iter().map(|p| relevance[p.index] + p.adjustment).collect();
            prop_assert!(values.windows(2).all(|w| w[0] >= w[1] - 1e-6));
            prop_assert!(picks.iter().all(|p| p.adjustment <= 0.0));
        }
    }
}
