//! A last correction of a quantized student: scale and shift of its last norm, fitted to the teacher's vectors.
//!
//! A text's vector before it is scaled to length 1 is a mean of normalized tokens, hence `gamma * n + beta` in each dimension, and any other scale and
//! shift of that dimension is another `gamma` and `beta`: the fit costs the model nothing. It sees the weights as they are stored, so it also takes back what
//! their rounding has shifted.

use std::collections::BTreeMap;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use super::pack::{ModelSource, pack_model};
use super::weights::{corrupt, floats};
use super::{Encoder, EncoderConfig, QuantizationPlan};
use crate::embedding::{dot, normalize};
use crate::error::{Error, Result};

/// One text of so many is kept out of the fit, to measure it.
const HELD_OUT: usize = 8;

/// Of the fit's texts; a dimension that varies less than this part of the median does not tell its scale.
const LEAST_VARIANCE: f64 = 1e-4;

/// What a calibration did.
#[derive(Debug, Clone)]
pub struct Calibration {
    /// The model, f32, with its new norm.
    pub source: ModelSource,
    /// Mean cosine to the teacher before, on the texts that were kept out of the fit.
    pub before: f64,
    /// The same after.
    pub after: f64,
}

/// Fits the last norm of a model that will be stored as `plan` says: `teacher` holds a unit vector, as long as the model's, for each of `texts`.
/// The same arguments give the same bytes.
///
/// # Errors
/// [`Error::InvalidInput`] for fewer than two texts a dimension or vectors that do not fit, [`Error::Incompatible`] for a model that does not pool by the
/// mean; else as [`pack_model`].
pub async fn calibrate(
    source: ModelSource,
    plan: &QuantizationPlan,
    texts: &[String],
    teacher: &[f32],
) -> Result<Calibration> {
    let config = EncoderConfig::parse(&source.config)?;
    let dimensions = config.hidden_size;
    if texts.len() < 2 * dimensions {
        return Err(Error::invalid("texts to calibrate on", texts.len(), format!("at least {}", 2 * dimensions)));
    }
    if teacher.len() != texts.len() * dimensions || teacher.iter().any(|x| !x.is_finite()) {
        let expected = format!("{} x {dimensions} finite values", texts.len());
        return Err(Error::invalid("the teacher's vectors", format!("{} values", teacher.len()), expected));
    }
    let pooled = Encoder::load(pack_model(source.clone(), plan.clone()).await?)?.pooled(texts)?;
    let pairs = || pooled.chunks_exact(dimensions).zip(teacher.chunks_exact(dimensions));
    let fit = Fit::new(dimensions, pairs().enumerate().filter(|(text, _)| text % HELD_OUT != 0).map(|(_, pair)| pair));
    let cosine = |fit: &Fit| mean_cosine(pairs().step_by(HELD_OUT), fit);
    Ok(Calibration {
        before: cosine(&Fit::none(dimensions)),
        after: cosine(&fit),
        source: ModelSource { weights: with_norm(&source.weights, config.num_hidden_layers - 1, &fit)?, ..source },
    })
}

/// `x -> scale * x + shift` in each dimension.
struct Fit {
    scale: Vec<f64>,
    shift: Vec<f64>,
}

impl Fit {
    fn none(dimensions: usize) -> Self {
        Self { scale: vec![1.0; dimensions], shift: vec![0.0; dimensions] }
    }

    /// Least squares from vectors to the teacher's unit vectors, which are given the length of what they are compared with.
    fn new<'a>(dimensions: usize, pairs: impl Iterator<Item = (&'a [f32], &'a [f32])>) -> Self {
        // Sums of x, y, x x and x y.
        let (mut sums, mut count) = (vec![[0.0_f64; 4]; dimensions], 0.0);
        for (pooled, teacher) in pairs {
            let length = f64::from(libm::sqrtf(dot(pooled, pooled)));
            count += 1.0;
            for (sums, (x, y)) in sums.iter_mut().zip(pooled.iter().zip(teacher)) {
                let (x, y) = (f64::from(*x), f64::from(*y) * length);
                for (sum, term) in sums.iter_mut().zip([x, y, x * x, x * y]) {
                    *sum += term;
                }
            }
        }
        let moments = sums.iter().map(|sums| sums.map(|sum| sum / count));
        let moments: Vec<[f64; 4]> = moments.map(|[x, y, xx, xy]| [x, y, xx - x * x, xy - x * y]).collect();
        let mut variances: Vec<f64> = moments.iter().map(|m| m[2]).collect();
        variances.sort_by(f64::total_cmp);
        let least = LEAST_VARIANCE * variances[dimensions / 2];
        let line = |[x, y, variance, covariance]: &[f64; 4]| {
            let scale = if *variance > least { covariance / variance } else { 1.0 };
            (scale, y - scale * x)
        };
        let (scale, shift) = moments.iter().map(line).unzip();
        Self { scale, shift }
    }

    /// The vector moved by the fit, scaled to length 1.
    #[expect(clippy::cast_possible_truncation, reason = "a vector of f32")]
    fn unit(&self, vector: &[f32]) -> Vec<f32> {
        let moved = vector.iter().zip(self.scale.iter().zip(&self.shift));
        let mut moved: Vec<f32> = moved.map(|(x, (scale, shift))| (scale * f64::from(*x) + shift) as f32).collect();
        normalize(&mut moved);
        moved
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count of texts")]
fn mean_cosine<'a>(pairs: impl Iterator<Item = (&'a [f32], &'a [f32])>, fit: &Fit) -> f64 {
    let cosines: Vec<f64> = pairs.map(|(pooled, teacher)| f64::from(dot(&fit.unit(pooled), teacher))).collect();
    cosines.iter().sum::<f64>() / cosines.len() as f64
}

/// The file with the fit in the last layer's norm.
#[expect(clippy::cast_possible_truncation, reason = "stored as f32")]
fn with_norm(weights: &[u8], layer: usize, fit: &Fit) -> Result<Vec<u8>> {
    let file = SafeTensors::deserialize(weights).map_err(|e| corrupt(e.to_string()))?;
    let mut moved = BTreeMap::new();
    for (end, shift) in [("weight", None), ("bias", Some(&fit.shift))] {
        let end = format!("encoder.layer.{layer}.output.LayerNorm.{end}");
        let (name, tensor) = file
            .iter()
            .find(|(name, _)| name.strip_prefix("bert.").unwrap_or(name) == end)
            .ok_or_else(|| corrupt(format!("it has no tensor {end}")))?;
        let values = floats(name, &tensor)?;
        let value = |(d, x): (usize, &f32)| (fit.scale[d] * f64::from(*x) + shift.map_or(0.0, |s| s[d])) as f32;
        let bytes: Vec<u8> = values.iter().enumerate().map(value).flat_map(f32::to_le_bytes).collect();
        moved.insert(name, bytes);
    }
    let tensors = file.iter().map(|(name, tensor)| {
        let data = moved.get(name).map_or(tensor.data(), Vec::as_slice);
        let tensor = TensorView::new(tensor.dtype(), tensor.shape().to_vec(), data);
        Ok((name, tensor.map_err(|e| corrupt(e.to_string()))?))
    });
    safetensors::serialize(tensors.collect::<Result<BTreeMap<_, _>>>()?, None).map_err(|e| corrupt(e.to_string()))
}
