//! Quantization: numbers in fewer bits, with a known error.
//!
//! [`int8`]: one scale a row; item tables and weights. [`int4`]: a scale a row and a small factor for each group of it; weights. [`binary`]: a bit
//! a value; item tables. [`entropy`]: int8 values coded by how often they occur; weights. [`feedback`](self): int8 rows rounded for the inputs that they will meet (native only).

use serde::{Deserialize, Serialize};

pub mod binary;
pub mod entropy;
#[cfg(not(target_arch = "wasm32"))]
pub mod feedback;
pub mod int4;
pub mod int8;

pub use int8::{dequantize_row, quantize_row, quantize_row_in_steps};

/// How the matrices of a model are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightDtype {
    /// 32-bit floats.
    F32,
    /// [`int8`].
    Int8,
    /// [`int4`] where a matrix has whole groups of columns, else [`int8`].
    Int4,
}

impl WeightDtype {
    /// The name used in manifests: `f32`, `int8` or `int4`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Int4 => "int4",
        }
    }
}
