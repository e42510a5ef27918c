//! Cold items: a fifth of the catalog that nobody has touched yet.

use super::{LEAST_POSITIVES, divide_ratings};
use crate::evaluation::case::{Case, Fold, Known};
use crate::evaluation::dataset::Dataset;
use crate::evaluation::item_order::fnv1a32;
use crate::evaluation::protocol::Plan;

const PARTS: u32 = 5;

/// An item belongs to the part `fnv1a32("cold:" + id) mod 5`. Test: part 0 is cold. Validation: part 1 is cold, and part 0 is not there at all.
/// Interactions with cold items are in no training part and no history; only cold items are ranked. Cases are users with at least five warm
/// positives and a cold one.
pub(in crate::evaluation) fn cold_items(data: &Dataset) -> Plan {
    let parts = parts(data);
    Plan { conditions: vec![""], validation: vec![fold(data, &parts, 1)], test: vec![fold(data, &parts, 0)] }
}

/// Test: each part in turn is cold, the other four are not. No part is left to choose settings on, so there is no validation.
pub(in crate::evaluation) fn cold_items_all(data: &Dataset) -> Plan {
    let parts = parts(data);
    let turned = |by: u32| parts.iter().map(|part| (part + PARTS - by) % PARTS).collect::<Vec<u32>>();
    let test = (0..PARTS).map(|cold| fold(data, &turned(cold), 0)).collect();
    Plan { conditions: vec![""], validation: Vec::new(), test }
}

/// The part of each item.
fn parts(data: &Dataset) -> Vec<u32> {
    data.items.iter().map(|id| fnv1a32(&format!("cold:{id}")) % PARTS).collect()
}

/// Part `cold` plays cold; lower parts are left out.
fn fold(data: &Dataset, parts: &[u32], cold: u32) -> Fold {
    let part = |item: u32| parts[item as usize];
    let mut cases = Vec::new();
    let training: Vec<_> = data
        .positives
        .iter()
        .enumerate()
        .map(|(user, sequence)| {
            let warm: Vec<_> = sequence.iter().copied().filter(|event| part(event.item) > cold).collect();
            let relevant: Vec<u32> = sequence.iter().map(|e| e.item).filter(|item| part(*item) == cold).collect();
            if warm.len() >= LEAST_POSITIVES && !relevant.is_empty() {
                cases.push(Case { user, known: Known::at(warm.clone()), relevant });
            }
            warm
        })
        .collect();
    let (known_ratings, others) = divide_ratings(data, |_, rating| part(rating.item) > cold);
    let held_out_ratings = others.into_iter().filter(|rating| part(rating.item) == cold).collect();
    let is_candidate = parts.iter().map(|part| *part == cold).collect();
    Fold { training, is_candidate, cases: vec![cases], later: Vec::new(), known_ratings, held_out_ratings }
}
