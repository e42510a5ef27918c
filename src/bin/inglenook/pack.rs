//! `inglenook pack`: a Hugging Face sentence encoder -> a model directory for the browser.

use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use inglenook::artifact::manifest::ModelManifest;
use inglenook::encoder::{ModelSource, pack_model};
use inglenook::{Dtype, Error, Result};

use crate::build::dtype;

#[derive(clap::Args)]
pub struct Args {
    /// Directory with config.json, tokenizer.json and model.safetensors (f32); its manifest.json, if any, names id and license
    #[arg(long, value_name = "DIR")]
    source: PathBuf,
    /// Directory to write; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How weights are stored: int8 (a quarter of the size) or f32
    #[arg(long, default_value = "int8", value_parser = dtype)]
    dtype: Dtype,
    /// The encoder's identity (default: from the manifest, else the directory's name)
    #[arg(long)]
    id: Option<String>,
    /// SPDX identifier of the weights' license (default: from the manifest)
    #[arg(long)]
    license: Option<String>,
    /// Texts are cut at this many tokens, special ones included (default: from the manifest, else 256)
    #[arg(long)]
    max_tokens: Option<usize>,
}

pub fn run(args: Args) -> Result<()> {
    let read = |name: &str| read(&args.source, name);
    // A directory as downloaded has no manifest; one that is there must be sound.
    let known = read("manifest.json").ok().map(|json| ModelManifest::parse(&json)).transpose()?;
    let dir_name = args.source.file_name().map_or_else(|| "model".to_owned(), |n| n.to_string_lossy().into_owned());
    let source = ModelSource {
        id: args.id.or_else(|| known.as_ref().map(|m| m.id.clone())).unwrap_or(dir_name),
        license: args.license.or_else(|| known.as_ref().map(|m| m.license.clone())).unwrap_or_else(|| "unknown".into()),
        source: known.as_ref().map_or_else(|| "packed by hand".into(), |m| m.source.clone()),
        max_tokens: args.max_tokens.or(known.as_ref().map(|m| m.max_tokens)).unwrap_or(256),
        config: read("config.json")?,
        tokenizer: read("tokenizer.json")?,
        weights: read("model.safetensors")?,
    };
    let files = pollster::block_on(pack_model(source, args.dtype))?;
    files.write_dir(&args.out)?;
    let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    eprintln!("{} -> {} ({})", args.source.display(), args.out.display(), HumanBytes(size as u64));
    Ok(())
}

fn read(dir: &Path, name: &str) -> Result<Vec<u8>> {
    let path = dir.join(name);
    std::fs::read(&path).map_err(|source| Error::Io { path: path.display().to_string(), source })
}
