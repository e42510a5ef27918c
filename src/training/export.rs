//! Writing a student as a model directory.

use bytes::Bytes;

use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::{FORMAT_VERSION, FileEntry, ModelManifest};
use crate::error::{Error, Result};
use crate::quantization::WeightDtype;

/// What the manifest says of a student beside its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The encoder's identity.
    pub id: String,
    /// The space of its vectors, which is the teacher's.
    pub space: String,
    /// SPDX identifier of the weights' license, which is the teacher's.
    pub license: String,
    /// Where the weights came from.
    pub source: String,
    /// The longest texts that it was trained on, in tokens; there its texts are cut.
    pub max_tokens: usize,
}

/// The model directory of a student: f32 weights, the teacher's tokenizer. It has no canary:
/// `inglenook pack`, which quantizes it, computes one from the weights that are served.
///
/// # Errors
/// [`Error::Corrupt`] if a format cannot hold the tensors.
pub fn export(
    shape: &StudentShape,
    tensors: &Tensors,
    tokenizer: Bytes,
    provenance: Provenance,
) -> Result<ArtifactFiles> {
    let weights = Bytes::from(tensors.to_safetensors()?);
    let config = Bytes::from(shape.to_config()?);
    let contents = [("config.json", config), ("tokenizer.json", tokenizer), ("model.safetensors", weights)];
    let manifest = ModelManifest {
        format: ModelManifest::FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        id: provenance.id,
        space: Some(provenance.space),
        dtype: WeightDtype::F32,
        dimensions: shape.hidden,
        max_tokens: provenance.max_tokens,
        license: provenance.license,
        source: provenance.source,
        canary: None,
        files: contents.iter().map(|(name, content)| FileEntry::of(*name, content)).collect(),
    };
    let mut files = ArtifactFiles::default();
    for (name, content) in contents {
        files.insert(name, content);
    }
    let manifest = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::corrupt("manifest.json", e.to_string()))?;
    files.insert("manifest.json", manifest);
    Ok(files)
}
