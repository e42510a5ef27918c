//! The encoder: text -> unit vector, by a BERT-family sentence transformer (Reimers and Gurevych, EMNLP 2019) in burn.
//!
//! One code path for all devices: burn flex on the CPU, burn-wgpu on WebGPU in the browser and on Vulkan natively.

mod bert;
mod config;
mod device;
mod pack;
mod pooling;
mod self_check;
mod weights;

use burn::prelude::*;
use burn::tensor::TensorData;

pub use config::{EncoderConfig, Pooling};
pub use device::{Backend, DeviceChoice, DeviceRequest, DeviceStatus};
pub use pack::{ModelSource, pack_model};
use weights::WeightFile;
pub use weights::quantize_weights;

use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::ModelManifest;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;
use bert::Bert;

/// At most this many tokens, padding included, go through the model at once; bounds memory to some tens of MB.
const MAX_BATCH_TOKENS: usize = 4096;

/// A loaded model on a chosen device.
pub struct Encoder {
    manifest: ModelManifest,
    tokenizer: Tokenizer,
    model: Bert,
    device: Device,
    status: DeviceStatus,
}

impl Encoder {
    /// Loads a model directory onto a device. Sizes and SHA-256 are checked first. A GPU is trusted only after it has
    /// encoded a text whose embedding is known (the self-check); otherwise the CPU serves and
    /// [`status`](Self::status) says why.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Incompatible`], naming the file and what is wrong with it.
    pub async fn load(files: &ArtifactFiles, request: impl Into<DeviceRequest>) -> Result<Self> {
        let gpu = match device::open_gpu(request.into()).await {
            Ok(gpu) => gpu,
            Err(reason) => return Self::on_cpu(files, reason),
        };
        let encoder = Self::on_device(files, gpu.device, gpu.status)?;
        match self_check::run(&encoder, files).await {
            Ok(()) => Ok(encoder),
            Err(reason) => Self::on_cpu(files, format!("the GPU failed its self-check: {reason}")),
        }
    }

    fn on_cpu(files: &ArtifactFiles, reason: impl Into<String>) -> Result<Self> {
        Self::on_device(files, Device::flex(), DeviceStatus::cpu(reason))
    }

    fn on_device(files: &ArtifactFiles, device: Device, status: DeviceStatus) -> Result<Self> {
        let manifest = ModelManifest::parse(files.manifest()?)?;
        let read = |ending| manifest.file(ending).and_then(|entry| files.verified(entry));
        let config = EncoderConfig::parse(&read("config.json")?)?;
        if config.hidden_size != manifest.dimensions {
            return Err(Error::corrupt(
                "config.json",
                format!("hidden_size is {}, expected {}", config.hidden_size, manifest.dimensions),
            ));
        }
        if manifest.max_tokens > config.max_position_embeddings {
            return Err(Error::corrupt(
                "manifest.json",
                format!("max_tokens is {}, expected at most {}", manifest.max_tokens, config.max_position_embeddings),
            ));
        }
        let tokenizer = Tokenizer::load(&read("tokenizer.json")?, manifest.max_tokens)?;
        if tokenizer.vocabulary_size() > config.vocab_size {
            return Err(Error::corrupt(
                "tokenizer.json",
                format!("it has {} tokens, the model {}", tokenizer.vocabulary_size(), config.vocab_size),
            ));
        }
        let bytes = read(".safetensors")?;
        let weights = WeightFile::parse(&bytes)?;
        let model = Bert::load(&config, &weights, &device)?;
        Ok(Self { manifest, tokenizer, model, device, status })
    }

    /// The model's manifest.
    #[must_use]
    pub fn manifest(&self) -> &ModelManifest {
        &self.manifest
    }

    /// Length of the vectors.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.manifest.dimensions
    }

    /// The device that serves, and why it was chosen.
    #[must_use]
    pub fn status(&self) -> &DeviceStatus {
        &self.status
    }

    /// Encodes texts to unit vectors, row-major `[texts.len() * dimensions]`, in the order given. Texts of similar length go
    /// through the model together; a text's vector does not depend on its neighbors beyond rounding.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails or returns values that are not finite.
    pub async fn encode(&self, texts: &[impl AsRef<str>]) -> Result<Vec<f32>> {
        let ids = texts.iter().map(|t| Ok(self.tokenizer.encode(t.as_ref())?.ids)).collect::<Result<Vec<_>>>()?;
        let mut by_length: Vec<usize> = (0..ids.len()).collect();
        by_length.sort_by_key(|i| ids[*i].len());
        let dimensions = self.dimensions();
        let mut rows = vec![0.0; ids.len() * dimensions];
        let mut left = by_length.as_slice();
        while !left.is_empty() {
            let (batch, rest) = left.split_at(batch_size(left, &ids));
            let vectors = self.encode_batch(batch, &ids).await?;
            for (i, vector) in batch.iter().zip(vectors.chunks_exact(dimensions)) {
                rows[i * dimensions..(i + 1) * dimensions].copy_from_slice(vector);
            }
            left = rest;
        }
        Ok(rows)
    }

    async fn encode_batch(&self, batch: &[usize], ids: &[Vec<u32>]) -> Result<Vec<f32>> {
        let length = batch.iter().map(|i| ids[*i].len()).max().unwrap_or(0);
        let shape = [batch.len(), length];
        let (mut tokens, mut mask) = (vec![0_i32; batch.len() * length], vec![0.0_f32; batch.len() * length]);
        for (at, i) in batch.iter().enumerate() {
            for (j, id) in ids[*i].iter().enumerate() {
                tokens[at * length + j] = id.cast_signed();
                mask[at * length + j] = 1.0;
            }
        }
        let full = mask.iter().all(|m| *m > 0.0);
        let tokens = Tensor::<2, Int>::from_data(TensorData::new(tokens, shape), &self.device);
        let mask = (!full).then(|| Tensor::<2>::from_data(TensorData::new(mask, shape), &self.device));
        let embeddings = self.model.forward(tokens, mask);
        let data = embeddings.into_data_async().await.map_err(|e| Error::Backend { reason: e.to_string() })?;
        let rows: Vec<f32> = data.try_into_vec().map_err(|e| Error::Backend { reason: format!("{e:?}") })?;
        if rows.iter().any(|x| !x.is_finite()) {
            return Err(Error::Backend { reason: "the device returned values that are not finite".into() });
        }
        Ok(rows)
    }
}

/// How many of the texts, sorted by length, fit into one batch.
fn batch_size(sorted: &[usize], ids: &[Vec<u32>]) -> usize {
    let fits = sorted.iter().enumerate().take_while(|(n, i)| (n + 1) * ids[**i].len() <= MAX_BATCH_TOKENS).count();
    fits.max(1)
}
