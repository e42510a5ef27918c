//! `inglenook pack`: a Hugging Face sentence encoder -> a model directory for the browser.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use indicatif::{HumanBytes, ProgressBar};
use inglenook::artifact::manifest::ModelManifest;
use inglenook::encoder::{
    Calibration, InputMoments, ModelSource, QuantizationPlan, allocate, average_weights, calibrate, pack_model,
};
use inglenook::quantization::WeightDtype;
use inglenook::quantization::int4::Rounding;
use inglenook::{DeviceChoice, Error, Result};

use crate::{embeddings, load};

/// One text of so many tells what steps cost; the others, what they are rounded for.
const MEASURED: usize = 4;

#[derive(clap::Args)]
pub struct Args {
    /// Directory with config.json, tokenizer.json and model.safetensors (f32); its manifest.json, if any, names id and license
    #[arg(long, value_name = "DIR")]
    source: PathBuf,
    /// Pack the mean of --source's weights and of this directory's, such as those of a student before its finish
    #[arg(long, value_name = "DIR")]
    average_with: Option<PathBuf>,
    /// Directory to write; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How weights are stored: f32, int8 (a quarter of the size) or int4 (an eighth)
    #[arg(long, default_value = "int8", value_parser = dtype)]
    dtype: WeightDtype,
    /// With int4, the matrices to store as int8: parts of their names, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    int8: Vec<String>,
    /// The weights were trained with int4 in the loop: keep to its grid
    #[arg(long)]
    trained_int4: bool,
    /// The encoder's identity (default: from the manifest, else the directory's name)
    #[arg(long)]
    id: Option<String>,
    /// The encoder in whose space the vectors lie, such as a student's teacher (default: from the manifest, else none but its own)
    #[arg(long, value_name = "ID")]
    space: Option<String>,
    /// SPDX identifier of the weights' license (default: from the manifest)
    #[arg(long)]
    license: Option<String>,
    /// Where the weights came from (default: from the manifest)
    #[arg(long, value_name = "TEXT")]
    origin: Option<String>,
    /// Texts are cut at this many tokens, special ones included (default: from the manifest, else 256)
    #[arg(long)]
    max_tokens: Option<usize>,
    /// Store int8 matrices coded, in steps so wide that they take about this many bits a number, 1 to 8; which may be wide, --round-for's texts tell
    #[arg(long, value_name = "NUMBER", requires = "round_for")]
    bits: Option<f64>,
    /// Round int8 matrices for what these texts, one a line, make them multiply; a few hundred texts are enough
    #[arg(long, value_name = "FILE")]
    round_for: Option<PathBuf>,
    /// Fit scale and shift of the last norm, so that the quantized model comes closer to --teacher's vectors of these texts, one a line
    #[arg(long, value_name = "FILE", requires = "teacher")]
    calibrate: Option<PathBuf>,
    /// Model directory of the teacher
    #[arg(long, value_name = "DIR", requires = "calibrate")]
    teacher: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<()> {
    let mut source = source(&args.source)?;
    if let Some(other) = &args.average_with {
        source.weights = average_weights(&source.weights, &read(other, "model.safetensors")?)?;
    }
    source.id = args.id.unwrap_or(source.id);
    source.space = args.space.or(source.space);
    source.source = args.origin.unwrap_or(source.source);
    source.license = args.license.unwrap_or(source.license);
    source.max_tokens = args.max_tokens.unwrap_or(source.max_tokens);
    let rounding = if args.trained_int4 { Rounding::Trained } else { Rounding::Search };
    let exceptions = args.int8.into_iter().map(|part| (part, WeightDtype::Int8)).collect();
    let texts = args.round_for.as_deref().map(lines).transpose()?;
    let moments = match &texts {
        Some(texts) => Some(Rc::new(pollster::block_on(InputMoments::measure(&source, texts))?)),
        None => None,
    };
    let steps = match (args.bits, &texts) {
        (Some(bits), Some(texts)) => steps(&source, texts, bits)?,
        _ => BTreeMap::new(),
    };
    let plan = QuantizationPlan { dtype: args.dtype, exceptions, rounding, moments, steps };
    if let (Some(texts), Some(teacher)) = (&args.calibrate, &args.teacher) {
        source = calibrated(source, &plan, texts, teacher)?;
    }
    let files = pollster::block_on(pack_model(source, plan))?;
    files.write_dir(&args.out)?;
    let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    eprintln!("{} -> {} ({})", args.source.display(), args.out.display(), HumanBytes(size as u64));
    Ok(())
}

/// How wide the steps of each matrix are; prints them.
fn steps(source: &ModelSource, texts: &[String], bits: f64) -> Result<BTreeMap<String, f32>> {
    let bar = ProgressBar::new(0);
    // Rounded for the very texts that it is measured by, a matrix would look as if it lost less than it does.
    let part = |is_measured: bool| {
        let texts = texts.iter().enumerate().filter(|(at, _)| at.is_multiple_of(MEASURED) == is_measured);
        texts.map(|(_, text)| text.clone()).collect::<Vec<_>>()
    };
    let moments = Rc::new(pollster::block_on(InputMoments::measure(source, &part(false)))?);
    let found = pollster::block_on(allocate(source, Some(&moments), &part(true), bits, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }))?;
    bar.finish_and_clear();
    for matrix in &found {
        eprintln!("{:52} {:.2} bits, 1 - cosine {:.6}", matrix.matrix, matrix.bits, matrix.loss);
    }
    Ok(found.into_iter().map(|matrix| (matrix.matrix, matrix.step)).collect())
}

/// The model with its last norm fitted to the teacher's vectors.
fn calibrated(source: ModelSource, plan: &QuantizationPlan, texts: &Path, teacher: &Path) -> Result<ModelSource> {
    let texts = lines(texts)?;
    let teacher = load::encoder(teacher, DeviceChoice::Cpu)?;
    let vectors =
        embeddings::encode_cached(&teacher, &texts, "texts by the teacher", &embeddings::cache_dir().join("teacher"))?;
    let Calibration { source, before, after } = pollster::block_on(calibrate(source, plan, &texts, &vectors))?;
    eprintln!(
        "calibrated on {} texts: mean cosine to the teacher {before:.4} -> {after:.4} on those kept out",
        texts.len()
    );
    Ok(source)
}

/// The lines of a file that hold a text; at least one.
pub fn lines(file: &Path) -> Result<Vec<String>> {
    let name = || file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|source| Error::Io { path: name(), source })?;
    let texts: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();
    if texts.is_empty() {
        return Err(Error::InvalidInput { what: name(), found: "no text".into(), expected: "one text a line".into() });
    }
    Ok(texts)
}

/// The files of a sentence encoder in f32, and what its manifest, if it has one, says about it.
pub fn source(dir: &Path) -> Result<ModelSource> {
    let read = |name: &str| read(dir, name);
    // A directory as downloaded has no manifest; one that is there must be sound.
    let known = read("manifest.json").ok().map(|json| ModelManifest::parse(&json)).transpose()?;
    let dir_name = dir.file_name().map_or_else(|| "model".to_owned(), |n| n.to_string_lossy().into_owned());
    Ok(ModelSource {
        id: known.as_ref().map_or(dir_name, |m| m.id.clone()),
        space: known.as_ref().and_then(|m| m.space.clone()),
        license: known.as_ref().map_or_else(|| "unknown".into(), |m| m.license.clone()),
        source: known.as_ref().map_or_else(|| "packed by hand".into(), |m| m.source.clone()),
        max_tokens: known.as_ref().map_or(256, |m| m.max_tokens),
        config: read("config.json")?,
        tokenizer: read("tokenizer.json")?,
        weights: read("model.safetensors")?,
    })
}

pub fn dtype(name: &str) -> Result<WeightDtype, String> {
    [WeightDtype::F32, WeightDtype::Int8, WeightDtype::Int4]
        .into_iter()
        .find(|dtype| dtype.name() == name)
        .ok_or_else(|| format!("found \"{name}\", expected f32, int8 or int4"))
}

fn read(dir: &Path, name: &str) -> Result<Vec<u8>> {
    let path = dir.join(name);
    std::fs::read(&path).map_err(|source| Error::Io { path: path.display().to_string(), source })
}
