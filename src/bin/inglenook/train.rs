//! `inglenook train`: items and interactions -> a catalog directory with learned parts.

use std::path::PathBuf;
use std::time::Instant;

use indicatif::HumanBytes;
use inglenook::artifact::{self, TableFormat};
use inglenook::catalog::Item;
use inglenook::evaluation::{CleaningRules, Corpus};
use inglenook::learning::{FinetuneOptions, Part, Parts, Progress, Target, Trained, train};
use inglenook::{Dtype, Result};

use crate::{Device, build, embeddings, evaluate, load};

#[derive(clap::Args)]
pub struct Args {
    /// Items as JSON Lines or CSV (.csv): id, title, text, and optionally url, image, tags
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// What people did, as CSV or Parquet (.parquet): user, item, and optionally rating, timestamp
    #[arg(long, value_name = "FILE")]
    interactions: PathBuf,
    /// Model directory
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Directory to write; created if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How the embedding table is stored: int8 (a quarter of the size) or f32
    #[arg(long, default_value = "int8", value_parser = build::dtype)]
    dtype: Dtype,
    /// Keep this many dimensions of the embeddings, along their principal axes (default: all that the model has)
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Also fine-tune the model's vectors, if that helps to rank items that nobody has chosen yet
    #[arg(long)]
    finetune: bool,
    /// Ratings from here on are positive, lower ones say nothing
    #[arg(long, default_value_t = CleaningRules::default().positive_rating, value_name = "RATING")]
    min_rating: f32,
    /// A part to do without: collaborative, sequence, popularity (repeatable)
    #[arg(long, value_name = "PART")]
    without: Vec<Part>,
    /// Mix the parts as `MovieLens` small wants it, instead of choosing on what is held out
    #[arg(long)]
    no_tune: bool,
    /// Leave out item lines that cannot be used instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
    /// Where encoded texts are kept (default: embeddings in Inglenook's cache); a run that was stopped goes on with them
    #[arg(long, value_name = "DIR")]
    embeddings_cache: Option<PathBuf>,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

pub fn run(args: &Args) -> Result<()> {
    let started = Instant::now();
    let mut items = evaluate::read_all_items(&args.items, args.skip_invalid)?;
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let (data, report) = evaluate::read_data(&args.interactions, &ids, args.min_rating)?;
    eprintln!("{}", evaluate::cleaned(&report));
    for event in data.positives.iter().flatten() {
        items[event.item as usize].popularity += 1.0;
    }
    let encoder = load::encoder(&args.model, args.device)?;
    let texts: Vec<String> = items.iter().map(Item::embedding_text).collect();
    let cache = args.embeddings_cache.clone().unwrap_or_else(|| embeddings::cache_dir().join("embeddings"));
    let rows = embeddings::encode_cached(&encoder, &texts, "items", &cache)?;
    let space = encoder.manifest().space();
    let corpus = Corpus::new(items, space, rows, encoder.dimensions())?;
    let bar = evaluate::spinner();
    let finetuning = args.finetune.then(FinetuneOptions::default);
    let parts = Parts::without(&args.without);
    let Trained { learned, adapter, chosen } = train(&corpus, &data, parts, !args.no_tune, finetuning, &|progress| {
        bar.set_message(match progress {
            Progress::Choosing(protocol) => format!("choosing weights on {protocol}"),
            Progress::Finetuning(epoch) => format!("fine-tuning the vectors, epoch {epoch}"),
            Progress::Learning => "learning from all interactions".to_owned(),
        });
    })?;
    bar.finish_and_clear();
    for chosen in chosen {
        let of = match chosen.target {
            Target::Knot(knot) => format!("{} liked items", inglenook::learned::blend::KNOTS[knot]),
            Target::New => "items that nobody has chosen".to_owned(),
        };
        eprintln!("weights for {of}: NDCG@10 {:.4} on {} validation cases", chosen.ndcg, chosen.cases);
    }
    if args.finetune && adapter.is_none() {
        eprintln!("fine-tuning does not help to rank new items here: the vectors stay as they are");
    }
    let format = TableFormat { dtype: args.dtype, dimensions: args.dimensions, adapter: adapter.as_ref() };
    let mut files = artifact::catalog_to_files(space, corpus.items(), corpus.vectors(), encoder.dimensions(), format)?;
    let before: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    artifact::add_learned(&mut files, &learned)?;
    let learned_size = files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() - before;
    let files = artifact::with_opening(files)?;
    files.write_dir(&args.out)?;
    let size: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    eprintln!(
        "{} items -> {} ({}, of which {} are learned parts) in {:.1} s",
        corpus.item_count(),
        args.out.display(),
        HumanBytes(size as u64),
        HumanBytes(learned_size as u64),
        started.elapsed().as_secs_f64()
    );
    Ok(())
}
