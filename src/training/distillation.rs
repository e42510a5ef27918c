//! The run: batch after batch, the student comes closer to its teacher.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::prelude::*;
use serde::{Deserialize, Serialize};

use super::augmentation::Augmentation;
use super::batch::{BatchPosition, Batches, TokenBatch};
use super::checkpoint::{Checkpoint, Progress};
use super::corpus::Corpus;
use super::loss::{Loss, distillation_loss};
use super::optimizer::StudentOptimizer;
use super::quantization_aware::Precision;
use super::schedule::{learning_rate, token_weight};
use super::shape::StudentShape;
use super::student::{Student, to_vec};
use super::teacher::Teacher;
use super::tensors::Tensors;
use crate::error::{Error, Result};

/// The learning rate of the quantization-aware finish, as a part of the main one's.
const FINISH_RATE: f64 = 0.15;
/// Steps over which the finish's learning rate rises.
const FINISH_WARM_UP: usize = 20;

/// What decides the outcome of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Teacher, first student and corpus in words. A checkpoint of another origin is refused.
    pub origin: String,
    /// Steps in f32; 0 for none.
    pub steps: usize,
    /// Steps after those, with quantized weights in the loop; 0 for none.
    pub finish_steps: usize,
    /// How the weights are quantized in the finish.
    pub finish_precision: Precision,
    /// Tokens of a batch, padding included; at least four times `max_tokens`. More makes a step slower and its direction surer.
    pub batch_tokens: usize,
    /// Texts are cut at this many tokens, special ones included; at most the student's positions.
    pub max_tokens: usize,
    /// The highest learning rate, above 0; 5e-4 suits a student made of a teacher's layers.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises.
    pub warm_up: usize,
    /// Weight of the tokens' error at the start, 0 or more; it falls to 0 by 70 % of the steps. Without effect on cached vectors.
    pub token_weight: f64,
    /// Whether texts are made anew from the corpus' lines, or are the lines.
    pub is_augmented: bool,
    /// Seed of all randomness.
    pub seed: u64,
}

impl Settings {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming the setting.
    pub fn check(&self, shape: &StudentShape) -> Result<()> {
        let check = |is_good: bool, what: &str, found: String, expected: String| {
            if is_good { Ok(()) } else { Err(Error::invalid(what, found, expected)) }
        };
        let (max_tokens, positions) = (self.max_tokens, shape.positions);
        check(
            (3..=positions).contains(&max_tokens),
            "max_tokens",
            max_tokens.to_string(),
            format!("3 to the student's {positions} positions"),
        )?;
        check(
            self.batch_tokens >= 4 * max_tokens,
            "batch_tokens",
            self.batch_tokens.to_string(),
            format!("at least {}, four texts of max_tokens", 4 * max_tokens),
        )?;
        for (name, value) in [("learning_rate", self.learning_rate), ("token_weight", self.token_weight)] {
            check(value.is_finite() && value >= 0.0, name, value.to_string(), "a number from 0".into())?;
        }
        Ok(())
    }

    /// Steps of both parts.
    #[must_use]
    pub fn all_steps(&self) -> usize {
        self.steps + self.finish_steps
    }
}

/// Means over the steps since the last reading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What is minimized.
    pub loss: f32,
    /// Mean cosine to the teacher in training texts.
    pub cosine: f32,
    /// Divergence of the similarities, nats.
    pub divergence: f32,
    /// Relative squared error of the tokens' vectors.
    pub token_error: f32,
}

/// A run in progress.
pub struct Distillation<'a> {
    settings: Settings,
    student: Student,
    optimizer: StudentOptimizer,
    teacher: &'a Teacher,
    batches: Batches<'a>,
    device: Device,
    progress: Progress,
    /// Sums of the four values of a [`Reading`], `[4]`, and of how many steps. They stay on the device until they are read.
    sums: Option<(Tensor<1>, usize)>,
}

impl<'a> Distillation<'a> {
    /// Starts a run on `device`, whose randomness is `settings.seed` alone.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for settings out of their range; as [`Student::load`].
    pub fn new(
        settings: Settings,
        (shape, tensors): (&StudentShape, &Tensors),
        teacher: &'a Teacher,
        corpus: &'a Corpus,
        device: &Device,
    ) -> Result<Self> {
        settings.check(shape)?;
        let student = Student::load(shape, tensors, &device.clone().autodiff())?;
        let batches = batches(&settings, corpus, BatchPosition::default());
        Ok(Self {
            settings,
            student,
            optimizer: StudentOptimizer::new(),
            teacher,
            batches,
            device: device.clone().without_autodiff(),
            progress: Progress::default(),
            sums: None,
        })
    }

    /// Goes on from a checkpoint of a run with the same settings.
    ///
    /// # Errors
    /// [`Error::Incompatible`] if the settings differ; as [`Student::load`].
    pub fn resume(
        settings: Settings,
        checkpoint: &Checkpoint,
        shape: &StudentShape,
        teacher: &'a Teacher,
        corpus: &'a Corpus,
        device: &Device,
    ) -> Result<Self> {
        if settings != checkpoint.settings {
            let json = |settings: &Settings| serde_json::to_string(settings).unwrap_or_default();
            return Err(Error::incompatible("the checkpoint", json(&checkpoint.settings), json(&settings)));
        }
        let mut run = Self::new(settings, (shape, &checkpoint.student), teacher, corpus, device)?;
        run.optimizer = StudentOptimizer::restore(&checkpoint.optimizer, checkpoint.progress.step, &run.device)?;
        run.batches = batches(&run.settings, corpus, checkpoint.progress.position);
        run.progress = checkpoint.progress.clone();
        Ok(run)
    }

    /// Takes one step, unless the run is over.
    pub fn step(&mut self) {
        let Some(phase) = self.phase() else { return };
        let texts = self.batches.next_batch();
        let ids: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        let batch = TokenBatch::new(&ids, &self.device);
        let target = self.teacher.target(texts, &batch);
        self.progress.texts += ids.len() as u64;
        self.progress.tokens += ids.iter().map(|text| text.len() as u64).sum::<u64>();
        let output = self.student.forward(&batch, phase.precision);
        let loss = distillation_loss(&output, &target, &batch.mask, phase.token_weight);
        let gradients = GradientsParams::from_grads(loss.total.backward(), &self.student);
        self.remember(loss);
        self.student = self.optimizer.step(self.student.clone(), gradients, phase.learning_rate);
        self.progress.position = self.batches.position();
        self.progress.step += 1;
    }

    /// Whether all steps are taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.progress.step >= self.settings.all_steps()
    }

    /// How far the run is.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Counts the seconds that steps took.
    pub fn add_seconds(&mut self, seconds: f64) {
        self.progress.seconds += seconds;
    }

    /// The learning rate of the next step; 0 after the last.
    #[must_use]
    pub fn learning_rate(&self) -> f64 {
        self.phase().map_or(0.0, |phase| phase.learning_rate)
    }

    /// The student without autodiff, as it is now.
    #[must_use]
    pub fn student(&self) -> Student {
        self.student.valid()
    }

    /// Means since the last reading, or `None` if there was no step. Waits for the device.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails or the loss is not finite.
    pub fn read(&mut self) -> Result<Option<Reading>> {
        let Some((sums, steps)) = self.sums.take() else { return Ok(None) };
        #[expect(clippy::cast_precision_loss, reason = "few steps pass between readings")]
        let means = to_vec((sums / steps as f32).into_data())?;
        let &[loss, cosine, divergence, token_error] = means.as_slice() else { return Ok(None) };
        if !loss.is_finite() {
            let reason = format!("the loss is {loss} at step {}: lower the learning rate", self.progress.step);
            return Err(Error::Backend { reason });
        }
        Ok(Some(Reading { loss, cosine, divergence, token_error }))
    }

    /// Everything that a later run needs to go on.
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        Ok(Checkpoint {
            settings: self.settings.clone(),
            progress: self.progress.clone(),
            student: self.student.to_tensors()?,
            optimizer: self.optimizer.to_tensors()?,
        })
    }

    fn remember(&mut self, loss: Loss) {
        let parts = [loss.total, loss.cosine, loss.divergence, loss.token_error].map(Tensor::inner);
        let parts = Tensor::cat(parts.to_vec(), 0);
        self.sums = Some(match self.sums.take() {
            Some((sums, steps)) => (sums + parts, steps + 1),
            None => (parts, 1),
        });
    }

    fn phase(&self) -> Option<Phase> {
        let Settings { steps, finish_steps, .. } = self.settings;
        let step = self.progress.step;
        if step < steps {
            return Some(Phase {
                precision: Precision::F32,
                learning_rate: learning_rate(self.settings.learning_rate, step, steps, self.settings.warm_up),
                token_weight: token_weight(self.settings.token_weight, step, steps),
            });
        }
        let (step, peak) = (step - steps, self.settings.learning_rate * FINISH_RATE);
        (step < finish_steps).then(|| Phase {
            precision: self.settings.finish_precision,
            learning_rate: learning_rate(peak, step, finish_steps, FINISH_WARM_UP),
            token_weight: 0.0,
        })
    }
}

/// What a step goes by.
struct Phase {
    precision: Precision,
    learning_rate: f64,
    token_weight: f64,
}

fn batches<'a>(settings: &Settings, corpus: &'a Corpus, position: BatchPosition) -> Batches<'a> {
    let augmentation = if settings.is_augmented { Augmentation::Varied } else { Augmentation::None };
    Batches::new(corpus, augmentation, [settings.max_tokens, settings.batch_tokens], settings.seed, position)
}
