//! Why an item was recommended: the history items that pulled it up, from the same numbers as the score.

use serde::{Deserialize, Serialize};

use super::Scorer;
use crate::interaction::InteractionKind;

/// One history item behind a recommendation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The history item's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What the person did with it.
    pub kind: InteractionKind,
    /// What it adds to the score's content, collaborative and sequence parts. Over all history items these add up to those parts.
    pub contribution: f32,
    /// Its share of everything that pulls the item up, `0..=1`.
    pub share: f32,
}

/// The history items that pull `row` up, strongest first (ties in catalog order), at most `limit`.
pub(crate) fn reasons(scorer: &Scorer<'_>, row: usize, limit: usize) -> Vec<Reason> {
    let mut pulls = scorer.contributions(row);
    pulls.retain(|(_, contribution)| *contribution > 0.0);
    let total: f32 = pulls.iter().map(|(_, contribution)| contribution).sum();
    pulls.sort_by(|a, b| b.1.total_cmp(&a.1));
    pulls
        .into_iter()
        .take(limit)
        .map(|(interest, contribution)| {
            let item = scorer.catalog.item(interest.row);
            Reason {
                id: item.id.to_owned(),
                title: item.title.to_owned(),
                kind: interest.kind,
                contribution,
                share: contribution / total,
            }
        })
        .collect()
}
