//! EASE for items that nobody has touched: a new item takes the scores of the known items with the nearest texts.

use rayon::prelude::*;

use super::ease::EaseModel;
use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System, weighed};

pub(super) struct EaseText;

struct Carried {
    model: EaseModel,
    /// For each candidate row the known rows with the nearest texts, nearest first.
    nearest: Vec<(usize, Vec<(usize, f32)>)>,
}

/// Neighbors that are kept; settings use the first of them.
const MOST: usize = 200;

impl Method for EaseText {
    fn name(&self) -> &'static str {
        "ease-text"
    }

    fn default_setting(&self, _situation: Situation<'_>) -> Setting {
        Setting::new(&[("lambda", 400.0), ("neighbors", 100.0), ("power", 2.0)])
    }

    fn grid(&self, _situation: Situation<'_>) -> Vec<Setting> {
        let lambda: &[f64] = &[200.0, 400.0, 800.0];
        Setting::grid(&[("lambda", lambda), ("neighbors", &[20.0, 50.0, 100.0, 200.0]), ("power", &[1.0, 2.0, 4.0])])
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        let model = EaseModel::new(corpus.item_count(), fold)?;
        let mut is_known = vec![false; corpus.item_count()];
        for event in fold.training.iter().flatten() {
            is_known[event.item as usize] = true;
        }
        let nearest = |row: usize| {
            let mut cosines = vec![0.0; corpus.item_count()];
            corpus.space(true).cosines(row, &mut cosines);
            let mut found: Vec<(usize, f32)> = cosines.into_iter().enumerate().filter(|(r, _)| is_known[*r]).collect();
            found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            found.truncate(MOST);
            (row, found)
        };
        let candidates: Vec<usize> = (0..corpus.item_count()).filter(|row| fold.is_candidate[*row]).collect();
        let nearest = candidates.into_par_iter().map(nearest).collect();
        Ok(Box::new(Carried { model, nearest }))
    }
}

impl Fitted for Carried {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let at = self.model.at(setting.get("lambda"));
        let (neighbors, power) = (setting.get("neighbors") as usize, setting.get("power") as f32);
        let weigh = |(row, nearest): &(usize, Vec<(usize, f32)>)| {
            let nearest = nearest.iter().take(neighbors);
            let mut weights: Vec<(usize, f32)> =
                nearest.map(|(other, cosine)| (*other, cosine.max(0.0).powf(power))).collect();
            let total = weights.iter().map(|(_, weight)| weight).sum::<f32>().max(f32::MIN_POSITIVE);
            for (_, weight) in &mut weights {
                *weight /= total;
            }
            (*row, weights)
        };
        let weights: Vec<_> = self.nearest.par_iter().map(weigh).collect();
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            let mut of_known = vec![0.0; scores.len()];
            at.score(weighed(&known.history, 1.0), &mut of_known);
            scores.fill(0.0);
            for (row, nearest) in &weights {
                scores[*row] = nearest.iter().map(|(other, weight)| weight * of_known[*other]).sum();
            }
        }))
    }
}
