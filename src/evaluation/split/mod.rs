//! The rules of the protocols, one file each.

mod cold_items;
mod cold_users;
mod leave_last_out;
mod time_split;

pub(super) use cold_items::{cold_items, cold_items_all};
pub(super) use cold_users::cold_users;
pub(super) use leave_last_out::leave_last_out;
pub(super) use time_split::time_split;

use super::dataset::{Dataset, Rating};

/// Users with fewer positives are not held out (they stay in the training part).
const LEAST_POSITIVES: usize = 5;

/// Every row is a candidate.
fn all_items(data: &Dataset) -> Vec<bool> {
    vec![true; data.item_count()]
}

/// The ratings that are known, and those to predict.
fn divide_ratings(data: &Dataset, is_known: impl Fn(usize, &Rating) -> bool) -> (Vec<Rating>, Vec<Rating>) {
    let (known, held_out): (Vec<_>, Vec<_>) = data.ratings.iter().enumerate().partition(|(i, r)| is_known(*i, r));
    let values = |ratings: Vec<(usize, &Rating)>| ratings.into_iter().map(|(_, rating)| *rating).collect();
    (values(known), values(held_out))
}

/// For each rating, how many of the same user's come before it, and how many that user has.
fn places(data: &Dataset) -> Vec<(usize, usize)> {
    let of_one_user = data.ratings.chunk_by(|a, b| a.user == b.user);
    of_one_user.flat_map(|ratings| (0..ratings.len()).map(|place| (place, ratings.len()))).collect()
}

#[cfg(test)]
mod tests;
