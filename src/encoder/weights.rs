//! Model weights: safetensors bytes in, matrices that stay where they are out; and their quantization to int8.
//!
//! A matrix `NAME` of a quantized file is stored as I8 `[rows, columns]` with an F32 vector `NAME.scale` of one scale a row,
//! that is one scale an output channel (and one a token for the embedding table). Vectors stay F32.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors, View};

use crate::embedding::Rows;
use crate::error::{Error, Result};
use crate::quantization::quantize_row;

const SCALE: &str = ".scale";

/// A matrix `[rows, columns]`, row-major: one row an output channel, or one row a token.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Rows,
}

impl Matrix {
    /// Writes one row as f32 into `out`, which has `columns` values.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        debug_assert_eq!(out.len(), self.columns);
        self.values.copy_row(row, out);
    }

    /// All values as f32.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.columns];
        for (row, out) in out.chunks_exact_mut(self.columns).enumerate() {
            self.copy_row(row, out);
        }
        out
    }
}

/// A safetensors file, its header read and checked once.
pub(super) struct WeightFile<'a> {
    bytes: &'a Bytes,
    tensors: SafeTensors<'a>,
}

impl<'a> WeightFile<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Error::Corrupt`] saying why the bytes are no safetensors file.
    pub fn parse(bytes: &'a Bytes) -> Result<Self> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
        Ok(Self { bytes, tensors })
    }

    /// A tensor and the name that it has in the file, which may carry the prefix `bert.`.
    fn find(&self, name: &str) -> Result<(String, TensorView<'a>)> {
        [name.to_owned(), format!("bert.{name}")]
            .into_iter()
            .find_map(|name| self.tensors.tensor(&name).ok().map(|tensor| (name, tensor)))
            .ok_or_else(|| corrupt(format!("it has no tensor {name}")))
    }

    /// A matrix, in place.
    pub fn matrix(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<Matrix> {
        let (stored_name, tensor) = self.find(name)?;
        expect_shape(name, &tensor, &[rows, columns])?;
        let bytes = self.bytes.slice_ref(tensor.data());
        let values = if tensor.dtype() == Dtype::I8 {
            Rows::Int8 { values: bytes, scales: self.vector(&format!("{stored_name}{SCALE}"), rows)? }
        } else {
            check_floats(name, &tensor)?;
            Rows::F32(bytes)
        };
        Ok(Matrix { rows, columns, values })
    }

    /// A vector of f32.
    pub fn vector(&self, name: &str, size: usize) -> Result<Vec<f32>> {
        let (_, tensor) = self.find(name)?;
        expect_shape(name, &tensor, &[size])?;
        floats(name, &tensor)
    }

    /// The first row of a matrix of any number of rows.
    pub fn vector_row(&self, name: &str, columns: usize) -> Result<Vec<f32>> {
        let rows = self.find(name)?.1.shape().first().copied().unwrap_or_default();
        if rows == 0 {
            return Err(corrupt(format!("{name} is empty")));
        }
        let mut row = vec![0.0; columns];
        self.matrix(name, [rows, columns])?.copy_row(0, &mut row);
        Ok(row)
    }
}

fn corrupt(reason: impl Into<String>) -> Error {
    Error::corrupt("safetensors file", reason)
}

fn expect_shape(name: &str, tensor: &TensorView<'_>, expected: &[usize]) -> Result<()> {
    if tensor.shape() == expected {
        Ok(())
    } else {
        Err(corrupt(format!("{name} has shape {:?}, expected {expected:?}", tensor.shape())))
    }
}

/// The exponent of infinities and of what is no number is all ones.
const EXPONENT: u32 = 0x7F80_0000;

fn check_floats(name: &str, tensor: &TensorView<'_>) -> Result<()> {
    if tensor.dtype() != Dtype::F32 {
        return Err(corrupt(format!("{name} is stored as {:?}, expected F32 or I8", tensor.dtype())));
    }
    if tensor.data().as_chunks::<4>().0.iter().all(|b| u32::from_le_bytes(*b) & EXPONENT != EXPONENT) {
        Ok(())
    } else {
        Err(corrupt(format!("{name} has a value that is not finite")))
    }
}

fn floats(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    check_floats(name, tensor)?;
    Ok(tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}

/// A tensor to be written.
struct Owned<'a> {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Cow<'a, [u8]>,
}

impl View for &Owned<'_> {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.data)
    }

    fn data_len(&self) -> usize {
        self.data.len()
    }
}

/// Quantizes every f32 matrix of a safetensors file to int8, one scale a row. Tensors that are not of type F32 and the pooler,
/// which sentence encoders do not use, are left out.
///
/// # Errors
/// [`Error::Corrupt`] if the bytes are no safetensors file or hold values that are not finite.
pub fn quantize_weights(safetensors: &[u8]) -> Result<Vec<u8>> {
    let file = SafeTensors::deserialize(safetensors).map_err(|e| corrupt(e.to_string()))?;
    let mut out: BTreeMap<String, Owned<'_>> = BTreeMap::new();
    for (name, tensor) in file.iter().filter(|(name, tensor)| tensor.dtype() == Dtype::F32 && !name.contains("pooler."))
    {
        let shape = tensor.shape().to_vec();
        let values = floats(name, &tensor)?;
        let [rows, columns] = shape[..] else {
            let data = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            out.insert(name.to_owned(), Owned { dtype: Dtype::F32, shape, data });
            continue;
        };
        let mut quantized = vec![0_i8; values.len()];
        let mut scales = Vec::with_capacity(rows * 4);
        for (row, q) in values.chunks_exact(columns).zip(quantized.chunks_exact_mut(columns)) {
            scales.extend_from_slice(&quantize_row(row, q).to_le_bytes());
        }
        out.insert(format!("{name}{SCALE}"), Owned { dtype: Dtype::F32, shape: vec![rows], data: scales.into() });
        let data = bytemuck::cast_slice::<i8, u8>(&quantized).to_vec().into();
        out.insert(name.to_owned(), Owned { dtype: Dtype::I8, shape, data });
    }
    safetensors::serialize(out.iter(), None).map_err(|e| corrupt(e.to_string()))
}
