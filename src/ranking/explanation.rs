//! Why an item was recommended: the history items that pulled it up, from the same numbers as the score.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::interaction::InteractionKind;
use crate::profile::UserProfile;

/// One history item behind a recommendation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The history item's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What the person did with it.
    pub kind: InteractionKind,
    /// What it adds to the score's content part. Over all history items these add up to that part.
    pub contribution: f32,
    /// Its share of everything that pulls the item up, `0..=1`.
    pub share: f32,
}

/// The history items that pull `row` up, strongest first (ties in catalog order), at most `limit`. `content_weight` is the weight
/// that the score gave its content part.
#[must_use]
pub fn reasons(catalog: &Catalog, profile: &UserProfile, row: usize, content_weight: f32, limit: usize) -> Vec<Reason> {
    let mut pulls: Vec<(f32, &crate::profile::Interest)> = profile
        .interests()
        .iter()
        .map(|interest| (content_weight * profile.contribution(catalog, interest, row), interest))
        .filter(|(contribution, _)| *contribution > 0.0)
        .collect();
    let total: f32 = pulls.iter().map(|(contribution, _)| contribution).sum();
    pulls.sort_by(|a, b| b.0.total_cmp(&a.0));
    pulls
        .into_iter()
        .take(limit)
        .map(|(contribution, interest)| {
            let item = catalog.item(interest.row);
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
