//! Global time split: everything before a moment is known, everything after it is not.

use super::{all_items, divide_ratings};
use crate::evaluation::case::{Case, Fold, Known};
use crate::evaluation::dataset::Dataset;
use crate::evaluation::protocol::Plan;

/// All positives by time; T80 and T90 are the times at index `floor(0.8 n)` and `floor(0.9 n)`. Test: known before T90, relevant from T90 on, for
/// users with both. Validation: known before T80, relevant from T80 until T90.
pub(in crate::evaluation) fn time_split(data: &Dataset) -> Plan {
    let mut times: Vec<i64> = data.positives.iter().flatten().map(|event| event.timestamp).collect();
    times.sort_unstable();
    let at = |tenths: usize| times.get(times.len() * tenths / 10).copied().unwrap_or(i64::MAX);
    Plan { conditions: vec![""], validation: vec![fold(data, at(8), at(9))], test: vec![fold(data, at(9), i64::MAX)] }
}

/// Known before `from`, relevant from then until before `until`.
fn fold(data: &Dataset, from: i64, until: i64) -> Fold {
    let mut training = data.positives.clone();
    let mut cases = Vec::new();
    for (user, sequence) in training.iter_mut().enumerate() {
        let later = sequence.split_off(sequence.partition_point(|event| event.timestamp < from));
        let relevant: Vec<u32> = later.iter().filter(|e| e.timestamp < until).map(|e| e.item).collect();
        if !sequence.is_empty() && !relevant.is_empty() {
            cases.push(Case { user, known: Known { now: from, ..Known::at(sequence.clone()) }, relevant });
        }
    }
    let (known_ratings, held_out_ratings) = divide_ratings(data, |_, rating| rating.timestamp < from);
    Fold {
        training,
        is_candidate: all_items(data),
        cases: vec![cases],
        later: Vec::new(),
        known_ratings,
        held_out_ratings,
    }
}
