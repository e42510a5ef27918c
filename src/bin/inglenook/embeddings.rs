//! Encoding many texts with a progress bar, once: vectors are kept in a cache directory.

use std::fs;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use inglenook::{Encoder, Error, Result};
use sha2::{Digest, Sha256};

/// Texts encoded between two updates of the progress bar.
const STEP: usize = 128;

/// Encodes texts in an order that needs no padding; `what` names them on the progress bar.
pub fn encode(encoder: &Encoder, texts: &[String], what: &str) -> Result<Vec<f32>> {
    let style =
        ProgressStyle::with_template(&format!("encoding {{bar:30}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left"))
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(texts.len() as u64).with_style(style);
    // Longest first, and neighbors of equal length: no padding, and a time left that is not too rosy.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(texts[*i].len()));
    let dimensions = encoder.dimensions();
    let mut rows = vec![0.0; texts.len() * dimensions];
    for step in order.chunks(STEP) {
        let batch: Vec<&str> = step.iter().map(|i| texts[*i].as_str()).collect();
        let vectors = pollster::block_on(encoder.encode(&batch))?;
        for (i, vector) in step.iter().zip(vectors.chunks_exact(dimensions)) {
            rows[i * dimensions..(i + 1) * dimensions].copy_from_slice(vector);
        }
        bar.inc(step.len() as u64);
    }
    bar.finish_and_clear();
    Ok(rows)
}

/// As [`encode`], with a directory that keeps the vectors under a hash of the model and the texts. A cache that cannot be written is no error.
pub fn encode_cached(encoder: &Encoder, texts: &[String], what: &str, cache: &Path) -> Result<Vec<f32>> {
    let path = cache.join(format!("{}.f32", key(encoder, texts)?));
    let values = texts.len() * encoder.dimensions();
    if let Ok(bytes) = fs::read(&path)
        && bytes.len() == values * 4
    {
        let (rows, _) = bytes.as_chunks::<4>();
        let rows: Vec<f32> = rows.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if rows.iter().all(|x| x.is_finite()) {
            return Ok(rows);
        }
    }
    let rows = encode(encoder, texts, what)?;
    let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
    // Whole or not at all: another run may be reading.
    let partial = path.with_extension(format!("{}.partial", std::process::id()));
    let kept =
        fs::create_dir_all(cache).and_then(|()| fs::write(&partial, bytes)).and_then(|()| fs::rename(&partial, &path));
    if let Err(e) = kept {
        eprintln!("the vectors are not kept: {}: {e}", path.display());
    }
    Ok(rows)
}

/// The model's manifest names its files by their SHA-256, so that it stands for the weights.
fn key(encoder: &Encoder, texts: &[String]) -> Result<String> {
    let manifest = serde_json::to_vec(encoder.manifest())
        .map_err(|e| Error::Io { path: "manifest of the model".into(), source: e.into() })?;
    let mut hash = Sha256::new();
    hash.update((manifest.len() as u64).to_le_bytes());
    hash.update(manifest);
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    }
    let digest = hash.finalize();
    Ok(digest.iter().take(16).fold(String::new(), |name, byte| name + &format!("{byte:02x}")))
}

/// Inglenook's cache: `$INGLENOOK_CACHE`, or `inglenook` in the user's cache directory.
pub fn cache_dir() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("INGLENOOK_CACHE").unwrap_or_else(|| {
        let user = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        user.unwrap_or_else(std::env::temp_dir).join("inglenook")
    })
}
