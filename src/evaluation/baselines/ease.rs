//! EASE: a linear item-to-item model in closed form (Steck, WWW 2019).
//!
//! With the user-item matrix X, `P = (X'X + lambda I)^-1` and `B = I - P diag(1 / diag P)`, a history h scores `h B`. Neither P nor B is formed:
//! X'X and XX' share their eigenvalues, and one factorization of the smaller gives the scores for every lambda.

use super::spectrum::Spectrum;
use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System, weighed};

pub(super) struct Ease {
    /// Whether later items of a history weigh more.
    pub is_recent: bool,
}

/// Larger Gram matrices are avoided by leaving out the least popular items, which then score 0.
const LARGEST: usize = 4000;

impl Method for Ease {
    fn name(&self) -> &'static str {
        if self.is_recent { "ease-recent" } else { "ease" }
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let (plain, recent, gamma) = match (protocol, condition) {
            (Protocol::ColdUsers, "k=1" | "k=3") => (12_800.0, 25_600.0, 0.5),
            (Protocol::ColdUsers, _) => (12_800.0, 12_800.0, 0.7),
            (Protocol::TimeSplit, _) => (200.0, 200.0, 0.95),
            _ => (100.0, 200.0, 0.7),
        };
        if self.is_recent {
            Setting::new(&[("lambda", recent), ("gamma", gamma)])
        } else {
            Setting::new(&[("lambda", plain), ("gamma", 1.0)])
        }
    }

    fn base(&self) -> Option<&'static str> {
        self.is_recent.then_some("ease")
    }

    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        if let Some(base) = situation.base {
            // A history that fades is a shorter one, and needs no less regularization.
            let lambda = base.get("lambda");
            return Setting::grid(&[("lambda", &[lambda, 2.0 * lambda]), ("gamma", &[0.5, 0.7, 0.95])]);
        }
        let lambdas: &[f64] = match situation.protocol {
            // Short histories need strong regularization.
            Protocol::ColdUsers => &[800.0, 3200.0, 12_800.0],
            _ => &[50.0, 100.0, 200.0, 400.0, 800.0],
        };
        Setting::grid(&[("lambda", lambdas), ("gamma", &[1.0])])
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(EaseModel::new(corpus.item_count(), fold)?))
    }
}

/// The matrix of who has what, and the spectrum of its smaller Gram matrix.
pub(super) struct EaseModel {
    /// Rows that take part, for each user.
    items_of: Vec<Vec<u32>>,
    /// Users who have it, for each row.
    users_of: Vec<Vec<u32>>,
    /// Rows with a training positive that take part.
    active: Vec<u32>,
    side: Side,
    /// Row-major `[items, rank]`: the eigenvectors of X'X, or those of XX' carried over to the items.
    item_factors: Vec<f64>,
    spectrum: Spectrum,
}

/// Which Gram matrix was factorized.
enum Side {
    /// XX'.
    Users,
    /// X'X; holds for each row its place among the active ones.
    Items(Vec<u32>),
}

/// [`EaseModel`] at one lambda.
pub(super) struct EaseAt<'a> {
    model: &'a EaseModel,
    lambda: f64,
    /// `P_ii` of the active rows.
    diagonal: Vec<f64>,
}

impl EaseModel {
    pub fn new(items: usize, fold: &Fold) -> Result<Self> {
        let mut counts = vec![0_u32; items];
        for event in fold.training.iter().flatten() {
            counts[event.item as usize] += 1;
        }
        let users = fold.training.iter().filter(|sequence| !sequence.is_empty()).count();
        let mut active: Vec<u32> = (0..items as u32).filter(|row| counts[*row as usize] > 0).collect();
        if users.min(active.len()) > LARGEST {
            active.sort_by_key(|row| (std::cmp::Reverse(counts[*row as usize]), *row));
            active.truncate(LARGEST);
            active.sort_unstable();
        }
        let mut is_active = vec![false; items];
        for row in &active {
            is_active[*row as usize] = true;
        }
        let of_user = |sequence: &Vec<_>| {
            let mut rows: Vec<u32> = sequence.iter().map(|e: &crate::evaluation::Event| e.item).collect();
            rows.retain(|row| is_active[*row as usize]);
            rows.sort_unstable();
            rows
        };
        let items_of: Vec<Vec<u32>> = fold.training.iter().map(of_user).filter(|rows| !rows.is_empty()).collect();
        let mut users_of = vec![Vec::new(); items];
        for (user, rows) in (0..).zip(&items_of) {
            for row in rows {
                users_of[*row as usize].push(user);
            }
        }
        let (side, spectrum) = if items_of.len() <= active.len() {
            (Side::Users, Spectrum::of(items_of.len(), |a, b| common(&items_of[a], &items_of[b]))?)
        } else {
            let mut places = vec![u32::MAX; items];
            for (place, row) in (0..).zip(&active) {
                places[*row as usize] = place;
            }
            let users = |place: usize| &users_of[active[place] as usize];
            (Side::Items(places), Spectrum::of(active.len(), |a, b| common(users(a), users(b)))?)
        };
        let mut model = Self { items_of, users_of, active, side, item_factors: Vec::new(), spectrum };
        model.item_factors = model.active.iter().flat_map(|row| model.factors(*row as usize)).collect();
        Ok(model)
    }

    /// `V_i` on the items' side; `x_i' Q` on the users' side.
    fn factors(&self, row: usize) -> Vec<f64> {
        if let Side::Items(places) = &self.side {
            return self.spectrum.row(places[row] as usize).to_vec();
        }
        let mut sum = vec![0.0; self.spectrum.size()];
        for user in &self.users_of[row] {
            for (sum, x) in sum.iter_mut().zip(self.spectrum.row(*user as usize)) {
                *sum += x;
            }
        }
        sum
    }

    pub fn at(&self, lambda: f64) -> EaseAt<'_> {
        let inverse: Vec<f64> = self.spectrum.values.iter().map(|value| 1.0 / (value + lambda)).collect();
        let rank = self.spectrum.size();
        let diagonal = self.item_factors.chunks_exact(rank.max(1)).map(|factors| {
            let sum: f64 = factors.iter().zip(&inverse).map(|(x, inverse)| x * x * inverse).sum();
            match self.side {
                // Woodbury: P = (I - X' (XX' + lambda I)^-1 X) / lambda.
                Side::Users => (1.0 - sum) / lambda,
                Side::Items(_) => sum,
            }
        });
        EaseAt { model: self, lambda, diagonal: diagonal.collect() }
    }
}

impl EaseAt<'_> {
    /// Scores a weighed history into all rows; rows without a training positive score 0.
    pub fn score(&self, history: impl Iterator<Item = (usize, f32)>, scores: &mut [f32]) {
        let model = self.model;
        let rank = model.spectrum.size();
        let mut along = vec![0.0; rank];
        let mut own = vec![0.0; scores.len()];
        for (row, weight) in history {
            let Ok(place) = model.active.binary_search(&(row as u32)) else { continue };
            own[row] += f64::from(weight);
            for (sum, x) in along.iter_mut().zip(&model.item_factors[place * rank..(place + 1) * rank]) {
                *sum += f64::from(weight) * x;
            }
        }
        for (x, value) in along.iter_mut().zip(&model.spectrum.values) {
            *x /= value + self.lambda;
        }
        scores.fill(0.0);
        let back = |factors: &[f64]| factors.iter().zip(&along).map(|(x, y)| x * y).sum::<f64>();
        let mut through = vec![0.0; scores.len()];
        match model.side {
            // First to the users, then along who has what: far fewer products than item by item.
            Side::Users => {
                for (user, rows) in model.items_of.iter().enumerate() {
                    let strength = back(model.spectrum.row(user));
                    for row in rows {
                        through[*row as usize] += strength;
                    }
                }
            }
            Side::Items(_) => {
                for (row, factors) in model.active.iter().zip(model.item_factors.chunks_exact(rank.max(1))) {
                    through[*row as usize] = back(factors);
                }
            }
        }
        for (row, diagonal) in model.active.iter().map(|row| *row as usize).zip(&self.diagonal) {
            let through_p = match model.side {
                Side::Users => (own[row] - through[row]) / self.lambda,
                Side::Items(_) => through[row],
            };
            scores[row] = (own[row] - through_p / diagonal) as f32;
        }
    }
}

impl Fitted for EaseModel {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let (at, gamma) = (self.at(setting.get("lambda")), setting.get("gamma"));
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| at.score(weighed(&known.history, gamma), scores)))
    }
}

/// Number of values that two ascending lists share.
fn common(a: &[u32], b: &[u32]) -> f64 {
    let (mut i, mut j, mut count) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, count) = (i + 1, j + 1, count + 1),
        }
    }
    f64::from(count)
}
