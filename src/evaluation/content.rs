//! The product's content part alone: likeness of texts and tags to the profile.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::case::{Fold, Known};
use super::corpus::Corpus;
use super::item_order::ItemOrder;
use super::metrics::{mean, ndcg_at_k};
use super::protocol::Plan;
use super::ranked::Ranked;
use super::system::{Fitted, Method, Setting, System};
use crate::catalog::Catalog;
use crate::error::Result;
use crate::interaction::Interaction;
use crate::learning::{FinetuneOptions, content_catalog, finetune, finetuning_curve, like};
use crate::profile::UserProfile;

const K: usize = 10;

/// Ranks by [`UserProfile::affinity`].
pub(super) struct Content {
    name: &'static str,
    finetuned: Option<Arc<Finetuned>>,
}

/// Fine-tuning within a protocol: validation says for how long, then every training part gets an adapter of its own.
pub(super) struct Finetuned {
    options: FinetuneOptions,
    epochs: OnceLock<usize>,
}

struct ContentOnly<'a> {
    catalog: Catalog,
    fold: &'a Fold,
}

impl Finetuned {
    pub fn new(options: FinetuneOptions) -> Self {
        Self { options, epochs: OnceLock::new() }
    }

    /// Chooses the number of epochs, once.
    pub fn prepare(&self, corpus: &Corpus, plan: &Plan) -> Result<()> {
        if self.epochs.get().is_some() {
            return Ok(());
        }
        let Some(fold) = plan.validation.iter().find(|fold| fold.cases.iter().any(|cases| !cases.is_empty())) else {
            return Ok(());
        };
        let curve = finetuning_curve(corpus, fold, self.options, &|_| {})?;
        self.epochs.get_or_init(|| curve.best().map_or(0, |best| best.epoch));
        Ok(())
    }

    /// The corpus as an adapter of this training part sees it; none if fine-tuning did not help.
    pub fn corpus(&self, corpus: &Corpus, fold: &Fold) -> Result<Option<Corpus>> {
        let epochs = self.epochs.get().copied().unwrap_or(0);
        if epochs == 0 {
            return Ok(None);
        }
        let adapter = finetune(corpus, &fold.training, self.options, epochs, &|_, _| {})?;
        corpus.adapted(&adapter).map(Some)
    }

    pub fn setting(&self) -> Setting {
        Setting::new(&[("epochs", self.epochs.get().copied().unwrap_or(0) as f64)])
    }
}

impl Content {
    pub fn new(name: &'static str, finetuned: Option<Arc<Finetuned>>) -> Self {
        Self { name, finetuned }
    }
}

impl Method for Content {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_setting(&self, _: super::system::Situation<'_>) -> Setting {
        self.finetuned.as_deref().map_or_else(Setting::default, Finetuned::setting)
    }

    fn prepare(&self, corpus: &Corpus, plan: &Plan) -> Result<()> {
        self.finetuned.as_ref().map_or(Ok(()), |finetuned| finetuned.prepare(corpus, plan))
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        let adapted = self.finetuned.as_ref().map(|finetuned| finetuned.corpus(corpus, fold)).transpose()?.flatten();
        Ok(Box::new(ContentOnly { catalog: content_catalog(adapted.as_ref().unwrap_or(corpus))?, fold }))
    }
}

impl Fitted for ContentOnly<'_> {
    fn system(&self, _setting: &Setting) -> Result<Box<dyn System + '_>> {
        Ok(Box::new(|known: &Known, scores: &mut [f32]| fill(&self.catalog, self.fold, known, scores)))
    }
}

fn fill(catalog: &Catalog, fold: &Fold, known: &Known, scores: &mut [f32]) {
    let history: Vec<Interaction> = known.history.iter().map(|event| like(catalog, event)).collect();
    let now_ms = known.now.saturating_mul(1000);
    let profile = UserProfile::new(catalog, &history, now_ms, crate::recommender::HALF_LIFE_DAYS);
    for (row, score) in scores.iter_mut().enumerate() {
        *score = if fold.is_candidate[row] { profile.affinity(catalog, row) } else { f32::NEG_INFINITY };
    }
}

/// Mean NDCG@10 of a fold's cases, ranked by what a catalog's texts and tags have in common with each history.
#[must_use]
pub fn content_ndcg(catalog: &Catalog, fold: &Fold, order: &ItemOrder) -> f64 {
    let cases: Vec<_> = fold.cases.iter().flatten().collect();
    let values: Vec<f64> = cases
        .into_par_iter()
        .map_init(
            || vec![0.0; catalog.len()],
            |scores, case| {
                fill(catalog, fold, &case.known, scores);
                ndcg_at_k(&Ranked::new(scores, case, fold, order, K).ranks, K)
            },
        )
        .collect();
    mean(values.into_iter())
}
