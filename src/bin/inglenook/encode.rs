//! `inglenook encode`: lines of text -> vectors.

use std::io::BufRead;
use std::path::PathBuf;

use inglenook::{Error, Result};

use crate::{Device, load, output};

#[derive(clap::Args)]
pub struct Args {
    /// Model directory
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// The output is JSON either way; accepted for symmetry with the other commands
    #[arg(long)]
    json: bool,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

/// Lines encoded together.
const BATCH: usize = 64;

pub fn run(args: &Args) -> Result<()> {
    let encoder = load::encoder(&args.model, args.device)?;
    let mut lines = std::io::stdin().lock().lines();
    loop {
        let batch = lines
            .by_ref()
            .take(BATCH)
            .collect::<std::io::Result<Vec<String>>>()
            .map_err(|source| Error::Io { path: "standard input".into(), source })?;
        if batch.is_empty() {
            return Ok(());
        }
        for row in pollster::block_on(encoder.encode(&batch))?.chunks_exact(encoder.dimensions()) {
            output::json(&row)?;
        }
    }
}
