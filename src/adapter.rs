//! A small change to an encoder's vectors that a site's interactions taught: `e + up (down e)`, scaled to length 1.
//!
//! Only the two thin factors are trained and kept (`LoRA`, Hu et al. 2022, at the encoder's output). A catalog ships it as the map that it
//! places rows and requests by ([`Axes`]), so that whatever opens the catalog needs to know nothing of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::TensorView;
use safetensors::{Dtype as TensorType, SafeTensors, View};

use crate::embedding::{Axes, Dtype, EmbeddingTable};
use crate::error::{Error, Result};

/// A change of low rank to the vectors of one encoder.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapter {
    model: String,
    dimensions: usize,
    rank: usize,
    /// Row-major `[rank, dimensions]`.
    down: Vec<f32>,
    /// Row-major `[dimensions, rank]`.
    up: Vec<f32>,
}

/// The metadata entry that names the model.
const FORMAT: &str = "inglenook-adapter-1";
const DOWN: &str = "down.weight";
const UP: &str = "up.weight";
/// Of errors about its bytes.
const FILE: &str = "adapter";

struct Factor<'a> {
    shape: [usize; 2],
    values: &'a [f32],
}

impl View for Factor<'_> {
    fn dtype(&self) -> TensorType {
        TensorType::F32
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

impl Adapter {
    /// From its factors for the vectors of the encoder `model`: `down` is `[rank, dimensions]`, `up` is `[dimensions, rank]`, both row-major.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the lengths do not fit, the rank is not 1 to `dimensions` or a value is not finite.
    pub fn new(model: &str, dimensions: usize, down: Vec<f32>, up: Vec<f32>) -> Result<Self> {
        let rank = down.len().checked_div(dimensions).unwrap_or(0);
        if !(1..=dimensions).contains(&rank) {
            return Err(Error::invalid("rank of the adapter", rank, format!("1 to {dimensions}")));
        }
        for (name, factor) in [(DOWN, &down), (UP, &up)] {
            if factor.len() != rank * dimensions {
                return Err(Error::invalid(format!("values of {name}"), factor.len(), rank * dimensions));
            }
            if let Some(found) = factor.iter().find(|x| !x.is_finite()) {
                return Err(Error::invalid(format!("a value of {name}"), found, "finite values"));
            }
        }
        Ok(Self { model: model.to_owned(), dimensions, rank, down, up })
    }

    /// The encoder whose vectors it changes.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Width of the factors.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Checks that it changes the vectors of the encoder `model` of this length.
    ///
    /// # Errors
    /// [`Error::Incompatible`].
    pub fn require(&self, model: &str, dimensions: usize) -> Result<()> {
        if self.model == model && self.dimensions == dimensions {
            return Ok(());
        }
        let space = |model: &str, dimensions: usize| format!("{dimensions} dimensions by {model}");
        Err(Error::incompatible(
            "vectors of the adapter",
            space(&self.model, self.dimensions),
            space(model, dimensions),
        ))
    }

    /// The change as one matrix, row-major `[dimensions, dimensions]`: the identity plus `up` times `down`.
    #[must_use]
    pub fn matrix(&self) -> Vec<f32> {
        let mut matrix = vec![0.0; self.dimensions * self.dimensions];
        let rows = matrix.chunks_exact_mut(self.dimensions).zip(self.up.chunks_exact(self.rank));
        for (at, (row, up)) in rows.enumerate() {
            row[at] = 1.0;
            for (weight, down) in up.iter().zip(self.down.chunks_exact(self.dimensions)) {
                for (x, d) in row.iter_mut().zip(down) {
                    *x += weight * d;
                }
            }
        }
        matrix
    }

    /// The map as a catalog stores it, in int8.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if factors so large were given that their product is not finite.
    pub(crate) fn axes(&self) -> Result<Axes> {
        Axes::new(EmbeddingTable::from_rows(&self.matrix(), self.dimensions, Dtype::Int8)?)
    }

    /// Rows of vectors as a catalog places them by this adapter.
    ///
    /// # Errors
    /// As [`new`](Self::new) and for rows of another length.
    pub fn place(&self, rows: &[f32]) -> Result<Vec<f32>> {
        if !rows.len().is_multiple_of(self.dimensions) {
            return Err(Error::invalid("values to adapt", rows.len(), format!("a multiple of {}", self.dimensions)));
        }
        let axes = self.axes()?;
        Ok(rows.chunks_exact(self.dimensions).flat_map(|row| axes.place(row)).collect())
    }

    /// As a safetensors file: `down.weight` and `up.weight` in f32, and the model's name as metadata.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the format cannot hold it, which no adapter brings about.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let (rank, dimensions) = (self.rank, self.dimensions);
        let factors = BTreeMap::from([
            (DOWN, Factor { shape: [rank, dimensions], values: &self.down }),
            (UP, Factor { shape: [dimensions, rank], values: &self.up }),
        ]);
        // One entry: the library writes several in random order.
        let notes = HashMap::from([(FORMAT.to_owned(), self.model.clone())]);
        safetensors::serialize(factors, Some(notes)).map_err(|e| Error::corrupt(FILE, e.to_string()))
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the bytes are no adapter.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let corrupt = |reason: String| Error::corrupt(FILE, reason);
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| corrupt(e.to_string()))?;
        let model = header.metadata().as_ref().and_then(|notes| notes.get(FORMAT));
        let model = model.ok_or_else(|| corrupt(format!("it is no {FORMAT}")))?;
        let file = SafeTensors::deserialize(bytes).map_err(|e| corrupt(e.to_string()))?;
        let factor = |name: &str| -> Result<([usize; 2], Vec<f32>)> {
            let tensor = file.tensor(name).map_err(|e| corrupt(e.to_string()))?;
            let shape = shape(&tensor).ok_or_else(|| corrupt(format!("{name} is no matrix of F32")))?;
            let (values, _) = tensor.data().as_chunks::<4>();
            Ok((shape, values.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()))
        };
        let ([rank, dimensions], down) = factor(DOWN)?;
        let (of_up, up) = factor(UP)?;
        if of_up != [dimensions, rank] {
            return Err(corrupt(format!("{UP} has shape {of_up:?}, expected [{dimensions}, {rank}]")));
        }
        Self::new(model, dimensions, down, up).map_err(|e| corrupt(e.to_string()))
    }
}

fn shape(tensor: &TensorView<'_>) -> Option<[usize; 2]> {
    let shape: [usize; 2] = tensor.shape().try_into().ok()?;
    (tensor.dtype() == TensorType::F32).then_some(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::dot;

    fn adapter() -> Adapter {
        Adapter::new("test", 3, vec![1.0, 0.0, 0.0], vec![0.0, 0.5, 0.0]).unwrap()
    }

    #[test]
    fn it_adds_the_product_of_its_factors_to_the_identity() {
        assert_eq!(adapter().matrix(), [1.0, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0]);
        let placed = adapter().place(&[0.8, 0.6, 0.0, 0.0, 0.0, 1.0]).unwrap();
        let expected = [0.8, 1.0, 0.0].map(|x: f32| x / 1.64_f32.sqrt());
        assert!(dot(&placed[..3], &expected) > 0.9999, "{placed:?}");
        assert_eq!(placed[3..], [0.0, 0.0, 1.0]);
        assert_eq!(adapter().place(&[1.0]).unwrap_err().code(), "invalid_input");
    }

    #[test]
    fn it_comes_back_from_its_bytes_which_are_the_same_every_time() {
        let bytes = adapter().to_bytes().unwrap();
        assert_eq!(Adapter::from_bytes(&bytes).unwrap(), adapter());
        assert_eq!(bytes, adapter().to_bytes().unwrap());
    }

    #[test]
    fn what_is_no_adapter_is_refused() {
        assert_eq!(Adapter::new("m", 2, vec![1.0; 6], vec![1.0; 6]).unwrap_err().code(), "invalid_input");
        assert_eq!(Adapter::new("m", 2, vec![1.0; 2], vec![1.0; 3]).unwrap_err().code(), "invalid_input");
        assert_eq!(Adapter::new("m", 2, vec![f32::NAN; 2], vec![1.0; 2]).unwrap_err().code(), "invalid_input");
        assert_eq!(Adapter::new("m", 0, vec![], vec![]).unwrap_err().code(), "invalid_input");
        let bytes = adapter().to_bytes().unwrap();
        for end in 0..bytes.len() {
            assert_eq!(Adapter::from_bytes(&bytes[..end]).unwrap_err().code(), "artifact_corrupt");
        }
        let plain = safetensors::serialize(BTreeMap::from([(DOWN, Factor { shape: [1, 1], values: &[1.0] })]), None);
        assert_eq!(Adapter::from_bytes(&plain.unwrap()).unwrap_err().code(), "artifact_corrupt");
        assert_eq!(adapter().require("other", 3).unwrap_err().code(), "artifact_incompatible");
        assert!(adapter().require("test", 3).is_ok());
    }
}
