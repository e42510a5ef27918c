//! Model weights: safetensors bytes in, matrices that stay where they are out.
//!
//! A matrix `NAME` of a quantized file is stored as I8 `[rows, columns]` with an F32 vector `NAME.scale` of one scale a row,
//! that is one scale an output channel (and one a token for the embedding table); or as U8 `[rows, columns / 2]` with an F16 vector
//! `NAME.scale` and an I8 matrix `NAME.factor` of one factor a group ([`int4`]); or as a U8 vector, int8 values that are coded by the U16 vector
//! `NAME.frequencies` of [`entropy::VALUES`] ([`entropy`]), with an F32 vector `NAME.scale` of one scale a row or for all. Vectors stay F32.

use bytes::Bytes;
use half::f16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::matrix::{Int4Rows, Matrix, Values};
use crate::embedding::Rows;
use crate::error::{Error, Result};
use crate::quantization::{entropy, int4};

/// What follows a matrix' name in the name of its scales.
pub(super) const SCALE: &str = ".scale";

/// What follows a matrix' name in the name of its factors.
pub(super) const FACTOR: &str = ".factor";

/// What follows a matrix' name in the name of the frequencies of its values.
pub(super) const FREQUENCIES: &str = ".frequencies";

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

    /// A matrix, in place but where it is coded.
    pub fn matrix(&self, name: &str, [rows, columns]: [usize; 2]) -> Result<Matrix> {
        let (stored_name, tensor) = self.find(name)?;
        let bytes = self.bytes.slice_ref(tensor.data());
        let values = match tensor.dtype() {
            Dtype::U8 if tensor.shape().len() == 1 => {
                Values::Rows(self.coded(&stored_name, tensor.data(), [rows, columns])?)
            }
            Dtype::U8 => {
                expect_shape(name, &tensor, &[rows, columns / 2])?;
                Values::Int4(self.int4(&stored_name, bytes, [rows, columns])?)
            }
            Dtype::I8 => {
                expect_shape(name, &tensor, &[rows, columns])?;
                let scales = self.vector(&format!("{stored_name}{SCALE}"), rows)?;
                Values::Rows(Rows::Int8 { values: bytes, scales })
            }
            _ => {
                expect_shape(name, &tensor, &[rows, columns])?;
                check_floats(name, &tensor)?;
                Values::Rows(Rows::F32(bytes))
            }
        };
        Ok(Matrix { rows, columns, values })
    }

    fn coded(&self, name: &str, stream: &[u8], [rows, columns]: [usize; 2]) -> Result<Rows> {
        let frequencies_name = format!("{name}{FREQUENCIES}");
        let (_, frequencies) = self.find(&frequencies_name)?;
        expect_dtype(&frequencies_name, &frequencies, Dtype::U16)?;
        expect_shape(&frequencies_name, &frequencies, &[entropy::VALUES])?;
        let mut shares = [0; entropy::VALUES];
        for (share, bytes) in shares.iter_mut().zip(frequencies.data().as_chunks::<2>().0) {
            *share = u16::from_le_bytes(*bytes);
        }
        let values = entropy::decode(&shares, stream, rows.saturating_mul(columns))
            .ok_or_else(|| corrupt(format!("{name} does not hold the code of {rows} x {columns} values")))?;
        let scale_name = format!("{name}{SCALE}");
        let is_one = self.find(&scale_name)?.1.shape() == [1];
        let scales = self.vector(&scale_name, if is_one { 1 } else { rows })?;
        let scales = if is_one { vec![scales[0]; rows] } else { scales };
        Ok(Rows::Int8 { values: Bytes::from(bytemuck::cast_vec(values)), scales })
    }

    fn int4(&self, name: &str, values: Bytes, [rows, columns]: [usize; 2]) -> Result<Int4Rows> {
        if !columns.is_multiple_of(int4::GROUP) {
            return Err(corrupt(format!(
                "{name} is int4 with {columns} columns, expected a multiple of {}",
                int4::GROUP
            )));
        }
        let (factor_name, scale_name) = (format!("{name}{FACTOR}"), format!("{name}{SCALE}"));
        let (_, factors) = self.find(&factor_name)?;
        expect_dtype(&factor_name, &factors, Dtype::I8)?;
        expect_shape(&factor_name, &factors, &[rows, columns / int4::GROUP])?;
        // Sums of products are known not to overflow for factors in this range.
        let largest = factors.data().iter().map(|f| f.cast_signed().unsigned_abs()).max().unwrap_or_default();
        if largest > int4::MAX_FACTOR.unsigned_abs() {
            return Err(corrupt(format!("{factor_name} reaches {largest}, expected at most {}", int4::MAX_FACTOR)));
        }
        let (_, scales) = self.find(&scale_name)?;
        expect_dtype(&scale_name, &scales, Dtype::F16)?;
        expect_shape(&scale_name, &scales, &[rows])?;
        let scales: Vec<f32> =
            scales.data().as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b).to_f32()).collect();
        if scales.iter().any(|scale| !scale.is_finite()) {
            return Err(corrupt(format!("{scale_name} has a value that is not finite")));
        }
        Ok(Int4Rows { values, factors: self.bytes.slice_ref(factors.data()), scales })
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

pub(super) fn corrupt(reason: impl Into<String>) -> Error {
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

fn expect_dtype(name: &str, tensor: &TensorView<'_>, expected: Dtype) -> Result<()> {
    if tensor.dtype() == expected {
        Ok(())
    } else {
        Err(corrupt(format!("{name} is stored as {:?}, expected {expected:?}", tensor.dtype())))
    }
}

fn check_floats(name: &str, tensor: &TensorView<'_>) -> Result<()> {
    expect_dtype(name, tensor, Dtype::F32)?;
    if tensor.data().as_chunks::<4>().0.iter().all(|b| u32::from_le_bytes(*b) & EXPONENT != EXPONENT) {
        Ok(())
    } else {
        Err(corrupt(format!("{name} has a value that is not finite")))
    }
}

pub(super) fn floats(name: &str, tensor: &TensorView<'_>) -> Result<Vec<f32>> {
    check_floats(name, tensor)?;
    Ok(tensor.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect())
}
