//! The weights of BERT (Devlin et al., NAACL 2019) as the engines see them: post-norm layers, learned positions.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;

use super::config::{EncoderConfig, Pooling};
use super::matrix::{Matrix, Values};
use super::weights::WeightFile;
use crate::embedding::Rows;
use crate::error::Result;
use crate::kernels::{Beside, Columns};

/// A whole encoder. The key map stands in `docs/artifact-format.md`.
#[derive(Debug, Clone)]
pub(crate) struct BertWeights {
    /// `[vocabulary, hidden]`, or `[vocabulary, embedding size]` where there is a projection.
    pub tokens: Matrix,
    /// `[hidden, embedding size]`, its bias zero: a table of tokens that are narrower than the layers (ALBERT, Lan et al., ICLR 2020).
    pub projection: Option<LinearWeights>,
    /// `[positions, hidden]`, with the vector of token type 0 added: every text is of type 0.
    pub positions: Vec<f32>,
    pub norm: NormWeights,
    pub layers: Vec<LayerWeights>,
    pub hidden: usize,
    pub heads: usize,
    pub pooling: Pooling,
}

/// One layer.
#[derive(Debug, Clone)]
pub(crate) struct LayerWeights {
    pub query: LinearWeights,
    pub key: LinearWeights,
    pub value: LinearWeights,
    pub output: LinearWeights,
    pub attention_norm: NormWeights,
    /// `[inner, hidden]`, before the GELU.
    pub expand: LinearWeights,
    /// `[hidden, inner]`, after it.
    pub contract: LinearWeights,
    pub output_norm: NormWeights,
}

/// `y = x W^T + b`.
#[derive(Debug, Clone)]
pub(crate) struct LinearWeights {
    /// `[out, in]`.
    pub weight: Matrix,
    /// `[out]`.
    pub bias: Vec<f32>,
    /// What the CPU's products note of an int8 matrix when it is first used, or when they lay it out anew.
    pub beside: OnceLock<Beside>,
}

impl LinearWeights {
    /// Lets the CPU's products lay out an int8 matrix as they read it, where that spares a copy.
    pub fn lay_out(&mut self, columns: &Columns) {
        if let Values::Rows(Rows::Int8 { values, .. }) = &mut self.weight.values
            && let Some(beside) = Beside::in_place(values, columns)
        {
            self.beside = OnceLock::from(beside);
        }
    }

    /// Tells the CPU's products of the same columns, of which others are wide.
    pub fn widen(&mut self, columns: &Columns) {
        if let (Some(beside), Values::Rows(Rows::Int8 { values, .. })) = (self.beside.get_mut(), &self.weight.values) {
            beside.widen(bytemuck::cast_slice(values), columns);
        }
    }

    /// The weight, row-major, whatever the CPU made of it.
    pub fn plain(&self) -> Cow<'_, Matrix> {
        let Matrix { rows, columns, values } = &self.weight;
        if let (Some(beside), Values::Rows(Rows::Int8 { values, scales })) = (self.beside.get(), values)
            && let Some(plain) = beside.plain(bytemuck::cast_slice(values), *columns)
        {
            let values = Rows::Int8 { values: Bytes::from(bytemuck::cast_vec(plain)), scales: scales.clone() };
            return Cow::Owned(Matrix { rows: *rows, columns: *columns, values: Values::Rows(values) });
        }
        Cow::Borrowed(&self.weight)
    }
}

/// Layer normalization.
#[derive(Debug, Clone)]
pub(crate) struct NormWeights {
    /// Scale, `[hidden]`.
    pub gamma: Vec<f32>,
    /// Shift, `[hidden]`.
    pub beta: Vec<f32>,
    /// Added to the variance.
    pub epsilon: f32,
}

impl BertWeights {
    /// Longest text, in tokens.
    pub fn max_tokens(&self) -> usize {
        self.positions.len() / self.hidden
    }

    /// Number of token ids.
    pub fn vocabulary_size(&self) -> usize {
        self.tokens.rows
    }

    /// Finds every tensor that `config` calls for. Matrices stay in the file's bytes.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] naming what is missing or of another shape.
    pub(super) fn load(config: &EncoderConfig, file: &WeightFile<'_>) -> Result<Self> {
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        let linear = |name: &str, out: usize, input: usize| -> Result<LinearWeights> {
            Ok(LinearWeights {
                weight: file.matrix(&format!("{name}.weight"), [out, input])?,
                bias: file.vector(&format!("{name}.bias"), out)?,
                beside: OnceLock::new(),
            })
        };
        #[expect(clippy::cast_possible_truncation, reason = "1e-12, as everybody computes it")]
        let norm = |name: &str| -> Result<NormWeights> {
            Ok(NormWeights {
                gamma: file.vector(&format!("{name}.weight"), hidden)?,
                beta: file.vector(&format!("{name}.bias"), hidden)?,
                epsilon: config.layer_norm_eps as f32,
            })
        };
        let layer = |index: usize| -> Result<LayerWeights> {
            let key = |name: &str| format!("encoder.layer.{index}.{name}");
            Ok(LayerWeights {
                query: linear(&key("attention.self.query"), hidden, hidden)?,
                key: linear(&key("attention.self.key"), hidden, hidden)?,
                value: linear(&key("attention.self.value"), hidden, hidden)?,
                output: linear(&key("attention.output.dense"), hidden, hidden)?,
                attention_norm: norm(&key("attention.output.LayerNorm"))?,
                expand: linear(&key("intermediate.dense"), inner, hidden)?,
                contract: linear(&key("output.dense"), hidden, inner)?,
                output_norm: norm(&key("output.LayerNorm"))?,
            })
        };
        let mut positions =
            file.matrix("embeddings.position_embeddings.weight", [config.max_position_embeddings, hidden])?.to_f32();
        let types = file.vector_row("embeddings.token_type_embeddings.weight", hidden)?;
        for row in positions.chunks_exact_mut(hidden) {
            for (p, t) in row.iter_mut().zip(&types) {
                *p += t;
            }
        }
        Ok(Self {
            tokens: file.matrix("embeddings.word_embeddings.weight", [config.vocab_size, config.embedding_size()])?,
            projection: match config.embedding_size {
                Some(size) if size != hidden => Some(LinearWeights {
                    weight: file.matrix("embeddings.projection.weight", [hidden, size])?,
                    bias: vec![0.0; hidden],
                    beside: OnceLock::new(),
                }),
                _ => None,
            },
            positions,
            norm: norm("embeddings.LayerNorm")?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
            hidden,
            heads: config.num_attention_heads,
            pooling: config.pooling,
        })
    }
}
