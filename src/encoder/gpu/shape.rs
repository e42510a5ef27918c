//! The sizes that the kernels are compiled for.

use crate::embedding::Rows;
use crate::encoder::bert::{BertWeights, LinearWeights};
use crate::encoder::config::{EncoderConfig, Pooling};
use crate::encoder::matrix::{Matrix, Values};
use crate::quantization::{WeightDtype, int4};

/// Kernels read rows of activations and weights in steps of this many columns.
const ROW_STEP: usize = 16;

/// How the weights of a kernel lie in the GPU's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    F32,
    /// Four to a word.
    Int8,
    /// Eight to a word, and a word for the factor of each 32.
    Int4,
}

impl Format {
    /// Of a stored matrix.
    fn of(matrix: &Matrix) -> Self {
        match matrix.values {
            Values::Rows(Rows::F32(_)) => Self::F32,
            Values::Rows(Rows::Int8 { .. }) => Self::Int8,
            Values::Int4(_) => Self::Int4,
        }
    }

    /// Of matrices that one kernel serves: theirs, if they have one in common. f32 holds all others.
    fn common(mut matrices: impl Iterator<Item = Self>) -> Self {
        let first = matrices.next().unwrap_or(Self::F32);
        if matrices.all(|format| format == first) { first } else { Self::F32 }
    }

    /// What a model packed as `dtype` stores a matrix of so many columns as.
    fn packed(dtype: WeightDtype, columns: usize) -> Self {
        match dtype {
            WeightDtype::F32 => Self::F32,
            WeightDtype::Int4 if columns.is_multiple_of(int4::GROUP) => Self::Int4,
            WeightDtype::Int8 | WeightDtype::Int4 => Self::Int8,
        }
    }

    /// Bytes of a row of `stride` values.
    pub fn row_bytes(self, stride: usize) -> usize {
        match self {
            Self::F32 => stride * size_of::<f32>(),
            Self::Int8 => stride,
            Self::Int4 => stride / int4::GROUP * INT4_GROUP_BYTES,
        }
    }
}

/// Bytes of a group of int4 and its factor.
pub(super) const INT4_GROUP_BYTES: usize = int4::GROUP_BYTES + size_of::<i32>();

/// The format of each kind of matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Formats {
    /// The token table, and the projection of its rows if there is one.
    pub tokens: Format,
    pub qkv: Format,
    pub output: Format,
    pub expand: Format,
    pub contract: Format,
}

/// What the kernels of an encoder depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape {
    pub hidden: usize,
    pub inner: usize,
    pub heads: usize,
    /// Width of the token table.
    pub embedding: usize,
    /// Rows of the token table before those of the projection, if there is one.
    pub projection_row: Option<usize>,
    pub pooling: Pooling,
    /// Added to the variance in layer normalization.
    pub epsilon: f32,
    pub formats: Formats,
}

impl Shape {
    /// Of a configuration, before its weights are at hand: as if all were stored as `dtype`.
    #[expect(clippy::cast_possible_truncation, reason = "1e-12, as everybody computes it")]
    pub fn of_config(config: &EncoderConfig, dtype: WeightDtype) -> Self {
        let hidden = Format::packed(dtype, config.hidden_size);
        let shape = Self {
            hidden: config.hidden_size,
            inner: config.intermediate_size,
            heads: config.num_attention_heads,
            embedding: config.embedding_size(),
            projection_row: (config.embedding_size() != config.hidden_size).then_some(config.vocab_size),
            pooling: config.pooling,
            epsilon: config.layer_norm_eps as f32,
            formats: Formats {
                tokens: Format::packed(dtype, config.embedding_size()),
                qkv: hidden,
                output: hidden,
                expand: hidden,
                contract: Format::packed(dtype, config.intermediate_size),
            },
        };
        shape.without_padded_int4()
    }

    /// Of weights. Matrices of one kind that are stored in several ways are served as f32.
    pub fn of_weights(weights: &BertWeights) -> Self {
        let layers = || weights.layers.iter();
        let common = |matrices: &mut dyn Iterator<Item = &LinearWeights>| {
            Format::common(matrices.map(|l| Format::of(&l.weight)))
        };
        let table = weights.projection.iter().map(|l| &l.weight).chain([&weights.tokens]);
        let shape = Self {
            hidden: weights.hidden,
            inner: layers().next().map_or(1, |layer| layer.expand.weight.rows),
            heads: weights.heads,
            embedding: weights.tokens.columns,
            projection_row: weights.projection.as_ref().map(|_| weights.tokens.rows),
            pooling: weights.pooling,
            epsilon: weights.norm.epsilon,
            formats: Formats {
                tokens: Format::common(table.map(Format::of)),
                qkv: common(&mut layers().flat_map(|l| [&l.query, &l.key, &l.value])),
                output: common(&mut layers().map(|l| &l.output)),
                expand: common(&mut layers().map(|l| &l.expand)),
                contract: common(&mut layers().map(|l| &l.contract)),
            },
        };
        shape.without_padded_int4()
    }

    /// Heads of odd widths are padded, which groups of int4 cannot be: such matrices are served as f32.
    fn without_padded_int4(mut self) -> Self {
        if self.head() != self.padded_head() {
            for format in [&mut self.formats.qkv, &mut self.formats.output] {
                if *format == Format::Int4 {
                    *format = Format::F32;
                }
            }
        }
        self
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

    /// Distance of rows of the token table in memory.
    pub fn embedding_stride(&self) -> usize {
        self.embedding.next_multiple_of(ROW_STEP)
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
