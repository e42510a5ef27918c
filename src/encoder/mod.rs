//! The encoder: text -> unit vector, by a BERT-family sentence transformer (Reimers and Gurevych, EMNLP 2019).
//!
//! Two engines of our own compute the same function: `cpu` everywhere, [`gpu`] where WebGPU (in the browser) or Vulkan
//! (natively) is at hand and faster. The plain burn module, `Oracle` (feature `oracle`), is what both
//! are tested against.

#[cfg(not(target_arch = "wasm32"))]
mod allocation;
#[cfg(not(target_arch = "wasm32"))]
mod average;
mod bert;
#[cfg(not(target_arch = "wasm32"))]
mod calibration;
mod config;
mod cpu;
mod device;
pub mod gpu;
mod gpu_choice;
mod matrix;
#[cfg(not(target_arch = "wasm32"))]
mod moments;
#[cfg(all(feature = "oracle", not(target_arch = "wasm32")))]
mod oracle;
#[cfg(not(target_arch = "wasm32"))]
mod pack;
#[cfg(not(target_arch = "wasm32"))]
mod quantize;
#[cfg(not(target_arch = "wasm32"))]
mod sensitivity;
mod weights;

use std::cell::RefCell;
use std::rc::Rc;

#[cfg(not(target_arch = "wasm32"))]
pub use allocation::{MatrixSteps, allocate};
#[cfg(not(target_arch = "wasm32"))]
pub use average::average_weights;
pub(crate) use bert::BertWeights;
#[cfg(not(target_arch = "wasm32"))]
pub use calibration::{Calibration, calibrate};
pub use config::{EncoderConfig, Pooling};
pub use device::{
    Backend, DeviceChoice, DeviceChoices, DeviceRequest, DeviceStatus, DeviceTimings, SHORT_TOKENS, Timing,
};

pub use gpu_choice::Clock;

pub use crate::kernels::SimdLevel;
use crate::quantization::WeightDtype;
#[cfg(not(target_arch = "wasm32"))]
pub use moments::InputMoments;
#[cfg(all(feature = "oracle", not(target_arch = "wasm32")))]
pub use oracle::Oracle;
#[cfg(not(target_arch = "wasm32"))]
pub use pack::{ModelSource, pack_model};
#[cfg(not(target_arch = "wasm32"))]
pub use quantize::{QuantizationPlan, quantize_weights};
#[cfg(not(target_arch = "wasm32"))]
pub use sensitivity::{Sensitivity, sensitivities};
use weights::WeightFile;

use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::ModelManifest;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::tokenizer::Tokenizer;
use cpu::{CpuEncoder, Scratch};
use gpu::GpuEncoder;

/// A text of all kinds of tokens.
const SOME_TEXT: &str = "The quick brown fox jumps over a lazy dog; 3,000 miles from home, she said: \"Who are you?\"";

/// A model directory, checked: sizes, SHA-256, shapes.
struct LoadedModel {
    manifest: ModelManifest,
    tokenizer: Tokenizer,
    weights: BertWeights,
}

impl LoadedModel {
    fn load(files: &ArtifactFiles) -> Result<Self> {
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
        let weights = BertWeights::load(&config, &WeightFile::parse(&bytes)?)?;
        Ok(Self { manifest, tokenizer, weights })
    }
}

/// A loaded model. The CPU always serves; a GPU may take over what it does faster.
pub struct Encoder {
    manifest: ModelManifest,
    tokenizer: Tokenizer,
    cpu: CpuEncoder,
    scratch: RefCell<Scratch>,
    gpu: RefCell<Option<Rc<GpuEncoder>>>,
    status: RefCell<DeviceStatus>,
}

impl Encoder {
    /// Loads a model directory; the CPU serves until [`open_gpu`](Self::open_gpu) finds something faster. Sizes and SHA-256 are checked first.
    /// Weights stay where they are in `files`' bytes, but for coded ones; what is not needed any more is given back before a text is encoded.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Incompatible`], naming the file and what is wrong with it.
    pub fn load(files: ArtifactFiles) -> Result<Self> {
        let LoadedModel { manifest, tokenizer, weights } = LoadedModel::load(&files)?;
        drop(files);
        let (mut cpu, mut scratch) = (CpuEncoder::new(weights), Scratch::default());
        if manifest.dtype == WeightDtype::Int8 {
            cpu.widen_for(&tokenizer.encode(SOME_TEXT)?.ids, &mut scratch);
        }
        Ok(Self {
            manifest,
            tokenizer,
            cpu,
            scratch: RefCell::new(scratch),
            gpu: RefCell::default(),
            status: RefCell::new(DeviceStatus::cpu("the CPU serves; no GPU has been looked for")),
        })
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

    /// The devices that serve, and why they were chosen.
    #[must_use]
    pub fn status(&self) -> DeviceStatus {
        self.status.borrow().clone()
    }

    /// Which device does what.
    pub(crate) fn choices(&self) -> DeviceChoices {
        self.status.borrow().choices
    }

    /// The GPU, if one serves.
    #[must_use]
    pub fn gpu(&self) -> Option<Gpu> {
        self.gpu.borrow().as_ref().map(|gpu| gpu.gpu().clone())
    }

    /// Encodes texts to unit vectors, row-major `[texts.len() * dimensions]`, in the order given. A text's vector does not depend on its
    /// neighbors.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails or returns values that are not finite.
    pub async fn encode(&self, texts: &[impl AsRef<str>]) -> Result<Vec<f32>> {
        let ids = texts.iter().map(|t| Ok(self.tokenizer.encode(t.as_ref())?.ids)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        self.encode_ids(&ids).await
    }

    /// Encodes token ids, special tokens included, as [`encode`](Self::encode) does texts.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for an empty or too long text or an id that the model does not have; else as [`encode`](Self::encode).
    pub async fn encode_ids(&self, texts: &[&[u32]]) -> Result<Vec<f32>> {
        let weights = self.cpu.weights();
        check_ids(texts, weights.max_tokens(), weights.vocabulary_size())?;
        let tokens = texts.iter().map(|text| text.len()).sum();
        if self.choices().for_tokens(tokens) == Backend::Gpu {
            let gpu = self.gpu.borrow().clone();
            if let Some(gpu) = gpu {
                match gpu.encode(texts).await {
                    Ok(rows) => return Ok(rows),
                    Err(error) => self.lose_gpu(&error),
                }
            }
        }
        let rows = self.encode_on_cpu(texts);
        if rows.iter().any(|x| !x.is_finite()) {
            return Err(Error::Backend { reason: "the model returned values that are not finite".into() });
        }
        Ok(rows)
    }

    /// The vectors of texts before they are scaled to length 1: means over tokens.
    #[cfg(not(target_arch = "wasm32"))]
    fn pooled(&self, texts: &[String]) -> Result<Vec<f32>> {
        use rayon::prelude::*;
        if self.cpu.weights().pooling != Pooling::Mean {
            return Err(Error::incompatible("pooling", "cls", "mean"));
        }
        let ids = texts.iter().map(|t| Ok(self.tokenizer.encode(t)?.ids)).collect::<Result<Vec<_>>>()?;
        let ids: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
        let groups: Vec<_> = CpuEncoder::groups(&ids).collect();
        let (cpu, dimensions) = (&self.cpu, self.dimensions());
        let pooled = |scratch: &mut Scratch, group: &[&[u32]]| {
            let mut sums = cpu.pooled(group, scratch);
            for (sum, text) in sums.chunks_exact_mut(dimensions).zip(group) {
                #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
                let count = text.len() as f32;
                for x in sum {
                    *x /= count;
                }
            }
            sums
        };
        Ok(groups
            .into_par_iter()
            .map_init(Scratch::default, |scratch, group| pooled(scratch, group))
            .flatten_iter()
            .collect())
    }

    #[cfg(target_arch = "wasm32")]
    fn encode_on_cpu(&self, texts: &[&[u32]]) -> Vec<f32> {
        CpuEncoder::groups(texts).flat_map(|group| self.cpu.encode(group, &mut self.scratch.borrow_mut())).collect()
    }

    /// A text's vector is the same to the bit however many threads there are.
    #[cfg(not(target_arch = "wasm32"))]
    fn encode_on_cpu(&self, texts: &[&[u32]]) -> Vec<f32> {
        use rayon::prelude::*;
        let groups: Vec<_> = CpuEncoder::groups(texts).collect();
        if let [group] = groups[..] {
            return self.cpu.encode(group, &mut self.scratch.borrow_mut());
        }
        let cpu = &self.cpu;
        groups
            .into_par_iter()
            .map_init(Scratch::default, |scratch, group| cpu.encode(group, scratch))
            .flatten_iter()
            .collect()
    }
}

/// Checks that every text has 1 to `max_tokens` ids, all of them below `vocabulary_size`.
fn check_ids(texts: &[&[u32]], max_tokens: usize, vocabulary_size: usize) -> Result<()> {
    for text in texts {
        if !(1..=max_tokens).contains(&text.len()) {
            return Err(Error::invalid("tokens of a text", text.len(), format!("1 to {max_tokens}")));
        }
        if let Some(id) = text.iter().find(|id| **id as usize >= vocabulary_size) {
            return Err(Error::invalid("token id", id, format!("below {vocabulary_size}")));
        }
    }
    Ok(())
}
