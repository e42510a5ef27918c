//! Ratings: a mean, and how users and items deviate from it (Koren, Bell and Volinsky 2009), by regularized alternating least squares.

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::dataset::Rating;
use crate::evaluation::system::{Fitted, Method, Setting, System};

/// `mean + user + item`, where a deviation of few ratings is drawn towards 0.
#[derive(Debug, Clone)]
pub(in crate::evaluation) struct RatingModel {
    mean: f32,
    users: Vec<f32>,
    items: Vec<f32>,
}

/// Ratings that a deviation of 0 is worth, for users and for items.
const PRIOR: f32 = 5.0;
const ROUNDS: usize = 10;

impl RatingModel {
    pub fn new(ratings: &[Rating], users: usize, items: usize) -> Self {
        let mean = ratings.iter().map(|r| f64::from(r.value)).sum::<f64>() / ratings.len().max(1) as f64;
        let mut model = Self { mean: mean as f32, users: vec![0.0; users], items: vec![0.0; items] };
        for _ in 0..ROUNDS {
            let of_items = |r: &Rating| (r.item as usize, r.value - model.mean - model.users[r.user as usize]);
            model.items = shrunken_means(ratings.iter().map(of_items), items);
            let of_users = |r: &Rating| (r.user as usize, r.value - model.mean - model.items[r.item as usize]);
            model.users = shrunken_means(ratings.iter().map(of_users), users);
        }
        model
    }

    pub fn predict(&self, user: u32, item: u32) -> f32 {
        self.mean + self.users[user as usize] + self.items[item as usize]
    }

    /// Squared errors of the predictions.
    pub fn squared_errors(&self, ratings: &[Rating]) -> Vec<f64> {
        ratings.iter().map(|r| f64::from(self.predict(r.user, r.item) - r.value).powi(2)).collect()
    }
}

fn shrunken_means(deviations: impl Iterator<Item = (usize, f32)>, count: usize) -> Vec<f32> {
    let mut sums = vec![(0.0, PRIOR); count];
    for (at, deviation) in deviations {
        sums[at].0 += deviation;
        sums[at].1 += 1.0;
    }
    sums.into_iter().map(|(sum, weight)| sum / weight).collect()
}

/// Ranks items by their rating, the same for everybody: what people think of what they chose, which is not what they choose.
pub(super) struct RatingMethod;

impl Method for RatingMethod {
    fn name(&self) -> &'static str {
        "rating"
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(RatingModel::new(&fold.known_ratings, fold.training.len(), corpus.item_count())))
    }
}

impl Fitted for RatingModel {
    fn system(&self, _setting: &Setting) -> Result<Box<dyn System + '_>> {
        Ok(Box::new(|_: &Known, scores: &mut [f32]| scores.copy_from_slice(&self.items)))
    }
}
