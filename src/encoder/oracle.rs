//! The oracle: BERT (Devlin et al., NAACL 2019) as a plain burn module, post-norm layers, exact GELU, learned positions.
//!
//! Slow, padded, in f32, and written by the book: what the engines must agree with. Native only.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::{gelu, softmax};

use super::bert::{BertWeights, LayerWeights, LinearWeights, NormWeights};
use super::config::Pooling;
use super::matrix::Matrix;
use crate::artifact::ArtifactFiles;
use crate::error::{Error, Result};

/// A model directory's weights in the oracle.
#[derive(Debug)]
pub struct Oracle {
    model: Bert,
    device: Device,
    hidden: usize,
}

impl Oracle {
    /// Loads a model directory onto a burn device, `Device::flex()` for the CPU. int8 weights are dequantized.
    ///
    /// # Errors
    /// As [`crate::Encoder::load`].
    pub fn load(files: &ArtifactFiles, device: Device) -> Result<Self> {
        let weights = super::LoadedModel::load(files)?.weights;
        Ok(Self { model: Bert::new(&weights, &device), device, hidden: weights.hidden })
    }

    /// Encodes token ids to unit vectors, row-major, all texts in one padded batch. Each text has 1 to as many tokens as the model has positions.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn encode_ids(&self, texts: &[&[u32]]) -> Result<Vec<f32>> {
        let length = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = [texts.len(), length];
        let (mut tokens, mut mask) = (vec![0_i32; texts.len() * length], vec![0.0_f32; texts.len() * length]);
        for (row, text) in texts.iter().enumerate() {
            for (column, id) in text.iter().enumerate() {
                tokens[row * length + column] = id.cast_signed();
                mask[row * length + column] = 1.0;
            }
        }
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &self.device);
        let mask = Tensor::<2>::from_data(TensorData::new(mask, shape), &self.device);
        let data = self.model.forward(tokens, mask).into_data();
        data.try_into_vec().map_err(|e| Error::Backend { reason: format!("{e:?}") })
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.hidden
    }
}

/// The whole encoder, from token ids to unit vectors.
#[derive(Module, Debug)]
struct Bert {
    tokens: Embedding,
    projection: Option<Linear>,
    /// Position vectors with the vector of token type 0 added: every text is of type 0.
    positions: Param<Tensor<2>>,
    norm: LayerNorm,
    layers: Vec<Layer>,
    #[module(skip)]
    pooling: Pooling,
}

#[derive(Module, Debug)]
struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    output: Linear,
    attention_norm: LayerNorm,
    expand: Linear,
    contract: Linear,
    output_norm: LayerNorm,
    heads: usize,
}

impl Bert {
    fn new(weights: &BertWeights, device: &Device) -> Self {
        let loader = Loader { device };
        let shape = [weights.positions.len() / weights.hidden, weights.hidden];
        Self {
            tokens: loader.embedding(&weights.tokens),
            projection: weights.projection.as_ref().map(|projection| loader.linear(projection)),
            positions: Param::from_data(TensorData::new(weights.positions.clone(), shape), device),
            norm: loader.norm(&weights.norm),
            layers: weights.layers.iter().map(|layer| Layer::new(layer, weights.heads, &loader)).collect(),
            pooling: weights.pooling,
        }
    }

    /// `tokens` and `mask` are `[batch, seq]`; the result is `[batch, hidden]`, rows of length 1.
    fn forward(&self, tokens: Tensor<2, Int>, mask: Tensor<2>) -> Tensor<2> {
        let [batch, seq] = tokens.dims();
        let positions = self.positions.val();
        let [_, width] = positions.dims();
        let positions = positions.slice([0..seq, 0..width]).reshape([1, seq, width]);
        let mut tokens = self.tokens.forward(tokens);
        if let Some(projection) = &self.projection {
            tokens = projection.forward(tokens);
        }
        let mut hidden = self.norm.forward(tokens + positions);
        // 0 for tokens, a number that softmax turns into an exact 0 for padding.
        let bias = ((mask.clone() - 1.0) * 1e9).reshape([batch, 1, 1, seq]);
        for layer in &self.layers {
            hidden = layer.forward(hidden, bias.clone());
        }
        pool(hidden, mask, self.pooling)
    }
}

impl Layer {
    fn new(weights: &LayerWeights, heads: usize, loader: &Loader<'_>) -> Self {
        Self {
            query: loader.linear(&weights.query),
            key: loader.linear(&weights.key),
            value: loader.linear(&weights.value),
            output: loader.linear(&weights.output),
            attention_norm: loader.norm(&weights.attention_norm),
            expand: loader.linear(&weights.expand),
            contract: loader.linear(&weights.contract),
            output_norm: loader.norm(&weights.output_norm),
            heads,
        }
    }

    /// `hidden` is `[batch, seq, hidden]`, `bias` is added to the attention scores `[batch, head, seq, seq]`.
    fn forward(&self, hidden: Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let attended = self.output.forward(self.attention(&hidden, bias));
        let hidden = self.attention_norm.forward(hidden + attended);
        let fed = self.contract.forward(gelu(self.expand.forward(hidden.clone())));
        self.output_norm.forward(hidden + fed)
    }

    fn attention(&self, hidden: &Tensor<3>, bias: Tensor<4>) -> Tensor<3> {
        let [batch, seq, width] = hidden.dims();
        let head_width = width / self.heads;
        let split = |projection: &Linear| {
            projection.forward(hidden.clone()).reshape([batch, seq, self.heads, head_width]).swap_dims(1, 2)
        };
        let (query, key, value) = (split(&self.query), split(&self.key), split(&self.value));
        #[expect(clippy::cast_precision_loss, reason = "head widths are small")]
        let scores = query.matmul(key.swap_dims(2, 3)) / (head_width as f64).sqrt() + bias;
        softmax(scores, 3).matmul(value).swap_dims(1, 2).reshape([batch, seq, width])
    }
}

/// Puts weights onto a device.
struct Loader<'a> {
    device: &'a Device,
}

impl Loader<'_> {
    fn embedding(&self, table: &Matrix) -> Embedding {
        let mut embedding = EmbeddingConfig::new(table.rows, table.columns).init(self.device);
        embedding.weight = Param::from_data(TensorData::new(table.to_f32(), [table.rows, table.columns]), self.device);
        embedding
    }

    fn norm(&self, weights: &NormWeights) -> LayerNorm {
        let mut norm = LayerNormConfig::new(weights.gamma.len()).with_epsilon(weights.epsilon.into()).init(self.device);
        norm.gamma = self.vector(&weights.gamma);
        norm.beta = Some(self.vector(&weights.beta));
        norm
    }

    /// Files hold `[out, in]`; burn multiplies by `[in, out]`.
    fn linear(&self, weights: &LinearWeights) -> Linear {
        let Matrix { rows, columns, .. } = weights.weight;
        let stored = TensorData::new(weights.weight.to_f32(), [rows, columns]);
        let mut linear = LinearConfig::new(columns, rows).init(self.device);
        linear.weight = Param::from_tensor(Tensor::<2>::from_data(stored, self.device).transpose());
        linear.bias = Some(self.vector(&weights.bias));
        linear
    }

    fn vector(&self, values: &[f32]) -> Param<Tensor<1>> {
        Param::from_data(TensorData::new(values.to_vec(), [values.len()]), self.device)
    }
}

/// Pools `[batch, seq, hidden]` to unit vectors `[batch, hidden]`. `mask` is `[batch, seq]`, 1 for tokens and 0 for padding.
fn pool(hidden: Tensor<3>, mask: Tensor<2>, pooling: Pooling) -> Tensor<2> {
    let [batch, seq, width] = hidden.dims();
    let pooled = match pooling {
        Pooling::Cls => hidden.slice([0..batch, 0..1, 0..width]),
        Pooling::Mean => {
            let mask = mask.reshape([batch, seq, 1]);
            (hidden * mask.clone()).sum_dim(1) / mask.sum_dim(1)
        }
    };
    let pooled = pooled.reshape([batch, width]);
    let norm = (pooled.clone() * pooled.clone()).sum_dim(1).sqrt();
    pooled / norm.clamp_min(1e-12)
}
