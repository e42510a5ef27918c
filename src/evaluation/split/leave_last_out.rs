//! Leave-last-out: the next thing that a known user does.

use super::{LEAST_POSITIVES, all_items, divide_ratings};
use crate::evaluation::case::{Case, Fold, Known};
use crate::evaluation::dataset::Dataset;
use crate::evaluation::protocol::Plan;

/// Of every user with at least five positives the last one is the test, the one before it validation. When validating, neither is known; when
/// testing, the validation item is part of the history. Predicted are a case's ratings from the relevant positive on.
pub(in crate::evaluation) fn leave_last_out(data: &Dataset) -> Plan {
    Plan { conditions: vec![""], validation: vec![fold(data, 2)], test: vec![fold(data, 1)] }
}

/// Hides the last `hidden` positives of each case; the first of these is the relevant one.
fn fold(data: &Dataset, hidden: usize) -> Fold {
    let mut training = data.positives.clone();
    let mut cases = Vec::new();
    for (user, sequence) in training.iter_mut().enumerate().filter(|(_, s)| s.len() >= LEAST_POSITIVES) {
        let tail = sequence.split_off(sequence.len() - hidden);
        let known = Known::at(sequence.clone());
        cases.push(Case { user, known, relevant: vec![tail[0].item] });
    }
    let moment = |item: u32, timestamp: i64| (timestamp, data.order.id(item as usize));
    let mut ends = vec![None; data.users.len()];
    for Case { user, .. } in &cases {
        let sequence = &data.positives[*user];
        let first_hidden = sequence[sequence.len() - hidden];
        ends[*user] = Some(moment(first_hidden.item, first_hidden.timestamp));
    }
    let (known_ratings, held_out_ratings) =
        divide_ratings(data, |_, r| ends[r.user as usize].is_none_or(|end| moment(r.item, r.timestamp) < end));
    Fold {
        training,
        is_candidate: all_items(data),
        cases: vec![cases],
        later: Vec::new(),
        known_ratings,
        held_out_ratings,
    }
}
