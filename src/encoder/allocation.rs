//! How finely each int8 matrix of a model is stored, where its values are coded.
//!
//! Values in even steps, coded by how often each occurs ([`entropy`](crate::quantization::entropy)), are within a quarter of a bit of the best that any
//! quantization of a Gaussian can do (Gish and Pierce, IEEE Trans. Inf. Theory 1968). So a matrix needs no narrower type to take fewer bytes, only wider
//! steps, and any number of bits can be had.
//!
//! A step `s` costs a loss of about `c s^2` and saves bits at the same rate in every matrix, one for each doubling of it. The best steps for a number of bits
//! are therefore those with which all matrices lose as much a parameter (reverse water-filling). They are looked for in rounds that each measure what is
//! lost at the last one's steps, since rounding with feedback makes more of fine steps than of coarse ones.

use std::collections::BTreeMap;
use std::rc::Rc;

use safetensors::SafeTensors;

use super::moments::InputMoments;
use super::sensitivity::loss_alone;
use super::weights::{corrupt, floats};
use super::{ModelSource, QuantizationPlan, pack_model};
use crate::error::{Error, Result};
use crate::quantization::{WeightDtype, entropy, quantize_row_in_steps};

/// Steps at which a matrix' loss is measured first, in root mean squares of its values: about four bits a value.
const FIRST_STEP: f64 = 0.25;

/// How often losses are measured.
const ROUNDS: usize = 3;

/// How far steps go from round to round: `s = s0 (w n / loss)^this` for `n` parameters that lost `loss` at `s0`. A half would be right at once where a
/// loss is as the square of the step, and go to and fro where it is as the fourth power; this comes near in both cases.
const PULL: f64 = 0.35;

/// Halvings of the interval in which `w` is looked for.
const HALVINGS: usize = 40;

/// The steps of one matrix.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MatrixSteps {
    /// The tensor's name.
    pub matrix: String,
    /// Numbers in it.
    pub parameters: usize,
    /// 1 - cosine to the f32 model's vectors, if it alone is stored like this.
    pub loss: f64,
    /// How wide its steps are at least.
    pub step: f32,
    /// Entropy of its int8 values, in bits each.
    pub bits: f64,
}

/// A matrix, before its steps are known.
struct Matrix {
    name: String,
    columns: usize,
    values: Vec<f32>,
    /// The steps of the last round.
    tried_step: f64,
    /// What it loses with them.
    loss: f64,
}

#[expect(clippy::cast_precision_loss, reason = "counts of parameters")]
impl Matrix {
    fn step(&self, level: f64) -> f64 {
        self.tried_step * (level * self.values.len() as f64 / self.loss).powf(PULL)
    }

    /// Entropy in bits a value, if values are rounded to the nearest.
    #[expect(clippy::cast_possible_truncation, reason = "steps are f32")]
    fn entropy(&self, step: f64) -> f64 {
        let mut counts = [0_u32; entropy::VALUES];
        let mut row_values = vec![0; self.columns];
        for row in self.values.chunks_exact(self.columns) {
            quantize_row_in_steps(row, step as f32, &mut row_values);
            for value in &row_values {
                counts[usize::from(value.cast_unsigned())] += 1;
            }
        }
        let all = self.values.len() as f64;
        counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / all).map(|p| -p * p.log2()).sum()
    }
}

/// Finds steps with which the int8 matrices of a model take `bits` bits a parameter on average once they are coded, and together lose least; `texts`
/// tell what each loses. With `moments` the matrices are rounded for them. `on_matrix` is told how many of how many are measured.
///
/// # Errors
/// [`Error::InvalidInput`] for `bits` outside of 1 to 8; else as [`pack_model`] and [`super::Encoder::encode`].
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of parameters; steps are f32")]
pub async fn allocate(
    source: &ModelSource,
    moments: Option<&Rc<InputMoments>>,
    texts: &[String],
    bits: f64,
    mut on_matrix: impl FnMut(usize, usize),
) -> Result<Vec<MatrixSteps>> {
    if !(1.0..=8.0).contains(&bits) {
        return Err(Error::invalid("bits a parameter", bits, "1 to 8"));
    }
    let file = SafeTensors::deserialize(&source.weights).map_err(|e| corrupt(e.to_string()))?;
    let mut matrices = Vec::new();
    for (name, tensor) in file.iter().filter(|(name, _)| QuantizationPlan::from(WeightDtype::Int8).is_int8(name)) {
        if let &[_, columns] = tensor.shape() {
            let values = floats(name, &tensor)?;
            let mean_square = values.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / values.len().max(1) as f64;
            let tried_step = FIRST_STEP * mean_square.sqrt();
            matrices.push(Matrix { name: name.to_owned(), columns, values, tried_step, loss: 0.0 });
        }
    }
    let expected = super::sensitivity::encode(&pack_model(source.clone(), WeightDtype::F32).await?, texts).await?;
    let parameters: usize = matrices.iter().map(|matrix| matrix.values.len()).sum();
    let all = ROUNDS * matrices.len();
    let mut done = 0;
    for _ in 0..ROUNDS {
        for matrix in &mut matrices {
            on_matrix(done, all);
            done += 1;
            let plan = QuantizationPlan {
                exceptions: vec![(matrix.name.clone(), WeightDtype::Int8)],
                moments: moments.cloned(),
                steps: BTreeMap::from([(matrix.name.clone(), matrix.tried_step as f32)]),
                ..WeightDtype::F32.into()
            };
            // Not nothing, lest a matrix that no text needs has endless steps.
            matrix.loss = loss_alone(source, plan, texts, &expected).await?.max(1e-9);
        }
        let mean_bits = |level: f64| {
            let bits = matrices.iter().map(|matrix| matrix.entropy(matrix.step(level)) * matrix.values.len() as f64);
            bits.sum::<f64>() / parameters as f64
        };
        // A level is a loss a parameter.
        let (mut low, mut high) = (1e-20_f64, 1.0_f64);
        for _ in 0..HALVINGS {
            let middle = (low * high).sqrt();
            if mean_bits(middle) > bits { low = middle } else { high = middle }
        }
        for matrix in &mut matrices {
            let step = matrix.step(high);
            matrix.loss *= (step / matrix.tried_step).powi(2);
            matrix.tried_step = step;
        }
    }
    on_matrix(all, all);
    let mut found: Vec<MatrixSteps> = matrices
        .iter()
        .map(|matrix| MatrixSteps {
            matrix: matrix.name.clone(),
            parameters: matrix.values.len(),
            loss: matrix.loss,
            step: matrix.tried_step as f32,
            bits: matrix.entropy(matrix.tried_step),
        })
        .collect();
    found.sort_by(|a, b| b.bits.total_cmp(&a.bits).then_with(|| a.matrix.cmp(&b.matrix)));
    Ok(found)
}
