//! The facade: history and request in, ranked and explained recommendations out.

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, ResolvedFilter, TagFilter};
use crate::embedding::{dot, normalize};
use crate::error::{Error, Result};
use crate::interaction::Interaction;
use crate::profile::UserProfile;
use crate::ranking::{RankingWeights, Reason, ScoreParts, Scorer, mmr, reasons};
use crate::retrieval::{Candidate, by_score, top_k};

/// What to recommend. `Default` asks for ten items at the time 0, which is right for tests only: set `now_ms`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RecommendRequest {
    /// How many items, `1..=1000`.
    pub k: usize,
    /// The present, in milliseconds since the Unix epoch; history is weighed by its age.
    pub now_ms: i64,
    /// Orders items only where nothing else does: no history, no request in words, no popularity in the catalog.
    pub seed: u64,
    /// 0 ranks by relevance alone, 1 by difference alone. `None`: a little, or half for a person without history.
    pub diversity: Option<f32>,
    /// Whether items of the history may come back. Disliked items never do.
    pub include_seen: bool,
    /// Ids to leave out; unknown ones are ignored.
    pub exclude: Vec<String>,
    /// Restriction by tag.
    pub filter: TagFilter,
}

impl Default for RecommendRequest {
    fn default() -> Self {
        Self {
            k: 10,
            now_ms: 0,
            seed: 0,
            diversity: None,
            include_seen: false,
            exclude: Vec::new(),
            filter: TagFilter::default(),
        }
    }
}

/// One place in the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// The item's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Where it lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The sum of `parts`. Falls along the list.
    pub score: f32,
    /// What the score is made of.
    pub parts: ScoreParts,
    /// The history items that pulled it up, strongest first.
    pub because: Vec<Reason>,
}

/// Recommends from one catalog. Holds no history: every call is a pure function of its arguments.
pub struct Recommender {
    catalog: Catalog,
    weights: RankingWeights,
    half_life_days: f64,
}

/// History items named for a recommendation.
const REASONS: usize = 3;
/// Diversity for a person of whom something is known, and for one of whom nothing is.
const DIVERSITY: f32 = 0.1;
const COLD_START_DIVERSITY: f32 = 0.5;
/// Candidates that are ranked in full: at least this many, and this many for each item asked for.
const MIN_CANDIDATES: usize = 200;
const CANDIDATES_PER_ITEM: usize = 10;

impl Recommender {
    /// A recommender with the default [`RankingWeights`] and a half-life of 30 days.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self { catalog, weights: RankingWeights::default(), half_life_days: 30.0 }
    }

    /// Replaces the weights.
    #[must_use]
    pub fn with_weights(mut self, weights: RankingWeights) -> Self {
        self.weights = weights;
        self
    }

    /// The catalog that it recommends from.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The best `request.k` items (fewer where filters and exclusions leave fewer) for a history and, optionally, the
    /// embedding of a request in words. With neither, popular items that differ from each other.
    ///
    /// Deterministic: equal arguments give equal lists, natively and in wasm. Ties keep catalog order.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a `k` or `diversity` out of range, or a query vector of the wrong length or not finite.
    pub fn recommend(
        &self,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Vec<Recommendation>> {
        if !(1..=1000).contains(&request.k) {
            return Err(Error::invalid("k", request.k, "1 to 1000"));
        }
        if let Some(diversity) = request.diversity
            && !(0.0..=1.0).contains(&diversity)
        {
            return Err(Error::invalid("diversity", diversity, "0 (relevance only) to 1 (difference only)"));
        }
        let query = self.unit_query(query)?;
        let profile = self.profile(history, request);
        let scorer =
            Scorer { catalog: &self.catalog, profile: &profile, query: query.as_deref(), weights: &self.weights };
        let candidates = self.retrieve(&scorer, request);
        let diversity = request.diversity.unwrap_or(if scorer.is_cold() { COLD_START_DIVERSITY } else { DIVERSITY });
        Ok(self.rank(&scorer, &candidates, diversity, request.k))
    }

    /// The score of one item and the reasons for it, whether or not it would be listed; its diversity part is 0.
    ///
    /// # Errors
    /// [`Error::UnknownItem`], or as [`recommend`](Self::recommend).
    pub fn explain(
        &self,
        id: &str,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Recommendation> {
        let row = self.catalog.require_row(id)?;
        let query = self.unit_query(query)?;
        let profile = self.profile(history, request);
        let scorer =
            Scorer { catalog: &self.catalog, profile: &profile, query: query.as_deref(), weights: &self.weights };
        Ok(self.recommendation(&scorer, row, scorer.parts(row)))
    }

    fn profile(&self, history: &[Interaction], request: &RecommendRequest) -> UserProfile {
        UserProfile::new(&self.catalog, history, request.now_ms, self.half_life_days)
    }

    fn unit_query(&self, query: Option<&[f32]>) -> Result<Option<Vec<f32>>> {
        let Some(query) = query else { return Ok(None) };
        let dimensions = self.catalog.embeddings().dimensions();
        if query.len() != dimensions {
            return Err(Error::invalid("length of the query embedding", query.len(), dimensions));
        }
        if query.iter().any(|x| !x.is_finite()) {
            return Err(Error::invalid("query embedding", "a value that is not finite", "finite values"));
        }
        let mut query = query.to_vec();
        normalize(&mut query);
        Ok(Some(query))
    }

    /// Cheap and of high recall: the best rows by everything that is linear in the embeddings.
    fn retrieve(&self, scorer: &Scorer<'_>, request: &RecommendRequest) -> Vec<Candidate> {
        let filter = ResolvedFilter::new(&request.filter, &self.catalog);
        let mut excluded: Vec<usize> = request.exclude.iter().filter_map(|id| self.catalog.row(id)).collect();
        excluded.sort_unstable();
        let allowed = |row: &usize| {
            let hidden =
                if request.include_seen { scorer.profile.dislikes_row(*row) } else { scorer.profile.has_seen(*row) };
            !hidden && excluded.binary_search(row).is_err() && filter.accepts(self.catalog.tags(*row))
        };
        let rows = (0..self.catalog.len()).filter(allowed);
        let wanted = MIN_CANDIDATES.max(request.k * CANDIDATES_PER_ITEM);
        if self.is_shuffled(scorer) {
            return top_k(rows, wanted, |row| shuffled(row, request.seed));
        }
        top_k(rows, wanted, |row| scorer.retrieval_parts(row).total())
    }

    /// Precise: all parts, diversified, explained.
    fn rank(&self, scorer: &Scorer<'_>, candidates: &[Candidate], diversity: f32, k: usize) -> Vec<Recommendation> {
        let mut ranked: Vec<(ScoreParts, Candidate)> = candidates
            .iter()
            .map(|c| {
                let parts = scorer.parts(c.row);
                (parts, Candidate { row: c.row, score: parts.total() })
            })
            .collect();
        if self.is_shuffled(scorer) {
            // Stable, so that equal scores keep the seeded order of the candidates.
            ranked.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
        } else {
            ranked.sort_by(|a, b| by_score(&a.1, &b.1));
        }
        let relevance: Vec<f32> = ranked.iter().map(|(_, c)| c.score).collect();
        let vectors: Vec<Vec<f32>> = ranked.iter().map(|(_, c)| self.catalog.embeddings.row(c.row)).collect();
        mmr(&relevance, |a, b| dot(&vectors[a], &vectors[b]), 1.0 - diversity, k)
            .into_iter()
            .map(|pick| {
                let (parts, candidate) = ranked[pick.index];
                self.recommendation(scorer, candidate.row, ScoreParts { diversity: pick.adjustment, ..parts })
            })
            .collect()
    }

    /// Nothing orders the items: nobody is known, nothing is asked for and no item is more popular than another.
    fn is_shuffled(&self, scorer: &Scorer<'_>) -> bool {
        scorer.is_cold() && !self.catalog.has_popularity()
    }

    fn recommendation(&self, scorer: &Scorer<'_>, row: usize, parts: ScoreParts) -> Recommendation {
        let item = self.catalog.item(row);
        Recommendation {
            id: item.id.to_owned(),
            title: item.title.to_owned(),
            url: item.url.map(str::to_owned),
            image: item.image.map(str::to_owned),
            tags: item.tags.iter().map(|t| (*t).to_owned()).collect(),
            score: parts.total(),
            parts,
            because: reasons(&self.catalog, scorer.profile, row, self.weights.content, REASONS),
        }
    }
}

/// A fixed pseudo-random order (`SplitMix64`, Steele et al. 2014), in `0..1`.
#[expect(clippy::cast_precision_loss, reason = "24 bits are exact in f32")]
fn shuffled(row: usize, seed: u64) -> f32 {
    let mut z = (row as u64).wrapping_add(seed.wrapping_mul(0xD1B5_4A32_D192_ED03)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
}
