//! The product as a system: the [`Recommender`] that runs in the browser, with the case's history as likes.

use std::sync::{Arc, OnceLock};

use super::case::{Fold, Known};
use super::content::Finetuned;
use super::corpus::Corpus;
use super::protocol::{Plan, Protocol};
use super::system::{Fitted, Method, Scorer, Setting, Situation, System};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::interaction::Interaction;
use crate::learned::Blend;
use crate::learning::{Parts, choose_blend, like, site_catalog};
use crate::recommender::{RecommendRequest, Recommender};

/// What a page does: a catalog with what the training part taught, and the default settings of the recommender.
pub(super) struct Product {
    protocol: Protocol,
    /// Length of the list that is asked for; what follows it goes by score.
    k: usize,
    /// As in a request.
    diversity: Option<f32>,
    /// What is learned.
    parts: Parts,
    /// Whether an adapter is learned too.
    finetuned: Option<Arc<Finetuned>>,
    /// How parts are mixed: what validation chose, or the default.
    blend: OnceLock<Blend>,
}

/// The name in reports.
pub(super) const PRODUCT: &str = "inglenook";
const PRODUCT_FINETUNED: &str = "inglenook-finetuned";

struct Site<'a> {
    catalog: Catalog,
    fold: &'a Fold,
    k: usize,
    diversity: Option<f32>,
}

impl Product {
    pub fn new(protocol: Protocol, k: usize, diversity: Option<f32>, parts: Parts) -> Self {
        Self { protocol, k, diversity, parts, finetuned: None, blend: OnceLock::new() }
    }

    /// The same with vectors that are fine-tuned on the training part.
    pub fn finetuned(self, finetuned: Arc<Finetuned>) -> Self {
        Self { finetuned: Some(finetuned), ..self }
    }
}

impl Product {
    fn adapted(&self, corpus: &Corpus, fold: &Fold) -> Result<Option<Corpus>> {
        self.finetuned.as_ref().map_or(Ok(None), |finetuned| finetuned.corpus(corpus, fold))
    }
}

impl Method for Product {
    fn name(&self) -> &'static str {
        if self.finetuned.is_some() { PRODUCT_FINETUNED } else { PRODUCT }
    }

    fn default_setting(&self, _: Situation<'_>) -> Setting {
        self.finetuned.as_deref().map_or_else(Setting::default, Finetuned::setting)
    }

    fn prepare(&self, corpus: &Corpus, plan: &Plan) -> Result<()> {
        if let Some(finetuned) = &self.finetuned {
            finetuned.prepare(corpus, plan)?;
        }
        let mut blend = self.parts.of(Blend::default());
        for fold in &plan.validation {
            let adapted = self.adapted(corpus, fold)?;
            choose_blend(adapted.as_ref().unwrap_or(corpus), self.protocol, fold, self.parts, &mut blend)?;
        }
        self.blend.get_or_init(|| blend);
        Ok(())
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        let blend = self.blend.get().cloned().unwrap_or_else(|| self.parts.of(Blend::default()));
        let adapted = self.adapted(corpus, fold)?;
        Ok(Box::new(Site {
            catalog: site_catalog(adapted.as_ref().unwrap_or(corpus), &fold.training, self.parts, blend)?,
            fold,
            k: self.k,
            diversity: self.diversity,
        }))
    }
}

impl Fitted for Site<'_> {
    fn system(&self, _setting: &Setting) -> Result<Box<dyn System + '_>> {
        Ok(Box::new(self))
    }
}

impl System for &Site<'_> {
    fn scorer(&self) -> Scorer<'_> {
        let recommender = Recommender::new(self.catalog.clone());
        let id = |row: usize| self.catalog.item(row).id.to_owned();
        let elsewhere: Vec<String> =
            (0..self.catalog.len()).filter(|row| !self.fold.is_candidate[*row]).map(id).collect();
        Box::new(move |known: &Known, scores: &mut [f32]| {
            let history: Vec<Interaction> = known.history.iter().map(|event| like(&self.catalog, event)).collect();
            let mut exclude = elsewhere.clone();
            exclude.extend(known.excluded.iter().map(|row| id(*row as usize)));
            let request = RecommendRequest {
                k: self.k,
                diversity: self.diversity,
                now_ms: known.now.saturating_mul(1000),
                exclude,
                ..RecommendRequest::default()
            };
            scores.copy_from_slice(&recommender.scores(&history, &request, None)?);
            let list = recommender.recommend(&history, &request, None)?;
            lead(&list.iter().filter_map(|r| self.catalog.row(&r.id)).collect::<Vec<_>>(), scores);
            Ok(())
        })
    }
}

/// Puts a list before everything else, in its order: diversity changes the first places, which scores alone do not show.
fn lead(list: &[usize], scores: &mut [f32]) {
    let highest = scores.iter().copied().filter(|score| score.is_finite()).fold(0.0, f32::max);
    for (place, row) in list.iter().rev().enumerate() {
        scores[*row] = highest + 1.0 + place as f32;
    }
}

/// How much words count beside the embedding; both are standardized over the candidates first. At 0 names and numbers are blurred, at large
/// values only literal matches are found.
const LEXICAL_WEIGHT: f32 = 0.5;

/// The product's scores for a request in words: cosine of the embeddings and a small BM25 term.
pub(super) fn text_scores(cosines: &[f32], bm25: &[f32]) -> Vec<f32> {
    let (cosines, bm25) = (standardized(cosines), standardized(bm25));
    cosines.iter().zip(&bm25).map(|(cosine, bm25)| cosine + LEXICAL_WEIGHT * bm25).collect()
}

/// Values with mean 0 and standard deviation 1; all 0 where they are equal.
fn standardized(values: &[f32]) -> Vec<f32> {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let variance = values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
    let scale = if variance > 1e-18 { 1.0 / variance.sqrt() } else { 0.0 };
    values.iter().map(|x| ((f64::from(*x) - mean) * scale) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_leads_in_its_order() {
        let mut scores = [0.9, f32::NEG_INFINITY, 0.5, 0.7];
        lead(&[2, 0], &mut scores);
        assert!(scores[2] > scores[0] && scores[0] > scores[3] && scores[3] > scores[1]);
    }

    #[test]
    fn words_count_half_and_equal_values_not_at_all() {
        let scores = text_scores(&[-1.0, 1.0], &[0.0, 4.0]);
        assert!((scores[1] - 1.5).abs() < 1e-6 && (scores[0] + 1.5).abs() < 1e-6);
        assert!(text_scores(&[0.3; 3], &[0.0; 3]).iter().all(|score| *score == 0.0));
    }
}
