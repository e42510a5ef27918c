//! Packing: a Hugging Face sentence encoder -> a model directory for the browser.

use super::{Encoder, EncoderConfig, QuantizationPlan, quantize_weights};
use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::{Canary, FORMAT_VERSION, FileEntry, ModelManifest};
use crate::error::{Error, Result};
use crate::quantization::WeightDtype;

/// The files of a sentence encoder and what is to be said about it.
#[derive(Debug, Clone)]
pub struct ModelSource {
    /// The encoder's identity, kept across dtypes.
    pub id: String,
    /// The encoder in whose space the vectors lie, where that is another.
    pub space: Option<String>,
    /// SPDX identifier of the weights' license.
    pub license: String,
    /// Where the weights came from.
    pub source: String,
    /// Texts are cut at this many tokens.
    pub max_tokens: usize,
    /// `config.json`.
    pub config: Vec<u8>,
    /// `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// `model.safetensors`, f32.
    pub weights: Vec<u8>,
}

/// The text whose embedding a GPU must know before it is trusted.
const CANARY: &str = "A canary sings in the coal mine while the miners work below.";

/// Packs a model as `plan` says, with a manifest and a canary computed on the CPU.
///
/// # Errors
/// [`Error::Corrupt`] or [`Error::Incompatible`] if the files are not a BERT-family encoder.
pub async fn pack_model(source: ModelSource, plan: impl Into<QuantizationPlan>) -> Result<ArtifactFiles> {
    let plan = plan.into();
    let config = EncoderConfig::parse(&source.config)?;
    let (name, weights) = match plan.dtype {
        WeightDtype::F32 if plan.exceptions.is_empty() => ("model.safetensors".to_owned(), source.weights),
        dtype => (format!("weights.{}.safetensors", dtype.name()), quantize_weights(&source.weights, &plan)?),
    };
    let contents =
        [("config.json".to_owned(), source.config), ("tokenizer.json".to_owned(), source.tokenizer), (name, weights)];
    let mut manifest = ModelManifest {
        format: ModelManifest::FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: source.id,
        space: source.space,
        dtype: plan.dtype,
        dimensions: config.hidden_size,
        max_tokens: source.max_tokens,
        license: source.license,
        source: source.source,
        canary: None,
        files: contents.iter().map(|(name, content)| FileEntry::of(name, content)).collect(),
    };
    let mut files = ArtifactFiles::default();
    for (name, content) in contents {
        files.insert(name, content);
    }
    let json = |manifest: &ModelManifest| {
        serde_json::to_vec_pretty(manifest).map_err(|e| Error::corrupt("manifest.json", e.to_string()))
    };
    files.insert("manifest.json", json(&manifest)?);
    let embedding = Encoder::load(files.clone())?.encode(&[CANARY]).await?;
    manifest.canary = Some(Canary { text: CANARY.to_owned(), embedding });
    files.insert("manifest.json", json(&manifest)?);
    Ok(files)
}
