//! The mean of two models' weights: between a student and what a finish made of it, much of the finish' gain is kept and most of what it forgot comes back
//! (Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022).

use std::collections::BTreeMap;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::weights::{corrupt, floats};
use crate::error::Result;

/// The mean of the f32 tensors of two safetensors files, which have the same names and shapes.
///
/// # Errors
/// [`crate::Error::Corrupt`] naming a tensor that is not f32, not finite, or not the same in both.
pub fn average_weights(first: &[u8], second: &[u8]) -> Result<Vec<u8>> {
    let parse = |bytes| SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()));
    let (first, second) = (parse(first)?, parse(second)?);
    let mut means = BTreeMap::new();
    for (name, tensor) in first.iter() {
        let other = second.tensor(name).map_err(|_| corrupt(format!("the second one has no tensor {name}")))?;
        if tensor.shape() != other.shape() {
            let (found, expected) = (other.shape(), tensor.shape());
            return Err(corrupt(format!("{name} has shape {found:?} in the second one, expected {expected:?}")));
        }
        let pairs = floats(name, &tensor)?.into_iter().zip(floats(name, &other)?);
        let mean: Vec<u8> = pairs.flat_map(|(a, b)| (0.5 * a + 0.5 * b).to_le_bytes()).collect();
        means.insert(name, (tensor.shape().to_vec(), mean));
    }
    let views = means.iter().map(|(name, (shape, mean))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), mean).map_err(|e| corrupt(e.to_string()))?;
        Ok((*name, view))
    });
    safetensors::serialize(views.collect::<Result<Vec<_>>>()?, None).map_err(|e| corrupt(e.to_string()))
}
