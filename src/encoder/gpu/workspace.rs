//! The activations of a batch, and what each dispatch is bound to.

use wgpu::{BindGroup, Buffer, CommandEncoder, ComputePassDescriptor};

use super::batch::{Batch, max_words};
use super::kernels::{Form, Kernels, Products};
use super::resident::ResidentWeights;
use super::shape::Shape;
use crate::error::Result;
use crate::gpu::{Gpu, storage};

/// Buffers for a number of tokens; made once, used by every batch that fits.
#[derive(Debug)]
pub(super) struct Workspace {
    pub capacity: usize,
    pub words: Buffer,
    pub pooled: Buffer,
    embed: BindGroup,
    layers: Vec<LayerBindings>,
    pool: BindGroup,
}

#[derive(Debug)]
struct LayerBindings {
    qkv: BindGroup,
    attention: BindGroup,
    output: BindGroup,
    expand: BindGroup,
    contract: BindGroup,
}

impl Workspace {
    /// Allocates for `capacity` tokens.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if a buffer is larger than the GPU binds.
    pub fn new(
        gpu: &Gpu,
        shape: &Shape,
        kernels: &Kernels,
        weights: &ResidentWeights,
        capacity: usize,
    ) -> Result<Self> {
        let floats = |what, columns: usize| storage(gpu, what, capacity * columns * size_of::<f32>());
        let words = storage(gpu, "a batch", max_words(capacity) * size_of::<u32>())?;
        // Columns beyond the last of these are read as zeros: nothing may ever write there.
        let stream = [
            floats("the residual stream", shape.hidden_stride())?,
            floats("the residual stream", shape.hidden_stride())?,
        ];
        let attended = floats("attention's result", shape.attended_stride())?;
        let inner = floats("the expansion", shape.inner_stride())?;
        let stats_columns = 2 * shape.hidden.div_ceil(Form::Narrow.side());
        let stats = [floats("stats", stats_columns)?, floats("stats", stats_columns)?];
        let qkv = floats("queries, keys and values", shape.qkv_columns())?;
        let pooled = floats("the embeddings", shape.hidden)?;

        let embed = kernels.embed.bind(
            gpu,
            &[&words, &words, &weights.tokens, &weights.token_scales, &weights.positions, &stream[0], &stats[0]],
        );
        let mut norm = &weights.norm;
        let mut layers = Vec::new();
        for layer in &weights.layers {
            layers.push(LayerBindings {
                qkv: kernels
                    .narrow
                    .qkv
                    .bind(gpu, &[&words, &stream[0], &layer.qkv.weights, &layer.qkv.channels, &qkv, norm, &stats[0]]),
                attention: kernels.attention.bind(gpu, &[&words, &words, &qkv, &attended]),
                output: kernels.narrow.output.bind(
                    gpu,
                    &[
                        &words,
                        &attended,
                        &layer.output.weights,
                        &layer.output.channels,
                        &stream[1],
                        norm,
                        &stats[0],
                        &stream[0],
                        &stats[1],
                    ],
                ),
                expand: kernels.narrow.expand.bind(
                    gpu,
                    &[
                        &words,
                        &stream[1],
                        &layer.expand.weights,
                        &layer.expand.channels,
                        &inner,
                        &layer.attention_norm,
                        &stats[1],
                    ],
                ),
                contract: kernels.narrow.contract.bind(
                    gpu,
                    &[
                        &words,
                        &inner,
                        &layer.contract.weights,
                        &layer.contract.channels,
                        &stream[0],
                        &layer.attention_norm,
                        &stats[1],
                        &stream[1],
                        &stats[0],
                    ],
                ),
            });
            norm = &layer.output_norm;
        }
        let pool = kernels.pool.bind(gpu, &[&words, &words, &stream[0], norm, &stats[0], &pooled]);
        Ok(Self { capacity, words, pooled, embed, layers, pool })
    }

    /// Records the whole encoder for a batch that lies in `words`, by products of the batch's form.
    pub fn record(
        &self,
        commands: &mut CommandEncoder,
        kernels: &Kernels,
        products: &Products,
        shape: &Shape,
        batch: &Batch,
    ) {
        let mut pass = commands.begin_compute_pass(&ComputePassDescriptor::default());
        let tokens = batch.tokens;
        let grid = match shape.projection_row {
            Some(_) => [batch.stats_blocks, tokens],
            None => [(tokens * batch.stats_blocks).div_ceil(64), 1],
        };
        kernels.embed.dispatch(&mut pass, &self.embed, grid);
        for layer in &self.layers {
            products.qkv.dispatch(&mut pass, &layer.qkv, tokens);
            kernels.attention.dispatch(&mut pass, &layer.attention, [batch.query_blocks, shape.heads]);
            products.output.dispatch(&mut pass, &layer.output, tokens);
            products.expand.dispatch(&mut pass, &layer.expand, tokens);
            products.contract.dispatch(&mut pass, &layer.contract, tokens);
        }
        kernels.pool.dispatch(&mut pass, &self.pool, [batch.texts, 1]);
    }
}
