//! The loss of distillation: how far the student's vectors are from the teacher's, and from the teacher's view of who is near whom.
//!
//! Four parts: the angle to the teacher's vector; the squared error of likenesses, which pairs of any texts have (relational distillation: Park et al.,
//! CVPR 2019); the divergence between the teacher's and the student's distributions of
//! similarity within the batch, which near pairs decide (the asymmetric half, student
//! against the teacher's table, is the search of LEAF, arXiv 2509.12539); and, early in a run, the squared error of every token's vector.

use burn::prelude::*;
use burn::tensor::activation::{log_softmax, softmax};

use super::student::StudentOutput;

/// Similarities are divided by this before they become distributions: at 0.05, a difference of 0.05 in the cosine is a factor e.
pub const TEMPERATURE: f64 = 0.05;

/// Weight of `1 - cosine`.
const COSINE_WEIGHT: f64 = 4.0;

/// Weight of the squared error of likenesses. An error `d` of a vector errs them by `d^T C d`, where `C` is the second moment of the teacher's
/// vectors, whose larger eigenvalues are hundredths: so it is felt beside the cosine, along the directions in which texts differ most.
const LIKENESS_WEIGHT: f64 = 50.0;

/// At most so many of a batch's texts are the columns of its similarities; the rows are all of them.
const COLUMNS: usize = 1024;

/// Added to a text's similarity to itself, which says nothing.
const NOT_ITSELF: f64 = -1e4;

/// What the student is to come close to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The teacher's vectors, `[batch, hidden]`, rows of length 1.
    pub vectors: Tensor<2>,
    /// The teacher's vectors of the tokens, `[batch, seq, hidden]`, each text's divided by the length of its mean; `None` where the
    /// teacher's answers come from a cache.
    pub tokens: Option<Tensor<3>>,
}

/// The loss and its parts, each `[1]`.
#[derive(Debug, Clone)]
pub struct Loss {
    /// What is minimized: 4 (1 - cosine) + 50 likeness error + divergence + weight * token error.
    pub total: Tensor<1>,
    /// Mean cosine between student and teacher, -1 to 1.
    pub cosine: Tensor<1>,
    /// Mean divergence of the student's similarities from the teacher's, in nats; at least 0.
    pub divergence: Tensor<1>,
    /// Squared error of the tokens' vectors relative to the teacher's, 0 where there are none.
    pub token_error: Tensor<1>,
}

/// The loss of a batch. `mask` is `[batch, seq]`, 1 for tokens and 0 for padding; `token_weight` is at least 0, and at 0 the
/// tokens' vectors are not looked at.
#[must_use]
pub fn distillation_loss(student: &StudentOutput, target: &Target, mask: &Tensor<2>, token_weight: f64) -> Loss {
    let cosine = (student.vectors.clone() * target.vectors.clone()).sum_dim(1).mean();
    let divergence = similarity_divergence(&student.vectors, &target.vectors);
    let likeness_error = likeness_error(&student.vectors, &target.vectors);
    let mut total = (-cosine.clone() + 1.0) * COSINE_WEIGHT + likeness_error * LIKENESS_WEIGHT + divergence.clone();
    let mut error = Tensor::zeros([1], &mask.device());
    if let Some(tokens) = target.tokens.as_ref().filter(|_| token_weight > 0.0) {
        error = token_error(&student.tokens, tokens, mask);
        total = total + error.clone() * token_weight;
    }
    Loss { total, cosine, divergence, token_error: error }
}

/// Squared error of the cosines between the student's vectors from those between the teacher's, mean over all pairs of the batch. Both are
/// `[batch, hidden]` with rows of length 1.
#[must_use]
pub fn likeness_error(student: &Tensor<2>, teacher: &Tensor<2>) -> Tensor<1> {
    let likenesses = |rows: &Tensor<2>| rows.clone().matmul(rows.clone().transpose());
    let error = likenesses(student) - likenesses(teacher);
    (error.clone() * error).mean()
}

/// The divergence (Kullback and Leibler, 1951) of the student's distributions from the teacher's, mean over the texts and over two
/// tables: the teacher's vectors, as a student searches a catalog embedded by its teacher, and the student's own. Both are
/// `[batch, hidden]` with rows of length 1.
#[must_use]
pub fn similarity_divergence(student: &Tensor<2>, teacher: &Tensor<2>) -> Tensor<1> {
    let [batch, hidden] = student.dims();
    let columns = batch.min(COLUMNS);
    let first = |rows: &Tensor<2>| rows.clone().slice([0..columns, 0..hidden]);
    let itself = Tensor::<2>::eye(batch, &teacher.device()).slice([0..batch, 0..columns]) * NOT_ITSELF;
    let scores =
        |rows: &Tensor<2>, table: Tensor<2>| rows.clone().matmul(table.transpose()) / TEMPERATURE + itself.clone();
    let teacher_scores = scores(teacher, first(teacher));
    let expected = softmax(teacher_scores.clone(), 1);
    let cross_entropy =
        |table: Tensor<2>| (expected.clone() * log_softmax(scores(student, table), 1)).sum_dim(1).mean().neg();
    let entropy = (expected.clone() * log_softmax(teacher_scores, 1)).sum_dim(1).mean().neg();
    (cross_entropy(first(teacher)) + cross_entropy(first(student))) * 0.5 - entropy
}

/// Squared error of the tokens' vectors `[batch, seq, hidden]`, relative to the sum of the teacher's squares.
#[must_use]
pub fn token_error(student: &Tensor<3>, teacher: &Tensor<3>, mask: &Tensor<2>) -> Tensor<1> {
    let [batch, seq] = mask.dims();
    let mask = mask.clone().reshape([batch, seq, 1]);
    let error = student.clone() - teacher.clone();
    (error.clone() * error * mask.clone()).sum() / (teacher.clone() * teacher.clone() * mask).sum()
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use crate::training::student::unit;

    const ROWS: usize = 4;
    const WIDTH: usize = 3;
    const STUDENT: [f32; 12] = [0.9, 0.1, -0.3, 0.2, 0.8, 0.1, -0.5, 0.4, 0.6, 0.7, 0.6, 0.2];
    const TEACHER: [f32; 12] = [1.0, 0.2, -0.1, 0.1, 0.9, 0.3, -0.4, 0.3, 0.7, 0.8, 0.5, 0.3];

    fn rows(values: &[f64]) -> Vec<Vec<f64>> {
        values
            .chunks(WIDTH)
            .map(|row| row.iter().map(|x| x / row.iter().map(|y| y * y).sum::<f64>().sqrt()).collect())
            .collect()
    }

    fn log_distribution(row: &[f64], table: &[Vec<f64>], itself: usize) -> Vec<f64> {
        let scores = table.iter().enumerate().map(|(column, other)| {
            let dot: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            if column == itself { f64::NEG_INFINITY } else { dot / TEMPERATURE }
        });
        let scores: Vec<f64> = scores.collect();
        let sum: f64 = scores.iter().map(|s| s.exp()).sum();
        scores.iter().map(|s| s - sum.ln()).collect()
    }

    /// The loss without tokens, in f64 and by its definition.
    fn plain_loss(student: &[f64], teacher: &[f64]) -> f64 {
        let (student, teacher) = (rows(student), rows(teacher));
        let mut loss = 0.0;
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (i, (s, t)) in student.iter().zip(&teacher).enumerate() {
            let errors = (0..ROWS).map(|j| (dot(s, &student[j]) - dot(t, &teacher[j])).powi(2));
            loss += 50.0 * errors.sum::<f64>() / ROWS as f64;
            loss += 4.0 * (1.0 - s.iter().zip(t).map(|(a, b)| a * b).sum::<f64>());
            let expected = log_distribution(t, &teacher, i);
            for table in [&teacher, &student] {
                let found = log_distribution(s, table, i);
                let others = (0..ROWS).filter(|j| *j != i);
                loss += 0.5 * others.map(|j| expected[j].exp() * (expected[j] - found[j])).sum::<f64>();
            }
        }
        loss / ROWS as f64
    }

    fn tensor(values: &[f32], device: &Device) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), [ROWS, WIDTH]), device)
    }

    #[test]
    fn value_and_gradient_are_those_of_the_definition() {
        let device = Device::flex();
        let raw = tensor(&STUDENT, &device.clone().autodiff()).require_grad();
        let tokens = raw.clone().reshape([ROWS, 1, WIDTH]);
        let output = StudentOutput { vectors: unit(raw.clone()), pooled: raw.clone(), tokens };
        let target = Target { vectors: unit(tensor(&TEACHER, &device)), tokens: None };
        let loss = distillation_loss(&output, &target, &Tensor::ones([ROWS, 1], &device), 0.0);

        let f64s = |values: &[f32]| values.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (student, teacher) = (f64s(&STUDENT), f64s(&TEACHER));
        let expected = plain_loss(&student, &teacher);
        assert!((f64::from(loss.total.clone().into_scalar::<f32>()) - expected).abs() < 1e-4 * expected);

        let gradient: Vec<f32> = raw.grad(&loss.total.backward()).unwrap().into_data().try_into_vec().unwrap();
        for (i, found) in gradient.iter().enumerate() {
            let at = |delta: f64| {
                let mut moved = student.clone();
                moved[i] += delta;
                plain_loss(&moved, &teacher)
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!(
                (f64::from(*found) - slope).abs() < 1e-3 * slope.abs().max(1.0),
                "{i}: found {found}, expected {slope}"
            );
        }
    }

    #[test]
    fn a_student_that_equals_its_teacher_has_no_loss() {
        let vectors = unit(tensor(&TEACHER, &Device::flex()));
        let tokens = vectors.clone().reshape([ROWS, 1, WIDTH]);
        let output = StudentOutput { vectors: vectors.clone(), pooled: vectors.clone(), tokens: tokens.clone() };
        let target = Target { vectors, tokens: Some(tokens) };
        let loss = distillation_loss(&output, &target, &Tensor::ones([ROWS, 1], &Device::flex()), 1.0);
        assert!(loss.total.into_scalar::<f32>().abs() < 1e-5);
    }

    #[test]
    fn padding_has_no_part_in_the_token_error() {
        let device = Device::flex();
        let tokens = |padding: f32| {
            Tensor::<3>::from_data(TensorData::new(vec![1.0, 2.0, padding, padding], [1, 2, 2]), &device)
        };
        let mask = Tensor::<2>::from_data(TensorData::new(vec![1.0_f32, 0.0], [1, 2]), &device);
        let error = token_error(&tokens(9.0), &(tokens(0.0) * 2.0), &mask).into_scalar::<f32>();
        // (1 - 2)^2 + (2 - 4)^2 over 2^2 + 4^2.
        assert!((error - 0.25).abs() < 1e-6);
    }
}
