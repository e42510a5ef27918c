//! Distillation at a tiny scale: a random teacher, a handful of words, seconds on a CPU.

mod common;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use burn::prelude::Device;
use inglenook::embedding::dot;
use inglenook::tokenizer::Tokenizer;
use inglenook::training::{
    Checkpoint, Corpus, DistillJob, Distillation, Event, Precision, Settings, SourceModel, Start, Student, StudentPlan,
    Teacher, TokenBatch, TrainingDevice, distill, from_teacher,
};
use inglenook::{ArtifactFiles, Encoder};
use pollster::block_on;
use tempfile::TempDir;

const CORPUS: &str = "pets\ta film about cats .\npets\tdogs and cats and dogs .\npets\tabout a dog\n\n\
    films\tcats about film and a film .\nfilms\tfilms and films about films\n\nfilms\tand a cat\nfilms\tdogs .\nfilms\t. . .\n";

/// A directory with `teacher/` and `corpus.txt`.
fn workplace() -> TempDir {
    let dir = TempDir::new().unwrap();
    common::tiny_model().write_dir(&dir.path().join("teacher")).unwrap();
    std::fs::write(dir.path().join("corpus.txt"), CORPUS).unwrap();
    dir
}

fn settings() -> Settings {
    Settings {
        origin: String::new(),
        steps: 60,
        finish_steps: 0,
        finish_precision: Precision::Int4,
        batch_tokens: 128,
        max_tokens: 16,
        learning_rate: 1e-2,
        warm_up: 5,
        token_weight: 0.5,
        is_augmented: false,
        seed: 3,
    }
}

fn plan(embedding_size: usize) -> StudentPlan {
    StudentPlan { layers: vec![1], embedding_size, max_tokens: 16 }
}

fn job(dir: &TempDir, embedding_size: usize) -> DistillJob {
    DistillJob {
        teacher: dir.path().join("teacher"),
        corpus: dir.path().join("corpus.txt"),
        validation: Some(dir.path().join("corpus.txt")),
        out: dir.path().join("student"),
        start: Start::Teacher(plan(embedding_size)),
        settings: settings(),
        checkpoint_every: 20,
        resume: false,
        device: TrainingDevice::Cpu,
    }
}

/// Runs a job and returns the loss at every point of its curve.
fn losses(job: &DistillJob) -> Vec<f32> {
    let mut losses = Vec::new();
    distill(job, &|| 0.0, &mut |event| {
        if let Event::Point(point) = event {
            losses.push(point.loss);
        }
    })
    .unwrap();
    losses
}

fn assert_falls(losses: &[f32]) {
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < 0.6 * first, "{losses:?}");
}

/// A live run at its first step.
struct Bench {
    source: SourceModel,
    corpus: Corpus,
    teacher: Teacher,
}

impl Bench {
    fn new(dir: &TempDir) -> Self {
        let source = SourceModel::read(&dir.path().join("teacher")).unwrap();
        let tokenizer = Tokenizer::load(&source.tokenizer, 32).unwrap();
        let teacher = Teacher::live(&source, 16, &Device::flex()).unwrap();
        Self { corpus: Corpus::parse(CORPUS, &tokenizer).unwrap(), source, teacher }
    }

    fn start(&self, settings: &Settings) -> Distillation<'_> {
        let counts = self.corpus.token_counts(12);
        let (shape, tensors) = from_teacher(&self.source.shape, &self.source.tensors, &plan(8), &counts).unwrap();
        Distillation::new(settings.clone(), (&shape, &tensors), &self.teacher, &self.corpus, &Device::flex()).unwrap()
    }

    fn resume(&self, settings: &Settings, checkpoint: &Checkpoint) -> Distillation<'_> {
        let counts = self.corpus.token_counts(12);
        let (shape, _) = from_teacher(&self.source.shape, &self.source.tensors, &plan(8), &counts).unwrap();
        Distillation::resume(settings.clone(), checkpoint, &shape, &self.teacher, &self.corpus, &Device::flex())
            .unwrap()
    }
}

fn take(run: &mut Distillation<'_>, steps: usize) {
    for _ in 0..steps {
        run.step();
    }
}

#[test]
fn the_loss_falls_with_cached_vectors() {
    let dir = workplace();
    assert_falls(&losses(&job(&dir, 16)));
    for name in ["curve.csv", "curve.svg", "validation.json"] {
        assert!(dir.path().join("student/training").join(name).is_file(), "{name}");
    }
    let picture = std::fs::read_to_string(dir.path().join("student/training/curve.svg")).unwrap();
    assert!(picture.contains("<svg") && picture.contains("cosine to the teacher"));
}

#[test]
fn the_loss_falls_with_augmented_texts_and_a_factorized_table() {
    let dir = workplace();
    let mut job = job(&dir, 8);
    job.settings.is_augmented = true;
    assert_falls(&losses(&job));
    let config = std::fs::read_to_string(dir.path().join("student/config.json")).unwrap();
    assert!(config.contains("\"embedding_size\": 8"), "{config}");
    let student = SourceModel::read(&dir.path().join("student")).unwrap();
    student.tensors.get("embeddings.word_embeddings.weight", &[12, 8]).unwrap();
    student.tensors.get("embeddings.projection.weight", &[16, 8]).unwrap();
}

#[test]
fn a_resumed_run_ends_at_the_same_weights() {
    let dir = workplace();
    let bench = Bench::new(&dir);
    // The checkpoint falls into the quantized finish and amid the batches of a draw.
    let settings = Settings { steps: 12, finish_steps: 12, is_augmented: true, ..settings() };
    let mut whole = bench.start(&settings);
    take(&mut whole, 24);

    let mut killed = bench.start(&settings);
    take(&mut killed, 13);
    let path = dir.path().join("checkpoint");
    killed.checkpoint().unwrap().save(&path).unwrap();
    let checkpoint = Checkpoint::load(&path).unwrap().unwrap();
    let mut resumed = bench.resume(&settings, &checkpoint);
    take(&mut resumed, 11);

    assert!(resumed.is_over() && whole.is_over());
    assert_eq!(resumed.progress(), whole.progress());
    assert!(resumed.student().to_tensors().unwrap() == whole.student().to_tensors().unwrap());
}

#[test]
fn the_same_seed_gives_the_same_files() {
    let manifest = || {
        let dir = workplace();
        losses(&job(&dir, 8));
        std::fs::read_to_string(dir.path().join("student/manifest.json")).unwrap()
    };
    assert_eq!(manifest(), manifest());
}

#[test]
fn a_student_gives_the_same_vectors_in_the_encoder() {
    let dir = workplace();
    losses(&job(&dir, 16));
    let out = dir.path().join("student");
    let encoder = Encoder::load(ArtifactFiles::read_dir(&out).unwrap()).unwrap();
    let source = SourceModel::read(&out).unwrap();
    let student = Student::load(&source.shape, &source.tensors, &Device::flex()).unwrap();

    let texts: [&[u32]; 3] = [&[2, 4, 5, 6, 7, 3], &[2, 3], &[2, 9, 8, 7, 10, 11, 4, 5, 6, 7, 8, 9, 3]];
    let output = student.forward(&TokenBatch::new(&texts, &Device::flex()), Precision::F32);
    let of_student: Vec<f32> = output.vectors.into_data().try_into_vec().unwrap();
    let of_encoder = block_on(encoder.encode_ids(&texts)).unwrap();
    for (a, b) in of_student.chunks(16).zip(of_encoder.chunks(16)) {
        assert!(dot(a, b) > 1.0 - 1e-5);
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
    }
}

#[test]
fn a_students_training_can_go_on_in_a_new_run() {
    let dir = workplace();
    let first = losses(&job(&dir, 8));
    let mut second = job(&dir, 8);
    second.start = Start::Student(dir.path().join("student"));
    second.out = dir.path().join("finished");
    second.settings = Settings { steps: 0, finish_steps: 20, ..settings() };
    let finish = losses(&second);
    assert!(finish[finish.len() - 1] < first[0], "{finish:?}");
}

#[test]
fn a_student_reads_no_further_than_it_was_trained_to() {
    let dir = workplace();
    let mut job = job(&dir, 2);
    job.settings.max_tokens = 8;
    losses(&job);
    let student = SourceModel::read(&dir.path().join("student")).unwrap();
    assert!(student.shape.positions > 8);
    assert_eq!(student.manifest.max_tokens, 8);
}

#[test]
fn a_run_is_not_overwritten_by_accident() {
    let dir = workplace();
    losses(&job(&dir, 8));
    let error = distill(&job(&dir, 8), &|| 0.0, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "invalid_input");
    assert!(error.to_string().contains("--resume"), "{error}");

    let mut other = job(&dir, 8);
    other.resume = true;
    other.settings.seed = 4;
    assert_eq!(distill(&other, &|| 0.0, &mut |_| {}).unwrap_err().code(), "artifact_incompatible");
}

#[test]
fn texts_are_tokenized_as_the_tokenizer_does() {
    let dir = workplace();
    let Bench { source, corpus, .. } = Bench::new(&dir);
    for max_tokens in [3, 4, 5, 8, 32] {
        let tokenizer = Tokenizer::load(&source.tokenizer, max_tokens).unwrap();
        for (line, text) in CORPUS.lines().filter_map(|line| line.split_once('\t')).enumerate() {
            assert_eq!(corpus.line_ids(line, max_tokens), tokenizer.encode(text.1).unwrap().ids, "{text:?}");
        }
    }
}

#[test]
fn a_line_without_a_source_is_named() {
    let dir = workplace();
    let tokenizer = Tokenizer::load(&Bench::new(&dir).source.tokenizer, 32).unwrap();
    let error = Corpus::parse("pets\tcats\nno source\n", &tokenizer).unwrap_err().to_string();
    assert!(error.contains("line 2"), "{error}");
}

#[test]
fn the_command_trains_and_resumes() {
    let dir = workplace();
    let path = |name: &str| -> PathBuf { dir.path().join(name) };
    let run = |extra: &[&str]| {
        let mut command = Command::cargo_bin("inglenook").unwrap();
        command.arg("distill").arg("--teacher").arg(path("teacher")).arg("--corpus").arg(path("corpus.txt"));
        command.arg("--out").arg(path("student")).args(["--layers", "0,1", "--embedding-size", "16", "--steps", "20"]);
        command.args(["--qat-steps", "5", "--max-tokens", "16", "--batch-tokens", "128", "--warm-up", "2"]).args(extra);
        command.assert()
    };
    run(&[]).success();
    let weights = |path: &Path| std::fs::read(path.join("model.safetensors")).unwrap();
    let first = weights(&path("student"));
    run(&[]).failure();
    run(&["--resume"]).success();
    assert!(first == weights(&path("student")));
}
