//! Implicit ALS: factors of users and items by alternating least squares (Hu, Koren and Volinsky, ICDM 2008), with the loss and the
//! frequency-scaled regularization of Rendle et al. (RecSys 2022).

use faer::linalg::solvers::Solve;
use faer::{Mat, Side};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System};

pub(super) struct Als;

/// Rounds over users and items; more change little.
const ROUNDS: usize = 16;
const SEED: u64 = 42;

struct Positives<'a> {
    items: usize,
    fold: &'a Fold,
}

struct Factors {
    rank: usize,
    /// Row-major `[items, rank]`.
    items: Vec<f64>,
    /// `unobserved * Y'Y` of the item factors.
    gram: Vec<f64>,
    unobserved: f64,
    regularization: f64,
}

impl Method for Als {
    fn name(&self) -> &'static str {
        "als"
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let (factors, unobserved, regularization) = match (protocol, condition) {
            (Protocol::ColdUsers, "k=3") => (48.0, 0.5, 0.01),
            (Protocol::ColdUsers, _) => (16.0, 0.5, 0.01),
            (Protocol::TimeSplit, _) => (16.0, 0.3, 0.003),
            _ => (48.0, 0.3, 0.003),
        };
        Setting::new(&[("factors", factors), ("unobserved", unobserved), ("regularization", regularization)])
    }

    fn grid(&self, _situation: Situation<'_>) -> Vec<Setting> {
        let factors: &[f64] = &[16.0, 48.0];
        Setting::grid(&[("factors", factors), ("unobserved", &[0.3, 0.5]), ("regularization", &[0.003, 0.01])])
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Positives { items: corpus.item_count(), fold }))
    }
}

impl Fitted for Positives<'_> {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let users: Vec<Vec<u32>> = self.fold.training.iter().map(|s| s.iter().map(|e| e.item).collect()).collect();
        let rank = setting.get("factors") as usize;
        let factors =
            Factors::learn(&users, self.items, rank, setting.get("unobserved"), setting.get("regularization"))?;
        Ok(Box::new(factors))
    }
}

impl System for Factors {
    fn scorer(&self) -> crate::evaluation::system::Scorer<'_> {
        Box::new(|known: &Known, scores: &mut [f32]| {
            let rows: Vec<u32> = known.history.iter().map(|event| event.item).collect();
            let count = scores.len();
            let user = solve(&self.gram, &self.items, &rows, self.rank, self.regularization, self.unobserved, count)?;
            for (score, item) in scores.iter_mut().zip(self.items.chunks_exact(self.rank)) {
                *score = item.iter().zip(&user).map(|(x, y)| x * y).sum::<f64>() as f32;
            }
            Ok(())
        })
    }
}

impl Factors {
    fn learn(users: &[Vec<u32>], items: usize, rank: usize, unobserved: f64, regularization: f64) -> Result<Self> {
        let mut users_of = vec![Vec::new(); items];
        for (user, rows) in (0..).zip(users) {
            for row in rows {
                users_of[*row as usize].push(user);
            }
        }
        let mut random = Pcg64Mcg::seed_from_u64(SEED);
        let scale = 0.1 / (rank as f64).sqrt();
        let mut item_factors: Vec<f64> = (0..items * rank).map(|_| scale * normal(&mut random)).collect();
        for _ in 0..ROUNDS {
            let user_factors = half_round(&item_factors, users, rank, unobserved, regularization)?;
            item_factors = half_round(&user_factors, &users_of, rank, unobserved, regularization)?;
        }
        let gram = gram(&item_factors, rank, unobserved);
        Ok(Self { rank, items: item_factors, gram, unobserved, regularization })
    }
}

/// Solves for all vectors of one side, given those of the other and who has what.
fn half_round(fixed: &[f64], has: &[Vec<u32>], rank: usize, unobserved: f64, regularization: f64) -> Result<Vec<f64>> {
    let gram = gram(fixed, rank, unobserved);
    let others = fixed.len() / rank;
    let solved: Result<Vec<Vec<f64>>> =
        has.par_iter().map(|rows| solve(&gram, fixed, rows, rank, regularization, unobserved, others)).collect();
    Ok(solved?.concat())
}

/// `(sum of y y' over the rows + unobserved Y'Y + regularization (rows + unobserved others) I)^-1 (sum of y)`; zeros without rows.
fn solve(
    gram: &[f64],
    fixed: &[f64],
    rows: &[u32],
    rank: usize,
    regularization: f64,
    unobserved: f64,
    others: usize,
) -> Result<Vec<f64>> {
    if rows.is_empty() {
        return Ok(vec![0.0; rank]);
    }
    let mut matrix = gram.to_vec();
    let mut sum = vec![0.0; rank];
    for row in rows {
        let y = &fixed[*row as usize * rank..(*row as usize + 1) * rank];
        add_outer(&mut matrix, y, 1.0);
        for (sum, y) in sum.iter_mut().zip(y) {
            *sum += y;
        }
    }
    let ridge = regularization * (rows.len() as f64 + unobserved * others as f64);
    let matrix = Mat::from_fn(rank, rank, |i, j| matrix[i * rank + j] + if i == j { ridge } else { 0.0 });
    let factor = matrix.llt(Side::Lower).map_err(|e| {
        Error::invalid("training interactions", format!("{e:?}"), "least squares with a positive definite matrix")
    })?;
    let solution = factor.solve(Mat::from_fn(rank, 1, |i, _| sum[i]));
    Ok((0..rank).map(|i| solution[(i, 0)]).collect())
}

/// Adds `weight * y y'` to the lower half.
fn add_outer(matrix: &mut [f64], y: &[f64], weight: f64) {
    for (i, (row, x)) in matrix.chunks_exact_mut(y.len()).zip(y).enumerate() {
        for (entry, z) in row[..=i].iter_mut().zip(y) {
            *entry += weight * x * z;
        }
    }
}

fn gram(factors: &[f64], rank: usize, weight: f64) -> Vec<f64> {
    let mut gram = vec![0.0; rank * rank];
    for y in factors.chunks_exact(rank) {
        add_outer(&mut gram, y, weight);
    }
    gram
}

/// A normal deviate (Box and Muller 1958).
fn normal(random: &mut Pcg64Mcg) -> f64 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
