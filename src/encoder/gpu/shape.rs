//! The sizes that the kernels are compiled for.

use crate::embedding::Rows;
use crate::encoder::bert::BertWeights;
use crate::encoder::config::{EncoderConfig, Pooling};
use crate::encoder::weights::Matrix;

/// Kernels read rows of activations and weights in steps of this many columns.
const ROW_STEP: usize = 16;

/// What the kernels of an encoder depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub hidden: usize,
    pub inner: usize,
    pub heads: usize,
    pub pooling: Pooling,
    /// Added to the variance in layer normalization.
    pub epsilon: f32,
    /// Whether the weights are int8.
    pub int8: bool,
}

impl Shape {
    /// Of a configuration, before its weights are at hand.
    #[expect(clippy::cast_possible_truncation, reason = "1e-12, as everybody computes it")]
    pub fn of_config(config: &EncoderConfig, int8: bool) -> Self {
        Self {
            hidden: config.hidden_size,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            pooling: config.pooling,
            epsilon: config.layer_norm_eps as f32,
            int8,
        }
    }

    /// Of weights. Int8 only if all of them are: a mixed file is served as f32.
    pub fn of_weights(weights: &BertWeights) -> Self {
        let is_int8 = |m: &Matrix| matches!(m.values, Rows::Int8 { .. });
        let layers = || weights.layers.iter();
        let linears = layers().flat_map(|l| [&l.query, &l.key, &l.value, &l.output, &l.expand, &l.contract]);
        Self {
            hidden: weights.hidden,
            inner: layers().next().map_or(1, |layer| layer.expand.weight.rows),
            heads: weights.heads,
            pooling: weights.pooling,
            epsilon: weights.norm.epsilon,
            int8: is_int8(&weights.tokens) && linears.into_iter().all(|l| is_int8(&l.weight)),
        }
    }

    /// Width of a head.
    pub fn head(&self) -> usize {
        self.hidden / self.heads
    }

    /// Width of a head in memory, where it begins at a vec4.
    pub fn padded_head(&self) -> usize {
        self.head().next_multiple_of(4)
    }

    /// Columns of one token's queries, keys and values.
    pub fn qkv_columns(&self) -> usize {
        3 * self.heads * self.padded_head()
    }

    /// Distance of rows of `hidden` columns in memory.
    pub fn hidden_stride(&self) -> usize {
        self.hidden.next_multiple_of(ROW_STEP)
    }

    /// Distance of rows of `inner` columns in memory.
    pub fn inner_stride(&self) -> usize {
        self.inner.next_multiple_of(ROW_STEP)
    }

    /// Distance of rows of attention's result in memory.
    pub fn attended_stride(&self) -> usize {
        (self.heads * self.padded_head()).next_multiple_of(ROW_STEP)
    }
}
