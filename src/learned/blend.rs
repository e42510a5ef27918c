//! How much each part of a score counts, by what is known of the person and of the item.

use serde::{Deserialize, Serialize};

/// Weights of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartWeights {
    /// Of the likeness to the history in text and tags, a cosine.
    pub content: f32,
    /// Of the logarithm of what the history's items are chosen together with.
    pub collaborative: f32,
    /// Of the logarithm of what tends to be chosen next.
    pub sequence: f32,
    /// Of popularity on a logarithmic scale, `0..=1`.
    pub popularity: f32,
}

impl PartWeights {
    /// The weights in the order of the fields.
    #[must_use]
    pub fn to_array(self) -> [f32; 4] {
        [self.content, self.collaborative, self.sequence, self.popularity]
    }

    /// Weights from the order of the fields.
    #[must_use]
    pub fn from_array([content, collaborative, sequence, popularity]: [f32; 4]) -> Self {
        Self { content, collaborative, sequence, popularity }
    }

    fn scaled(self, factor: f32) -> Self {
        Self::from_array(self.to_array().map(|weight| weight * factor))
    }
}

/// Weights for people of whom little and much is known, and for items that nobody has chosen yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blend {
    /// Weights at [`KNOTS`] items of history; between them they follow the logarithm of the number.
    pub known: [PartWeights; 4],
    /// Weights for items that nobody has chosen, relative to each other. Their content is the cosine with all that was ever liked, their
    /// popularity a prediction, and what they are chosen with is taken from the items of the nearest texts.
    pub new: PartWeights,
    /// For those items, the weight of the mean cosine with the three nearest texts of the history: a part of content.
    pub new_closest: f32,
    /// Added for those items, at the same lengths of history: where they stand among the others.
    pub new_offsets: [f32; 4],
}

/// Numbers of liked items that a blend has weights for.
pub const KNOTS: [f32; 4] = [1.0, 3.0, 5.0, 20.0];

/// What the weights for a person add up to: as much as those of a catalog without learned parts, beside which a request in words and
/// feedback keep their place.
const TOTAL: f32 = 1.2;

/// The weights for one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonWeights {
    /// For items that were chosen before.
    pub known: PartWeights,
    /// For items that nobody has chosen; `content` is that of `known`.
    pub new: PartWeights,
    /// See [`Blend::new_closest`].
    pub new_closest: f32,
    /// See [`Blend::new_offsets`].
    pub new_offset: f32,
}

impl Default for Blend {
    /// What validation chose on `MovieLens` small, with all-MiniLM-L6-v2.
    fn default() -> Self {
        let of = PartWeights::from_array;
        Self {
            known: [
                of([1.0, 4.0, 0.05, 9.0]),
                of([1.0, 1.5, 0.02, 3.0]),
                of([1.0, 1.0, 0.3, 1.5]),
                of([1.0, 0.3, 0.8, 0.0]),
            ],
            new: of([1.0, 1.0, 0.0, 4.0]),
            new_closest: 3.0,
            new_offsets: [1.0, -1.2, -1.9, -2.7],
        }
    }
}

impl Blend {
    /// The weights for a person with so many liked items.
    #[must_use]
    pub fn at(&self, items: usize) -> PersonWeights {
        let raw = self.unscaled(items);
        // Any factor gives the same list; this one keeps the parts comparable to a request in words.
        let sum: f32 = raw.to_array().iter().sum();
        let factor = if sum > 0.0 { TOTAL / sum } else { 1.0 };
        let known = raw.scaled(factor);
        // The content weight is that of other items, since one scan of the table serves all.
        let of_new = if self.new.content > 0.0 { known.content / self.new.content } else { factor };
        let new = self.new.scaled(of_new);
        let offset: f32 = self.new_offsets.iter().zip(shares(items)).map(|(offset, share)| offset * share).sum();
        PersonWeights {
            known,
            new: PartWeights { content: known.content, ..new },
            new_closest: self.new_closest * of_new,
            new_offset: offset * factor,
        }
    }

    /// The weights of items that were chosen before, as they are stored.
    #[must_use]
    pub fn unscaled(&self, items: usize) -> PartWeights {
        let shares = shares(items);
        let mut sum = [0.0; 4];
        for (knot, share) in self.known.iter().zip(shares) {
            for (sum, weight) in sum.iter_mut().zip(knot.to_array()) {
                *sum += share * weight;
            }
        }
        PartWeights::from_array(sum)
    }

    /// Whether every number is finite and no weight is below 0.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let weights = self.known.iter().chain([&self.new]).flat_map(|weights| weights.to_array());
        let weights = weights.chain([self.new_closest]);
        self.new_offsets.iter().all(|offset| offset.is_finite())
            && weights.into_iter().all(|weight| weight.is_finite() && weight >= 0.0)
    }
}

/// How much each knot counts for a history of so many items; adds up to 1.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a history is no longer than 2^24")]
pub fn shares(items: usize) -> [f32; KNOTS.len()] {
    let at = libm::log2f((items as f32).clamp(KNOTS[0], KNOTS[KNOTS.len() - 1]));
    let mut shares = [0.0; KNOTS.len()];
    for i in 0..KNOTS.len() - 1 {
        let (from, to) = (libm::log2f(KNOTS[i]), libm::log2f(KNOTS[i + 1]));
        if at <= to {
            let share = (at - from) / (to - from);
            (shares[i], shares[i + 1]) = (1.0 - share, share);
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knots_are_met_and_what_lies_between_is_mixed() {
        for (knot, items) in [(0, 0), (0, 1), (1, 3), (2, 5), (3, 20), (3, 5000)] {
            assert!((shares(items)[knot] - 1.0).abs() < 1e-5);
        }
        let ten = shares(10);
        assert!((ten[2] - 0.5).abs() < 1e-5 && (ten[3] - 0.5).abs() < 1e-5);
    }

    #[test]
    fn weights_add_up_and_new_items_have_the_same_content_weight() {
        let blend = Blend::default();
        assert!(blend.is_sound());
        for items in [0, 1, 4, 12, 300] {
            let weights = blend.at(items);
            assert!((weights.known.to_array().iter().sum::<f32>() - TOTAL).abs() < 1e-5);
            assert!((weights.new.content - weights.known.content).abs() < 1e-6);
        }
        assert!(!Blend { new_offsets: [f32::NAN; 4], ..blend.clone() }.is_sound());
    }
}
