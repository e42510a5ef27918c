//! `inglenook import-student`: a student of the `PyTorch` reference -> a model directory to train from or to pack. Hidden: few need it.

use std::path::PathBuf;

use inglenook::Result;

#[derive(clap::Args)]
pub struct Args {
    /// Directory with config.json, weights.safetensors and embedding.safetensors, f16
    #[arg(long, value_name = "DIR")]
    source: PathBuf,
    /// The teacher's model directory: tokenizer and license are its own
    #[arg(long, value_name = "DIR")]
    teacher: PathBuf,
    /// Directory to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Read the weights after quantization-aware training, which are at their best in int4
    #[arg(long)]
    int4_masters: bool,
}

/// Says how to build a tool that can train.
#[cfg(not(feature = "train"))]
pub fn run(_: &Args) -> Result<()> {
    Err(crate::load::without_training("import-student"))
}

/// Converts the directory.
#[cfg(feature = "train")]
pub fn run(args: &Args) -> Result<()> {
    use inglenook::training::{Provenance, ReferenceWeights, SourceModel, export, read_reference};
    let weights = if args.int4_masters { ReferenceWeights::Int4Masters } else { ReferenceWeights::Plain };
    let (shape, tensors) = read_reference(&args.source, weights)?;
    let teacher = SourceModel::read(&args.teacher)?;
    let name = args.source.file_name().map_or_else(|| "student".into(), |name| name.to_string_lossy().into_owned());
    let provenance = Provenance {
        source: format!("{name}, a student of {} trained with PyTorch", teacher.manifest.id),
        id: name,
        space: teacher.manifest.space().to_owned(),
        license: teacher.manifest.license,
        max_tokens: shape.positions,
    };
    export(&shape, &tensors, teacher.tokenizer, provenance)?.write_dir(&args.out)
}
