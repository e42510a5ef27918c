//! Weights in the GPU's memory.

use bytemuck::cast_slice;
use wgpu::Buffer;

use super::shape::Shape;
use crate::embedding::Rows;
use crate::encoder::bert::{BertWeights, LayerWeights, LinearWeights, NormWeights};
use crate::encoder::weights::Matrix;
use crate::error::Result;
use crate::gpu::{Gpu, storage, upload};

/// A whole encoder's weights.
#[derive(Debug)]
pub(super) struct ResidentWeights {
    pub tokens: Buffer,
    /// One scale a token.
    pub token_scales: Buffer,
    pub positions: Buffer,
    pub norm: Buffer,
    pub layers: Vec<ResidentLayer>,
}

/// One layer.
#[derive(Debug)]
pub(super) struct ResidentLayer {
    pub qkv: ResidentLinear,
    pub output: ResidentLinear,
    pub attention_norm: Buffer,
    pub expand: ResidentLinear,
    pub contract: ResidentLinear,
    pub output_norm: Buffer,
}

/// `[outputs, stride]` weights, and the scale and bias of each output.
#[derive(Debug)]
pub(super) struct ResidentLinear {
    pub weights: Buffer,
    pub channels: Buffer,
}

/// Rows or columns that lie in groups of `width`, each of which takes the place of `padded`.
#[derive(Debug, Clone, Copy)]
struct Groups {
    width: usize,
    padded: usize,
}

impl Groups {
    /// Without padding.
    const PLAIN: Self = Self { width: 1, padded: 1 };

    fn place(self, index: usize) -> usize {
        index / self.width * self.padded + index % self.width
    }

    fn is_padded(self) -> bool {
        self.width != self.padded
    }
}

impl ResidentWeights {
    /// Uploads the weights: straight from the file's bytes where the widths allow it. Errors of the device itself are told
    /// by [`Gpu::create`].
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if a matrix is larger than the GPU binds.
    pub fn upload(gpu: &Gpu, shape: &Shape, weights: &BertWeights) -> Result<Self> {
        let uploader = Uploader { gpu, shape };
        let stride = shape.hidden_stride();
        let tokens = uploader.storage("the token table", weights.tokens.rows, stride)?;
        uploader.write(&tokens, 0, &weights.tokens, Groups::PLAIN, Groups::PLAIN, stride);
        let positions: Vec<f32> =
            weights.positions.chunks_exact(shape.hidden).flat_map(|row| padded(row, stride)).collect();
        Ok(Self {
            tokens,
            token_scales: upload(gpu, "the scales of the tokens", &uploader.scales(&weights.tokens))?,
            positions: upload(gpu, "the position table", &positions)?,
            norm: uploader.norm(&weights.norm)?,
            layers: weights.layers.iter().map(|layer| uploader.layer(layer)).collect::<Result<_>>()?,
        })
    }
}

struct Uploader<'a> {
    gpu: &'a Gpu,
    shape: &'a Shape,
}

impl Uploader<'_> {
    fn layer(&self, layer: &LayerWeights) -> Result<ResidentLayer> {
        let (hidden_stride, inner_stride) = (self.shape.hidden_stride(), self.shape.inner_stride());
        let heads = Groups { width: self.shape.head(), padded: self.shape.padded_head() };
        let plain = Groups::PLAIN;
        let qkv = [&layer.query, &layer.key, &layer.value];
        Ok(ResidentLayer {
            qkv: self.linear(&qkv, heads, plain, hidden_stride)?,
            output: self.linear(&[&layer.output], plain, heads, self.shape.attended_stride())?,
            attention_norm: self.norm(&layer.attention_norm)?,
            expand: self.linear(&[&layer.expand], plain, plain, hidden_stride)?,
            contract: self.linear(&[&layer.contract], plain, plain, inner_stride)?,
            output_norm: self.norm(&layer.output_norm)?,
        })
    }

    /// Products that share an input become one: their outputs follow each other.
    fn linear(&self, parts: &[&LinearWeights], rows: Groups, columns: Groups, stride: usize) -> Result<ResidentLinear> {
        let part_rows = |part: &LinearWeights| part.weight.rows / rows.width * rows.padded;
        let weights = self.storage("a weight matrix", parts.iter().map(|part| part_rows(part)).sum(), stride)?;
        let mut channels: Vec<[f32; 2]> = Vec::new();
        for part in parts {
            let first = channels.len();
            self.write(&weights, first, &part.weight, rows, columns, stride);
            channels.resize(first + part_rows(part), [0.0; 2]);
            for (row, channel) in self.scales(&part.weight).into_iter().zip(&part.bias).enumerate() {
                channels[first + rows.place(row)] = [channel.0, *channel.1];
            }
        }
        Ok(ResidentLinear { weights, channels: upload(self.gpu, "scales and biases", channels.as_flattened())? })
    }

    fn norm(&self, norm: &NormWeights) -> Result<Buffer> {
        let stride = self.shape.hidden_stride();
        let values: Vec<f32> = padded(&norm.gamma, stride).chain(padded(&norm.beta, stride)).collect();
        upload(self.gpu, "a layer normalization", &values)
    }

    fn scales(&self, matrix: &Matrix) -> Vec<f32> {
        match &matrix.values {
            Rows::Int8 { scales, .. } if self.shape.int8 => scales.clone(),
            _ => vec![1.0; matrix.rows],
        }
    }

    fn bytes_a_value(&self) -> usize {
        if self.shape.int8 { 1 } else { size_of::<f32>() }
    }

    fn storage(&self, what: &str, rows: usize, stride: usize) -> Result<Buffer> {
        storage(self.gpu, what, rows * stride * self.bytes_a_value())
    }

    /// Writes a matrix into rows of `stride` columns, from `first_row` on.
    fn write(&self, buffer: &Buffer, first_row: usize, matrix: &Matrix, rows: Groups, columns: Groups, stride: usize) {
        let size = self.bytes_a_value();
        let at = (first_row * stride * size) as u64;
        let expanded;
        let bytes: &[u8] = match &matrix.values {
            Rows::Int8 { .. } if !self.shape.int8 => {
                expanded = matrix.to_f32();
                cast_slice(&expanded)
            }
            Rows::Int8 { values, .. } | Rows::F32(values) => values,
        };
        if matrix.columns == stride && !rows.is_padded() && !columns.is_padded() {
            self.gpu.queue.write_buffer(buffer, at, bytes);
            return;
        }
        let width = if columns.is_padded() { columns.width } else { matrix.columns };
        let mut spread = vec![0_u8; matrix.rows / rows.width * rows.padded * stride * size];
        for (row, values) in bytes.chunks_exact(matrix.columns * size).enumerate() {
            let target = &mut spread[rows.place(row) * stride * size..];
            for (group, values) in values.chunks_exact(width * size).enumerate() {
                let from = group * columns.padded * size;
                target[from..from + values.len()].copy_from_slice(values);
            }
        }
        self.gpu.queue.write_buffer(buffer, at, &spread);
    }
}

/// A row with zeros up to `stride`.
fn padded(row: &[f32], stride: usize) -> impl Iterator<Item = f32> {
    row.iter().copied().chain(std::iter::repeat_n(0.0, stride - row.len()))
}
