//! `inglenook finetune`: items and interactions -> an adapter of the model's vectors.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use inglenook::catalog::Item;
use inglenook::evaluation::{CleaningRules, Corpus, Protocol};
use inglenook::learning::{Curve, FinetuneOptions, finetune, finetuning_curve};
use inglenook::{Adapter, Error, Result};

use crate::{Device, embeddings, evaluate, load};

#[derive(clap::Args)]
pub struct Args {
    /// Items as JSON Lines or CSV (.csv): id, title, text, and optionally tags
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// What people did, as CSV or Parquet (.parquet): user, item, and optionally rating, timestamp
    #[arg(long, value_name = "FILE")]
    interactions: PathBuf,
    /// Model directory
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Adapter to write (safetensors), for `inglenook build`
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What is held out to see how long training helps: cold-items, leave-last-out, time-split or cold-users
    #[arg(long, default_value_t = Protocol::ColdItems, value_name = "PROTOCOL")]
    protocol: Protocol,
    /// Also write loss and NDCG@10 of every epoch as CSV
    #[arg(long, value_name = "FILE")]
    curve: Option<PathBuf>,
    /// Width of the adapter: more can change more, and learns more by heart
    #[arg(long, default_value_t = FinetuneOptions::default().rank)]
    rank: usize,
    /// Epochs at most
    #[arg(long, default_value_t = FinetuneOptions::default().epochs)]
    epochs: usize,
    /// Epochs without a better NDCG@10 after which no more are tried
    #[arg(long, default_value_t = FinetuneOptions::default().patience)]
    patience: usize,
    /// Learning rate
    #[arg(long, default_value_t = FinetuneOptions::default().learning_rate)]
    learning_rate: f32,
    /// How strongly the change is pulled to none
    #[arg(long, default_value_t = FinetuneOptions::default().weight_decay)]
    weight_decay: f32,
    /// What cosines are divided by: small values ask for the nearest, large ones for the right region
    #[arg(long, default_value_t = FinetuneOptions::default().temperature)]
    temperature: f32,
    /// How much of popularity the vectors tell, 0 (what goes together beyond it) to 1 (what is chosen)
    #[arg(long, default_value_t = FinetuneOptions::default().popularity)]
    popularity: f32,
    /// Items of a history at most, the latest
    #[arg(long, default_value_t = FinetuneOptions::default().history)]
    history: usize,
    /// Pairs of a batch
    #[arg(long, default_value_t = FinetuneOptions::default().batch)]
    batch: usize,
    /// Seed of all randomness
    #[arg(long, default_value_t = FinetuneOptions::default().seed)]
    seed: u64,
    /// Ratings from here on are positive, lower ones say nothing
    #[arg(long, default_value_t = CleaningRules::default().positive_rating, value_name = "RATING")]
    min_rating: f32,
    /// Leave out item lines that cannot be used instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
    /// Where encoded texts are kept (default: embeddings in Inglenook's cache)
    #[arg(long, value_name = "DIR")]
    embeddings_cache: Option<PathBuf>,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

impl Args {
    fn options(&self) -> FinetuneOptions {
        FinetuneOptions {
            rank: self.rank,
            epochs: self.epochs,
            patience: self.patience,
            learning_rate: self.learning_rate,
            weight_decay: self.weight_decay,
            temperature: self.temperature,
            popularity: self.popularity,
            history: self.history,
            batch: self.batch,
            seed: self.seed,
        }
    }
}

pub fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    let options = args.options();
    let items = evaluate::read_all_items(&args.items, args.skip_invalid)?;
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let (data, report) = evaluate::read_data(&args.interactions, &ids, args.min_rating)?;
    eprintln!("{}", evaluate::cleaned(&report));
    let plan = args.protocol.plan(&data)?;
    let encoder = load::encoder(&args.model, args.device)?;
    options.check(encoder.dimensions())?;
    let texts: Vec<String> = items.iter().map(Item::embedding_text).collect();
    let cache = args.embeddings_cache.clone().unwrap_or_else(|| embeddings::cache_dir().join("embeddings"));
    let rows = embeddings::encode_cached(&encoder, &texts, "items", &cache)?;
    let corpus = Corpus::new(items, encoder.manifest().space(), rows, encoder.dimensions())?;

    let bar = evaluate::spinner();
    let fold = plan.validation.iter().find(|fold| fold.cases.iter().any(|cases| !cases.is_empty()));
    let fold = fold.ok_or_else(|| Error::InvalidInput {
        what: format!("cases to validate on in {}", args.protocol),
        found: "none".into(),
        expected: "at least one; another --protocol may have some".into(),
    })?;
    bar.set_message("training, and looking at what was held out");
    let curve = finetuning_curve(&corpus, fold, options, &|epoch| {
        let loss = epoch.loss.map_or_else(|| "     -".to_owned(), |loss| format!("{loss:.4}"));
        bar.suspend(|| eprintln!("epoch {:2}: loss {loss}, NDCG@10 {:.4}", epoch.epoch, epoch.ndcg));
    })?;
    if let Some(path) = &args.curve {
        write(path, csv(&curve).as_bytes())?;
    }
    let best = curve.best().map_or(0, |best| best.epoch);
    if best == 0 {
        bar.finish_and_clear();
        eprintln!("fine-tuning does not help {}: no adapter is written", args.protocol);
        return Ok(());
    }
    let adapter = finetune(&corpus, &data.positives, options, best, &|epoch, _| {
        bar.set_message(format!("learning from all interactions, epoch {epoch} of {best}"));
    })?;
    bar.finish_and_clear();
    write(&args.out, &adapter.to_bytes()?)?;
    eprintln!(
        "{best} epochs -> {} (rank {}) in {:.1} s",
        args.out.display(),
        adapter.rank(),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

fn csv(curve: &Curve) -> String {
    curve.epochs.iter().fold("epoch,loss,ndcg@10\n".to_owned(), |mut csv, epoch| {
        let loss = epoch.loss.map_or_else(String::new, |loss| loss.to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(csv, "{},{loss},{}", epoch.epoch, epoch.ndcg);
        csv
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|source| Error::Io { path: path.display().to_string(), source })
}

/// Reads an adapter file, if one is named.
pub fn read(path: Option<&PathBuf>) -> Result<Option<Adapter>> {
    let read = |path: &PathBuf| {
        let bytes = std::fs::read(path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
        Adapter::from_bytes(&bytes).map_err(|error| match error {
            Error::Corrupt { reason, .. } => Error::Corrupt { file: path.display().to_string(), reason },
            other => other,
        })
    };
    path.map(read).transpose()
}
