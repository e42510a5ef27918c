//! All of it: three validations choose the blend, then the parts are learned from everything.

use super::blend_search::{Prepared, Target};
use super::{Parts, learn, site_catalog};
use crate::error::Result;
use crate::evaluation::{Corpus, Dataset, Fold, Protocol};
use crate::learned::blend::KNOTS;
use crate::learned::{Blend, Learned};

/// Fewer cases choose nothing: the default stays.
const LEAST_CASES: usize = 50;

/// Where the training is, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Choosing weights on what this protocol holds out.
    Choosing(Protocol),
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

/// Learns some parts for a catalog and, with `is_tuned`, their blend.
///
/// # Errors
/// As [`learn`].
pub fn train(
    corpus: &Corpus,
    data: &Dataset,
    parts: Parts,
    is_tuned: bool,
    observe: &dyn Fn(Progress),
) -> Result<(Learned, Vec<Chosen>)> {
    let mut blend = parts.of(Blend::default());
    let mut chosen = Vec::new();
    for protocol in [Protocol::ColdItems, Protocol::ColdUsers, Protocol::LeaveLastOut].into_iter().filter(|_| is_tuned)
    {
        // A site too small for a protocol keeps the default.
        let Ok(plan) = protocol.plan(data) else { continue };
        observe(Progress::Choosing(protocol));
        for fold in &plan.validation {
            chosen.extend(choose_blend(corpus, protocol, fold, parts, &mut blend)?);
        }
    }
    observe(Progress::Learning);
    let learned = learn(corpus, &data.positives, parts)?;
    Ok((Learned { blend, ..learned }, chosen))
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
    let catalog = site_catalog(corpus, &fold.training, parts, blend.clone())?;
    let mut chosen = Vec::new();
    for (condition, cases) in fold.cases.iter().enumerate() {
        let target = match protocol {
            Protocol::ColdItems => Target::New,
            Protocol::ColdUsers => Target::Knot(condition),
            Protocol::LeaveLastOut | Protocol::TimeSplit => Target::Knot(KNOTS.len() - 1),
        };
        let prepared = Prepared::new(&catalog, fold, cases, parts, target == Target::New);
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
