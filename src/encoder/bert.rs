//! BERT (Devlin et al., NAACL 2019) as a burn module: post-norm layers, exact GELU, learned positions.

use burn::module::{Module, Param};
use burn::nn::{Embedding, EmbeddingConfig, LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::{gelu, softmax};

use super::config::{EncoderConfig, Pooling};
use super::pooling::pool;
use super::weights::WeightFile;
use crate::error::Result;

/// The whole encoder, from token ids to unit vectors.
#[derive(Module, Debug)]
pub(super) struct Bert {
    tokens: Embedding,
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
    /// Builds the module from weights. The key map stands in `docs/artifact-format.md`.
    pub fn load(config: &EncoderConfig, weights: &WeightFile<'_>, device: &Device) -> Result<Self> {
        let loader = Loader { config, weights, device };
        let mut positions = weights
            .matrix("embeddings.position_embeddings.weight", [config.max_position_embeddings, config.hidden_size])?;
        let types = weights.vector_row("embeddings.token_type_embeddings.weight", config.hidden_size)?;
        for row in positions.chunks_exact_mut(config.hidden_size) {
            for (p, t) in row.iter_mut().zip(&types) {
                *p += t;
            }
        }
        Ok(Self {
            tokens: loader.embedding("embeddings.word_embeddings.weight")?,
            positions: Param::from_data(
                TensorData::new(positions, [config.max_position_embeddings, config.hidden_size]),
                device,
            ),
            norm: loader.norm("embeddings.LayerNorm")?,
            layers: (0..config.num_hidden_layers).map(|i| Layer::load(i, &loader)).collect::<Result<_>>()?,
            pooling: config.pooling,
        })
    }

    /// `tokens` and `mask` are `[batch, seq]`; the result is `[batch, hidden]`, rows of length 1. Without a mask there is no padding.
    pub fn forward(&self, tokens: Tensor<2, Int>, mask: Option<Tensor<2>>) -> Tensor<2> {
        let [batch, seq] = tokens.dims();
        let positions = self.positions.val();
        let [_, width] = positions.dims();
        let positions = positions.slice([0..seq, 0..width]).reshape([1, seq, width]);
        let mut hidden = self.norm.forward(self.tokens.forward(tokens) + positions);
        // 0 for tokens, a number that softmax turns into an exact 0 for padding.
        let bias = mask.clone().map(|mask| ((mask - 1.0) * 1e9).reshape([batch, 1, 1, seq]));
        for layer in &self.layers {
            hidden = layer.forward(hidden, bias.clone());
        }
        pool(hidden, mask, self.pooling)
    }
}

impl Layer {
    fn load(index: usize, loader: &Loader<'_>) -> Result<Self> {
        let (hidden, inner) = (loader.config.hidden_size, loader.config.intermediate_size);
        let key = |name: &str| format!("encoder.layer.{index}.{name}");
        Ok(Self {
            query: loader.linear(&key("attention.self.query"), hidden, hidden)?,
            key: loader.linear(&key("attention.self.key"), hidden, hidden)?,
            value: loader.linear(&key("attention.self.value"), hidden, hidden)?,
            output: loader.linear(&key("attention.output.dense"), hidden, hidden)?,
            attention_norm: loader.norm(&key("attention.output.LayerNorm"))?,
            expand: loader.linear(&key("intermediate.dense"), hidden, inner)?,
            contract: loader.linear(&key("output.dense"), inner, hidden)?,
            output_norm: loader.norm(&key("output.LayerNorm"))?,
            heads: loader.config.num_attention_heads,
        })
    }

    /// `hidden` is `[batch, seq, hidden]`, `bias` is added to the attention scores `[batch, head, seq, seq]`.
    fn forward(&self, hidden: Tensor<3>, bias: Option<Tensor<4>>) -> Tensor<3> {
        let attended = self.output.forward(self.attention(&hidden, bias));
        let hidden = self.attention_norm.forward(hidden + attended);
        let fed = self.contract.forward(gelu(self.expand.forward(hidden.clone())));
        self.output_norm.forward(hidden + fed)
    }

    fn attention(&self, hidden: &Tensor<3>, bias: Option<Tensor<4>>) -> Tensor<3> {
        let [batch, seq, width] = hidden.dims();
        let head_width = width / self.heads;
        let split = |projection: &Linear| {
            projection.forward(hidden.clone()).reshape([batch, seq, self.heads, head_width]).swap_dims(1, 2)
        };
        let (query, key, value) = (split(&self.query), split(&self.key), split(&self.value));
        #[expect(clippy::cast_precision_loss, reason = "head widths are small")]
        let mut scores = query.matmul(key.swap_dims(2, 3)) / (head_width as f64).sqrt();
        if let Some(bias) = bias {
            scores = scores + bias;
        }
        softmax(scores, 3).matmul(value).swap_dims(1, 2).reshape([batch, seq, width])
    }
}

/// Takes tensors out of a weight file by name and shape.
struct Loader<'a> {
    config: &'a EncoderConfig,
    weights: &'a WeightFile<'a>,
    device: &'a Device,
}

impl Loader<'_> {
    fn embedding(&self, name: &str) -> Result<Embedding> {
        let shape = [self.config.vocab_size, self.config.hidden_size];
        let weight = self.weights.matrix(name, shape)?;
        let mut embedding = EmbeddingConfig::new(shape[0], shape[1]).init(self.device);
        embedding.weight = Param::from_data(TensorData::new(weight, shape), self.device);
        Ok(embedding)
    }

    fn norm(&self, name: &str) -> Result<LayerNorm> {
        let size = self.config.hidden_size;
        let mut norm = LayerNormConfig::new(size).with_epsilon(self.config.layer_norm_eps).init(self.device);
        norm.gamma = self.vector(&format!("{name}.weight"), size)?;
        norm.beta = Some(self.vector(&format!("{name}.bias"), size)?);
        Ok(norm)
    }

    /// Files hold `[out, in]`; burn multiplies by `[in, out]`.
    fn linear(&self, name: &str, input: usize, output: usize) -> Result<Linear> {
        let stored = self.weights.matrix(&format!("{name}.weight"), [output, input])?;
        let mut weight = vec![0.0; stored.len()];
        for (o, row) in stored.chunks_exact(input).enumerate() {
            for (i, value) in row.iter().enumerate() {
                weight[i * output + o] = *value;
            }
        }
        let mut linear = LinearConfig::new(input, output).init(self.device);
        linear.weight = Param::from_data(TensorData::new(weight, [input, output]), self.device);
        linear.bias = Some(self.vector(&format!("{name}.bias"), output)?);
        Ok(linear)
    }

    fn vector(&self, name: &str, size: usize) -> Result<Param<Tensor<1>>> {
        let values = self.weights.vector(name, size)?;
        Ok(Param::from_data(TensorData::new(values, [size]), self.device))
    }
}
