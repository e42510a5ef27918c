//! A held-out case, and the training part that goes with it.

use super::dataset::{Event, Rating};

/// What a system may know of a case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The user's positives that are not held out, oldest first. None of them is a candidate.
    pub history: Vec<Event>,
    /// Further rows that are no candidates.
    pub excluded: Vec<u32>,
    /// The moment of the request, as a timestamp: nothing that is relevant happened before it.
    pub now: i64,
}

impl Known {
    /// A history, and the moment of its last event.
    #[must_use]
    pub fn at(history: Vec<Event>) -> Self {
        let now = history.iter().map(|event| event.timestamp).max().unwrap_or(0);
        Self { history, excluded: Vec::new(), now }
    }
}

/// One user to recommend to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Index into [`Dataset::users`](super::Dataset::users).
    pub user: usize,
    /// What a system is told.
    pub known: Known,
    /// The held-out rows that a good list has; at least one.
    pub relevant: Vec<u32>,
}

/// A training part with the cases held out from it.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    /// Every user's positives for training, oldest first; empty for users who are held out.
    pub training: Vec<Vec<Event>>,
    /// Whether each row of the catalog may be in a list.
    pub is_candidate: Vec<bool>,
    /// The cases, one list for each of [`Plan::conditions`](super::Plan::conditions).
    pub cases: Vec<Vec<Case>>,
    /// Further cases of the same users, later in their histories, in as many lists; may be empty. They are not measured: whoever chooses many
    /// settings at once chooses less by chance with them.
    pub later: Vec<Vec<Case>>,
    /// Ratings to learn from.
    pub known_ratings: Vec<Rating>,
    /// Ratings to predict.
    pub held_out_ratings: Vec<Rating>,
}
