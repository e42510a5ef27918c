//! Learning from interactions: makes the [`Learned`] parts of a catalog (native only).
//!
//! Three closed-form models, each one solution of a linear system: `together` (EASE), `next` (a linear session model) and `demand`
//! (popularity from texts). A `blend_search` then chooses how their scores are mixed, by NDCG on what was held out.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "rows and counts stay below 2^32, and scores need no more than f32"
)]

mod active;
mod blend_search;
mod demand;
mod exposure;
mod finetune;
mod next;
mod parts;
mod site;
mod together;
mod train;

pub use blend_search::{Prepared, Target};
pub use exposure::exposure;
pub(crate) use finetune::content_catalog;
pub use finetune::{Curve, Epoch, FinetuneOptions, Finetuning, finetune, finetuning_curve, useful_epochs};
pub use parts::{Part, Parts};
pub use site::{like, site_catalog};
pub use train::{Chosen, Progress, Trained, choose_blend, train};

use crate::error::Result;
use crate::evaluation::{Corpus, Event};
use crate::learned::{
    Blend, CARRIED, Learned, Neighbors, Trend, carried_list, log_count, share_of_byte, share_to_byte,
};

use active::Active;

/// Neighbors that are kept of each row, of either model: more are worth less than their bytes (docs/evaluation.md).
const NEIGHBORS: usize = 30;
/// The same for what is chosen together by most.
const BROAD_NEIGHBORS: usize = 20;

/// Learns some parts from each user's positives, oldest first. The blend is the default one, and [exposure](exposure()) is still to be measured.
///
/// Deterministic on one machine.
///
/// # Errors
/// [`Error::InvalidInput`](crate::Error::InvalidInput) if a system cannot be solved, which no finite input brings about.
pub fn learn(corpus: &Corpus, training: &[Vec<Event>], parts: Parts) -> Result<Learned> {
    let items = corpus.item_count();
    let active = Active::of(training, items);
    let space = corpus.space(true);
    let none = || Neighbors::new(vec![Vec::new(); items], 0);
    let together = |lambda: f32, limit: usize| -> Result<Neighbors> {
        let solved = parts.collaborative.then(|| together::solve(training, &active, space, lambda)).transpose()?;
        Ok(solved.map_or_else(none, |matrix| active.spread(matrix, limit)))
    };
    let (collaborative, broad) = (together(together::CLOSE, NEIGHBORS)?, together(together::BROAD, BROAD_NEIGHBORS)?);
    let sequence = if parts.sequence { active.spread(next::solve(training, &active)?, NEIGHBORS) } else { none() };
    let events = training.iter().flatten().map(|event| (event.item as usize, event.timestamp));
    let trend = Trend::new(events, items);
    let counts: Vec<f32> = (0..items).map(|row| trend.count(row) as f32).collect();
    let scale = log_scale(&counts);
    let demand = demand::predict(corpus, &counts);
    let mut predicted = vec![0.0; items];
    let mut nearest = vec![Vec::new(); items];
    let mut cosines = vec![0.0; items];
    for row in (0..items).filter(|row| counts[*row] == 0.0) {
        // As it is stored.
        predicted[row] = share_of_byte(share_to_byte((demand[row] / scale).clamp(0.0, 1.0)));
        space.cosines(row, &mut cosines);
        let mut near: Vec<(usize, f32)> =
            active.rows.iter().map(|known| (*known as usize, cosines[*known as usize])).collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        nearest[row] = carried_list(near.iter());
    }
    let carried = Neighbors::new(nearest, CARRIED);
    let (exposure, blend) = (vec![0.0; items], parts.of(Blend::default()));
    Ok(Learned { collaborative, broad, sequence, carried, trend, predicted, exposure, blend })
}

/// The highest logarithm of some counts, for [`log_count`]; above 0.
fn log_scale(counts: &[f32]) -> f32 {
    log_count(counts.iter().copied().fold(0.0, f32::max), 1.0).max(f32::MIN_POSITIVE)
}
