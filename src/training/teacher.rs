//! The teacher: what a student is to come close to.

use burn::prelude::*;

use super::batch::{Text, TokenBatch};
use super::loss::Target;
use super::quantization_aware::Precision;
use super::source_model::SourceModel;
use super::student::{Student, StudentOutput};
use super::teacher_vectors::TeacherVectors;
use crate::error::{Error, Result};

/// Where a teacher's answers come from.
#[derive(Debug)]
pub enum Teacher {
    /// The model reads every batch on the training device: for texts that are new each time.
    Live(Box<Student>),
    /// Vectors computed beforehand, one for each line of the corpus; of its tokens nothing is known.
    Cached(TeacherVectors),
}

impl Teacher {
    /// Loads the model onto a device.
    ///
    /// # Errors
    /// As [`Student::load`]; [`Error::InvalidInput`] if it cannot read texts of `max_tokens`.
    pub fn live(model: &SourceModel, max_tokens: usize, device: &Device) -> Result<Self> {
        if max_tokens > model.shape.positions {
            return Err(Error::invalid(
                "max_tokens",
                max_tokens,
                format!("at most the teacher's {}", model.shape.positions),
            ));
        }
        let device = device.clone().without_autodiff();
        Ok(Self::Live(Box::new(Student::load(&model.shape, &model.tensors, &device)?)))
    }

    /// The target of a batch on its device.
    #[must_use]
    pub fn target(&self, texts: &[Text], batch: &TokenBatch) -> Target {
        match self {
            Self::Live(model) => {
                let StudentOutput { vectors, pooled, tokens } = model.forward(batch, Precision::F32);
                let [texts, _] = pooled.dims();
                let lengths = (pooled.clone() * pooled).sum_dim(1).sqrt().reshape([texts, 1, 1]);
                Target { vectors, tokens: Some(tokens / lengths) }
            }
            Self::Cached(vectors) => {
                let rows = vectors.rows(texts.iter().map(|text| text.line));
                let rows = TensorData::new(rows, [texts.len(), vectors.dimensions()]);
                Target { vectors: Tensor::from_data(rows, &batch.mask.device()), tokens: None }
            }
        }
    }
}
