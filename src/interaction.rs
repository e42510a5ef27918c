//! What a person did with an item, and how much that says about their taste.

use serde::{Deserialize, Serialize};

/// One thing a person did with one item of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Interaction {
    /// The item's id. Ids that the catalog no longer has are kept by callers and ignored by the ranking.
    #[serde(alias = "item_id")]
    pub item_id: String,
    /// What happened.
    pub kind: InteractionKind,
    /// When it happened, in milliseconds since the Unix epoch.
    #[serde(alias = "timestamp_ms")]
    pub timestamp_ms: i64,
}

/// The kinds of interaction, from the weakest to the strongest sign of interest, and the one negative sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InteractionKind {
    /// The item was on screen or its page was opened.
    View,
    /// The item was chosen from a list.
    Click,
    /// The person said that they like it.
    Like,
    /// The person bought, finished or saved it.
    Purchase,
    /// The person said "not for me".
    Dislike,
}

impl InteractionKind {
    /// How much one fresh interaction of this kind counts, relative to a like (1.0). Negative pushes away.
    #[must_use]
    pub fn weight(self) -> f64 {
        match self {
            Self::View => 0.15,
            Self::Click => 0.4,
            Self::Like => 1.0,
            Self::Purchase => 1.5,
            Self::Dislike => -1.0,
        }
    }
}

const MS_PER_DAY: f64 = 86_400_000.0;

/// Exponential forgetting: an interaction that is `half_life_days` old counts half.
///
/// Returns a factor in `(0, 1]`. A timestamp after `now_ms` (a clock that was wrong) counts as now.
/// `half_life_days` of infinity forgets nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in f64 for 285,000 years")]
pub fn recency_decay(timestamp_ms: i64, now_ms: i64, half_life_days: f64) -> f64 {
    let age_days = now_ms.saturating_sub(timestamp_ms).max(0) as f64 / MS_PER_DAY;
    // libm, not std: the same bits natively and in wasm. The floor keeps very old items ordered instead of vanishing.
    libm::exp2(-age_days / half_life_days).max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_halves_after_one_half_life_and_never_exceeds_one() {
        let day = 86_400_000;
        assert!((recency_decay(0, 30 * day, 30.0) - 0.5).abs() < 1e-12);
        assert!((recency_decay(5 * day, 0, 30.0) - 1.0).abs() < 1e-12, "the future counts as now");
        assert!((recency_decay(0, 1000 * day, f64::INFINITY) - 1.0).abs() < 1e-12);
        assert!(recency_decay(i64::MIN, i64::MAX, 1.0) > 0.0);
    }

    #[test]
    fn only_a_dislike_weighs_less_than_nothing() {
        use InteractionKind::{Click, Dislike, Like, Purchase, View};
        assert!([View, Click, Like, Purchase].windows(2).all(|w| w[0].weight() < w[1].weight()));
        assert!(View.weight() > 0.0 && Dislike.weight() < 0.0);
    }
}
