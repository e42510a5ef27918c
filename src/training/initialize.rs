//! The student before training: some of the teacher's layers, and its embedding table factorized.

use faer::{Mat, Side};

use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::error::{Error, Result};

const TOKENS: &str = "embeddings.word_embeddings.weight";
const POSITIONS: &str = "embeddings.position_embeddings.weight";

/// Added to how often a token occurs, so that tokens which do not occur keep a say in the factorization.
const UNSEEN_COUNT: f64 = 10.0;

/// Standard deviation of the values of a factorized table; the projection carries the rest.
const TABLE_DEVIATION: f64 = 0.5;

/// What a student takes from its teacher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudentPlan {
    /// The teacher's layers, from 0; each once or more, in the student's order.
    pub layers: Vec<usize>,
    /// Width of the embedding table: 1 to the teacher's hidden size, which means no factorization.
    pub embedding_size: usize,
    /// Positions that the student keeps; its texts are cut there.
    pub max_tokens: usize,
}

/// Makes a student from its teacher. `counts` says how often each token occurs in the corpus; frequent tokens are kept more exactly.
///
/// # Errors
/// [`Error::InvalidInput`] if the plan asks for what the teacher does not have.
pub fn from_teacher(
    shape: &StudentShape,
    teacher: &Tensors,
    plan: &StudentPlan,
    counts: &[u64],
) -> Result<(StudentShape, Tensors)> {
    if let Some(layer) = plan.layers.iter().find(|layer| **layer >= shape.layers) {
        return Err(Error::invalid("a layer of the teacher", layer, format!("0 to {}", shape.layers - 1)));
    }
    if plan.layers.is_empty() {
        return Err(Error::invalid("layers", "none", "at least one of the teacher's"));
    }
    if shape.is_factorized() || !(1..=shape.hidden).contains(&plan.embedding_size) {
        let found = format!("{} from a table {} wide", plan.embedding_size, shape.embedding_size);
        return Err(Error::invalid("embedding size", found, format!("1 to {} from a whole table", shape.hidden)));
    }
    let student = StudentShape {
        layers: plan.layers.len(),
        embedding_size: plan.embedding_size,
        positions: plan.max_tokens.min(shape.positions),
        ..shape.clone()
    };
    let mut tensors = Tensors::default();
    for (name, tensor) in teacher.iter().filter(|(name, _)| name.starts_with("embeddings.")) {
        tensors.insert(name, &tensor.shape, tensor.values.clone());
    }
    for (index, layer) in plan.layers.iter().enumerate() {
        let prefix = format!("encoder.layer.{layer}.");
        for (name, tensor) in teacher.iter() {
            if let Some(name) = name.strip_prefix(&prefix) {
                tensors.insert(format!("encoder.layer.{index}.{name}"), &tensor.shape, tensor.values.clone());
            }
        }
    }
    if student.is_factorized() {
        factorize_table(&student, teacher, counts, &mut tensors)?;
    }
    Ok((student, tensors))
}

fn factorize_table(shape: &StudentShape, teacher: &Tensors, counts: &[u64], tensors: &mut Tensors) -> Result<()> {
    let table = teacher.get(TOKENS, &[shape.vocabulary, shape.hidden])?;
    #[expect(clippy::cast_precision_loss, reason = "a corpus has far fewer than 2^53 tokens")]
    let weights: Vec<f64> =
        (0..shape.vocabulary).map(|id| (counts.get(id).copied().unwrap_or(0) as f64 + UNSEEN_COUNT).sqrt()).collect();
    let Factorization { mean, table, projection } = factorize(table, shape.hidden, shape.embedding_size, &weights)?;
    tensors.insert(TOKENS, &[shape.vocabulary, shape.embedding_size], table);
    tensors.insert("embeddings.projection.weight", &[shape.hidden, shape.embedding_size], projection);
    // Every token has exactly one position: there is where the mean goes that the factors leave out.
    let positions = teacher.find(POSITIONS)?;
    let moved = positions.values.chunks_exact(shape.hidden).flat_map(|row| row.iter().zip(&mean).map(|(x, m)| x + m));
    tensors.insert(POSITIONS, &positions.shape, moved.collect());
    Ok(())
}

/// `table ~ mean + factors.table * factors.projection^T`.
#[derive(Debug, Clone, PartialEq)]
pub struct Factorization {
    /// The weighted mean row, `[width]`.
    pub mean: Vec<f32>,
    /// `[rows, rank]`.
    pub table: Vec<f32>,
    /// `[width, rank]`.
    pub projection: Vec<f32>,
}

/// The best approximation of `table` `[rows, width]` by a product of rank `rank`, in the sense of squared errors weighted by
/// `weights` `[rows]` (the singular value decomposition, by way of the eigenvectors of the weighted covariance).
///
/// # Errors
/// [`Error::InvalidInput`] if a value is not finite.
#[expect(clippy::cast_possible_truncation, reason = "tables are stored in f32")]
pub fn factorize(table: &[f32], width: usize, rank: usize, weights: &[f64]) -> Result<Factorization> {
    let rows = table.len() / width;
    let total: f64 = weights.iter().sum();
    let mut mean = vec![0.0; width];
    for (row, weight) in table.chunks_exact(width).zip(weights) {
        for (mean, x) in mean.iter_mut().zip(row) {
            *mean += weight / total * f64::from(*x);
        }
    }
    let centered = Mat::from_fn(rows, width, |i, j| f64::from(table[i * width + j]) - mean[j]);
    let weighted = Mat::from_fn(rows, width, |i, j| weights[i] * centered[(i, j)]);
    let eigen = (weighted.transpose() * &centered)
        .self_adjoint_eigen(Side::Lower)
        .map_err(|e| Error::invalid("embedding table", format!("{e:?}"), "finite values"))?;
    // Eigenvalues come in ascending order.
    let basis = Mat::from_fn(width, rank, |i, axis| eigen.U()[(i, width - 1 - axis)]);
    let coordinates = &centered * &basis;
    let values = || (0..rows).flat_map(|i| (0..rank).map(move |j| (i, j)));
    #[expect(clippy::cast_precision_loss, reason = "a table has far fewer than 2^53 values")]
    let count = (rows * rank) as f64;
    let center = values().map(|at| coordinates[at]).sum::<f64>() / count;
    let variance = values().map(|at| (coordinates[at] - center).powi(2)).sum::<f64>() / count;
    let scale = TABLE_DEVIATION / variance.sqrt().max(f64::MIN_POSITIVE);
    Ok(Factorization {
        mean: mean.iter().map(|x| *x as f32).collect(),
        table: values().map(|at| (coordinates[at] * scale) as f32).collect(),
        projection: (0..width)
            .flat_map(|i| (0..rank).map(move |j| (i, j)))
            .map(|at| (basis[at] / scale) as f32)
            .collect(),
    })
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;

    const WIDTH: usize = 6;

    fn table() -> Vec<f32> {
        (0..20 * WIDTH).map(|i| ((i * i * 31 + i * 7) % 97) as f32 / 97.0 - 0.3).collect()
    }

    fn error(factors: &Factorization, rank: usize, weights: &[f64]) -> f64 {
        let mut error = 0.0;
        for ((row, coordinates), weight) in table().chunks(WIDTH).zip(factors.table.chunks(rank)).zip(weights) {
            for ((x, m), p) in row.iter().zip(&factors.mean).zip(factors.projection.chunks(rank)) {
                let product: f32 = coordinates.iter().zip(p).map(|(c, p)| c * p).sum();
                error += weight * f64::from(x - m - product).powi(2);
            }
        }
        error
    }

    #[test]
    fn full_rank_reproduces_the_table() {
        let weights = vec![1.0; 20];
        assert!(error(&factorize(&table(), WIDTH, WIDTH, &weights).unwrap(), WIDTH, &weights) < 1e-9);
    }

    #[test]
    fn each_rank_more_comes_closer() {
        let weights: Vec<f64> = (0..20).map(|i| f64::from(i % 5 + 1)).collect();
        let errors: Vec<f64> = (1..=WIDTH)
            .map(|rank| error(&factorize(&table(), WIDTH, rank, &weights).unwrap(), rank, &weights))
            .collect();
        assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{errors:?}");
    }

    #[test]
    fn what_occurs_often_is_kept_more_exactly() {
        let (even, mut skewed) = (vec![1.0; 20], vec![1.0; 20]);
        skewed[3] = 1000.0;
        let only_row_3: Vec<f64> = (0..20).map(|row| f64::from(u8::from(row == 3))).collect();
        let error_of = |weights: &[f64]| error(&factorize(&table(), WIDTH, 2, weights).unwrap(), 2, &only_row_3);
        assert!(error_of(&skewed) < 0.1 * error_of(&even));
    }
}
