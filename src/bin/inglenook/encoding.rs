//! Encoding many texts, with a progress bar.

use indicatif::{ProgressBar, ProgressStyle};
use inglenook::{Encoder, Result};

/// Texts encoded between two updates of the progress bar.
const STEP: usize = 128;

/// Vectors of `texts`, row-major, in the order given. `what` they are is said beside the bar.
pub fn encode_texts(encoder: &Encoder, texts: &[String], what: &str) -> Result<Vec<f32>> {
    let style = ProgressStyle::with_template("encoding {bar:30} {pos}/{len} {msg}, {per_sec}, {eta} left")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(texts.len() as u64).with_style(style).with_message(what.to_owned());
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
