//! Fine-tunes an encoder's vectors to a site's interactions: a low-rank [`Adapter`] at its output, so that little is trained and texts that nobody
//! has chosen yet move with the others.
//!
//! From every user's positives come pairs of a history and what was liked next ([`pairs`]); the [`objective`] is in-batch softmax cross-entropy,
//! the [`optimizer`] `AdamW`, whose decay pulls the change to none. How many epochs are enough is told by NDCG@10 on what a protocol holds out.

mod objective;
mod optimizer;
mod pairs;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::adapter::Adapter;
use crate::artifact;
use crate::catalog::Catalog;
use crate::embedding::Dtype;
use crate::error::{Error, Result};
use crate::evaluation::{Corpus, Dataset, Event, Fold, ItemOrder, Protocol, content_ndcg};
use objective::{Factors, Objective};
use optimizer::AdamW;
use pairs::{Pair, Sequences};

/// How to fine-tune.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FinetuneOptions {
    /// Width of the adapter, `1..=dimensions`: more can change more, and learns more by heart.
    pub rank: usize,
    /// Epochs at most.
    pub epochs: usize,
    /// Epochs without a better NDCG after which no more are tried.
    pub patience: usize,
    /// Of `AdamW`, above 0.
    pub learning_rate: f32,
    /// Of `AdamW`, at least 0: how strongly the change is pulled to none.
    pub weight_decay: f32,
    /// What cosines are divided by, above 0: small values ask for the nearest, large ones for the right region.
    pub temperature: f32,
    /// How much of the popularity of targets the vectors have to tell, `0..=1`. At 0 batches, in which the popular are many, make up for it, and
    /// vectors say what goes with a history beyond its popularity; at 1 they predict what is chosen (the logQ correction).
    pub popularity: f32,
    /// Items of a history at most, the latest; at least 1.
    pub history: usize,
    /// Pairs of a batch, at least 2: the others' targets are what a history is told from.
    pub batch: usize,
    /// Of all randomness.
    pub seed: u64,
}

impl Default for FinetuneOptions {
    fn default() -> Self {
        Self {
            rank: 32,
            epochs: 20,
            patience: 4,
            learning_rate: 1e-3,
            weight_decay: 0.1,
            temperature: 0.1,
            popularity: 1.0,
            history: 10,
            batch: 256,
            seed: 20_161_123,
        }
    }
}

impl FinetuneOptions {
    /// Checks every option against its range, for vectors of so many dimensions.
    ///
    /// # Errors
    /// [`Error::InvalidInput`].
    pub fn check(&self, dimensions: usize) -> Result<()> {
        let counts = [
            ("rank", self.rank, 1, dimensions),
            ("history", self.history, 1, 1000),
            ("pairs of a batch", self.batch, 2, 8192),
            ("epochs", self.epochs, 1, 1000),
        ];
        for (what, found, least, most) in counts {
            if !(least..=most).contains(&found) {
                return Err(Error::invalid(what, found, format!("{least} to {most}")));
            }
        }
        let numbers = [
            ("learning rate", self.learning_rate, 1e-7, 1.0),
            ("weight decay", self.weight_decay, 0.0, 100.0),
            ("temperature", self.temperature, 1e-3, 100.0),
            ("popularity", self.popularity, 0.0, 1.0),
        ];
        for (what, found, least, most) in numbers {
            if !(least..=most).contains(&found) {
                return Err(Error::invalid(what, found, format!("{least} to {most}")));
            }
        }
        Ok(())
    }
}

/// One epoch of training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// From 1; 0 is the encoder as it is.
    pub epoch: usize,
    /// Mean loss over its batches; none of epoch 0.
    pub loss: Option<f32>,
    /// NDCG@10 of ranking by content on validation, after it.
    pub ndcg: f64,
}

/// How many epochs are enough, and how that was found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// From epoch 0 on.
    pub epochs: Vec<Epoch>,
}

impl Curve {
    /// The epoch of the greatest NDCG, the first of equal ones: 0 if fine-tuning does not help.
    #[must_use]
    pub fn best(&self) -> Option<Epoch> {
        self.epochs.iter().copied().reduce(|best, epoch| if epoch.ndcg > best.ndcg { epoch } else { best })
    }
}

/// An adapter in training. Deterministic on one machine.
pub struct Finetuning<'a> {
    objective: Objective<'a>,
    model: &'a str,
    dimensions: usize,
    options: FinetuneOptions,
    pairs: Vec<Pair>,
    parameters: Vec<f32>,
    optimizer: AdamW,
    random: Pcg64Mcg,
}

/// Batches between two looks at the mean of all rows.
const CENTER_EVERY: usize = 16;

impl<'a> Finetuning<'a> {
    /// From each user's positives, oldest first.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for options out of their ranges, or if nobody liked two things.
    pub fn new(corpus: &'a Corpus, training: &'a [Vec<Event>], options: FinetuneOptions) -> Result<Self> {
        let space = corpus.space(false);
        let dimensions = space.dimensions;
        options.check(dimensions)?;
        let sequences = Sequences::new(training, corpus.item_count(), options.history);
        let pairs = sequences.pairs();
        if pairs.len() < 2 {
            return Err(Error::invalid("pairs of liked items, one after the other", pairs.len(), "at least 2"));
        }
        let mut random = Pcg64Mcg::seed_from_u64(options.seed);
        let mut parameters = vec![0.0; 2 * options.rank * dimensions];
        // `up` starts at 0: before the first step nothing is changed.
        let widest = (3.0 / dimensions as f32).sqrt();
        for x in &mut parameters[..options.rank * dimensions] {
            *x = random.random_range(-widest..widest);
        }
        let optimizer = AdamW::new(parameters.len(), options.learning_rate, options.weight_decay);
        let objective = Objective {
            sequences,
            rows: space.rows(),
            temperature: options.temperature,
            popularity: options.popularity,
        };
        Ok(Self { objective, model: corpus.model(), dimensions, options, pairs, parameters, optimizer, random })
    }

    /// Learns from every pair once, in random order; says the mean loss.
    pub fn epoch(&mut self) -> f32 {
        for i in (1..self.pairs.len()).rev() {
            self.pairs.swap(i, self.random.random_range(0..=i));
        }
        let batches = self.pairs.len() / self.options.batch.min(self.pairs.len());
        let mut sum = 0.0;
        let mut center = Vec::new();
        // Whole batches only: a short one would ask for less. Another epoch leaves out others.
        let whole = self.pairs.chunks_exact(self.options.batch.min(self.pairs.len()));
        for (at, batch) in whole.enumerate() {
            let factors =
                Factors { parameters: &self.parameters, rank: self.options.rank, dimensions: self.dimensions };
            if at % CENTER_EVERY == 0 {
                center = factors.center(self.objective.rows);
            }
            let (loss, gradient) = self.objective.gradient(&factors, &center, batch);
            sum += loss;
            self.optimizer.step(&mut self.parameters, &gradient);
        }
        sum / batches as f32
    }

    /// The adapter as it is now.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if training has diverged.
    pub fn adapter(&self) -> Result<Adapter> {
        let (down, up) = self.parameters.split_at(self.parameters.len() / 2);
        Adapter::new(self.model, self.dimensions, down.to_vec(), up.to_vec())
    }
}

/// Trains on a fold's training part until the NDCG@10 of its cases rises no more, and says how it went.
///
/// # Errors
/// As [`Finetuning::new`], and if training diverges.
pub fn finetuning_curve(
    corpus: &Corpus,
    fold: &Fold,
    options: FinetuneOptions,
    observe: &dyn Fn(Epoch),
) -> Result<Curve> {
    let mut finetuning = Finetuning::new(corpus, &fold.training, options)?;
    let order = ItemOrder::new(&corpus.ids());
    let mut curve = Curve::default();
    let mut add = |epoch, loss, corpus: &Corpus| -> Result<usize> {
        let ndcg = content_ndcg(&content_catalog(corpus)?, fold, &order);
        let epoch = Epoch { epoch, loss, ndcg };
        observe(epoch);
        curve.epochs.push(epoch);
        Ok(curve.best().map_or(0, |best| best.epoch))
    };
    add(0, None, corpus)?;
    for epoch in 1..=options.epochs {
        let loss = finetuning.epoch();
        let best = add(epoch, Some(loss), &corpus.adapted(&finetuning.adapter()?)?)?;
        if epoch - best >= options.patience {
            break;
        }
    }
    Ok(curve)
}

/// For how many epochs fine-tuning helps to rank items that nobody has chosen yet: by the validation part of [`Protocol::ColdItems`]. 0 where it
/// does not, or where a site is too small to tell.
///
/// # Errors
/// As [`finetuning_curve`].
pub fn useful_epochs(
    corpus: &Corpus,
    data: &Dataset,
    options: FinetuneOptions,
    observe: &dyn Fn(Epoch),
) -> Result<usize> {
    let Ok(plan) = Protocol::ColdItems.plan(data) else { return Ok(0) };
    let Some(fold) = plan.validation.iter().find(|fold| fold.cases.iter().any(|cases| !cases.is_empty())) else {
        return Ok(0);
    };
    let curve = finetuning_curve(corpus, fold, options, observe)?;
    Ok(curve.best().map_or(0, |best| best.epoch))
}

/// Trains an adapter for so many epochs.
///
/// # Errors
/// As [`finetuning_curve`].
pub fn finetune(
    corpus: &Corpus,
    training: &[Vec<Event>],
    options: FinetuneOptions,
    epochs: usize,
    observe: &dyn Fn(usize, f32),
) -> Result<Adapter> {
    let mut finetuning = Finetuning::new(corpus, training, options)?;
    for epoch in 1..=epochs {
        observe(epoch, finetuning.epoch());
    }
    finetuning.adapter()
}

/// The catalog of texts and tags alone, as a page loads it (int8).
///
/// # Errors
/// [`Error::InvalidInput`] for texts too long for the format.
pub(crate) fn content_catalog(corpus: &Corpus) -> Result<Catalog> {
    let space = corpus.space(false);
    let files =
        artifact::catalog_to_files(corpus.model(), corpus.items(), space.rows(), space.dimensions, Dtype::Int8)?;
    Catalog::load(&files)
}
