//! All of it: three validations choose the blend, then the parts are learned from everything.

use super::blend_search::{Prepared, Target};
use super::finetune::{FinetuneOptions, finetune, useful_epochs};
use super::site::catalog_with;
use super::{Parts, exposure, learn};
use crate::adapter::Adapter;
use crate::error::Result;
use crate::evaluation::{Case, Corpus, Dataset, Event, Fold, Protocol};
use crate::learned::blend::KNOTS;
use crate::learned::{Blend, Learned};

/// Fewer cases choose nothing: the default stays.
const LEAST_CASES: usize = 50;

/// What was learned from a site's interactions.
#[derive(Debug, Clone)]
pub struct Trained {
    /// The parts of the catalog.
    pub learned: Learned,
    /// What changes the encoder's vectors; none where that was not wanted or does not help.
    pub adapter: Option<Adapter>,
    /// How the weights were chosen.
    pub chosen: Vec<Chosen>,
}

/// Where the training is, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Choosing weights on what this protocol holds out.
    Choosing(Protocol),
    /// Looking for how long fine-tuning helps; the epoch that is done.
    Finetuning(usize),
    /// Learning the parts from everything.
    Learning,
}

/// What a validation chose from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chosen {
    /// What was set.
    pub target: Target,
    /// Cases that had something to find.
    pub cases: usize,
    /// Mean NDCG@10 over them with the chosen weights. Optimistic: they were chosen for it.
    pub ndcg: f64,
}

/// Learns some parts for a catalog and, with `is_tuned`, their blend; with options for it also an adapter of the encoder's vectors, if it helps to
/// rank new items. The blend is chosen with adapters that have not seen what is held out.
///
/// # Errors
/// As [`learn`] and [`finetune`].
pub fn train(
    corpus: &Corpus,
    data: &Dataset,
    parts: Parts,
    is_tuned: bool,
    finetuning: Option<FinetuneOptions>,
    observe: &dyn Fn(Progress),
) -> Result<Trained> {
    let epochs = match finetuning {
        Some(options) => useful_epochs(corpus, data, options, &|epoch| observe(Progress::Finetuning(epoch.epoch)))?,
        None => 0,
    };
    let adapt = |training: &[Vec<Event>]| -> Result<Option<Adapter>> {
        let Some(options) = finetuning.filter(|_| epochs > 0) else { return Ok(None) };
        finetune(corpus, training, options, epochs, &|_, _| {}).map(Some)
    };
    let seen_by = |adapter: Option<&Adapter>| adapter.map(|adapter| corpus.adapted(adapter)).transpose();
    let mut blend = parts.of(Blend::default());
    let mut chosen = Vec::new();
    for protocol in [Protocol::ColdItems, Protocol::ColdUsers, Protocol::LeaveLastOut].into_iter().filter(|_| is_tuned)
    {
        // A site too small for a protocol keeps the default.
        let Ok(plan) = protocol.plan(data) else { continue };
        observe(Progress::Choosing(protocol));
        for fold in &plan.validation {
            let seen = seen_by(adapt(&fold.training)?.as_ref())?;
            chosen.extend(choose_blend(seen.as_ref().unwrap_or(corpus), protocol, fold, parts, &mut blend)?);
        }
    }
    observe(Progress::Learning);
    let adapter = adapt(&data.positives)?;
    let seen = seen_by(adapter.as_ref())?;
    let corpus = seen.as_ref().unwrap_or(corpus);
    let learned = Learned { blend, ..learn(corpus, &data.positives, parts)? };
    let exposure = exposure(&catalog_with(corpus, learned.clone())?, &data.positives)?;
    Ok(Trained { learned: Learned { exposure, ..learned }, adapter, chosen })
}

/// Sets the weights that a protocol's cases tell something of: cold items those of items that nobody has chosen, cold users those of short
/// histories, the others those of long ones.
///
/// # Errors
/// As [`learn`].
pub fn choose_blend(
    corpus: &Corpus,
    protocol: Protocol,
    fold: &Fold,
    parts: Parts,
    blend: &mut Blend,
) -> Result<Vec<Chosen>> {
    if fold.cases.iter().all(|cases| cases.len() < LEAST_CASES) {
        return Ok(Vec::new());
    }
    let catalog = catalog_with(corpus, Learned { blend: blend.clone(), ..learn(corpus, &fold.training, parts)? })?;
    let mut chosen = Vec::new();
    for (condition, cases) in fold.cases.iter().enumerate() {
        let target = match protocol {
            Protocol::ColdItems | Protocol::ColdItemsAll => Target::New,
            Protocol::ColdUsers => Target::Knot(condition),
            Protocol::LeaveLastOut | Protocol::TimeSplit => Target::Knot(KNOTS.len() - 1),
        };
        let cases: Vec<&Case> = cases.iter().chain(fold.later.get(condition).into_iter().flatten()).collect();
        let prepared = Prepared::new(&catalog, fold, &cases, parts, target == Target::New);
        if prepared.len() < LEAST_CASES {
            continue;
        }
        let ndcg = prepared.search(blend, target);
        if let Target::Knot(knot) = target {
            blend.new_offsets[knot] = prepared.new_offset(blend);
        }
        chosen.push(Chosen { target, cases: prepared.len(), ndcg });
    }
    Ok(chosen)
}
