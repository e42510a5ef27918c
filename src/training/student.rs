//! The student: BERT (Devlin et al., NAACL 2019) with a factorized embedding table, as a burn module that can be trained.

use burn::module::{Module, Param};
use burn::nn::LayerNorm;
use burn::prelude::*;
use burn::tensor::module::embedding;

use super::batch::TokenBatch;
use super::layer::{StudentLayer, load_norm, visit_norm};
use super::quantization_aware::{Precision, straight_through};
use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::error::{Error, Result};

const TOKENS: &str = "embeddings.word_embeddings.weight";
const PROJECTION: &str = "embeddings.projection.weight";
const POSITIONS: &str = "embeddings.position_embeddings.weight";
const TYPES: &str = "embeddings.token_type_embeddings.weight";
const NORM: &str = "embeddings.LayerNorm";

/// An encoder with mean pooling. On a device with autodiff it is a student, on one without it can be a teacher.
#[derive(Module, Debug)]
pub struct Student {
    /// `[vocabulary, embedding_size]`.
    tokens: Param<Tensor<2>>,
    /// `[hidden, embedding_size]`, where the two differ.
    projection: Option<Param<Tensor<2>>>,
    /// `[positions, hidden]`, with the vector of token type 0 added: every text is of type 0.
    positions: Param<Tensor<2>>,
    norm: LayerNorm,
    layers: Vec<StudentLayer>,
    #[module(skip)]
    shape: StudentShape,
}

/// What a student makes of a batch.
#[derive(Debug, Clone)]
pub struct StudentOutput {
    /// The texts' vectors, `[batch, hidden]`, rows of length 1.
    pub vectors: Tensor<2>,
    /// The texts' vectors before they were scaled to length 1, `[batch, hidden]`: the mean over each text's tokens.
    pub pooled: Tensor<2>,
    /// The vectors of the tokens, `[batch, seq, hidden]`; those of the padding mean nothing.
    pub tokens: Tensor<3>,
}

impl Student {
    /// Puts tensors with the names of Hugging Face's BERT onto a device.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming what is missing, of another shape or not finite.
    pub fn load(shape: &StudentShape, tensors: &Tensors, device: &Device) -> Result<Self> {
        let matrix = |name: &str, shape: [usize; 2]| -> Result<Param<Tensor<2>>> {
            Ok(Param::from_data(TensorData::new(tensors.get(name, &shape)?.to_vec(), shape), device))
        };
        let projection = [shape.hidden, shape.embedding_size];
        Ok(Self {
            tokens: matrix(TOKENS, [shape.vocabulary, shape.embedding_size])?,
            projection: shape.is_factorized().then(|| matrix(PROJECTION, projection)).transpose()?,
            positions: Param::from_data(
                TensorData::new(positions(shape, tensors)?, [shape.positions, shape.hidden]),
                device,
            ),
            norm: load_norm(tensors, NORM, shape, device)?,
            layers: (0..shape.layers)
                .map(|index| StudentLayer::load(tensors, index, shape, device))
                .collect::<Result<_>>()?,
            shape: shape.clone(),
        })
    }

    /// The sizes.
    #[must_use]
    pub fn shape(&self) -> &StudentShape {
        &self.shape
    }

    /// Encodes a batch, whose texts have 1 to `positions` tokens.
    #[must_use]
    pub fn forward(&self, batch: &TokenBatch, precision: Precision) -> StudentOutput {
        let [batch_size, seq] = batch.ids.dims();
        let hidden = self.shape.hidden;
        let positions = self.positions.val().slice([0..seq, 0..hidden]).reshape([1, seq, hidden]);
        let mut tokens = self.norm.forward(self.embed(batch, precision) + positions);
        // 0 for tokens, a number that softmax turns into an exact 0 for padding.
        let bias = ((batch.mask.clone() - 1.0) * 1e9).reshape([batch_size, 1, 1, seq]);
        for layer in &self.layers {
            tokens = layer.forward(tokens, bias.clone(), precision);
        }
        let mask = batch.mask.clone().reshape([batch_size, seq, 1]);
        let pooled = (tokens.clone() * mask.clone()).sum_dim(1) / mask.sum_dim(1);
        let pooled = pooled.reshape([batch_size, hidden]);
        StudentOutput { vectors: unit(pooled.clone()), pooled, tokens }
    }

    /// Looks up the batch's tokens: `[batch, seq, hidden]`.
    fn embed(&self, batch: &TokenBatch, precision: Precision) -> Tensor<3> {
        let [batch_size, seq] = batch.ids.dims();
        let rows =
            embedding(self.tokens.val(), batch.ids.clone()).reshape([batch_size * seq, self.shape.embedding_size]);
        // Rows are quantized one by one, so those that nobody looked up need not be.
        let rows = straight_through(rows, precision);
        let rows = match &self.projection {
            Some(projection) => rows.matmul(straight_through(projection.val(), precision).transpose()),
            None => rows,
        };
        rows.reshape([batch_size, seq, self.shape.hidden])
    }

    /// The tensors by name, as [`load`](Self::load) takes them. Token type 0 is part of the positions; its own vector is zero.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn to_tensors(&self) -> Result<Tensors> {
        let mut data: Vec<(String, TensorData)> = Vec::new();
        let mut insert = |name: &str, value: TensorData| data.push((name.to_owned(), value));
        insert(TOKENS, self.tokens.val().into_data());
        if let Some(projection) = &self.projection {
            insert(PROJECTION, projection.val().into_data());
        }
        insert(POSITIONS, self.positions.val().into_data());
        visit_norm(NORM, &self.norm, &mut insert);
        for (index, layer) in self.layers.iter().enumerate() {
            layer.visit(index, &mut |name, value| data.push((name, value)));
        }
        let mut tensors = Tensors::default();
        for (name, value) in data {
            let shape = value.shape().to_vec();
            tensors.insert(name, &shape, to_vec(value)?);
        }
        tensors.insert(TYPES, &[1, self.shape.hidden], vec![0.0; self.shape.hidden]);
        Ok(tensors)
    }
}

/// The first `shape.positions` position vectors with the vector of token type 0 added.
fn positions(shape: &StudentShape, tensors: &Tensors) -> Result<Vec<f32>> {
    let stored = tensors.find(POSITIONS)?.shape.first().copied().unwrap_or_default();
    if stored < shape.positions {
        return Err(Error::invalid("positions", shape.positions, format!("at most the {stored} that the model has")));
    }
    let types = tensors.find(TYPES)?.shape.first().copied().unwrap_or_default();
    let types = tensors.get(TYPES, &[types, shape.hidden])?;
    let rows = tensors.get(POSITIONS, &[stored, shape.hidden])?.chunks_exact(shape.hidden).take(shape.positions);
    Ok(rows.flat_map(|row| row.iter().zip(types).map(|(p, t)| p + t)).collect())
}

/// Scales rows to length 1.
pub(super) fn unit(rows: Tensor<2>) -> Tensor<2> {
    let length = (rows.clone() * rows.clone()).sum_dim(1).sqrt();
    rows / length.clamp_min(1e-12)
}

/// A tensor's values on the host.
pub(super) fn to_vec(data: TensorData) -> Result<Vec<f32>> {
    data.try_into_vec().map_err(|e| Error::Backend { reason: format!("{e:?}") })
}
