//! How often each item would be shown: some items are in everybody's list, whether or not they are what everybody chooses.

use rayon::prelude::*;

use super::log_scale;
use super::site::like;
use crate::catalog::Catalog;
use crate::error::Result;
use crate::evaluation::Event;
use crate::interaction::Interaction;
use crate::learned::{log_count, share_of_byte, share_to_byte};
use crate::recommender::{RecommendRequest, Recommender};

/// Places of a list that are looked at.
const PLACES: usize = 10;
/// So many people say enough.
const MOST_PEOPLE: usize = 5_000;

/// [`Learned::exposure`](crate::learned::Learned::exposure): `ln(1 + n)` of the `n` lists that show an item, as a share of the most, where each person of the training part is
/// given the list of the other parts, without diversity, right after their last event.
///
/// Items that are shown beyond what they are chosen give way to others at little cost, as Mansoury et al. found
/// (`FairMatch`, UMAP 2020).
///
/// # Errors
/// As [`Recommender::recommend`].
pub fn exposure(catalog: &Catalog, training: &[Vec<Event>]) -> Result<Vec<f32>> {
    let people: Vec<&Vec<Event>> = training.iter().filter(|events| !events.is_empty()).collect();
    let step = people.len().div_ceil(MOST_PEOPLE).max(1);
    let shown = people.par_iter().step_by(step).map_init(
        || Recommender::new(catalog.clone()),
        |recommender, events| -> Result<Vec<usize>> {
            let history: Vec<Interaction> = events.iter().map(|event| like(catalog, event)).collect();
            let request = RecommendRequest {
                k: PLACES,
                now_ms: history.iter().map(|interaction| interaction.timestamp_ms).max().unwrap_or(0),
                diversity: Some(0.0),
                ..RecommendRequest::default()
            };
            let list = recommender.recommend(&history, &request, None)?;
            Ok(list.iter().filter_map(|recommendation| catalog.row(&recommendation.id)).collect())
        },
    );
    let mut counts = vec![0.0_f32; catalog.len()];
    for row in shown.collect::<Result<Vec<_>>>()?.into_iter().flatten() {
        counts[row] += 1.0;
    }
    let scale = log_scale(&counts);
    // As it is stored.
    Ok(counts.iter().map(|count| share_of_byte(share_to_byte(log_count(*count, scale)))).collect())
}
