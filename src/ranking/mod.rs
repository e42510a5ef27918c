//! Ranking: the named parts of a score, their weights, and the reasons for it.

mod diversity;
mod explanation;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use diversity::{Pick, mmr};
pub use explanation::Reason;
pub(crate) use explanation::reasons;

use crate::catalog::Catalog;
use crate::learned::LearnedScores;
use crate::profile::{Interest, UserProfile};
use crate::retrieval::Term;

/// How much each part of a score counts. Only the ratios matter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RankingWeights {
    /// Likeness to the history in text and tags, `-1..=1`. 0 ignores what the person did.
    pub content: f32,
    /// Likeness to the request in words, a cosine in `-1..=1`. At 0 a request only fails to matter.
    pub query: f32,
    /// Popularity on a logarithmic scale, `0..=1`. At 0 obscure items rank like famous ones; at 1 everybody sees the same list.
    pub popularity: f32,
    /// Likeness to what was disliked, `0..=1`, subtracted. At 0 a dislike only hides that one item.
    pub feedback: f32,
}

impl Default for RankingWeights {
    fn default() -> Self {
        // A request outweighs the history (the person just said what they want); popularity breaks near-ties.
        Self { content: 1.0, query: 2.0, popularity: 0.2, feedback: 0.5 }
    }
}

/// The parts of one item's score. They add up to it. Without learned parts (a site without interactions) `collaborative` and `sequence` are 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreParts {
    /// From likeness to the history in text and tags.
    pub content: f32,
    /// From what the history's items are chosen together with.
    pub collaborative: f32,
    /// From what tends to be chosen after them.
    pub sequence: f32,
    /// From likeness to the request in words.
    pub query: f32,
    /// From popularity.
    pub popularity: f32,
    /// From likeness to disliked items; at most 0.
    pub feedback: f32,
    /// What diversification took away for likeness to items higher in the list, and for being well known; at most 0.
    pub diversity: f32,
}

impl ScoreParts {
    /// The score: the sum of the parts, added in the order of the fields.
    #[must_use]
    pub fn total(&self) -> f32 {
        self.content
            + self.collaborative
            + self.sequence
            + self.query
            + self.popularity
            + self.feedback
            + self.diversity
    }
}

/// Scores rows of a catalog for one profile and, where there is one, one request in words.
pub(crate) struct Scorer<'a> {
    pub catalog: &'a Catalog,
    pub profile: &'a UserProfile,
    /// Unit vector of the request.
    pub query: Option<&'a [f32]>,
    pub weights: &'a RankingWeights,
    /// What the catalog's learned parts say, where it has any; they bring weights of their own for content and popularity.
    pub learned: Option<&'a LearnedScores<'a>>,
}

impl Scorer<'_> {
    /// Whether neither a history nor a request says what the person wants.
    pub fn is_cold(&self) -> bool {
        self.query.is_none() && !self.profile.has_interests()
    }

    /// The directions along which retrieval scores every row.
    pub fn terms(&self) -> Vec<Term> {
        let content = self.profile.text_term(self.content_weight());
        let query = self.query.map(|q| Term { vector: q.to_vec(), weight: self.weights.query, is_centered: false });
        content.into_iter().chain(query).collect()
    }

    /// What retrieval adds to a row's score besides the [`terms`](Self::terms): together all parts but feedback, diversity
    /// and, of rows that nobody has chosen, likeness to single texts.
    pub fn base(&self, row: usize) -> f32 {
        let learned = self.learned.map_or(0.0, |learned| learned.collaborative(row) + learned.sequence(row));
        // What the terms do not say of the likeness.
        let (profile, catalog) = (self.profile, self.catalog);
        let mut rest = profile.tag_affinity(catalog, row);
        if self.is_new(row) {
            rest += profile.lasting(catalog, row) - profile.affinity(catalog, row);
        }
        self.popularity(row) + learned + self.content_weight() * rest
    }

    /// All parts that do not depend on the rest of the list.
    pub fn parts(&self, row: usize) -> ScoreParts {
        ScoreParts {
            content: self.content_weight() * self.likeness(row) + self.closest(row),
            collaborative: self.learned.map_or(0.0, |learned| learned.collaborative(row)),
            sequence: self.learned.map_or(0.0, |learned| learned.sequence(row)),
            query: self.query.map_or(0.0, |q| self.weights.query * self.catalog.embeddings().dot(row, q)),
            popularity: self.popularity(row),
            feedback: -self.weights.feedback * self.profile.aversion(self.catalog, row),
            diversity: 0.0,
        }
    }

    /// What each item of the history brings of the content, collaborative and sequence parts of a row, in catalog order; adds up to these parts.
    pub fn contributions(&self, row: usize) -> Vec<(&Interest, f32)> {
        let mut of_row: BTreeMap<usize, f32> = BTreeMap::new();
        for (from, value) in self.learned.iter().flat_map(|learned| learned.contributions(row)) {
            *of_row.entry(from).or_default() += value;
        }
        let closest = self.closest_weight(row);
        if closest > 0.0 {
            for (from, share) in self.profile.nearest_interests(self.catalog, row) {
                *of_row.entry(from).or_default() += closest * share;
            }
        }
        let weight = self.content_weight();
        let interests = self.profile.interests().iter();
        interests
            .map(|interest| {
                let learned = of_row.get(&interest.row).copied().unwrap_or(0.0);
                let content = if self.is_new(row) {
                    self.profile.lasting_contribution(self.catalog, interest, row)
                } else {
                    self.profile.contribution(self.catalog, interest, row)
                };
                (interest, weight * content + learned)
            })
            .collect()
    }

    /// How often an item is in anybody's list, `0..=1`; 0 without learned parts, which know.
    pub fn exposure(&self, row: usize) -> f32 {
        self.learned.map_or(0.0, |learned| learned.exposure(row))
    }

    /// The share of content that no scan sees: of rows that nobody has chosen, likeness to the nearest texts of the history.
    fn closest(&self, row: usize) -> f32 {
        let weight = self.closest_weight(row);
        if weight > 0.0 { weight * self.profile.closest(self.catalog, row) } else { 0.0 }
    }

    /// Likeness to the history, unweighted.
    fn likeness(&self, row: usize) -> f32 {
        if self.is_new(row) {
            self.profile.lasting(self.catalog, row)
        } else {
            self.profile.affinity(self.catalog, row)
        }
    }

    fn is_new(&self, row: usize) -> bool {
        self.learned.is_some_and(|learned| learned.is_new(row))
    }

    fn closest_weight(&self, row: usize) -> f32 {
        self.learned.map_or(0.0, |learned| learned.closest_weight(row))
    }

    fn content_weight(&self) -> f32 {
        self.learned.map_or(self.weights.content, LearnedScores::content_weight)
    }

    fn popularity(&self, row: usize) -> f32 {
        let stated = || self.weights.popularity * self.catalog.log_popularity(row);
        self.learned.map_or_else(stated, |learned| learned.popularity(row))
    }
}
