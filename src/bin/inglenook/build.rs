//! `inglenook build`: items -> embeddings -> catalog directory.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Instant;

use indicatif::HumanBytes;
use inglenook::artifact::TableFormat;
use inglenook::catalog::{Item, ItemFormat, read_items};
use inglenook::{Dtype, Error, Result, artifact};

use crate::{Device, embeddings, finetune, load};

#[derive(clap::Args)]
pub struct Args {
    /// Items as JSON Lines or CSV (.csv): id, title, text, and optionally url, image, tags, popularity
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// Model directory
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Directory to write; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How embeddings are stored: int8 (a quarter of f32), binary (an eighth of int8, and a third of the nearest items are others) or f32
    #[arg(long, default_value = "int8", value_parser = dtype)]
    dtype: Dtype,
    /// Keep this many dimensions of the embeddings, along their principal axes (default: all that the model has)
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Change the model's vectors by this adapter (`inglenook finetune`)
    #[arg(long, value_name = "FILE")]
    adapter: Option<PathBuf>,
    /// Leave out lines that cannot be used (unreadable, no id, repeated id, no text, bad popularity) instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

pub fn dtype(name: &str) -> Result<Dtype, String> {
    match name {
        "int8" => Ok(Dtype::Int8),
        "binary" => Ok(Dtype::Binary),
        "f32" => Ok(Dtype::F32),
        other => Err(format!("found {other}, expected int8, binary or f32")),
    }
}

pub fn run(args: &Args) -> Result<()> {
    let source = args.items.display().to_string();
    let file =
        File::open(&args.items).map_err(|source_error| Error::Io { path: source.clone(), source: source_error })?;
    let read = read_items(&source, BufReader::new(file), ItemFormat::of(&args.items), args.skip_invalid)?;
    for problem in read.report.iter().take(10) {
        eprintln!("skipped line {}: {}", problem.line, problem.reason);
    }
    if read.report.len() > 10 {
        eprintln!("skipped {} lines in all", read.report.len());
    }
    let encoder = load::encoder(&args.model, args.device)?;
    let started = Instant::now();
    let texts: Vec<String> = read.items.iter().map(Item::embedding_text).collect();
    let rows = embeddings::encode(&encoder, &texts, "items")?;
    let adapter = finetune::read(args.adapter.as_ref())?;
    let format = TableFormat { dtype: args.dtype, dimensions: args.dimensions, adapter: adapter.as_ref() };
    let files =
        artifact::catalog_to_files(encoder.manifest().space(), &read.items, &rows, encoder.dimensions(), format)?;
    let files = artifact::with_opening(files)?;
    files.write_dir(&args.out)?;
    let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    eprintln!(
        "{} items -> {} ({}, {} x {} {}) in {:.1} s",
        read.items.len(),
        args.out.display(),
        HumanBytes(size as u64),
        read.items.len(),
        args.dimensions.unwrap_or(encoder.dimensions()),
        args.dtype.name(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
