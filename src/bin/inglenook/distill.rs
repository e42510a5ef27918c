//! `inglenook distill`: a teacher and a corpus -> a small student that gives the teacher's vectors.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(clap::Args)]
pub struct Args {
    /// The teacher's model directory, with f32 weights
    #[arg(long, value_name = "DIR")]
    teacher: PathBuf,
    /// Lines `source<TAB>text`, a blank line between documents
    #[arg(long, value_name = "FILE")]
    corpus: PathBuf,
    /// Directory to write: the student, and training/ with checkpoint, curve and validation
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Texts to validate on, in the form of the corpus
    #[arg(long, value_name = "FILE")]
    validation: Option<PathBuf>,
    /// Start from this student's model directory instead of the teacher's layers
    #[arg(long, value_name = "DIR", conflicts_with_all = ["layers", "embedding_size"])]
    init_from: Option<PathBuf>,
    /// The teacher's layers that the student starts from, counted from 0
    #[arg(long, value_delimiter = ',', default_values_t = [0, 2, 5])]
    layers: Vec<usize>,
    /// Width of the embedding table; the teacher's own width leaves it whole
    #[arg(long, default_value_t = 96)]
    embedding_size: usize,
    /// Texts are cut at this many tokens, special ones included
    #[arg(long, default_value_t = 160)]
    max_tokens: usize,
    /// Steps in f32
    #[arg(long, default_value_t = 20_000)]
    steps: usize,
    /// Steps after those with quantized weights in the loop
    #[arg(long, default_value_t = 0)]
    qat_steps: usize,
    /// How those weights are quantized
    #[arg(long, value_enum, default_value_t = Qat::Int4)]
    qat: Qat,
    /// Tokens of a batch, padding included; at least four times --max-tokens
    #[arg(long, default_value_t = 4096)]
    batch_tokens: usize,
    /// The highest learning rate; the steps of --qat-steps run at 15 % of it
    #[arg(long, default_value_t = 5e-4)]
    learning_rate: f64,
    /// Steps over which the learning rate rises
    #[arg(long, default_value_t = 500)]
    warm_up: usize,
    /// Weight of the tokens' error at the start; it falls to 0 by 70 % of the steps. Needs --augment
    #[arg(long, default_value_t = 0.5)]
    token_weight: f64,
    /// Make new texts of the corpus' lines for every step (sentences, spans, keywords); the teacher then reads along on the device,
    /// else its vectors of the lines are computed once and kept beside the corpus
    #[arg(long)]
    augment: bool,
    /// Seed of all randomness
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Steps between two checkpoints
    #[arg(long, default_value_t = 500)]
    checkpoint_every: usize,
    /// Go on from the checkpoint in --out, if there is one
    #[arg(long)]
    resume: bool,
    /// Where to train
    #[arg(long, value_enum, default_value_t)]
    device: TrainOn,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum TrainOn {
    /// All cores: the same weights from the same seed
    #[default]
    Cpu,
    /// A GPU, by Vulkan
    Vulkan,
    /// An NVIDIA GPU; only in a build with the feature `cuda`
    Cuda,
}

#[derive(Clone, Copy, ValueEnum)]
enum Qat {
    /// 4 bits, 32 neighbors a scale
    Int4,
    /// 8 bits, a row a scale
    Int8,
    /// Not at all
    None,
}

/// Says how to build a tool that can train.
#[cfg(not(feature = "train"))]
pub fn run(_: Args) -> inglenook::Result<()> {
    Err(crate::load::without_training("distill"))
}

#[cfg(feature = "train")]
pub use with_training::run;

#[cfg(feature = "train")]
mod with_training {
    use std::time::Instant;

    use indicatif::{HumanCount, ProgressBar, ProgressStyle};
    use inglenook::training::{DistillJob, Event, Precision, Settings, Start, StudentPlan, TrainingDevice, distill};
    use inglenook::{Error, Result};

    use super::{Args, Qat, TrainOn};

    pub fn run(args: Args) -> Result<()> {
        let start = Instant::now();
        let mut display = Display { bar: bar("teacher {bar:30} {pos}/{len} lines, {eta} left")? };
        let out = args.out.clone();
        distill(&job(args), &|| start.elapsed().as_secs_f64(), &mut |event| display.show(event))?;
        display.bar.finish();
        eprintln!("the student is in {}", out.display());
        Ok(())
    }

    fn job(args: Args) -> DistillJob {
        let max_tokens = args.max_tokens;
        let (finish_steps, finish_precision) = match args.qat {
            Qat::Int4 => (args.qat_steps, Precision::Int4),
            Qat::Int8 => (args.qat_steps, Precision::Int8),
            Qat::None => (0, Precision::F32),
        };
        DistillJob {
            teacher: args.teacher,
            corpus: args.corpus,
            validation: args.validation,
            out: args.out,
            start: args.init_from.map_or_else(
                || Start::Teacher(StudentPlan { layers: args.layers, embedding_size: args.embedding_size, max_tokens }),
                Start::Student,
            ),
            settings: Settings {
                origin: String::new(),
                steps: args.steps,
                finish_steps,
                finish_precision,
                batch_tokens: args.batch_tokens,
                max_tokens,
                learning_rate: args.learning_rate,
                warm_up: args.warm_up,
                token_weight: args.token_weight,
                is_augmented: args.augment,
                seed: args.seed,
            },
            checkpoint_every: args.checkpoint_every,
            resume: args.resume,
            device: match args.device {
                TrainOn::Cpu => TrainingDevice::Cpu,
                TrainOn::Vulkan => TrainingDevice::Vulkan,
                TrainOn::Cuda => TrainingDevice::Cuda,
            },
        }
    }

    struct Display {
        bar: ProgressBar,
    }

    impl Display {
        fn show(&mut self, event: &Event<'_>) {
            match event {
                Event::TeacherVectors { done, of } => {
                    self.bar.set_length(*of as u64);
                    self.bar.set_position(*done as u64);
                }
                Event::Started { step, steps, lines, parameters } => {
                    self.bar.finish_and_clear();
                    let (lines, parameters) = (HumanCount(*lines as u64), HumanCount(*parameters as u64));
                    eprintln!("{parameters} parameters, {lines} lines, step {step} of {steps}");
                    if let Ok(bar) = bar("{bar:30} {pos}/{len} steps, {eta} left; {msg}") {
                        bar.set_length(*steps as u64);
                        bar.set_position(*step as u64);
                        bar.reset_eta();
                        self.bar = bar;
                    }
                }
                Event::Step { step } => self.bar.set_position(*step as u64),
                Event::Point(point) => self.bar.set_message(format!(
                    "loss {:.4}, cosine {:.4}, {:.0} texts/s",
                    point.loss,
                    point.cosine,
                    texts_a_second(point.texts, point.seconds)
                )),
                Event::Validated { precision, score, .. } => self.bar.suspend(|| {
                    eprintln!(
                        "cosine to the teacher on {} texts, {}: {:.4}",
                        score.texts,
                        precision.name(),
                        score.cosine
                    );
                    for (source, cosine) in &score.by_source {
                        eprintln!("  {source:24} {cosine:.4}");
                    }
                }),
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "for display")]
    fn texts_a_second(texts: u64, seconds: f64) -> f64 {
        texts as f64 / seconds.max(1e-9)
    }

    fn bar(template: &str) -> Result<ProgressBar> {
        let style = ProgressStyle::with_template(template).map_err(|e| Error::InvalidInput {
            what: "template of the progress bar".into(),
            found: e.to_string(),
            expected: "indicatif's syntax".into(),
        })?;
        Ok(ProgressBar::no_length().with_style(style))
    }
}
