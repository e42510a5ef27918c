//! `inglenook inspect`: what an artifact directory holds, after checking every file.

use std::path::PathBuf;

use comfy_table::{Table, presets};
use indicatif::HumanBytes;
use inglenook::artifact::manifest::{CatalogManifest, FileEntry, ModelManifest};
use inglenook::{ArtifactFiles, Catalog, Encoder, Error, Result};
use serde_json::json;

use crate::output;

#[derive(clap::Args)]
pub struct Args {
    /// Catalog or model directory
    dir: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args) -> Result<()> {
    let files = ArtifactFiles::read_dir(&args.dir)?;
    match CatalogManifest::parse(files.manifest()?) {
        Ok(manifest) => inspect_catalog(args, &files, &manifest),
        // Not a catalog: then it must be a model, and if it is neither, both errors say the same.
        Err(Error::Incompatible { found, .. }) if found == ModelManifest::FORMAT => inspect_model(args, &files),
        Err(error) => Err(error),
    }
}

fn inspect_catalog(args: &Args, files: &ArtifactFiles, manifest: &CatalogManifest) -> Result<()> {
    let catalog = Catalog::load(files)?;
    let tags: Vec<&str> = catalog.tag_names().collect();
    let first: Vec<_> = (0..catalog.len().min(3)).map(|row| catalog.item(row)).collect();
    if args.json {
        let first: Vec<_> = first.iter().map(|i| json!({"id": i.id, "title": i.title})).collect();
        return output::pretty_json(&json!({"manifest": manifest, "tags": tags, "first_items": first}));
    }
    output::line(format!(
        "catalog of {} items, {} embeddings of {} dimensions by {}, written by {}",
        manifest.items,
        manifest.dtype.name(),
        manifest.dimensions,
        manifest.model,
        manifest.generator
    ))?;
    output::line(format!("tags ({}): {}", tags.len(), tags.iter().take(20).copied().collect::<Vec<_>>().join(", ")))?;
    for item in first {
        output::line(format!("item {}: {}", item.id, item.title))?;
    }
    print_files(&manifest.files)
}

fn inspect_model(args: &Args, files: &ArtifactFiles) -> Result<()> {
    let encoder = Encoder::load(files.clone())?;
    let manifest = encoder.manifest();
    if args.json {
        return output::pretty_json(&json!({"manifest": manifest}));
    }
    output::line(format!(
        "model {} ({}), {} dimensions, texts cut at {} tokens, license {}, from {}",
        manifest.id,
        manifest.dtype.name(),
        manifest.dimensions,
        manifest.max_tokens,
        manifest.license,
        manifest.source
    ))?;
    print_files(&manifest.files)
}

fn print_files(files: &[FileEntry]) -> Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["file", "size", "SHA-256 (checked)"]);
    for file in files {
        table.add_row([file.name.clone(), HumanBytes(file.bytes).to_string(), file.sha256.clone()]);
    }
    output::line(table)
}
