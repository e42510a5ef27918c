//! What a history says about a person's taste, as weights on the catalog's rows and one direction in embedding space.
//!
//! A profile is computed from interactions whenever it is needed and never stored: the history is the only thing kept,
//! so what a person removes from it is gone from the profile too.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::embedding::{CenteredProbe, normalize};
use crate::interaction::{Interaction, InteractionKind, recency_decay};
use crate::retrieval::Term;

/// One item of the history, with what it weighs now.
#[derive(Debug, Clone)]
pub struct Interest {
    /// The item's row in the catalog.
    pub row: usize,
    /// The strongest thing that the person did with it, or [`InteractionKind::Dislike`].
    pub kind: InteractionKind,
    /// Above 0: the weights of all that was done with it. A like has 1.
    pub strength: f32,
    /// What its vector counts in the profile's direction; of a dislike, its strength after fading.
    pub weight: f32,
    /// The item's centered unit vector.
    pub(crate) probe: CenteredProbe,
}

/// The taste that a history shows.
#[derive(Debug, Clone)]
pub struct UserProfile {
    interests: Vec<Interest>,
    /// Places in `interests`.
    newest_first: Vec<usize>,
    dislikes: Vec<Interest>,
    seen: Vec<usize>,
    direction: Option<Direction>,
    taste: Option<Taste>,
}

/// The direction of all that was ever liked, whenever that was.
#[derive(Debug, Clone)]
struct Taste {
    /// In embedding space, centered.
    text: CenteredProbe,
    /// Of the sum that was scaled to length 1.
    length: f32,
}

/// The weighted sum of the interests' vectors. Its dot product with a unit vector is at most 1: it is the mean of two unit vectors.
#[derive(Debug, Clone)]
struct Direction {
    /// In embedding space, centered.
    text: CenteredProbe,
    /// Over the catalog's tags, with what it was divided by; `None` where no interest has any that tells items apart.
    tags: Option<(Vec<f32>, f32)>,
}

/// In the session's half of the direction an item counts this much of the one that came after it.
const SESSION_DECAY: f32 = 0.8;

/// How much of an affinity comes from common tags, where the history has tags; the rest is likeness of texts. At 0 short texts are compared
/// by little more than their titles; at 1 a shelf of one genre is as good as another.
const TAG_SHARE: f32 = 0.25;

/// A sum of vectors that is no longer has no direction.
const LEAST_LENGTH: f32 = 1e-9;

/// See [`UserProfile::closest`].
const NEAREST: usize = 3;
/// See [`UserProfile::closest`].
const COMPARED: usize = 128;

/// Repeated interactions with one item add up to at most this much, so that no single item drowns the others.
const MAX_ITEM_WEIGHT: f64 = 2.0;

#[derive(Default)]
struct Evidence {
    interest: f64,
    dislike: f64,
    strongest: Option<InteractionKind>,
    /// Place in the order of time, and time in milliseconds, of the last interaction.
    last: (usize, i64),
}

impl UserProfile {
    /// Weighs a history. The last word on an item wins: a like takes back an earlier dislike, a dislike takes back everything before it. Ids that
    /// the catalog does not have are ignored. The order of `history` matters only between interactions of the same millisecond.
    ///
    /// The direction is the mean of two: of the session, in which each item counts less than the one after it, and of all that was ever
    /// liked, fading by [`recency_decay`] at `now_ms`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "strengths of at most 2")]
    pub fn new(catalog: &Catalog, history: &[Interaction], now_ms: i64, half_life_days: f64) -> Self {
        let mut known: Vec<(&Interaction, usize)> =
            history.iter().filter_map(|i| Some((i, catalog.row(&i.item_id)?))).collect();
        known.sort_by_key(|(interaction, _)| interaction.timestamp_ms);
        let mut evidence: BTreeMap<usize, Evidence> = BTreeMap::new();
        for (place, (interaction, row)) in known.into_iter().enumerate() {
            let about = evidence.entry(row).or_default();
            let weight = interaction.kind.weight();
            match interaction.kind {
                InteractionKind::Dislike => *about = Evidence { dislike: -weight, ..Evidence::default() },
                InteractionKind::Like | InteractionKind::Purchase => about.dislike = 0.0,
                InteractionKind::View | InteractionKind::Click => {}
            }
            about.last = (place, interaction.timestamp_ms);
            if weight > 0.0 {
                about.interest = (about.interest + weight).min(MAX_ITEM_WEIGHT);
                about.strongest = about.strongest.max(Some(interaction.kind));
            }
        }
        let seen = evidence.keys().copied().collect();
        let (mut interests, mut dislikes, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for (row, about) in evidence {
            let probe = catalog.embeddings.probe(catalog.embeddings.row(row));
            let fade = recency_decay(about.last.1, now_ms, half_life_days) as f32;
            // Opening a disliked item's page again does not make it liked.
            if about.dislike > 0.0 {
                let strength = about.dislike as f32;
                let weight = strength * fade;
                dislikes.push(Interest { row, kind: InteractionKind::Dislike, strength, weight, probe });
            } else if let Some(kind) = about.strongest {
                let strength = about.interest as f32;
                interests.push(Interest { row, kind, strength, weight: strength * fade, probe });
                times.push(about.last.0);
            }
        }
        let mut newest_first: Vec<usize> = (0..interests.len()).collect();
        newest_first.sort_by_key(|at| std::cmp::Reverse(times[*at]));
        let taste = Taste::of(catalog, &interests);
        let direction = Direction::of(catalog, &mut interests, &newest_first);
        Self { interests, newest_first, dislikes, seen, direction, taste }
    }

    /// The same items, the one that the person turned to last first.
    pub(crate) fn newest_first(&self) -> Vec<&Interest> {
        self.newest_first.iter().map(|at| &self.interests[*at]).collect()
    }

    /// The items that speak for the person's taste, in catalog order.
    #[must_use]
    pub fn interests(&self) -> &[Interest] {
        &self.interests
    }

    /// The items that the person does not want, in catalog order.
    #[must_use]
    pub fn dislikes(&self) -> &[Interest] {
        &self.dislikes
    }

    /// Whether the person did anything with this row.
    #[must_use]
    pub fn has_seen(&self, row: usize) -> bool {
        self.seen.binary_search(&row).is_ok()
    }

    /// Whether this row is disliked.
    #[must_use]
    pub fn dislikes_row(&self, row: usize) -> bool {
        self.dislikes.iter().any(|d| d.row == row)
    }

    /// Whether there is any direction to recommend along.
    #[must_use]
    pub fn has_interests(&self) -> bool {
        self.direction.is_some()
    }

    /// Likeness of an item to the history, `-1..=1`: cosines with the profile's direction in text and in tags, mixed. 0 without interests.
    #[must_use]
    pub fn affinity(&self, catalog: &Catalog, row: usize) -> f32 {
        let Some(direction) = &self.direction else { return 0.0 };
        direction.mix(catalog.embeddings.cosine(row, &direction.text), |(tags, _)| catalog.tag_dot(row, tags))
    }

    /// The part of [`affinity`](Self::affinity), times `weight`, that is linear in a row's vector; none without interests.
    pub(crate) fn text_term(&self, weight: f32) -> Option<Term> {
        let direction = self.direction.as_ref()?;
        let mut vector = direction.text.vector().to_vec();
        // Scans estimate along unit vectors.
        let length = normalize(&mut vector);
        Some(Term { vector, weight: weight * length * direction.mix(1.0, |_| 0.0), is_centered: true })
    }

    /// The part of [`affinity`](Self::affinity) that comes from tags.
    pub(crate) fn tag_affinity(&self, catalog: &Catalog, row: usize) -> f32 {
        self.direction.as_ref().map_or(0.0, |direction| direction.mix(0.0, |(tags, _)| catalog.tag_dot(row, tags)))
    }

    /// The part of [`affinity`](Self::affinity) that one interest brings: over all interests these add up to it.
    #[must_use]
    pub fn contribution(&self, catalog: &Catalog, interest: &Interest, row: usize) -> f32 {
        let Some(direction) = &self.direction else { return 0.0 };
        let text = catalog.embeddings.cosine(row, &interest.probe);
        interest.weight * direction.mix(text, |(_, length)| catalog.tag_cosine(row, interest.row) / length)
    }

    #[expect(clippy::cast_precision_loss, reason = "at most three")]
    /// The interests whose texts are nearest to a row, with what each brings of [`closest`](Self::closest).
    pub(crate) fn nearest_interests(&self, catalog: &Catalog, row: usize) -> Vec<(usize, f32)> {
        let interests = self.newest_first.iter().take(COMPARED).map(|at| &self.interests[*at]);
        let mut cosines: Vec<(usize, f32)> =
            interests.map(|interest| (interest.row, catalog.embeddings.cosine(row, &interest.probe))).collect();
        cosines.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        cosines.truncate(NEAREST);
        let count = cosines.len() as f32;
        cosines.into_iter().map(|(row, cosine)| (row, cosine / count)).collect()
    }

    /// Mean cosine of an item's text with those of the three nearest of the newest 128 interests, `-1..=1`; 0 without interests. A direction
    /// blurs several tastes into one, this does not.
    pub(crate) fn closest(&self, catalog: &Catalog, row: usize) -> f32 {
        self.nearest_interests(catalog, row).iter().map(|(_, share)| share).sum()
    }

    /// Cosine of an item's text with all that was ever liked, `-1..=1`, whenever that was; 0 without interests. What is new to everybody may
    /// answer any of a person's interests, the latest no more than others.
    pub(crate) fn lasting(&self, catalog: &Catalog, row: usize) -> f32 {
        self.taste.as_ref().map_or(0.0, |taste| catalog.embeddings.cosine(row, &taste.text))
    }

    /// The part of [`lasting`](Self::lasting) that one interest brings: over all interests these add up to it.
    pub(crate) fn lasting_contribution(&self, catalog: &Catalog, interest: &Interest, row: usize) -> f32 {
        let share = |taste: &Taste| interest.strength * catalog.embeddings.cosine(row, &interest.probe) / taste.length;
        self.taste.as_ref().map_or(0.0, share)
    }

    /// How close an item is to what was disliked: the largest `weight * cosine`, at least 0.
    #[must_use]
    pub fn aversion(&self, catalog: &Catalog, row: usize) -> f32 {
        self.dislikes.iter().map(|d| d.weight * catalog.embeddings.cosine(row, &d.probe)).fold(0.0, f32::max)
    }
}

impl Taste {
    /// `None` where the interests cancel out.
    fn of(catalog: &Catalog, interests: &[Interest]) -> Option<Self> {
        let strengths: Vec<f32> = interests.iter().map(|interest| interest.strength).collect();
        let mut sum = weighted_sum(catalog, interests, &strengths);
        let length = normalize(&mut sum);
        (length > LEAST_LENGTH).then(|| Self { text: catalog.embeddings.probe(sum), length })
    }
}

/// Of the interests' vectors.
fn weighted_sum(catalog: &Catalog, interests: &[Interest], weights: &[f32]) -> Vec<f32> {
    let mut sum = vec![0.0; catalog.embeddings.raw().dimensions()];
    for (interest, weight) in interests.iter().zip(weights) {
        for (sum, x) in sum.iter_mut().zip(interest.probe.vector()) {
            *sum += weight * x;
        }
    }
    sum
}

impl Direction {
    /// Sets the interests' weights to what they count in the direction. Without one (interests that cancel out, or items equal to the mean)
    /// there is nothing to follow.
    fn of(catalog: &Catalog, interests: &mut [Interest], newest_first: &[usize]) -> Option<Self> {
        let sum = |weights: &[f32]| weighted_sum(catalog, interests, weights);
        let long: Vec<f32> = interests.iter().map(|interest| interest.weight).collect();
        let mut session = vec![0.0; interests.len()];
        let mut fade = 1.0;
        for at in newest_first {
            session[*at] = interests[*at].strength * fade;
            fade *= SESSION_DECAY;
        }
        let (session_length, long_length) = (normalize(&mut sum(&session)), normalize(&mut sum(&long)));
        if session_length <= LEAST_LENGTH || long_length <= LEAST_LENGTH {
            return None;
        }
        let mixed: Vec<f32> =
            session.iter().zip(&long).map(|(s, l)| 0.5 * (s / session_length + l / long_length)).collect();
        let text = catalog.embeddings.probe(sum(&mixed));
        let mut tags = vec![0.0; catalog.tag_count()];
        for (interest, weight) in interests.iter_mut().zip(mixed) {
            interest.weight = weight;
            catalog.add_tags(interest.row, weight, &mut tags);
        }
        let tags_length = normalize(&mut tags);
        Some(Self { text, tags: (tags_length > LEAST_LENGTH).then_some((tags, tags_length)) })
    }

    fn mix(&self, text: f32, of_tags: impl FnOnce(&(Vec<f32>, f32)) -> f32) -> f32 {
        self.tags.as_ref().map_or(text, |tags| (1.0 - TAG_SHARE) * text + TAG_SHARE * of_tags(tags))
    }
}
