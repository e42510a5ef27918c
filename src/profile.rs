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
    /// Above 0; recency is in it. A fresh like weighs 1.
    pub weight: f32,
    /// The item's centered unit vector.
    pub(crate) probe: CenteredProbe,
}

/// The taste that a history shows.
#[derive(Debug, Clone)]
pub struct UserProfile {
    interests: Vec<Interest>,
    dislikes: Vec<Interest>,
    seen: Vec<usize>,
    direction: Option<Direction>,
}

/// The weighted sum of the interests' vectors, as unit vectors and their former lengths.
#[derive(Debug, Clone)]
struct Direction {
    /// In embedding space, centered.
    text: CenteredProbe,
    text_length: f32,
    /// Over the catalog's tags; `None` where no interest has any that tells items apart.
    tags: Option<(Vec<f32>, f32)>,
}

/// How much of an affinity comes from common tags, where the history has tags; the rest is likeness of texts. At 0 short texts are compared
/// by little more than their titles; at 1 a shelf of one genre is as good as another.
const TAG_SHARE: f32 = 0.25;

/// Repeated interactions with one item add up to at most this much, so that no single item drowns the others.
const MAX_ITEM_WEIGHT: f64 = 2.0;

#[derive(Default)]
struct Evidence {
    interest: f64,
    dislike: f64,
    strongest: Option<InteractionKind>,
}

impl UserProfile {
    /// Weighs a history: each interaction counts by its kind and by [`recency_decay`] at `now_ms`. The last word on an item
    /// wins: a like takes back an earlier dislike, a dislike takes back everything before it. Ids that the catalog
    /// does not have are ignored. The order of `history` matters only between interactions of the same millisecond.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "weights between 1e-6 and 2")]
    pub fn new(catalog: &Catalog, history: &[Interaction], now_ms: i64, half_life_days: f64) -> Self {
        let mut known: Vec<(&Interaction, usize)> =
            history.iter().filter_map(|i| Some((i, catalog.row(&i.item_id)?))).collect();
        known.sort_by_key(|(interaction, _)| interaction.timestamp_ms);
        let mut evidence: BTreeMap<usize, Evidence> = BTreeMap::new();
        for (interaction, row) in known {
            let about = evidence.entry(row).or_default();
            let weight = interaction.kind.weight() * recency_decay(interaction.timestamp_ms, now_ms, half_life_days);
            match interaction.kind {
                InteractionKind::Dislike => *about = Evidence { dislike: -weight, ..Evidence::default() },
                InteractionKind::Like | InteractionKind::Purchase => about.dislike = 0.0,
                InteractionKind::View | InteractionKind::Click => {}
            }
            if weight > 0.0 {
                about.interest = (about.interest + weight).min(MAX_ITEM_WEIGHT);
                about.strongest = about.strongest.max(Some(interaction.kind));
            }
        }
        let seen = evidence.keys().copied().collect();
        let (mut interests, mut dislikes) = (Vec::new(), Vec::new());
        for (row, about) in evidence {
            let probe = catalog.embeddings.probe(catalog.embeddings.row(row));
            // Opening a disliked item's page again does not make it liked.
            if about.dislike > 0.0 {
                dislikes.push(Interest { row, kind: InteractionKind::Dislike, weight: about.dislike as f32, probe });
            } else if let Some(kind) = about.strongest {
                interests.push(Interest { row, kind, weight: about.interest as f32, probe });
            }
        }
        let direction = Direction::of(catalog, &interests);
        Self { interests, dislikes, seen, direction }
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
        let weight = weight * direction.mix(1.0, |_| 0.0);
        Some(Term { vector: direction.text.vector().to_vec(), weight, is_centered: true })
    }

    /// The part of [`affinity`](Self::affinity) that comes from tags.
    pub(crate) fn tag_affinity(&self, catalog: &Catalog, row: usize) -> f32 {
        self.direction.as_ref().map_or(0.0, |direction| direction.mix(0.0, |(tags, _)| catalog.tag_dot(row, tags)))
    }

    /// The part of [`affinity`](Self::affinity) that one interest brings: over all interests these add up to it.
    #[must_use]
    pub fn contribution(&self, catalog: &Catalog, interest: &Interest, row: usize) -> f32 {
        let Some(direction) = &self.direction else { return 0.0 };
        let text = catalog.embeddings.cosine(row, &interest.probe) / direction.text_length;
        interest.weight * direction.mix(text, |(_, length)| catalog.tag_cosine(row, interest.row) / length)
    }

    /// How close an item is to what was disliked: the largest `weight * cosine`, at least 0.
    #[must_use]
    pub fn aversion(&self, catalog: &Catalog, row: usize) -> f32 {
        self.dislikes.iter().map(|d| d.weight * catalog.embeddings.cosine(row, &d.probe)).fold(0.0, f32::max)
    }
}

impl Direction {
    fn of(catalog: &Catalog, interests: &[Interest]) -> Option<Self> {
        let mut text = vec![0.0; catalog.embeddings.raw().dimensions()];
        let mut tags = vec![0.0; catalog.tag_count()];
        for interest in interests {
            for (sum, x) in text.iter_mut().zip(interest.probe.vector()) {
                *sum += interest.weight * x;
            }
            catalog.add_tags(interest.row, interest.weight, &mut tags);
        }
        let (text_length, tags_length) = (normalize(&mut text), normalize(&mut tags));
        // Interests that cancel out (or items equal to the mean) leave no direction to follow.
        (text_length > 1e-9).then(|| Self {
            text: catalog.embeddings.probe(text),
            text_length,
            tags: (tags_length > 1e-9).then_some((tags, tags_length)),
        })
    }

    fn mix(&self, text: f32, of_tags: impl FnOnce(&(Vec<f32>, f32)) -> f32) -> f32 {
        self.tags.as_ref().map_or(text, |tags| (1.0 - TAG_SHARE) * text + TAG_SHARE * of_tags(tags))
    }
}
