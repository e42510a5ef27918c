//! Reading a model directory to train from.

use std::path::Path;

use bytes::Bytes;

use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::ModelManifest;
use crate::error::{Error, Result};
use crate::quantization::WeightDtype;

/// A model directory with f32 weights, checked against its manifest.
#[derive(Debug, Clone)]
pub struct SourceModel {
    /// What the model is.
    pub manifest: ModelManifest,
    /// Its sizes.
    pub shape: StudentShape,
    /// Its weights.
    pub tensors: Tensors,
    /// Its `tokenizer.json`.
    pub tokenizer: Bytes,
    /// SHA-256 of the file of weights.
    pub weights_sha256: String,
}

impl SourceModel {
    /// Reads a directory that `inglenook distill` or `inglenook pack --dtype f32` wrote.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Corrupt`] or [`Error::Incompatible`], naming the file and what is wrong with it.
    pub fn read(dir: &Path) -> Result<Self> {
        let files = ArtifactFiles::read_dir(dir)?;
        let manifest = ModelManifest::parse(files.manifest()?)?;
        if manifest.dtype != WeightDtype::F32 {
            return Err(Error::incompatible(
                format!("dtype of {}", dir.display()),
                manifest.dtype.name(),
                "f32, to train from",
            ));
        }
        let read = |ending| manifest.file(ending).and_then(|entry| files.verified(entry));
        let (config, tokenizer, weights) = (read("config.json")?, read("tokenizer.json")?, read(".safetensors")?);
        let weights_sha256 = manifest.file(".safetensors")?.sha256.clone();
        Ok(Self {
            shape: StudentShape::parse(&config)?,
            tensors: Tensors::parse(&weights)?,
            tokenizer,
            weights_sha256,
            manifest,
        })
    }
}
