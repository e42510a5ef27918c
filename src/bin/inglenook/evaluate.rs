//! `inglenook evaluate`: how good the lists are, beside baselines, on interactions or queries that were held out.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use inglenook::catalog::{Item, ItemFormat, read_items};
use inglenook::evaluation::{
    CleaningReport, CleaningRules, Corpus, Dataset, Evaluation, EvaluationOptions, InteractionFormat, Protocol, clean,
    evaluate, evaluate_queries, read_interactions, read_parquet_interactions, read_queries, report_page,
};
use inglenook::learning::{FinetuneOptions, Part, Parts};
use inglenook::{Encoder, Error, Result};

use crate::{Device, embeddings, load, output};

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("measured").required(true).args(["interactions", "queries"]))]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
pub struct Args {
    /// Items as JSON Lines or CSV (.csv): id and text, optionally title and tags
    #[arg(long, value_name = "FILE")]
    items: PathBuf,
    /// What people did, as CSV or Parquet (.parquet): user, item, and optionally rating, timestamp
    #[arg(long, value_name = "FILE", requires = "protocol")]
    interactions: Option<PathBuf>,
    /// What is held out: leave-last-out, time-split, cold-items, cold-items-all or cold-users
    #[arg(long, value_name = "PROTOCOL", conflicts_with = "queries")]
    protocol: Option<String>,
    /// Requests in words as JSON Lines: {"query": text, "relevant": [ids], "exclude": [ids, optional]}
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Model directory (default: models/all-MiniLM-L6-v2 in Inglenook's cache)
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Ratings from here on are positive, lower ones say nothing
    #[arg(long, default_value_t = CleaningRules::default().positive_rating, value_name = "RATING")]
    min_rating: f32,
    /// Length of the lists
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// Take the settings that `MovieLens` small chose instead of choosing on validation
    #[arg(long)]
    no_tune: bool,
    /// The product's diversity, 0 (relevance alone) to 1, instead of its default
    #[arg(long)]
    diversity: Option<f32>,
    /// Parts that the product does without: collaborative, sequence, popularity (repeatable)
    #[arg(long, value_name = "PART")]
    without: Vec<Part>,
    /// Measure the product alone
    #[arg(long)]
    no_baselines: bool,
    /// Measure the product and its content part also with vectors fine-tuned on the training part
    #[arg(long, requires = "interactions", conflicts_with = "no_tune")]
    finetune: bool,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = EvaluationOptions::default().seed)]
    seed: u64,
    /// Leave out item lines that cannot be used instead of refusing the file
    #[arg(long)]
    skip_invalid: bool,
    /// Where encoded texts are kept (default: embeddings in Inglenook's cache)
    #[arg(long, value_name = "DIR")]
    embeddings_cache: Option<PathBuf>,
    /// Print JSON: {"protocol", "users", "systems": {name: {"ndcg@10", ...}}}
    #[arg(long)]
    json: bool,
    /// Also write a page with tables and plots
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Also write what each system reached in each case, as JSON Lines: {"system", "condition", "user", "ndcg", "ranks"}
    #[arg(long, value_name = "FILE")]
    cases: Option<PathBuf>,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

pub fn run(args: &Args) -> Result<()> {
    // A wrong name is told before minutes of work.
    let protocol = args.protocol.as_deref().map(str::parse::<Protocol>).transpose()?;
    let items = read_all_items(&args.items, args.skip_invalid)?;
    let options = EvaluationOptions {
        k: args.k,
        is_tuned: !args.no_tune,
        seed: args.seed,
        diversity: args.diversity,
        parts: Parts::without(&args.without),
        has_baselines: !args.no_baselines,
        finetune: args.finetune.then(FinetuneOptions::default),
    };
    let evaluation = match (protocol, &args.interactions, &args.queries) {
        (Some(protocol), Some(interactions), _) => on_interactions(args, items, protocol, interactions, options)?,
        (_, _, Some(queries)) => on_queries(args, items, queries, options)?,
        _ => {
            return Err(Error::InvalidInput {
                what: "arguments".into(),
                found: "neither interactions nor queries".into(),
                expected: "--interactions FILE --protocol PROTOCOL, or --queries FILE".into(),
            });
        }
    };
    let write = |path: &Path, text: String| {
        std::fs::write(path, text).map_err(|e| Error::Io { path: path.display().to_string(), source: e })
    };
    if let Some(path) = &args.report {
        write(path, report_page(&evaluation))?;
    }
    if let Some(path) = &args.cases {
        write(path, evaluation.case_lines())?;
    }
    if args.json { output::pretty_json(&evaluation.to_json()) } else { print_tables(&evaluation) }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(|source| Error::Io { path: path.display().to_string(), source })
}

/// The items of a file, those left out that cannot be used if `skip_invalid` says so.
pub fn read_all_items(path: &Path, skip_invalid: bool) -> Result<Vec<Item>> {
    let source = path.display().to_string();
    let read = read_items(&source, BufReader::new(open(path)?), ItemFormat::of(path), skip_invalid)?;
    if !read.report.is_empty() {
        eprintln!("skipped {} items that cannot be used", read.report.len());
    }
    Ok(read.items)
}

/// Clean interactions with the items of these ids.
pub fn read_data(path: &Path, ids: &[String], min_rating: f32) -> Result<(Dataset, CleaningReport)> {
    let source = path.display().to_string();
    let file = open(path)?;
    let read = match InteractionFormat::of(path) {
        InteractionFormat::Csv => read_interactions(&source, BufReader::new(file))?,
        InteractionFormat::Parquet => read_parquet_interactions(&source, file)?,
    };
    clean(&source, &read, ids, CleaningRules { positive_rating: min_rating })
}

fn on_interactions(
    args: &Args,
    items: Vec<Item>,
    protocol: Protocol,
    path: &Path,
    options: EvaluationOptions,
) -> Result<Evaluation> {
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let (data, report) = read_data(path, &ids, args.min_rating)?;
    eprintln!("{}", cleaned(&report));
    // Before the texts are encoded: a protocol that finds no case says so at once.
    protocol.plan(&data)?;
    let (corpus, _) = corpus(args, items)?;
    let bar = spinner();
    let evaluation = evaluate(&corpus, &data, protocol, options, &|step| {
        let doing = if step.is_tuning { "choosing settings of" } else { "scoring" };
        bar.set_message(format!("{}/{} {doing} {}", step.done + 1, step.total, step.system));
    })?;
    bar.finish_and_clear();
    Ok(Evaluation { cleaning: Some(report), ..evaluation })
}

fn on_queries(args: &Args, items: Vec<Item>, path: &Path, options: EvaluationOptions) -> Result<Evaluation> {
    let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
    let (queries, report) = read_queries(&path.display().to_string(), BufReader::new(open(path)?), &ids)?;
    eprintln!(
        "{} queries; left out: {} unreadable, {} without an answer; {} unknown ids",
        report.kept, report.unreadable, report.without_answer, report.unknown_ids
    );
    let (corpus, encoder) = corpus(args, items)?;
    let texts: Vec<String> = queries.iter().map(|query| query.query.clone()).collect();
    let vectors = embeddings::encode_cached(&encoder, &texts, "queries", &cache(args))?;
    let evaluation = evaluate_queries(&corpus, &queries, &vectors, options)?;
    Ok(Evaluation { queries: Some(report), ..evaluation })
}

fn corpus(args: &Args, items: Vec<Item>) -> Result<(Corpus, Encoder)> {
    let model = args.model.clone().unwrap_or_else(|| embeddings::cache_dir().join("models/all-MiniLM-L6-v2"));
    let encoder = load::encoder(&model, args.device)?;
    let texts: Vec<String> = items.iter().map(Item::embedding_text).collect();
    let rows = embeddings::encode_cached(&encoder, &texts, "items", &cache(args))?;
    Ok((Corpus::new(items, &encoder.manifest().id, rows, encoder.dimensions())?, encoder))
}

fn cache(args: &Args) -> PathBuf {
    args.embeddings_cache.clone().unwrap_or_else(|| embeddings::cache_dir().join("embeddings"))
}

pub fn spinner() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    if std::io::stderr().is_terminal() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}

/// What cleaning did, in one line.
pub fn cleaned(report: &CleaningReport) -> String {
    let time = if report.has_timestamp { "" } else { "; no times: the order of the file stands for them" };
    format!(
        "{} interactions of {} users with {} items, {} positive; left out: {} unreadable, {} incomplete, {} not numbers, {} with unknown items, {} outliers, {} repeated{time}",
        report.kept,
        report.users,
        report.items,
        report.positives,
        report.unreadable,
        report.missing,
        report.not_a_number,
        report.unknown_item,
        report.outliers,
        report.duplicates
    )
}

fn print_tables(evaluation: &Evaluation) -> Result<()> {
    for (condition, name) in evaluation.conditions.iter().enumerate() {
        let k = evaluation.options.k;
        let what = if name.is_empty() { String::new() } else { format!(", {name}") };
        output::line(format!("{}{what}: {} cases", evaluation.protocol, evaluation.cases))?;
        output::line(table(evaluation, condition, k))?;
    }
    Ok(())
}

fn table(evaluation: &Evaluation, condition: usize, k: usize) -> Table {
    let names = [format!("ndcg@{k}"), format!("recall@{k}"), "mrr".into(), "auc".into(), format!("coverage@{k}")];
    let mut header = vec!["system".to_owned(), names[0].clone(), "95 %".to_owned()];
    header.extend_from_slice(&names[1..]);
    header.extend(["inglenook ahead by".to_owned(), "setting".to_owned()]);
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    for system in &evaluation.systems {
        let result = &system.conditions[condition];
        let value = |name: &String| result.measures.get(name).map_or_else(String::new, |x| format!("{x:.4}"));
        let interval = result.measures.interval(&names[0]);
        let mut row = vec![system.name.to_owned(), value(&names[0])];
        row.push(interval.map_or_else(String::new, |i| format!("{:.4}-{:.4}", i.low, i.high)));
        row.extend(names[1..].iter().map(value));
        row.push(result.behind.map_or_else(String::new, |d| {
            format!("{:+.4} ({:+.4} to {:+.4})", d.mean, d.interval.low, d.interval.high)
        }));
        let rmse = result.measures.get("rmse").map_or_else(String::new, |x| format!("rmse {x:.3}"));
        row.push(format!("{}{rmse}", result.setting));
        table.add_row(row);
    }
    for column in (1..=6).filter(|column| *column != 2) {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
