//! Validation: how close a student is to its teacher on texts that it was not trained on.

use std::collections::BTreeMap;

use burn::prelude::*;
use serde::Serialize;

use super::batch::TokenBatch;
use super::corpus::Corpus;
use super::quantization_aware::Precision;
use super::student::{Student, to_vec};
use crate::embedding::dot;
use crate::encoder::Encoder;
use crate::error::Result;

/// Texts encoded together.
const TEXTS_AT_ONCE: usize = 32;

/// Held-out texts and the teacher's vectors of them.
#[derive(Debug)]
pub struct Validation {
    texts: Corpus,
    max_tokens: usize,
    expected: Vec<f32>,
}

/// Mean cosines to the teacher.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ValidationScore {
    /// Over all texts.
    pub cosine: f64,
    /// Over the texts of each source.
    pub by_source: BTreeMap<String, f64>,
    /// Number of texts.
    pub texts: usize,
}

impl Validation {
    /// Encodes the texts, cut at `max_tokens`, with the teacher on the CPU.
    ///
    /// # Errors
    /// As [`Encoder::encode_ids`].
    pub fn new(texts: Corpus, teacher: &Encoder, max_tokens: usize) -> Result<Self> {
        let ids: Vec<Vec<u32>> = (0..texts.len()).map(|line| texts.line_ids(line, max_tokens)).collect();
        let ids: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        let expected = pollster::block_on(teacher.encode_ids(&ids))?;
        Ok(Self { texts, max_tokens, expected })
    }

    /// Scores a student that has no autodiff, as if its weights were stored in `precision`.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if the device fails.
    pub fn score(&self, student: &Student, precision: Precision, device: &Device) -> Result<ValidationScore> {
        let hidden = student.shape().hidden;
        // Neighbors of similar length share a batch, so that little is padding.
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        let ids: Vec<Vec<u32>> = order.iter().map(|line| self.texts.line_ids(*line, self.max_tokens)).collect();
        order.sort_by_key(|line| ids[*line].len());
        let (mut sum, mut by_source) = (0.0, BTreeMap::<String, (f64, f64)>::new());
        for lines in order.chunks(TEXTS_AT_ONCE) {
            let batch: Vec<&[u32]> = lines.iter().map(|line| ids[*line].as_slice()).collect();
            let vectors = student.forward(&TokenBatch::new(&batch, device), precision).vectors;
            let vectors = to_vec(vectors.into_data())?;
            for (line, vector) in lines.iter().zip(vectors.chunks_exact(hidden)) {
                let cosine = f64::from(dot(vector, &self.expected[line * hidden..(line + 1) * hidden]));
                sum += cosine;
                let (sum, count) = by_source.entry(self.texts.source(*line).to_owned()).or_default();
                *sum += cosine;
                *count += 1.0;
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^53 texts")]
        let cosine = sum / self.texts.len() as f64;
        let by_source = by_source.into_iter().map(|(source, (sum, count))| (source, sum / count)).collect();
        Ok(ValidationScore { cosine, by_source, texts: self.texts.len() })
    }
}
