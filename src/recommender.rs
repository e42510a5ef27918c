//! The facade: history and request in, ranked and explained recommendations out.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, ResolvedFilter, TagFilter};
use crate::embedding::{dot, normalize};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::interaction::Interaction;
use crate::learned::LearnedScores;
use crate::profile::UserProfile;
use crate::ranking::{RankingWeights, Reason, ScoreParts, Scorer, mmr, reasons};
use crate::retrieval::{Candidate, GpuScan, Scan, SignTable, Term, by_score, top_k};

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
    /// 0 ranks by relevance alone, 1 by difference alone. `None`: a little, with learned parts the more the longer the history is, or half for a
    /// person without history.
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
    /// Only of a catalog so large that scoring every row takes longer than a blink.
    signs: Option<SignTable>,
    on_gpu: RefCell<Option<Rc<GpuScan>>>,
    weights: RankingWeights,
    half_life_days: f64,
}

/// What a history and a request come to.
struct Wish<'a> {
    profile: UserProfile,
    /// What the catalog's learned parts say to that.
    learned: Option<LearnedScores<'a>>,
    /// Unit vector of the request in words.
    query: Option<Vec<f32>>,
}

/// Catalogs of more rows are searched by their signs first.
const SCANNED_ROWS: usize = 50_000;

/// What was liked counts half after a year, in the lasting half of a profile's direction.
pub(crate) const HALF_LIFE_DAYS: f64 = 365.0;

/// History items named for a recommendation.
const REASONS: usize = 3;
/// Diversity for a person of whom something is known, and for one of whom nothing is.
const DIVERSITY: f32 = 0.1;
/// With learned parts, whose lists lean towards what everybody is shown, for a person of whom enough is known; less for others.
const LEARNED_DIVERSITY: f32 = 0.2;
const COLD_START_DIVERSITY: f32 = 0.5;
/// Candidates that are ranked in full: at least this many, and this many for each item asked for.
const MIN_CANDIDATES: usize = 200;
const CANDIDATES_PER_ITEM: usize = 10;

impl Recommender {
    /// A recommender with the default [`RankingWeights`] and a half-life of a year.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        let signs = (catalog.len() > SCANNED_ROWS).then(|| SignTable::new(&catalog.embeddings));
        Self {
            catalog,
            signs,
            on_gpu: RefCell::default(),
            weights: RankingWeights::default(),
            half_life_days: HALF_LIFE_DAYS,
        }
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
        let wish = self.wish(history, request, query)?;
        let candidates = self.retrieve(&wish, request);
        Ok(self.rank(&wish, &candidates, request))
    }

    /// As [`recommend`](Self::recommend), with the scan of the catalog done by the GPU where [`load_gpu`](Self::load_gpu) put it. The list is
    /// the same but for rows that the CPU's sign scan of a large catalog misses.
    ///
    /// # Errors
    /// As [`recommend`](Self::recommend), and [`Error::Backend`] if the device fails: ask the CPU then.
    pub async fn recommend_on_gpu(
        &self,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Vec<Recommendation>> {
        let wish = self.wish(history, request, query)?;
        let candidates = self.retrieve_on_gpu(&wish, request).await?;
        Ok(self.rank(&wish, &candidates, request))
    }

    /// Puts the catalog's table into a GPU's memory; says whether it is there now. Only int8 tables go.
    ///
    /// # Errors
    /// [`Error::Backend`] if it does not fit.
    pub async fn load_gpu(&self, gpu: &Gpu) -> Result<bool> {
        let on_gpu = GpuScan::load(gpu, &self.catalog.embeddings).await?.map(Rc::new);
        let is_there = on_gpu.is_some();
        *self.on_gpu.borrow_mut() = on_gpu;
        Ok(is_there)
    }

    /// Takes the table out of the GPU's memory.
    pub fn unload_gpu(&self) {
        *self.on_gpu.borrow_mut() = None;
    }

    fn wish(&self, history: &[Interaction], request: &RecommendRequest, query: Option<&[f32]>) -> Result<Wish<'_>> {
        if !(1..=1000).contains(&request.k) {
            return Err(Error::invalid("k", request.k, "1 to 1000"));
        }
        if let Some(diversity) = request.diversity
            && !(0.0..=1.0).contains(&diversity)
        {
            return Err(Error::invalid("diversity", diversity, "0 (relevance only) to 1 (difference only)"));
        }
        let profile = self.profile(history, request);
        let learned = self.catalog.learned().map(|learned| learned.scores(&profile.newest_first(), request.now_ms));
        Ok(Wish { query: query.map(|query| self.unit(query)).transpose()?, learned, profile })
    }

    fn scorer<'a>(&'a self, wish: &'a Wish<'_>) -> Scorer<'a> {
        Scorer {
            catalog: &self.catalog,
            profile: &wish.profile,
            query: wish.query.as_deref(),
            weights: &self.weights,
            learned: wish.learned.as_ref(),
        }
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
        let wish = self.wish(history, request, query)?;
        let scorer = self.scorer(&wish);
        Ok(self.recommendation(&scorer, row, scorer.parts(row)))
    }

    /// The score of every row, diversity aside: what the list is made from. Negative infinity for rows that it cannot hold.
    ///
    /// # Errors
    /// As [`recommend`](Self::recommend).
    pub fn scores(
        &self,
        history: &[Interaction],
        request: &RecommendRequest,
        query: Option<&[f32]>,
    ) -> Result<Vec<f32>> {
        let wish = self.wish(history, request, query)?;
        let (scorer, base) = (self.scorer(&wish), self.base(&wish, request));
        let score = |row| if base(row) > f32::NEG_INFINITY { scorer.parts(row).total() } else { f32::NEG_INFINITY };
        Ok((0..self.catalog.len()).map(score).collect())
    }

    fn profile(&self, history: &[Interaction], request: &RecommendRequest) -> UserProfile {
        UserProfile::new(&self.catalog, history, request.now_ms, self.half_life_days)
    }

    /// A vector of the model as the table has them, scaled to length 1.
    fn unit(&self, vector: &[f32]) -> Result<Vec<f32>> {
        let dimensions = self.catalog.model_dimensions();
        if vector.len() != dimensions {
            return Err(Error::invalid("length of the query embedding", vector.len(), dimensions));
        }
        if vector.iter().any(|x| !x.is_finite()) {
            return Err(Error::invalid("query embedding", "a value that is not finite", "finite values"));
        }
        let mut unit = self.catalog.place(vector).into_owned();
        normalize(&mut unit);
        Ok(unit)
    }

    /// Cheap and of high recall: the best rows by everything that is linear in the embeddings.
    fn retrieve(&self, wish: &Wish<'_>, request: &RecommendRequest) -> Vec<Candidate> {
        let base = self.base(wish, request);
        if self.is_shuffled(&self.scorer(wish)) {
            let rows = (0..self.catalog.len()).filter(|row| base(*row) > f32::NEG_INFINITY);
            return top_k(rows, wanted(request), |row| shuffled(self.catalog.item(row).id, request.seed));
        }
        self.scan(&self.scan_of(self.scorer(wish).terms()), wanted(request), &base)
    }

    async fn retrieve_on_gpu(&self, wish: &Wish<'_>, request: &RecommendRequest) -> Result<Vec<Candidate>> {
        let scan = self.scan_of(self.scorer(wish).terms());
        // Without a direction there is nothing for the GPU to do.
        if scan.is_flat() {
            return Ok(self.retrieve(wish, request));
        }
        self.scan_on_gpu(&scan, wanted(request), &self.base(wish, request)).await
    }

    /// What a row scores besides the directions: negative infinity for those that a request must not give.
    fn base<'a>(&'a self, wish: &'a Wish<'_>, request: &RecommendRequest) -> impl Fn(usize) -> f32 + use<'a> {
        let filter = ResolvedFilter::new(&request.filter, &self.catalog);
        let mut excluded: Vec<usize> = request.exclude.iter().filter_map(|id| self.catalog.row(id)).collect();
        excluded.sort_unstable();
        let include_seen = request.include_seen;
        let scorer = self.scorer(wish);
        move |row| {
            let done = if include_seen { wish.profile.dislikes_row(row) } else { wish.profile.has_seen(row) };
            let is_hidden = done || excluded.binary_search(&row).is_ok() || !filter.accepts(self.catalog.tags(row));
            if is_hidden { f32::NEG_INFINITY } else { scorer.base(row) }
        }
    }

    /// The best rows by their dot products with a vector as long as the embeddings, without regard to any person: the bare search.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a vector of the wrong length or not finite.
    pub fn nearest(&self, vector: &[f32], k: usize) -> Result<Vec<Candidate>> {
        Ok(self.scan(&self.scan_along(vector)?, k, &|_| 0.0))
    }

    /// As [`nearest`](Self::nearest), on the GPU where [`load_gpu`](Self::load_gpu) put the table.
    ///
    /// # Errors
    /// As [`nearest`](Self::nearest), and [`Error::Backend`] if the device fails.
    pub async fn nearest_on_gpu(&self, vector: &[f32], k: usize) -> Result<Vec<Candidate>> {
        self.scan_on_gpu(&self.scan_along(vector)?, k, &|_| 0.0).await
    }

    /// A scan along one direction, scaled to length 1.
    fn scan_along(&self, vector: &[f32]) -> Result<Scan<'_>> {
        Ok(self.scan_of(vec![Term { vector: self.unit(vector)?, weight: 1.0, is_centered: false }]))
    }

    fn scan_of(&self, terms: Vec<Term>) -> Scan<'_> {
        Scan::new(&self.catalog.embeddings, terms)
    }

    fn scan(&self, scan: &Scan<'_>, k: usize, base: &impl Fn(usize) -> f32) -> Vec<Candidate> {
        match &self.signs {
            // Without a direction there is nothing to estimate.
            Some(signs) if !scan.is_flat() => scan.by_signs(signs, k, base),
            _ => scan.exact(k, base),
        }
    }

    async fn scan_on_gpu(&self, scan: &Scan<'_>, k: usize, base: &impl Fn(usize) -> f32) -> Result<Vec<Candidate>> {
        let on_gpu = self.on_gpu.borrow().clone();
        let found = match on_gpu {
            Some(on_gpu) => on_gpu.best(scan, k, base).await?,
            None => None,
        };
        Ok(found.unwrap_or_else(|| self.scan(scan, k, base)))
    }

    /// Precise: all parts, diversified, explained.
    fn rank(&self, wish: &Wish<'_>, candidates: &[Candidate], request: &RecommendRequest) -> Vec<Recommendation> {
        let scorer = &self.scorer(wish);
        let usual = scorer.learned.map_or(DIVERSITY, |learned| LEARNED_DIVERSITY * learned.acquaintance());
        let diversity = request.diversity.unwrap_or(if scorer.is_cold() { COLD_START_DIVERSITY } else { usual });
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
        let exposure = |at: usize| scorer.exposure(ranked[at].1.row);
        mmr(&relevance, |a, b| dot(&vectors[a], &vectors[b]), exposure, diversity, request.k)
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
            because: reasons(scorer, row, REASONS),
        }
    }
}

/// Candidates for a request.
fn wanted(request: &RecommendRequest) -> usize {
    MIN_CANDIDATES.max(request.k * CANDIDATES_PER_ITEM)
}

/// A fixed pseudo-random order that is not the catalog's, in `0..1`: FNV-1a-64 (Fowler, Noll and Vo), mixed with the seed by `SplitMix64` (Steele
/// et al. 2014).
#[expect(clippy::cast_precision_loss, reason = "24 bits are exact in f32")]
fn shuffled(id: &str, seed: u64) -> f32 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut z = hash.wrapping_add(seed.wrapping_mul(0xD1B5_4A32_D192_ED03)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32
}
