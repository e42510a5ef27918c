//! A whole run, from directories to a directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;

use super::checkpoint::Checkpoint;
use super::corpus::Corpus;
use super::curve::{Curve, CurvePoint};
use super::device::TrainingDevice;
use super::distillation::{Distillation, Settings};
use super::export::export;
use super::quantization_aware::Precision;
use super::source_model::SourceModel;
use super::start::Start;
use super::student::Student;
use super::teacher::Teacher;
use super::teacher_vectors::TeacherVectors;
use super::validation::{Validation, ValidationScore};
use crate::artifact::ArtifactFiles;
use crate::encoder::Encoder;
use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// Steps between two points of the curve.
const STEPS_A_POINT: usize = 10;

/// What to train, from what, and where to.
#[derive(Debug, Clone)]
pub struct DistillJob {
    /// The teacher's model directory, f32.
    pub teacher: PathBuf,
    /// The corpus: lines `source<TAB>text`, a blank line between documents.
    pub corpus: PathBuf,
    /// Texts to validate on, in the same form.
    pub validation: Option<PathBuf>,
    /// The student's model directory; `training/` in it holds checkpoint, curve and validation.
    pub out: PathBuf,
    /// What the student is before training.
    pub start: Start,
    /// The run's settings; `origin` is filled in.
    pub settings: Settings,
    /// Steps between two checkpoints, at least 1.
    pub checkpoint_every: usize,
    /// Whether to go on from the checkpoint in `out`, if there is one.
    pub resume: bool,
    /// Where to train.
    pub device: TrainingDevice,
}

/// What an observer of a run is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// So many of the corpus' lines have the teacher's vectors.
    TeacherVectors {
        /// Lines done.
        done: usize,
        /// Lines there are.
        of: usize,
    },
    /// The steps begin.
    Started {
        /// Steps taken before.
        step: usize,
        /// Steps in all.
        steps: usize,
        /// Lines of the corpus.
        lines: usize,
        /// Numbers that are trained.
        parameters: usize,
    },
    /// A step was taken.
    Step {
        /// Steps taken.
        step: usize,
    },
    /// The curve has a new point.
    Point(&'a CurvePoint),
    /// The student was validated.
    Validated {
        /// Steps taken.
        step: usize,
        /// How the weights were stored.
        precision: Precision,
        /// The outcome.
        score: &'a ValidationScore,
    },
}

/// Runs a job. `clock` tells the seconds since some moment; `observe` hears what happens.
///
/// # Errors
/// Whatever is wrong with a file, a setting or the device, naming it.
pub fn distill(job: &DistillJob, clock: &dyn Fn() -> f64, observe: &mut dyn FnMut(&Event<'_>)) -> Result<()> {
    let folder = job.out.join("training");
    std::fs::create_dir_all(&folder).map_err(|e| Error::io(&folder, e))?;
    let checkpoint = find_checkpoint(&folder.join("checkpoint"), job.resume)?;

    let source = SourceModel::read(&job.teacher)?;
    let encoder = Encoder::load(ArtifactFiles::read_dir(&job.teacher)?)?;
    let tokenizer = Tokenizer::load(&source.tokenizer, source.shape.positions)?;
    let text = read_text(&job.corpus)?;
    let corpus = Corpus::parse(&text, &tokenizer)?;
    let first = job.start.student(&source, &corpus)?;
    let settings = Settings { origin: first.origin(&source, &text), ..job.settings.clone() };
    settings.check(&first.shape)?;
    drop(text);

    let device = job.device.open()?;
    let teacher = if settings.is_augmented {
        Teacher::live(&source, settings.max_tokens, &device)?
    } else {
        let progress = &mut |done, of| observe(&Event::TeacherVectors { done, of });
        let (key, max_tokens) = (&source.weights_sha256, settings.max_tokens);
        Teacher::Cached(TeacherVectors::open(&corpus, &job.corpus, &encoder, key, max_tokens, progress)?)
    };
    let validation = job.validation.as_deref().map(|path| -> Result<Validation> {
        Validation::new(Corpus::parse(&read_text(path)?, &tokenizer)?, &encoder, settings.max_tokens)
    });
    let validation = validation.transpose()?;

    let mut run = match &checkpoint {
        Some(checkpoint) => Distillation::resume(settings, checkpoint, &first.shape, &teacher, &corpus, &device)?,
        None => Distillation::new(settings, (&first.shape, &first.tensors), &teacher, &corpus, &device)?,
    };
    let parameters = first.tensors.iter().map(|(_, tensor)| tensor.values.len()).sum();
    let steps = job.settings.all_steps();
    observe(&Event::Started { step: run.progress().step, steps, lines: corpus.len(), parameters });
    train(job, &folder, &mut run, clock, observe)?;

    let student = run.student();
    if let Some(validation) = &validation {
        validate(job, &folder, validation, &student, &device, observe)?;
    }
    let id = job.out.file_name().map_or_else(|| "student".to_owned(), |name| name.to_string_lossy().into_owned());
    let provenance = first.provenance(id, &source, &job.settings);
    let files = export(&first.shape, &student.to_tensors()?, source.tokenizer.clone(), provenance)?;
    files.write_dir(&job.out)
}

/// Takes the steps, with a point of the curve now and then and a checkpoint rarely.
fn train(
    job: &DistillJob,
    folder: &Path,
    run: &mut Distillation<'_>,
    clock: &dyn Fn() -> f64,
    observe: &mut dyn FnMut(&Event<'_>),
) -> Result<()> {
    let mut curve = Curve::open(&folder.join("curve.csv"), run.progress().step)?;
    let mut before = clock();
    while !run.is_over() {
        run.step();
        let step = run.progress().step;
        let is_checkpoint = step.is_multiple_of(job.checkpoint_every.max(1)) || run.is_over();
        if (is_checkpoint || step.is_multiple_of(STEPS_A_POINT))
            && let Some(reading) = run.read()?
        {
            let now = clock();
            run.add_seconds(now - before);
            before = now;
            let progress = run.progress();
            let point = CurvePoint {
                step,
                texts: progress.texts,
                tokens: progress.tokens,
                seconds: progress.seconds,
                learning_rate: run.learning_rate(),
                loss: reading.loss,
                cosine: reading.cosine,
                divergence: reading.divergence,
                token_error: reading.token_error,
            };
            curve.push(point)?;
            observe(&Event::Point(&point));
        }
        if is_checkpoint {
            run.checkpoint()?.save(&folder.join("checkpoint"))?;
            curve.draw(&folder.join("curve.svg"))?;
            // What it takes to write is no training.
            before = clock();
        }
        observe(&Event::Step { step });
    }
    Ok(())
}

/// Validates the finished student in f32 and as it is to be stored, and writes both scores.
fn validate(
    job: &DistillJob,
    folder: &Path,
    validation: &Validation,
    student: &Student,
    device: &Device,
    observe: &mut dyn FnMut(&Event<'_>),
) -> Result<()> {
    let step = job.settings.all_steps();
    let mut scores = BTreeMap::new();
    for precision in [Precision::F32, Precision::Int8, Precision::Int4] {
        let score = validation.score(student, precision, device)?;
        observe(&Event::Validated { step, precision, score: &score });
        scores.insert(precision.name(), score);
    }
    let path = folder.join("validation.json");
    let json = serde_json::to_vec_pretty(&scores).map_err(|e| Error::corrupt("validation.json", e.to_string()))?;
    std::fs::write(&path, json).map_err(|e| Error::io(&path, e))
}

fn find_checkpoint(dir: &Path, resume: bool) -> Result<Option<Checkpoint>> {
    let checkpoint = Checkpoint::load(dir)?;
    if let (false, Some(checkpoint)) = (resume, &checkpoint) {
        let found = format!("a run that has taken {} steps", checkpoint.progress.step);
        return Err(Error::invalid(dir.display().to_string(), found, "--resume, or another --out"));
    }
    Ok(checkpoint)
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).map_err(|e| Error::io(path, e))
}
