//! Model files: the f32 matrices of a safetensors file, quantized.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use safetensors::{Dtype, SafeTensors, View};

use super::moments::InputMoments;
use super::weights::{FACTOR, FREQUENCIES, SCALE, corrupt, floats};
use crate::error::Result;
use crate::quantization::entropy::{self, Coded};
use crate::quantization::{WeightDtype, feedback, int4, quantize_row_in_steps};

/// How each matrix is to be stored.
#[derive(Debug, Clone)]
pub struct QuantizationPlan {
    /// What most are stored as. Position tables, which take next to no room, and matrices without whole groups are int8 where this is int4;
    /// the row of the token type is a step finer than the rest.
    pub dtype: WeightDtype,
    /// Matrices, by a part of their name, that are stored as something else. The first that fits counts.
    pub exceptions: Vec<(String, WeightDtype)>,
    /// How int4 is rounded to.
    pub rounding: int4::Rounding,
    /// What enters the linear layers: int8 matrices are rounded for it.
    pub moments: Option<Rc<InputMoments>>,
    /// Int8 matrices, by their names, that are stored coded, with scales of at least this ([`entropy`], [`allocate`](super::allocate)).
    pub steps: BTreeMap<String, f32>,
}

impl From<WeightDtype> for QuantizationPlan {
    fn from(dtype: WeightDtype) -> Self {
        Self {
            dtype,
            exceptions: Vec::new(),
            rounding: int4::Rounding::default(),
            moments: None,
            steps: BTreeMap::new(),
        }
    }
}

impl QuantizationPlan {
    const TYPES: &'static str = "token_type_embeddings";
    const POSITIONS: &'static str = "position_embeddings";

    fn dtype_of(&self, name: &str, columns: usize) -> WeightDtype {
        let exception = self.exceptions.iter().find(|(part, _)| name.contains(part.as_str()));
        if let Some((_, dtype)) = exception {
            return whole_groups(*dtype, columns);
        }
        match self.dtype {
            WeightDtype::Int4 if name.contains(Self::POSITIONS) || name.contains(Self::TYPES) => WeightDtype::Int8,
            // One row that is added to every token: its rounding errs every text the same way, more than any other matrix does.
            WeightDtype::Int8 if name.contains(Self::TYPES) => WeightDtype::F32,
            dtype => whole_groups(dtype, columns),
        }
    }

    /// Whether a matrix with whole groups, or any in a model of int8, is stored as int8.
    pub(super) fn is_int8(&self, name: &str) -> bool {
        !name.contains("pooler.") && self.dtype_of(name, int4::GROUP) == WeightDtype::Int8
    }

    /// A matrix in int8: values and one scale a row, which is at least `least_step`.
    fn int8(&self, name: &str, values: &[f32], columns: usize, least_step: f32) -> Result<(Vec<i8>, Vec<f32>)> {
        if let Some(moments) = self.moments.as_ref().and_then(|moments| moments.of(name)) {
            return feedback::quantize_rows(values, moments, least_step);
        }
        let mut quantized = vec![0; values.len()];
        let rows = values.chunks_exact(columns).zip(quantized.chunks_exact_mut(columns));
        let scales = rows.map(|(row, quantized)| quantize_row_in_steps(row, least_step, quantized)).collect();
        Ok((quantized, scales))
    }
}

/// The same, or int8 in place of int4 for rows that have no whole groups.
fn whole_groups(dtype: WeightDtype, columns: usize) -> WeightDtype {
    match dtype {
        WeightDtype::Int4 if !columns.is_multiple_of(int4::GROUP) => WeightDtype::Int8,
        dtype => dtype,
    }
}

/// A tensor to be written.
struct Owned {
    dtype: Dtype,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl View for &Owned {
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

/// Stores the f32 matrices of a safetensors file as `plan` says. Tensors that are not of type F32 and the pooler,
/// which sentence encoders do not use, are left out.
///
/// # Errors
/// [`crate::Error::Corrupt`] if the bytes are no safetensors file or hold values that are not finite.
pub fn quantize_weights(safetensors: &[u8], plan: &QuantizationPlan) -> Result<Vec<u8>> {
    let file = SafeTensors::deserialize(safetensors).map_err(|e| corrupt(e.to_string()))?;
    let mut out: BTreeMap<String, Owned> = BTreeMap::new();
    for (name, tensor) in file.iter().filter(|(name, tensor)| tensor.dtype() == Dtype::F32 && !name.contains("pooler."))
    {
        let shape = tensor.shape().to_vec();
        let values = floats(name, &tensor)?;
        let dtype = match shape[..] {
            [_, columns] => plan.dtype_of(name, columns),
            _ => WeightDtype::F32,
        };
        match (dtype, &shape[..]) {
            (WeightDtype::Int4, &[rows, columns]) => put_int4(&mut out, name, &values, [rows, columns], plan.rounding),
            (WeightDtype::Int8, &[rows, columns]) => match plan.steps.get(name) {
                Some(step) => put_coded(&mut out, name, plan.int8(name, &values, columns, *step)?, *step),
                None => put_int8(&mut out, name, plan.int8(name, &values, columns, 0.0)?, [rows, columns]),
            },
            _ => {
                let data = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                out.insert(name.to_owned(), Owned { dtype: Dtype::F32, shape, data });
            }
        }
    }
    safetensors::serialize(out.iter(), None).map_err(|e| corrupt(e.to_string()))
}

fn put_int8(
    out: &mut BTreeMap<String, Owned>,
    name: &str,
    (values, scales): (Vec<i8>, Vec<f32>),
    [rows, columns]: [usize; 2],
) {
    let data = bytemuck::cast_slice::<i8, u8>(&values).to_vec();
    let scales = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
    out.insert(name.to_owned(), Owned { dtype: Dtype::I8, shape: vec![rows, columns], data });
    out.insert(format!("{name}{SCALE}"), Owned { dtype: Dtype::F32, shape: vec![rows], data: scales });
}

fn put_coded(out: &mut BTreeMap<String, Owned>, name: &str, (values, scales): (Vec<i8>, Vec<f32>), step: f32) {
    let Coded { frequencies, stream } = entropy::encode(&values);
    let frequencies: Vec<u8> = frequencies.into_iter().flat_map(u16::to_le_bytes).collect();
    // Few rows, if any, need wider steps than the others; those of zeros bear any.
    let scales = if scales.iter().all(|scale| *scale <= step) { vec![step] } else { scales };
    let scales_data = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
    let mut put = |name: String, dtype, length, data| out.insert(name, Owned { dtype, shape: vec![length], data });
    put(name.to_owned(), Dtype::U8, stream.len(), stream);
    put(format!("{name}{FREQUENCIES}"), Dtype::U16, entropy::VALUES, frequencies);
    put(format!("{name}{SCALE}"), Dtype::F32, scales.len(), scales_data);
}

fn put_int4(
    out: &mut BTreeMap<String, Owned>,
    name: &str,
    values: &[f32],
    [rows, columns]: [usize; 2],
    rounding: int4::Rounding,
) {
    let importance = vec![1.0; columns];
    let (mut packed, mut factors, mut scales) = (Vec::new(), Vec::new(), Vec::new());
    for row in values.chunks_exact(columns) {
        let row = match rounding {
            int4::Rounding::Search => int4::quantize_row(row, &importance),
            int4::Rounding::Trained => int4::quantize_trained_row(row),
        };
        packed.extend(row.values);
        factors.extend(row.factors.iter().map(|f| f.cast_unsigned()));
        scales.extend(row.scale.to_le_bytes());
    }
    out.insert(name.to_owned(), Owned { dtype: Dtype::U8, shape: vec![rows, columns / 2], data: packed });
    let shape = vec![rows, columns / int4::GROUP];
    out.insert(format!("{name}{FACTOR}"), Owned { dtype: Dtype::I8, shape, data: factors });
    out.insert(format!("{name}{SCALE}"), Owned { dtype: Dtype::F16, shape: vec![rows], data: scales });
}
