//! Cold users: people of whom one, three or five things are known.

use super::{all_items, divide_ratings, places};
use crate::evaluation::case::{Case, Fold, Known};
use crate::evaluation::dataset::Dataset;
use crate::evaluation::item_order::fnv1a32;
use crate::evaluation::protocol::Plan;

/// Positives that are known at most; for every length of history these are excluded and the rest is relevant.
const FIRST: usize = 5;
/// Users with fewer positives are never held out.
const LEAST_POSITIVES: usize = 10;
/// The product's blend, which has many settings, is also chosen on what the same users knew later on: as if they had come after so many positives.
const STARTS: [usize; 3] = [2, 4, 6];
const LENGTHS: [(usize, &str); 3] = [(1, "k=1"), (3, "k=3"), (5, "k=5")];

/// A user belongs to the fold `fnv1a32("user:" + id) mod 5`. Test: each fold in turn, trained on the other four. Validation: fold 1, trained
/// on folds 2 to 4; its users also come as if they had begun later.
pub(in crate::evaluation) fn cold_users(data: &Dataset) -> Plan {
    let folds: Vec<u32> = data.users.iter().map(|id| fnv1a32(&format!("user:{id}")) % 5).collect();
    Plan {
        conditions: LENGTHS.iter().map(|(_, name)| *name).collect(),
        validation: vec![Fold { later: later(data, &folds, 1), ..fold(data, &folds, 1, &[0, 1]) }],
        test: (0..5).map(|held_out| fold(data, &folds, held_out, &[held_out])).collect(),
    }
}

/// Holds out the users of one fold; trains on all that are not in `untrained`.
fn fold(data: &Dataset, folds: &[u32], held_out: u32, untrained: &[u32]) -> Fold {
    let is_trained = |user: usize| !untrained.contains(&folds[user]);
    let training = (data.positives.iter().enumerate())
        .map(|(user, sequence)| if is_trained(user) { sequence.clone() } else { Vec::new() })
        .collect();
    let users = || (0..data.users.len()).filter(|user| folds[*user] == held_out);
    let cases = LENGTHS.map(|(length, _)| {
        let users = users().filter(|user| data.positives[*user].len() >= LEAST_POSITIVES);
        users.map(|user| case(data, user, 0, length)).collect()
    });
    // Of a held-out user the first five ratings are known and the rest is predicted.
    let places = places(data);
    let (known_ratings, others) = divide_ratings(data, |i, rating| {
        let user = rating.user as usize;
        is_trained(user) || (folds[user] == held_out && places[i].0 < FIRST)
    });
    let held_out_ratings = others.into_iter().filter(|rating| folds[rating.user as usize] == held_out).collect();
    Fold {
        training,
        is_candidate: all_items(data),
        cases: cases.into(),
        later: Vec::new(),
        known_ratings,
        held_out_ratings,
    }
}

/// The held-out users again, without their first positives.
fn later(data: &Dataset, folds: &[u32], held_out: u32) -> Vec<Vec<Case>> {
    let users = |start: usize| {
        (0..data.users.len())
            .filter(move |user| folds[*user] == held_out && data.positives[*user].len() >= start + LEAST_POSITIVES)
    };
    let of_length = |(length, _): (usize, &str)| {
        STARTS.iter().flat_map(|start| users(*start).map(|user| case(data, user, *start, length))).collect()
    };
    LENGTHS.map(of_length).into()
}

/// What comes before `start` is neither known nor to be found.
fn case(data: &Dataset, user: usize, start: usize, length: usize) -> Case {
    let (before, sequence) = data.positives[user].split_at(start);
    let (first, relevant) = sequence.split_at(FIRST);
    let excluded = before.iter().chain(&first[length..]).map(|event| event.item).collect();
    // The moment is the same for every length, so that only what is known differs.
    let known = Known { history: first[..length].to_vec(), excluded, now: first[FIRST - 1].timestamp };
    Case { user, known, relevant: relevant.iter().map(|event| event.item).collect() }
}
