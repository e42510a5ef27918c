//! The loss of a batch and its gradient, written by hand.
//!
//! Each row is seen as a catalog's profile sees it: `u = e + up (down e)`, scaled to length 1, the catalog's mean taken away, scaled to length 1
//! again. A history is the sum of its rows, each 0.8 of the one after it, at length 1. Its dot products with the targets of the whole batch go
//! through a softmax that should point at its own (in-batch softmax cross-entropy). The mean counts as a constant.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, get_global_parallelism};

use super::pairs::{Pair, Sequences};
use crate::embedding::{dot, normalize};

/// An item of a history counts this much of the one after it, as in a profile.
const DECAY: f32 = 0.8;
/// Vectors shorter than this have no direction, and no gradient.
const SHORTEST: f32 = 1e-6;

/// The factors of an adapter in one list of parameters: `down` `[rank, dimensions]`, then `up` `[dimensions, rank]`.
pub(super) struct Factors<'a> {
    pub parameters: &'a [f32],
    pub rank: usize,
    pub dimensions: usize,
}

/// What stays the same from batch to batch.
pub(super) struct Objective<'a> {
    pub sequences: Sequences<'a>,
    /// The encoder's vectors of all items, row-major.
    pub rows: &'a [f32],
    pub temperature: f32,
    /// How much of a target's popularity is taken as given (logQ): at 0 what is rare in a batch need not be told from what is rare anywhere, so
    /// that vectors stay free of popularity; at 1 they have to tell it.
    pub popularity: f32,
}

impl<'a> Factors<'a> {
    fn down(&self) -> MatRef<'a, f32> {
        MatRef::from_row_major_slice(&self.parameters[..self.parameters.len() / 2], self.rank, self.dimensions)
    }

    fn up(&self) -> MatRef<'a, f32> {
        MatRef::from_row_major_slice(&self.parameters[self.parameters.len() / 2..], self.dimensions, self.rank)
    }

    /// Rows after the change, not scaled, and what `down` makes of them.
    fn change(&self, rows: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let count = rows.len() / self.dimensions;
        let inner = product(matrix(rows, count), self.down().transpose());
        let mut changed = rows.to_vec();
        add_product(&mut changed, matrix(&inner, count), self.up().transpose());
        (changed, inner)
    }

    /// The mean of all rows after the change.
    pub fn center(&self, rows: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0_f64; self.dimensions];
        for rows in rows.chunks(1024 * self.dimensions) {
            let (mut changed, _) = self.change(rows);
            for row in changed.chunks_exact_mut(self.dimensions) {
                normalize(row);
                for (sum, x) in sum.iter_mut().zip(row) {
                    *sum += f64::from(*x);
                }
            }
        }
        let count = (rows.len() / self.dimensions).max(1) as f64;
        sum.iter().map(|x| (x / count) as f32).collect()
    }
}

impl Objective<'_> {
    /// The mean loss of a batch, and its gradient in the order of the parameters.
    pub fn gradient(&self, factors: &Factors<'_>, center: &[f32], batch: &[Pair]) -> (f32, Vec<f32>) {
        let size = factors.dimensions;
        let mut used: Vec<u32> = (batch.iter())
            .flat_map(|pair| self.sequences.history(*pair).chain([self.sequences.target(*pair)]))
            .collect();
        used.sort_unstable();
        used.dedup();
        let place = |row: u32| used.partition_point(|other| *other < row);
        let rows: Vec<f32> =
            used.iter().flat_map(|row| &self.rows[*row as usize * size..(*row as usize + 1) * size]).copied().collect();
        let (changed, inner) = factors.change(&rows);
        let seen = Seen::new(changed, center);

        // Histories, and the lengths that they had.
        let mut histories = vec![0.0; batch.len() * size];
        let mut lengths = Vec::with_capacity(batch.len());
        for (pair, sum) in batch.iter().zip(histories.chunks_exact_mut(size)) {
            for (row, weight) in self.weighed(*pair) {
                add(sum, weight, seen.row(place(row)));
            }
            lengths.push(normalize(sum));
        }
        let targets: Vec<f32> =
            batch.iter().flat_map(|pair| seen.row(place(self.sequences.target(*pair)))).copied().collect();

        let count = batch.len();
        let mut errors = product(matrix(&histories, count), matrix(&targets, count).transpose());
        let loss = self.softmax_errors(batch, &mut errors);
        let errors = matrix(&errors, count);
        let mut of_histories = product(errors, matrix(&targets, count));
        let of_targets = product(errors.transpose(), matrix(&histories, count));

        let mut of_seen = vec![0.0; rows.len()];
        let at = |row: u32| place(row) * size..(place(row) + 1) * size;
        for (i, pair) in batch.iter().enumerate() {
            let own = i * size..(i + 1) * size;
            add(&mut of_seen[at(self.sequences.target(*pair))], 1.0, &of_targets[own.clone()]);
            let of_history = &mut of_histories[own.clone()];
            through_normalize(of_history, &histories[own], lengths[i]);
            for (row, weight) in self.weighed(*pair) {
                add(&mut of_seen[at(row)], weight, of_history);
            }
        }
        let of_changed = seen.through(of_seen);
        let of_changed = matrix(&of_changed, used.len());
        let of_inner = product(of_changed, factors.up());
        let mut gradient = product(matrix(&of_inner, used.len()).transpose(), matrix(&rows, used.len()));
        gradient.extend(product(of_changed.transpose(), matrix(&inner, used.len())));
        (loss, gradient)
    }

    fn weighed(&self, pair: Pair) -> impl Iterator<Item = (u32, f32)> {
        self.sequences.history(pair).scan(1.0, |fade, row| {
            let weight = *fade;
            *fade *= DECAY;
            Some((row, weight))
        })
    }

    /// Turns dot products into the gradient of the mean loss with respect to them; says what the loss is.
    fn softmax_errors(&self, batch: &[Pair], dots: &mut [f32]) -> f32 {
        let targets: Vec<u32> = batch.iter().map(|pair| self.sequences.target(*pair)).collect();
        let scale = 1.0 / (batch.len() as f32 * self.temperature);
        let mut loss = 0.0;
        for (i, (pair, dots)) in batch.iter().zip(dots.chunks_exact_mut(batch.len())).enumerate() {
            for (j, x) in dots.iter_mut().enumerate() {
                *x = if j != i && self.sequences.likes(pair.user, targets[j]) {
                    f32::NEG_INFINITY
                } else {
                    *x / self.temperature - self.popularity * self.sequences.log_share(targets[j])
                };
            }
            let greatest = dots.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let own = dots[i] - greatest;
            let mut sum = 0.0;
            for x in dots.iter_mut() {
                *x = (*x - greatest).exp();
                sum += *x;
            }
            loss += f64::from(sum.ln() - own);
            for (j, x) in dots.iter_mut().enumerate() {
                *x = (*x / sum - if j == i { 1.0 } else { 0.0 }) * scale;
            }
        }
        (loss / batch.len().max(1) as f64) as f32
    }
}

/// Rows as a profile sees them, with what the way there needs.
struct Seen {
    size: usize,
    /// Scaled to length 1, before the mean is taken away.
    units: Vec<f32>,
    lengths: Vec<f32>,
    /// Centered, at length 1.
    rows: Vec<f32>,
    centered_lengths: Vec<f32>,
}

impl Seen {
    fn new(mut changed: Vec<f32>, center: &[f32]) -> Self {
        let size = center.len();
        let lengths = changed.chunks_exact_mut(size).map(normalize).collect();
        let mut rows = changed.clone();
        let centered_lengths = (rows.chunks_exact_mut(size))
            .map(|row| {
                add(row, -1.0, center);
                normalize(row)
            })
            .collect();
        Self { size, units: changed, lengths, rows, centered_lengths }
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.rows[at * self.size..(at + 1) * self.size]
    }

    /// The gradient with respect to the rows before both scalings.
    fn through(&self, mut gradient: Vec<f32>) -> Vec<f32> {
        for (at, gradient) in gradient.chunks_exact_mut(self.size).enumerate() {
            through_normalize(gradient, self.row(at), self.centered_lengths[at]);
            through_normalize(gradient, &self.units[at * self.size..(at + 1) * self.size], self.lengths[at]);
        }
        gradient
    }
}

/// The gradient with respect to a vector, of that with respect to the unit vector that it became.
fn through_normalize(gradient: &mut [f32], unit: &[f32], length: f32) {
    if length < SHORTEST {
        return gradient.fill(0.0);
    }
    let along = dot(gradient, unit);
    for (g, u) in gradient.iter_mut().zip(unit) {
        *g = (*g - along * u) / length;
    }
}

fn add(sum: &mut [f32], weight: f32, vector: &[f32]) {
    for (sum, x) in sum.iter_mut().zip(vector) {
        *sum += weight * x;
    }
}

fn matrix(values: &[f32], rows: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(values, rows, values.len() / rows.max(1))
}

/// Row-major.
fn product(a: MatRef<'_, f32>, b: MatRef<'_, f32>) -> Vec<f32> {
    let mut out = vec![0.0; a.nrows() * b.ncols()];
    add_product(&mut out, a, b);
    out
}

fn add_product(out: &mut [f32], a: MatRef<'_, f32>, b: MatRef<'_, f32>) {
    let out = MatMut::from_row_major_slice_mut(out, a.nrows(), b.ncols());
    matmul(out, Accum::Add, a, b, 1.0, get_global_parallelism());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::Event;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    const DIMENSIONS: usize = 6;
    const RANK: usize = 2;

    fn factors(parameters: &[f32]) -> Factors<'_> {
        Factors { parameters, rank: RANK, dimensions: DIMENSIONS }
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let items = 12;
        let (dimensions, rank) = (DIMENSIONS, RANK);
        let mut random = Pcg64Mcg::seed_from_u64(1);
        let mut uniform = |count: usize| -> Vec<f32> { (0..count).map(|_| random.random_range(-1.0..1.0)).collect() };
        let mut rows = uniform(items * dimensions);
        rows.chunks_exact_mut(dimensions).for_each(|row| {
            normalize(row);
        });
        let parameters = uniform(2 * rank * dimensions);
        let training: Vec<Vec<Event>> = [[0, 1, 2, 3], [4, 0, 5, 1], [6, 7, 8, 9], [10, 11, 2, 6]]
            .map(|user| user.iter().map(|item| Event { item: *item, timestamp: 0 }).collect())
            .into();
        let objective = Objective {
            sequences: Sequences::new(&training, items, 2),
            rows: &rows,
            temperature: 0.3,
            popularity: 0.5,
        };
        let batch = objective.sequences.pairs();
        let center = factors(&parameters).center(&rows);
        let (loss, gradient) = objective.gradient(&factors(&parameters), &center, &batch);
        assert!(loss > 0.0);
        for at in 0..parameters.len() {
            let loss_at = |step: f32| {
                let mut moved = parameters.clone();
                moved[at] += step;
                f64::from(objective.gradient(&factors(&moved), &center, &batch).0)
            };
            let expected = (loss_at(1e-2) - loss_at(-1e-2)) / 2e-2;
            let found = f64::from(gradient[at]);
            assert!((found - expected).abs() < 2e-3 + 0.01 * expected.abs(), "{at}: {found}, expected {expected}");
        }
    }
}
