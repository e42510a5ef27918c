//! Weights in the GPU's memory.

use bytemuck::cast_slice;
use wgpu::Buffer;

use super::shape::{Format, INT4_GROUP_BYTES, Shape};
use crate::embedding::Rows;
use crate::encoder::bert::{BertWeights, LayerWeights, LinearWeights, NormWeights};
use crate::encoder::matrix::{Int4Rows, Matrix, Values};
use crate::error::Result;
use crate::gpu::{Gpu, storage, upload};
use crate::quantization::int4;

/// A whole encoder's weights.
#[derive(Debug)]
pub(super) struct ResidentWeights {
    /// The token table, then the projection of its rows, if there is one.
    pub tokens: Buffer,
    /// One scale a row of it.
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
        let (format, token_stride) = (shape.formats.tokens, shape.embedding_stride());
        let table = || [&weights.tokens].into_iter().chain(weights.projection.iter().map(|l| &l.weight));
        let tokens =
            storage(gpu, "the token table", table().map(|m| m.rows).sum::<usize>() * format.row_bytes(token_stride))?;
        let mut row = 0;
        for matrix in table() {
            uploader.write(&tokens, row, matrix, format, Groups::PLAIN, Groups::PLAIN, token_stride);
            row += matrix.rows;
        }
        let token_scales: Vec<f32> = table().flat_map(|matrix| scales(matrix, format)).collect();
        let positions: Vec<f32> =
            weights.positions.chunks_exact(shape.hidden).flat_map(|row| padded(row, stride)).collect();
        Ok(Self {
            tokens,
            token_scales: upload(gpu, "the scales of the tokens", &token_scales)?,
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
        let formats = &self.shape.formats;
        Ok(ResidentLayer {
            qkv: self.linear(&qkv, formats.qkv, heads, plain, hidden_stride)?,
            output: self.linear(&[&layer.output], formats.output, plain, heads, self.shape.attended_stride())?,
            attention_norm: self.norm(&layer.attention_norm)?,
            expand: self.linear(&[&layer.expand], formats.expand, plain, plain, hidden_stride)?,
            contract: self.linear(&[&layer.contract], formats.contract, plain, plain, inner_stride)?,
            output_norm: self.norm(&layer.output_norm)?,
        })
    }

    /// Products that share an input become one: their outputs follow each other.
    fn linear(
        &self,
        parts: &[&LinearWeights],
        format: Format,
        rows: Groups,
        columns: Groups,
        stride: usize,
    ) -> Result<ResidentLinear> {
        let part_rows = |part: &LinearWeights| part.weight.rows / rows.width * rows.padded;
        let all_rows: usize = parts.iter().map(|part| part_rows(part)).sum();
        let weights = storage(self.gpu, "a weight matrix", all_rows * format.row_bytes(stride))?;
        let mut channels: Vec<[f32; 2]> = Vec::new();
        for part in parts {
            let first = channels.len();
            self.write(&weights, first, &part.plain(), format, rows, columns, stride);
            channels.resize(first + part_rows(part), [0.0; 2]);
            for (row, channel) in scales(&part.weight, format).into_iter().zip(&part.bias).enumerate() {
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

    /// Writes a matrix into rows of `stride` columns, from `first_row` on.
    #[expect(clippy::too_many_arguments, reason = "where from, where to, and how")]
    fn write(
        &self,
        buffer: &Buffer,
        first_row: usize,
        matrix: &Matrix,
        format: Format,
        rows: Groups,
        columns: Groups,
        stride: usize,
    ) {
        let at = (first_row * format.row_bytes(stride)) as u64;
        let expanded;
        let bytes: &[u8] = match (&matrix.values, format) {
            (Values::Rows(Rows::F32(values)), Format::F32)
            | (Values::Rows(Rows::Int8 { values, .. }), Format::Int8) => values,
            (Values::Int4(rows), Format::Int4) => {
                self.gpu.queue.write_buffer(buffer, at, &interleaved(rows));
                return;
            }
            _ => {
                expanded = matrix.to_f32();
                cast_slice(&expanded)
            }
        };
        let size = format.row_bytes(1);
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

/// What turns the integers of each row into weights.
fn scales(matrix: &Matrix, format: Format) -> Vec<f32> {
    match (&matrix.values, format) {
        (Values::Rows(Rows::Int8 { scales, .. }), Format::Int8) => scales.clone(),
        (Values::Int4(rows), Format::Int4) => rows.scales.clone(),
        _ => vec![1.0; matrix.rows],
    }
}

/// Groups of int4, each followed by its factor.
fn interleaved(rows: &Int4Rows) -> Vec<u8> {
    let mut words = Vec::with_capacity(rows.factors.len() * INT4_GROUP_BYTES);
    for (values, factor) in rows.values.chunks_exact(int4::GROUP_BYTES).zip(rows.factors.iter()) {
        words.extend_from_slice(values);
        words.extend_from_slice(&i32::from(factor.cast_signed()).to_le_bytes());
    }
    words
}

/// A row with zeros up to `stride`.
fn padded(row: &[f32], stride: usize) -> impl Iterator<Item = f32> {
    row.iter().copied().chain(std::iter::repeat_n(0.0, stride - row.len()))
}
