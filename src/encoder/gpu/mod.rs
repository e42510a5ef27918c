//! The encoder on the GPU: token ids -> unit vectors, in kernels of our own.
//!
//! One submission and one readback an encode, five dispatches a layer: queries, keys and values in one product; attention;
//! its output added to the residual stream; the expansion with its GELU; the contraction added to the stream. Layer
//! normalization has no dispatch: see `norm.wgsl`. Weights stay int8 in the GPU's memory; arithmetic is f32.

mod batch;
mod kernels;
mod resident;
mod shape;
mod workspace;

use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::bert::BertWeights;
use super::check_ids;
use super::config::EncoderConfig;
use super::weights::WeightFile;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Readback};
use crate::quantization::WeightDtype;
use batch::Batch;
use kernels::{Form, Kernels, Products};
use resident::ResidentWeights;
use shape::Shape;
use workspace::Workspace;

/// At most this many tokens go through the model in one submission; bounds the activations to about 80 MB at 384 dimensions.
const MAX_BATCH_TOKENS: usize = 4096;

/// The smallest workspace, in tokens.
const MIN_CAPACITY: usize = 256;

/// A GPU with the kernels of an encoder, compiled before its weights are at hand.
#[derive(Debug)]
pub struct GpuKernels {
    gpu: Gpu,
    shape: Shape,
    kernels: Kernels,
}

impl GpuKernels {
    /// Compiles the kernels for models of this configuration whose weights are stored as `dtype`.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device refuses a kernel.
    pub async fn compile(gpu: &Gpu, config: &EncoderConfig, dtype: WeightDtype) -> Result<Self> {
        Self::of_shape(gpu, Shape::of_config(config, dtype)).await
    }

    /// The GPU.
    pub(super) fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    async fn of_shape(gpu: &Gpu, shape: Shape) -> Result<Self> {
        let kernels = gpu.create(|| Kernels::new(gpu, &shape)).await?;
        Ok(Self { gpu: gpu.clone(), shape, kernels })
    }
}

/// A BERT encoder whose weights lie in a GPU's memory.
#[derive(Debug)]
pub struct GpuEncoder {
    compiled: GpuKernels,
    weights: ResidentWeights,
    vocabulary: usize,
    positions: usize,
    idle: Mutex<Idle>,
}

/// What waits for the next encode.
#[derive(Debug, Default)]
struct Idle {
    workspace: Option<Rc<Workspace>>,
    readbacks: Vec<Readback>,
}

impl GpuEncoder {
    /// Compiles the kernels and uploads the weights of a safetensors file.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming what is wrong with the file, [`Error::Backend`] if the device refuses a kernel or is too small.
    pub async fn from_safetensors(gpu: &Gpu, config: &EncoderConfig, file: &Bytes) -> Result<Self> {
        Self::load(gpu, &BertWeights::load(config, &WeightFile::parse(file)?)?).await
    }

    /// Compiles the kernels and uploads the weights.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device refuses a kernel or is too small.
    pub(crate) async fn load(gpu: &Gpu, weights: &BertWeights) -> Result<Self> {
        Self::with_kernels(GpuKernels::of_shape(gpu, Shape::of_weights(weights)).await?, weights).await
    }

    /// Uploads the weights for kernels that were compiled before; compiles again if those were made for another shape.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub(crate) async fn with_kernels(compiled: GpuKernels, weights: &BertWeights) -> Result<Self> {
        let shape = Shape::of_weights(weights);
        let compiled =
            if compiled.shape == shape { compiled } else { GpuKernels::of_shape(&compiled.gpu, shape).await? };
        let resident = compiled.gpu.create(|| ResidentWeights::upload(&compiled.gpu, &shape, weights)).await?;
        Ok(Self {
            compiled,
            weights: resident,
            vocabulary: weights.vocabulary_size(),
            positions: weights.max_tokens(),
            idle: Mutex::default(),
        })
    }

    /// The GPU.
    #[must_use]
    pub fn gpu(&self) -> &Gpu {
        &self.compiled.gpu
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.compiled.shape.hidden
    }

    /// Kernels that run one after another for each submission.
    #[must_use]
    pub fn dispatches_per_encode(&self) -> usize {
        2 + 5 * self.weights.layers.len()
    }

    /// Encodes texts to unit vectors, row-major `[ids.len() * dimensions]`, in the order given. Each text has between one
    /// token and as many as the model has positions.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for a text of another length or an unknown id; [`Error::Backend`] if the device fails.
    pub async fn encode(&self, ids: &[&[u32]]) -> Result<Vec<f32>> {
        check_ids(ids, self.positions, self.vocabulary)?;
        let mut rows = Vec::with_capacity(ids.len() * self.dimensions());
        let mut left = ids;
        while !left.is_empty() {
            let (batch, rest) = left.split_at(fitting(left));
            rows.append(&mut self.encode_batch(batch).await?);
            left = rest;
        }
        if rows.iter().any(|x| !x.is_finite()) {
            return Err(Error::Backend { reason: "the device returned values that are not finite".into() });
        }
        Ok(rows)
    }

    async fn encode_batch(&self, ids: &[&[u32]]) -> Result<Vec<f32>> {
        let GpuKernels { gpu, shape, kernels } = &self.compiled;
        let batch = Batch::pack(ids, shape.hidden, kernels.queries);
        let count = batch.texts * shape.hidden;
        let bytes = (count * size_of::<f32>()) as u64;
        let products = self.products(batch.form).await?;
        let workspace = self.workspace(batch.tokens).await?;
        let readback = self.readback(bytes);
        let rows = gpu
            .run(&readback, count, |commands| {
                // Writes and submissions keep their order, so encodes in flight at once may share the workspace.
                gpu.queue.write_buffer(&workspace.words, 0, bytemuck::cast_slice(&batch.words));
                workspace.record(commands, kernels, products, shape, &batch);
                commands.copy_buffer_to_buffer(&workspace.pooled, 0, &readback.buffer, 0, bytes);
            })
            .await?;
        self.idle().readbacks.push(readback);
        Ok(rows)
    }

    async fn products(&self, form: Form) -> Result<&Products> {
        let GpuKernels { gpu, shape, kernels } = &self.compiled;
        match (form, kernels.wide.get()) {
            (Form::Narrow, _) => Ok(&kernels.narrow),
            (Form::Wide, Some(wide)) => Ok(wide),
            (Form::Wide, None) => {
                let wide = gpu.create(|| Ok(Products::new(gpu, shape, form))).await?;
                Ok(kernels.wide.get_or_init(|| wide))
            }
        }
    }

    async fn workspace(&self, tokens: usize) -> Result<Rc<Workspace>> {
        if let Some(workspace) = self.idle().workspace.as_ref().filter(|w| w.capacity >= tokens) {
            return Ok(Rc::clone(workspace));
        }
        let GpuKernels { gpu, shape, kernels } = &self.compiled;
        let capacity = tokens.max(MIN_CAPACITY).next_power_of_two();
        let make = || Workspace::new(gpu, shape, kernels, &self.weights, capacity);
        let workspace = Rc::new(gpu.create(make).await?);
        self.idle().workspace = Some(Rc::clone(&workspace));
        Ok(workspace)
    }

    /// A readback of at least `bytes`.
    fn readback(&self, bytes: u64) -> Readback {
        let mut idle = self.idle();
        let fits = idle.readbacks.iter().position(|r| r.size() >= bytes);
        if let Some(at) = fits {
            return idle.readbacks.swap_remove(at);
        }
        // The larger one takes the place of those that were too small.
        idle.readbacks.clear();
        Readback::new(&self.compiled.gpu, bytes)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of the texts go into one submission.
fn fitting(ids: &[&[u32]]) -> usize {
    let tokens = ids.iter().scan(0, |sum, text| {
        *sum += text.len();
        Some(*sum)
    });
    tokens.take_while(|sum| *sum <= MAX_BATCH_TOKENS).count().max(1)
}
