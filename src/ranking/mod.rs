//! Ranking: the named parts of a score, their weights, and the reasons for it.

mod diversity;
mod explanation;

use serde::{Deserialize, Serialize};

pub use diversity::{Pick, mmr};
pub use explanation::{Reason, reasons};

use crate::catalog::Catalog;
use crate::profile::UserProfile;
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

/// The parts of one item's score. They add up to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ScoreParts {
    /// From likeness to the history.
    pub content: f32,
    /// From likeness to the request in words.
    pub query: f32,
    /// From popularity.
    pub popularity: f32,
    /// From likeness to disliked items; at most 0.
    pub feedback: f32,
    /// What diversification took away for likeness to items higher in the list; at most 0.
    pub diversity: f32,
}

impl ScoreParts {
    /// The score: the sum of the parts, added in the order of the fields.
    #[must_use]
    pub fn total(&self) -> f32 {
        self.content + self.query + self.popularity + self.feedback + self.diversity
    }
}

/// Scores rows of a catalog for one profile and, where there is one, one request in words.
pub(crate) struct Scorer<'a> {
    pub catalog: &'a Catalog,
    pub profile: &'a UserProfile,
    /// Unit vector of the request.
    pub query: Option<&'a [f32]>,
    pub weights: &'a RankingWeights,
}

impl Scorer<'_> {
    /// Whether neither a history nor a request says what the person wants.
    pub fn is_cold(&self) -> bool {
        self.query.is_none() && !self.profile.has_interests()
    }

    /// The directions along which retrieval scores every row.
    pub fn terms(&self) -> Vec<Term> {
        let content = self.profile.text_term(self.weights.content);
        let query = self.query.map(|q| Term { vector: q.to_vec(), weight: self.weights.query, is_centered: false });
        content.into_iter().chain(query).collect()
    }

    /// What retrieval adds to a row's score besides the [`terms`](Self::terms): together all parts but feedback and diversity.
    pub fn base(&self, row: usize) -> f32 {
        self.weights.popularity * self.catalog.log_popularity(row)
            + self.weights.content * self.profile.tag_affinity(self.catalog, row)
    }

    /// All parts that do not depend on the rest of the list.
    pub fn parts(&self, row: usize) -> ScoreParts {
        ScoreParts {
            content: self.weights.content * self.profile.affinity(self.catalog, row),
            query: self.query.map_or(0.0, |q| self.weights.query * self.catalog.embeddings().dot(row, q)),
            popularity: self.weights.popularity * self.catalog.log_popularity(row),
            feedback: -self.weights.feedback * self.profile.aversion(self.catalog, row),
            diversity: 0.0,
        }
    }
}
