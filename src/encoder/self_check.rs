//! The known-answer test that a GPU must pass before it is trusted.
//!
//! A shader that fails validation can return stale memory without any error (docs/engine.md), so a device proves itself by
//! encoding a text whose embedding is known.

use super::Encoder;
use crate::artifact::ArtifactFiles;
use crate::artifact::manifest::Canary;
use crate::embedding::dot;
use crate::error::Result;

/// Two devices differ by rounding only; anything below this is a broken device.
const MIN_COSINE: f32 = 0.999;

const DEFAULT_TEXT: &str = "A canary sings in the coal mine while the miners work below.";

/// Encodes the canary on `encoder`'s device and compares; the reason of failure is for people.
pub(super) async fn run(encoder: &Encoder, files: &ArtifactFiles) -> Result<(), String> {
    let canary = if let Some(canary) = &encoder.manifest.canary {
        canary.clone()
    } else {
        let cpu = Encoder::on_cpu(files, "reference for the self-check").map_err(|e| e.to_string())?;
        known_answer(&cpu).await.map_err(|e| e.to_string())?
    };
    let found = encoder.encode(&[canary.text.as_str()]).await.map_err(|e| e.to_string())?;
    if found.len() != canary.embedding.len() {
        return Err(format!("the canary has {} values, expected {}", canary.embedding.len(), found.len()));
    }
    let cosine = dot(&found, &canary.embedding);
    if cosine >= MIN_COSINE {
        Ok(())
    } else {
        Err(format!("cosine {cosine:.4} to the known answer, expected at least {MIN_COSINE}"))
    }
}

/// What `encoder`, on the CPU, says about the canary's text.
pub(super) async fn known_answer(encoder: &Encoder) -> Result<Canary> {
    let embedding = encoder.encode(&[DEFAULT_TEXT]).await?;
    Ok(Canary { text: DEFAULT_TEXT.to_owned(), embedding })
}
