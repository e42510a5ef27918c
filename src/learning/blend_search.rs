//! How the parts are mixed: coordinate ascent on NDCG@10 over cases that were held out.

use rayon::prelude::*;

use super::parts::Parts;
use super::site::like;
use crate::catalog::Catalog;
use crate::evaluation::{Case, Fold, ndcg_at_k};
use crate::interaction::Interaction;
use crate::learned::blend::shares;
use crate::learned::{Blend, PartWeights};
use crate::profile::UserProfile;

/// What a search may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The weights for people with this knot's length of history.
    Knot(usize),
    /// The weights for items that nobody has chosen; only those are ranked.
    New,
}

/// Values that a weight is set to in turn; content, the yardstick, keeps 1.
const GRID: [f32; 20] =
    [0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0, 20.0];
/// A weight is changed where that brings so much: what brings less is as likely chance.
const LEAST_GAIN: f64 = 1.002;
const ROUNDS: usize = 3;
const K: usize = 10;
/// Cases times rows that are looked at: 20 bytes each.
const LARGEST: usize = 12_000_000;

/// Cases with the parts of every row that they rank.
pub struct Prepared {
    cases: Vec<PreparedCase>,
}

struct PreparedCase {
    shares: [f32; 4],
    /// Content, collaborative, sequence, popularity of each row that is ranked, and of rows that nobody has chosen the likeness to the nearest texts.
    parts: Vec<[f32; 5]>,
    /// Places in `parts`.
    relevant: Vec<usize>,
    /// The same of items that nobody has chosen, where those are not what is ranked.
    new: Vec<[f32; 5]>,
}

impl Prepared {
    /// Computes the parts for cases of a fold whose training part the catalog's learned parts were made from. With `is_new` only items that
    /// nobody has chosen are ranked, else only the others; parts that are not wanted are 0. No cases where the catalog has no learned parts.
    #[must_use]
    pub fn new(catalog: &Catalog, fold: &Fold, cases: &[&Case], wanted: Parts, is_new: bool) -> Self {
        let Some(learned) = catalog.learned() else { return Self { cases: Vec::new() } };
        let is_new_row: Vec<bool> = (0..catalog.len()).map(|row| learned.is_new(row)).collect();
        // Evenly from all of them.
        let step = (cases.len() * catalog.len()).div_ceil(LARGEST).max(1);
        let prepare = |case: &&Case| {
            let history: Vec<Interaction> = case.known.history.iter().map(|event| like(catalog, event)).collect();
            let now_ms = case.known.now.saturating_mul(1000);
            let profile = UserProfile::new(catalog, &history, now_ms, crate::recommender::HALF_LIFE_DAYS);
            let scores = learned.scores(&profile.newest_first(), now_ms);
            let mut is_hidden = vec![false; catalog.len()];
            let own = case.known.history.iter().map(|event| event.item);
            for row in own.chain(case.known.excluded.iter().copied()) {
                is_hidden[row as usize] = true;
            }
            let parts = |row: usize| {
                let [together, next, popularity] = scores.unweighted(row);
                let popularity = if wanted.popularity { popularity } else { 0.0 };
                let (content, closest) = if is_new_row[row] {
                    (profile.lasting(catalog, row), profile.closest(catalog, row))
                } else {
                    (profile.affinity(catalog, row), 0.0)
                };
                [content, together, next, popularity, closest]
            };
            let open = || (0..catalog.len()).filter(|row| fold.is_candidate[*row] && !is_hidden[*row]);
            let rows: Vec<u32> = open().filter(|row| is_new_row[*row] == is_new).map(|row| row as u32).collect();
            let relevant = rows.iter().enumerate().filter(|(_, row)| case.relevant.contains(row)).map(|(at, _)| at);
            PreparedCase {
                shares: shares(profile.interests().len()),
                relevant: relevant.collect(),
                parts: rows.iter().map(|row| parts(*row as usize)).collect(),
                new: open().filter(|row| is_new_row[*row] && !is_new).map(parts).collect(),
            }
        };
        let cases: Vec<&Case> = cases.iter().step_by(step).copied().collect();
        let prepared: Vec<PreparedCase> = cases.par_iter().map(prepare).collect();
        Self { cases: prepared.into_iter().filter(|case| !case.relevant.is_empty()).collect() }
    }

    /// Number of cases that have something to find.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Mean NDCG@10 with a blend.
    #[must_use]
    pub fn ndcg(&self, blend: &Blend, target: Target) -> f64 {
        let ndcg = |case: &PreparedCase| {
            let weights = match target {
                Target::New => of_new(blend),
                Target::Knot(_) => mixed(&blend.known, case.shares),
            };
            case.ndcg(weights)
        };
        let values: Vec<f64> = self.cases.par_iter().map(ndcg).collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }

    /// Sets the target's weights to the best that coordinate ascent finds; says with what NDCG@10.
    pub fn search(&self, blend: &mut Blend, target: Target) -> f64 {
        let mut best = self.ndcg(blend, target);
        for _ in 0..ROUNDS {
            let before = best;
            // Nothing tells what comes before or after an item that nobody has chosen.
            let parts: &[usize] = if target == Target::New { &[4, 1, 3] } else { &[1, 2, 3] };
            for part in parts {
                for value in GRID {
                    let mut changed = blend.clone();
                    match (target, part) {
                        (Target::New, 4) => changed.new_closest = value,
                        (Target::New, part) => set(&mut changed.new, *part, value),
                        (Target::Knot(knot), part) => set(&mut changed.known[knot], *part, value),
                    }
                    let found = self.ndcg(&changed, target);
                    if found > best * LEAST_GAIN {
                        (best, *blend) = (found, changed);
                    }
                }
            }
            if best - before < 1e-5 {
                break;
            }
        }
        best
    }

    /// What lets one of the items that nobody has chosen into the first ten of one list in ten: enough to be tried, too little to crowd out
    /// what is known to be good.
    #[must_use]
    pub fn new_offset(&self, blend: &Blend) -> f32 {
        let gap = |case: &PreparedCase| {
            let known = mixed(&blend.known, case.shares);
            let scale = if blend.new.content > 0.0 { known[0] / blend.new.content } else { 1.0 };
            let best_new =
                case.new.iter().map(|parts| scale * dot(parts, of_new(blend))).fold(f32::NEG_INFINITY, f32::max);
            let mut scores: Vec<f32> = case.parts.iter().map(|parts| dot(parts, known)).collect();
            let k = K.min(scores.len());
            if k < scores.len() {
                scores.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
            }
            scores[..k].iter().copied().fold(f32::INFINITY, f32::min) - best_new
        };
        let mut gaps: Vec<f32> = self.cases.iter().map(gap).filter(|gap| gap.is_finite()).collect();
        gaps.sort_unstable_by(f32::total_cmp);
        gaps.get(gaps.len() / 10).copied().unwrap_or(0.0)
    }
}

impl PreparedCase {
    fn ndcg(&self, weights: [f32; 5]) -> f64 {
        let scores: Vec<f32> = self.parts.iter().map(|parts| dot(parts, weights)).collect();
        let mut top: Vec<f32> = scores.clone();
        let k = K.min(top.len());
        if k < top.len() {
            top.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        }
        let lowest = top[..k].iter().copied().fold(f32::INFINITY, f32::min);
        let mut ranks: Vec<usize> = (self.relevant.iter())
            .filter(|at| scores[**at] >= lowest)
            .map(|at| {
                let ahead = |(other, score): (usize, &f32)| {
                    score.total_cmp(&scores[*at]).then((*at).cmp(&other)) == std::cmp::Ordering::Greater
                };
                1 + scores.iter().enumerate().filter(|pair| ahead(*pair)).count()
            })
            .collect();
        ranks.resize(self.relevant.len(), usize::MAX);
        ranks.sort_unstable();
        ndcg_at_k(&ranks, K)
    }
}

fn set(weights: &mut PartWeights, part: usize, value: f32) {
    let mut array = weights.to_array();
    array[part] = value;
    *weights = PartWeights::from_array(array);
}

fn of_new(blend: &Blend) -> [f32; 5] {
    let [content, collaborative, sequence, popularity] = blend.new.to_array();
    [content, collaborative, sequence, popularity, blend.new_closest]
}

fn mixed(known: &[PartWeights; 4], shares: [f32; 4]) -> [f32; 5] {
    let mut sum = [0.0; 5];
    for (weights, share) in known.iter().zip(shares) {
        for (sum, weight) in sum.iter_mut().zip(weights.to_array()) {
            *sum += share * weight;
        }
    }
    sum
}

fn dot(parts: &[f32; 5], weights: [f32; 5]) -> f32 {
    parts.iter().zip(weights).map(|(part, weight)| part * weight).sum()
}
