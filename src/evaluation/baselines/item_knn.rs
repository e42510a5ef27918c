//! Item nearest neighbors: people who liked this liked that (Sarwar et al., WWW 2001), with a shrunken cosine.

use rayon::prelude::*;

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System, weighed};

pub(super) struct ItemKnn {
    /// Whether later items of a history weigh more.
    pub is_recent: bool,
}

/// For every row the rows that share users with it, and how many.
struct Neighbors {
    shared: Vec<Vec<(u32, f32)>>,
    counts: Vec<f32>,
}

impl Method for ItemKnn {
    fn name(&self) -> &'static str {
        if self.is_recent { "item-knn-recent" } else { "item-knn" }
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let (neighbors, shrink, gamma) = match (protocol, condition) {
            (Protocol::ColdUsers, "k=1") => (800.0, 100.0, 0.5),
            (Protocol::ColdUsers, "k=3") => (800.0, 100.0, 0.9),
            (Protocol::ColdUsers, _) => (800.0, 100.0, 0.8),
            (Protocol::TimeSplit, _) => (20.0, 0.0, 0.99),
            _ => (20.0, 10.0, 0.9),
        };
        let gamma = if self.is_recent { gamma } else { 1.0 };
        Setting::new(&[("neighbors", neighbors), ("shrink", shrink), ("gamma", gamma)])
    }

    fn base(&self) -> Option<&'static str> {
        self.is_recent.then_some("item-knn")
    }

    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        if let Some(base) = situation.base {
            let (neighbors, shrink) = ([base.get("neighbors")], [base.get("shrink")]);
            let gammas = &[0.5, 0.7, 0.8, 0.9, 0.95, 0.99];
            return Setting::grid(&[("neighbors", &neighbors), ("shrink", &shrink), ("gamma", gammas)]);
        }
        let neighbors: &[f64] =
            if situation.protocol == Protocol::ColdUsers { &[50.0, 200.0, 800.0] } else { &[20.0, 50.0, 100.0, 200.0] };
        Setting::grid(&[("neighbors", neighbors), ("shrink", &[0.0, 10.0, 100.0]), ("gamma", &[1.0])])
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Neighbors::new(corpus.item_count(), fold)))
    }
}

impl Neighbors {
    fn new(items: usize, fold: &Fold) -> Self {
        let mut users_of = vec![Vec::new(); items];
        for (user, sequence) in fold.training.iter().enumerate() {
            for event in sequence {
                users_of[event.item as usize].push(user);
            }
        }
        let together = |item: usize| {
            let mut rows: Vec<u32> = Vec::new();
            for user in &users_of[item] {
                rows.extend(fold.training[*user].iter().map(|e| e.item).filter(|other| *other as usize != item));
            }
            rows.sort_unstable();
            rows.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f32)).collect()
        };
        let shared = (0..items).into_par_iter().map(together).collect();
        Self { shared, counts: users_of.iter().map(|users| users.len() as f32).collect() }
    }

    /// The most similar rows of each row, with their similarities.
    fn nearest(&self, neighbors: usize, shrink: f32) -> Vec<Vec<(u32, f32)>> {
        let of = |item: usize| {
            let similarity = |(other, shared): &(u32, f32)| {
                let norm = (self.counts[item] * self.counts[*other as usize]).sqrt();
                (*other, shared / (norm + shrink))
            };
            let mut found: Vec<(u32, f32)> = self.shared[item].iter().map(similarity).collect();
            let closer = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
            if neighbors < found.len() {
                found.select_nth_unstable_by(neighbors, closer);
                found.truncate(neighbors);
            }
            found
        };
        (0..self.shared.len()).into_par_iter().map(of).collect()
    }
}

impl Fitted for Neighbors {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let gamma = setting.get("gamma");
        let nearest = self.nearest(setting.get("neighbors") as usize, setting.get("shrink") as f32);
        // An item is scored by those of its own neighbors that are in the history.
        let mut neighbor_of = vec![Vec::new(); nearest.len()];
        for (item, found) in nearest.iter().enumerate() {
            for (other, similarity) in found {
                neighbor_of[*other as usize].push((item as u32, *similarity));
            }
        }
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            scores.fill(0.0);
            for (row, weight) in weighed(&known.history, gamma) {
                for (item, similarity) in &neighbor_of[row] {
                    scores[*item as usize] += weight * similarity;
                }
            }
        }))
    }
}
