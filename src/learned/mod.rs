//! What a site's interactions taught: parts of a score that no text tells. Made by [`learning`](crate::learning), used in the browser.
//!
//! - *Collaborative*: what the history's items are chosen together with (EASE, Steck, WWW 2019, with texts as side information), twice: closely,
//!   for people of whom much is known, and broadly, for those of whom little is.
//! - *Sequence*: what tends to be chosen next (a linear session model, Choe et al., WWW 2021).
//! - *Popularity*: how often an item was chosen, fading with time; for an item that nobody has chosen, a prediction from its text.
//!
//! Both linear models are kept as the few strongest [`Neighbors`] of each item.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "rows and counts stay below 2^32, and scores need no more than f32"
)]

pub mod blend;
mod neighbors;
mod trend;

pub use blend::{Blend, PartWeights, PersonWeights};
pub use neighbors::Neighbors;
pub use trend::Trend;

use crate::error::{Error, Result};
use crate::profile::Interest;

/// The learned parts of one catalog.
#[derive(Debug, Clone, PartialEq)]
pub struct Learned {
    /// What is chosen together, from row to row.
    pub collaborative: Neighbors,
    /// The same, believed only of pairs that many chose: what one item or two can say.
    pub broad: Neighbors,
    /// What is chosen next, from row to row.
    pub sequence: Neighbors,
    /// For each row that nobody has chosen, the chosen rows of the nearest texts; the weights of a row add up to 1.
    pub carried: Neighbors,
    /// How often rows were chosen, and when.
    pub trend: Trend,
    /// Popularity, `0..=1`, that is predicted for rows that nobody has chosen; 0 for the others.
    pub predicted: Vec<f32>,
    /// How often rows are in anybody's list, `0..=1`.
    pub exposure: Vec<f32>,
    /// How the parts are mixed.
    pub blend: Blend,
}

/// An item of the history counts this much of the one after it: for what is chosen next, and for what is chosen together.
pub const SEQUENCE_DECAY: f32 = 0.7;
/// See [`SEQUENCE_DECAY`].
pub const COLLABORATIVE_DECAY: f32 = 0.8;
/// So many items of history say enough of a person to give them something else than what they want most. Of others what is like their few
/// items, or well known, is the best guess.
const ACQUAINTED: f32 = 20.0;
/// How much of an item's popularity is that of the last year or so; the rest is that of all time.
const RECENT_SHARE: f32 = 0.9;
/// Older items of the history count less than a millionth: they are not looked at.
const NEWEST: usize = 64;
/// Strengths are compared on the scale `ln(1 + strength / SMALL)`: many times as strong is a few steps better.
const SMALL: f32 = 0.003;

/// What the learned parts say of every row, for one history at one moment.
#[derive(Debug)]
pub(crate) struct LearnedScores<'a> {
    learned: &'a Learned,
    together: Together<'a>,
    next: Strengths,
    popularity: Vec<f32>,
    /// How much of the person is known, `0..=1`.
    acquaintance: f32,
    is_new: Vec<bool>,
    /// All rows of the history, in order.
    own: Vec<usize>,
    /// The scaled strength of each row as a new item's neighbor: an item of the history, however old, speaks for its own neighbors in full.
    near: Vec<f32>,
    weights: PersonWeights,
}

/// Both collaborative models, each with its share; the shares add up to 1.
#[derive(Debug)]
struct Together<'a>([(f32, &'a Neighbors, Strengths); 2]);

/// Sums over the history for each row, and the history's shares in them.
#[derive(Debug)]
struct Strengths {
    /// `(row, weight)` of the history, newest first; the weights add up to 1.
    history: Vec<(usize, f32)>,
    values: Vec<f32>,
    strongest: f32,
}

impl Learned {
    /// Checks that the parts are those of a catalog of so many items.
    ///
    /// # Errors
    /// [`Error::InvalidInput`].
    pub fn check(&self, items: usize) -> Result<()> {
        let fits = [&self.collaborative, &self.broad, &self.sequence, &self.carried].iter().all(|n| n.len() == items)
            && self.trend.parts().1.len() == items + 1
            && self.predicted.len() == items
            && self.exposure.len() == items
            && self.predicted.iter().chain(&self.exposure).all(|share| (0.0..=1.0).contains(share));
        if !fits {
            return Err(Error::invalid("learned parts", "those of another catalog", format!("{items} items")));
        }
        if !self.blend.is_sound() {
            return Err(Error::invalid("blend", "a weight that is not finite or below 0", "weights of at least 0"));
        }
        Ok(())
    }

    /// Whether nobody has chosen the row.
    #[must_use]
    pub fn is_new(&self, row: usize) -> bool {
        self.trend.count(row) == 0
    }

    /// The same for another edition of the catalog: row i there is `kept[i]` here; the rows after them are new, and `nearest` gives for
    /// each of them the rows of the edition whose texts are nearest, with their cosines.
    #[must_use]
    pub fn renumbered(&self, kept: &[usize], nearest: &[Vec<(usize, f32)>]) -> Self {
        let total = kept.len() + nearest.len();
        let trend = self.trend.renumbered(kept, total);
        let lists: Vec<Vec<(u32, f32)>> =
            nearest.iter().map(|near| carried_list(near.iter().filter(|(row, _)| trend.count(*row) > 0))).collect();
        let scale = self.popularity_scale();
        let popularity = |list: &Vec<(u32, f32)>| {
            list.iter().map(|(row, weight)| weight * log_count(trend.count(*row as usize) as f32, scale)).sum::<f32>()
        };
        let mut predicted: Vec<f32> = kept.iter().map(|row| self.predicted[*row]).collect();
        predicted.extend(lists.iter().map(popularity).map(|p| p.clamp(0.0, 1.0)));
        let mut exposure: Vec<f32> = kept.iter().map(|row| self.exposure[*row]).collect();
        exposure.resize(total, 0.0);
        Self {
            collaborative: self.collaborative.renumbered(kept, total),
            broad: self.broad.renumbered(kept, total),
            sequence: self.sequence.renumbered(kept, total),
            carried: self.carried.renumbered(kept, kept.len()).with_lists(kept.len(), lists, CARRIED),
            predicted,
            exposure,
            blend: self.blend.clone(),
            trend,
        }
    }

    /// What the parts say of every row for a history, newest interest first, at a moment.
    pub(crate) fn scores(&self, newest_first: &[&Interest], now_ms: i64) -> LearnedScores<'_> {
        let together = Together::new(self, newest_first);
        let next = Strengths::new(&self.sequence, newest_first, SEQUENCE_DECAY);
        let scale = self.popularity_scale();
        let is_new: Vec<bool> = (0..self.predicted.len()).map(|row| self.is_new(row)).collect();
        let mut popularity = self.trend.at(now_ms);
        for (row, popularity) in popularity.iter_mut().enumerate() {
            *popularity = if is_new[row] {
                self.predicted[row]
            } else {
                let ever = log_count(self.trend.count(row) as f32, scale);
                (RECENT_SHARE * log_count(*popularity, scale) + (1.0 - RECENT_SHARE) * ever).min(1.0)
            };
        }
        let mut near: Vec<f32> = (0..is_new.len()).map(|row| together.value(row)).collect();
        let mut own: Vec<usize> = newest_first.iter().map(|interest| interest.row).collect();
        own.sort_unstable();
        for row in &own {
            near[*row] = together.strongest();
        }
        let weights = self.blend.at(newest_first.len());
        let acquaintance = (newest_first.len() as f32 / ACQUAINTED).min(1.0);
        LearnedScores { learned: self, together, next, popularity, acquaintance, is_new, own, near, weights }
    }

    /// The logarithm of the highest count, plus one.
    fn popularity_scale(&self) -> f32 {
        let highest = (0..self.predicted.len()).map(|row| self.trend.count(row)).max().unwrap_or(0);
        log_count(highest as f32, 1.0).max(f32::MIN_POSITIVE)
    }
}

/// Rows of the nearest texts that a new item takes over from.
pub const CARRIED: usize = 30;

/// Shares of the nearest rows in a new item: the squares of their cosines, adding up to 1.
pub(crate) fn carried_list<'a>(nearest: impl Iterator<Item = &'a (usize, f32)>) -> Vec<(u32, f32)> {
    let squares: Vec<(u32, f32)> =
        nearest.map(|(row, cosine)| (*row as u32, cosine.max(0.0) * cosine.max(0.0))).take(CARRIED).collect();
    let total: f32 = squares.iter().map(|(_, square)| square).sum();
    squares.into_iter().filter(|_| total > 0.0).map(|(row, square)| (row, square / total)).collect()
}

/// A count on the scale where `scale` is the highest logarithm.
pub(crate) fn log_count(count: f32, scale: f32) -> f32 {
    libm::log1pf(count) / scale
}

/// A share, `0..=1`, as it is stored: in 255ths.
#[expect(clippy::cast_sign_loss, reason = "between 0 and 255")]
pub(crate) fn share_to_byte(share: f32) -> u8 {
    libm::roundf(share * 255.0) as u8
}

/// The share that a stored byte stands for.
pub(crate) fn share_of_byte(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

/// A strength on the scale of the blend.
pub(crate) fn log_strength(strength: f32) -> f32 {
    libm::log1pf(strength / SMALL)
}

impl<'a> Together<'a> {
    fn new(learned: &'a Learned, newest_first: &[&Interest]) -> Self {
        let [.., close] = blend::shares(newest_first.len());
        let models = [(close, &learned.collaborative), (1.0 - close, &learned.broad)];
        Self(models.map(|(share, model)| (share, model, Strengths::new(model, newest_first, COLLABORATIVE_DECAY))))
    }

    fn value(&self, row: usize) -> f32 {
        self.0.iter().map(|(share, _, strengths)| share * log_strength(strengths.values[row])).sum()
    }

    /// At least the value of every row.
    fn strongest(&self) -> f32 {
        self.0.iter().map(|(share, _, strengths)| share * log_strength(strengths.strongest)).sum()
    }
}

impl Strengths {
    fn new(neighbors: &Neighbors, newest_first: &[&Interest], decay: f32) -> Self {
        let mut fade = 1.0;
        let mut history: Vec<(usize, f32)> = newest_first
            .iter()
            .take(NEWEST)
            .map(|interest| {
                let weight = interest.strength * fade;
                fade *= decay;
                (interest.row, weight)
            })
            .collect();
        let total: f32 = history.iter().map(|(_, weight)| weight).sum();
        let mut values = vec![0.0; neighbors.len()];
        for (row, weight) in &mut history {
            *weight /= total;
            for (to, strength) in neighbors.of(*row) {
                values[to] += *weight * strength;
            }
        }
        let strongest = values.iter().copied().fold(0.0, f32::max);
        Self { history, values, strongest }
    }

    /// What each item of the history brings of a row's strength, in the order of `history`.
    fn shares<'a>(&'a self, neighbors: &'a Neighbors, row: usize) -> impl Iterator<Item = (usize, f32)> + 'a {
        self.history.iter().map(move |(from, weight)| (*from, weight * neighbors.weight(*from, row)))
    }
}

impl LearnedScores<'_> {
    /// The weights for a row.
    pub fn weights(&self, row: usize) -> PartWeights {
        if self.is_new[row] { self.weights.new } else { self.weights.known }
    }

    /// The weight of the content part, which is the same for all rows.
    pub fn content_weight(&self) -> f32 {
        self.weights.known.content
    }

    /// The weight of the likeness to the nearest texts of the history: 0 but for rows that nobody has chosen.
    pub fn closest_weight(&self, row: usize) -> f32 {
        if self.is_new[row] { self.weights.new_closest } else { 0.0 }
    }

    /// Whether nobody has chosen the row.
    pub fn is_new(&self, row: usize) -> bool {
        self.is_new[row]
    }

    /// What is added for popularity.
    pub fn popularity(&self, row: usize) -> f32 {
        let offset = if self.is_new[row] { self.weights.new_offset } else { 0.0 };
        self.weights(row).popularity * self.popularity[row] + offset
    }

    /// How much of the person is known, `0..=1`.
    pub fn acquaintance(&self) -> f32 {
        self.acquaintance
    }

    /// How often the row is in anybody's list, `0..=1`.
    pub fn exposure(&self, row: usize) -> f32 {
        self.learned.exposure[row]
    }

    /// What is added for being chosen together with the history.
    pub fn collaborative(&self, row: usize) -> f32 {
        self.weights(row).collaborative * self.together(row)
    }

    /// What is added for being chosen next.
    pub fn sequence(&self, row: usize) -> f32 {
        self.weights(row).sequence * log_strength(self.next.values[row])
    }

    /// The unweighted parts of a row, in the order of [`PartWeights`] but for content.
    #[cfg(not(target_family = "wasm"))]
    pub fn unweighted(&self, row: usize) -> [f32; 3] {
        [self.together(row), log_strength(self.next.values[row]), self.popularity[row]]
    }

    fn together(&self, row: usize) -> f32 {
        if !self.is_new[row] {
            return self.together.value(row);
        }
        self.learned.carried.of(row).map(|(near, share)| share * self.near[near]).sum()
    }

    fn is_of_history(&self, row: usize) -> bool {
        self.own.binary_search(&row).is_ok()
    }

    /// What each item of the history brings of the collaborative and the sequence part of a row: `(row, value)`, adding up to both.
    pub fn contributions(&self, row: usize) -> Vec<(usize, f32)> {
        let weights = self.weights(row);
        let (mut found, mut own) = (Vec::new(), Vec::new());
        let mut divide = |part: f32, strength: f32, shares: &mut dyn Iterator<Item = (usize, f32)>| {
            if strength > 0.0 && part != 0.0 {
                found.extend(shares.map(|(from, share)| (from, part * share / strength)).filter(|(_, x)| *x != 0.0));
            }
        };
        // A row's collaborative value times `factor`.
        let mut divide_together = |factor: f32, row: usize| {
            for (share, model, strengths) in &self.together.0 {
                let strength = strengths.values[row];
                divide(factor * share * log_strength(strength), strength, &mut strengths.shares(model, row));
            }
        };
        if self.is_new[row] {
            for (near, share) in self.learned.carried.of(row) {
                let factor = weights.collaborative * share;
                if self.is_of_history(near) {
                    own.push((near, factor * self.near[near]));
                } else {
                    divide_together(factor, near);
                }
            }
        } else {
            divide_together(weights.collaborative, row);
        }
        let next = &self.next;
        divide(self.sequence(row), next.values[row], &mut next.shares(&self.learned.sequence, row));
        found.extend(own);
        found
    }
}
