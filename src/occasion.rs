//! What a single request adds to a history, or sets aside of it.

use serde::{Deserialize, Serialize};

use crate::interaction::{Interaction, InteractionKind};
use crate::recommender::RecommendRequest;

/// The parts of a request that change the history it is answered for, and nothing after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Occasion {
    /// Ids of items that count as liked at this moment.
    pub like: Vec<String>,
    /// Whether the history plays no part. What was disliked is left out all the same.
    pub ignore_history: bool,
}

impl Occasion {
    /// The history and the request that a plain [`recommend`](crate::Recommender::recommend) takes in their place.
    #[must_use]
    pub fn resolve(&self, history: &[Interaction], request: &RecommendRequest) -> (Vec<Interaction>, RecommendRequest) {
        let mut request = request.clone();
        let mut resolved = if self.ignore_history {
            request.exclude.extend(disliked(history));
            Vec::new()
        } else {
            history.to_vec()
        };
        resolved.extend(self.like.iter().map(|id| Interaction {
            item_id: id.clone(),
            kind: InteractionKind::Like,
            timestamp_ms: request.now_ms,
        }));
        (resolved, request)
    }
}

/// Ids of items on which the last word is a dislike.
fn disliked(history: &[Interaction]) -> Vec<String> {
    let mut in_order: Vec<&Interaction> = history.iter().collect();
    in_order.sort_by_key(|interaction| interaction.timestamp_ms);
    let mut disliked: Vec<String> = Vec::new();
    for Interaction { item_id, kind, .. } in in_order {
        match kind {
            InteractionKind::Dislike if !disliked.contains(item_id) => disliked.push(item_id.clone()),
            InteractionKind::Like | InteractionKind::Purchase => disliked.retain(|id| id != item_id),
            _ => {}
        }
    }
    disliked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn did(id: &str, kind: InteractionKind, timestamp_ms: i64) -> Interaction {
        Interaction { item_id: id.into(), kind, timestamp_ms }
    }

    #[test]
    fn likes_of_the_moment_follow_the_history() {
        let history = [did("a", InteractionKind::View, 1)];
        let request = RecommendRequest { now_ms: 5, ..Default::default() };
        let (resolved, same) = Occasion { like: vec!["b".into()], ignore_history: false }.resolve(&history, &request);
        assert_eq!(resolved, [history[0].clone(), did("b", InteractionKind::Like, 5)]);
        assert_eq!(same, request);
    }

    #[test]
    fn an_ignored_history_still_keeps_away_what_is_disliked_now() {
        let history = [
            did("taken back", InteractionKind::Like, 9),
            did("taken back", InteractionKind::Dislike, 2),
            did("disliked", InteractionKind::Dislike, 3),
            did("disliked", InteractionKind::View, 4),
        ];
        let (resolved, request) =
            Occasion { like: vec![], ignore_history: true }.resolve(&history, &RecommendRequest::default());
        assert_eq!(resolved, []);
        assert_eq!(request.exclude, ["disliked"]);
    }
}
