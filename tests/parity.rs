//! The encoder gives the embeddings that another implementation gave (`tests/fixtures/parity`), on the real model.
//!
//! The same bounds are held in the browser by `tests/browser/parity.test.mjs`.

use std::path::{Path, PathBuf};

use inglenook::embedding::dot;
use inglenook::{ArtifactFiles, Encoder};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    text: String,
    embedding: Vec<f32>,
}

/// The committed texts, or all texts of a longer list that lies beside the checkout.
fn references() -> Vec<Reference> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("INGLENOOK_PARITY").map(PathBuf::from);
    let candidates =
        [named, Some(root.join("../shared/data/parity.json")), Some(root.join("tests/fixtures/parity/parity.json"))];
    let path = candidates
        .into_iter()
        .flatten()
        .find(|p| p.is_file())
        .expect("tests/fixtures/parity/parity.json is part of the checkout");
    let list: Vec<Reference> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(list.len() >= 50, "{} texts in {}", list.len(), path.display());
    list
}

fn encoder(name: &str) -> Encoder {
    let cache = std::env::var_os("INGLENOOK_CACHE").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/inglenook"));
    let dir = cache.join("models").join(name);
    let files = ArtifactFiles::read_dir(&dir).unwrap_or_else(|e| {
        panic!("{e}. The model is fetched by scripts/setup/model.sh and packed by scripts/build-artifacts.sh")
    });
    Encoder::load(&files).unwrap()
}

fn encode(encoder: &Encoder, references: &[Reference]) -> Vec<Vec<f32>> {
    let texts: Vec<&str> = references.iter().map(|r| r.text.as_str()).collect();
    let rows = pollster::block_on(encoder.encode(&texts)).unwrap();
    rows.chunks_exact(encoder.dimensions()).map(<[f32]>::to_vec).collect()
}

#[test]
fn f32_equals_the_reference() {
    let references = references();
    let (mut worst_cosine, mut worst_difference) = (1.0_f32, 0.0_f32);
    for (found, reference) in encode(&encoder("all-MiniLM-L6-v2"), &references).iter().zip(&references) {
        worst_cosine = worst_cosine.min(dot(found, &reference.embedding));
        worst_difference =
            found.iter().zip(&reference.embedding).map(|(a, b)| (a - b).abs()).fold(worst_difference, f32::max);
    }
    println!(
        "{} texts, f32: worst cosine {worst_cosine:.7}, worst difference {worst_difference:.1e}",
        references.len()
    );
    assert!(worst_cosine >= 0.9999 && worst_difference <= 1e-4);
}

#[test]
fn int8_stays_close_to_f32() {
    let references = references();
    let cosines: Vec<f32> = encode(&encoder("all-MiniLM-L6-v2-int8"), &references)
        .iter()
        .zip(&references)
        .map(|(found, r)| dot(found, &r.embedding))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "some hundred texts")]
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    let worst = cosines.iter().copied().fold(1.0, f32::min);
    println!("{} texts, int8: mean cosine {mean:.5}, worst {worst:.5}", cosines.len());
    assert!(mean >= 0.995);
}
