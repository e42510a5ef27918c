//! Tensors by name, outside any device: what initialization, import and export exchange.

use std::borrow::Cow;
use std::collections::BTreeMap;

use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, View};

use crate::error::{Error, Result};

/// A tensor in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// Length of every axis.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// The tensors of a model, by their names in Hugging Face's BERT and in the order of the names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tensors(BTreeMap<String, HostTensor>);

impl Tensors {
    /// Reads a safetensors file: every tensor of type F32 or F16, without the prefix `bert.`. Others, such as lists of position
    /// ids, are left out.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the bytes are no safetensors file.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
        let floats = file.iter().filter_map(|(name, tensor)| {
            let tensor = HostTensor { shape: tensor.shape().to_vec(), values: floats(&tensor)? };
            Some((name.strip_prefix("bert.").unwrap_or(name).to_owned(), tensor))
        });
        Ok(Self(floats.collect()))
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, shape: &[usize], values: Vec<f32>) {
        debug_assert_eq!(shape.iter().product::<usize>(), values.len());
        self.0.insert(name.into(), HostTensor { shape: shape.to_vec(), values });
    }

    /// A tensor's values, row-major.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is missing, of another shape, or not finite.
    pub fn get(&self, name: &str, shape: &[usize]) -> Result<&[f32]> {
        let tensor = self.find(name)?;
        if tensor.shape != shape {
            return Err(corrupt(format!("{name} has shape {:?}, expected {shape:?}", tensor.shape)));
        }
        if tensor.values.iter().any(|x| !x.is_finite()) {
            return Err(corrupt(format!("{name} has a value that is not finite")));
        }
        Ok(&tensor.values)
    }

    /// A tensor of any shape.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is missing.
    pub fn find(&self, name: &str) -> Result<&HostTensor> {
        self.0.get(name).ok_or_else(|| corrupt(format!("it has no tensor {name}")))
    }

    /// Names and tensors, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &HostTensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Writes a safetensors file of type F32. The same tensors give the same bytes.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the format cannot hold them.
    pub fn to_safetensors(&self) -> Result<Vec<u8>> {
        safetensors::serialize(&self.0, None).map_err(|e| corrupt(e.to_string()))
    }
}

impl View for &HostTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.values.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    fn data_len(&self) -> usize {
        self.values.len() * 4
    }
}

fn floats(tensor: &TensorView<'_>) -> Option<Vec<f32>> {
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Some(data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()),
        Dtype::F16 => Some(data.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect()),
        _ => None,
    }
}

fn corrupt(reason: impl Into<String>) -> Error {
    Error::corrupt("safetensors file", reason)
}
