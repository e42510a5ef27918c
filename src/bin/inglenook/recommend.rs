//! `inglenook recommend`: the same ranking as in the browser, at the terminal.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use comfy_table::{Table, presets};
use inglenook::{
    Catalog, Error, Interaction, InteractionKind, RecommendRequest, Recommendation, Recommender, Result, TagFilter,
};

use crate::{Device, load, output};

#[derive(clap::Args)]
pub struct Args {
    /// Catalog directory
    #[arg(long, value_name = "DIR")]
    catalog: PathBuf,
    /// Model directory; needed for --query
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// An item that the person likes: its id, or its exact title (repeatable)
    #[arg(long, value_name = "ID")]
    like: Vec<String>,
    /// An item that the person does not want: its id, or its exact title (repeatable)
    #[arg(long, value_name = "ID")]
    dislike: Vec<String>,
    /// A history as JSON: a list of `{"item_id", "kind", "timestamp_ms"}`
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// What the person is in the mood for, in words
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// How many items
    #[arg(short, default_value_t = 10)]
    k: usize,
    /// 0 ranks by relevance alone, 1 by difference alone
    #[arg(long)]
    diversity: Option<f32>,
    /// Only items with at least one of these tags (repeatable)
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// The present, in milliseconds since 1970 (default: the clock)
    #[arg(long, value_name = "MS")]
    now: Option<i64>,
    /// Orders items where nothing else does
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Print a JSON list of {id, title, score, parts, because}
    #[arg(long)]
    json: bool,
    /// Where the encoder runs
    #[arg(long, value_enum, default_value_t)]
    device: Device,
}

pub fn run(args: &Args) -> Result<()> {
    let catalog = load::catalog(&args.catalog)?;
    let now_ms = args.now.unwrap_or_else(clock_ms);
    let history = history(args, &catalog, now_ms)?;
    let query = match args.query.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        Some(text) => {
            let encoder = load::encoder(&args.model, args.device)?;
            catalog.require_model(encoder.manifest().space())?;
            Some(pollster::block_on(encoder.encode(&[text]))?)
        }
        None => None,
    };
    let request = RecommendRequest {
        k: args.k,
        now_ms,
        seed: args.seed,
        diversity: args.diversity,
        filter: TagFilter { any_of: args.tag.clone(), ..TagFilter::default() },
        ..RecommendRequest::default()
    };
    let list = Recommender::new(catalog).recommend(&history, &request, query.as_deref())?;
    if args.json { output::pretty_json(&list) } else { output::line(table(&list)) }
}

fn history(args: &Args, catalog: &Catalog, now_ms: i64) -> Result<Vec<Interaction>> {
    let mut history = match &args.history {
        Some(path) => {
            let io = |source| Error::Io { path: path.display().to_string(), source };
            serde_json::from_slice(&std::fs::read(path).map_err(io)?).map_err(|e| Error::InvalidInput {
                what: path.display().to_string(),
                found: e.to_string(),
                expected: "a JSON list of {\"item_id\", \"kind\", \"timestamp_ms\"}".into(),
            })?
        }
        None => Vec::new(),
    };
    for (named, kind) in [(&args.like, InteractionKind::Like), (&args.dislike, InteractionKind::Dislike)] {
        for name in named {
            let item_id = resolve(catalog, name)?;
            history.push(Interaction { item_id, kind, timestamp_ms: now_ms });
        }
    }
    Ok(history)
}

/// An id, or else a title that exactly one item has.
fn resolve(catalog: &Catalog, name: &str) -> Result<String> {
    if catalog.row(name).is_some() {
        return Ok(name.to_owned());
    }
    let wanted = name.to_lowercase();
    let titled: Vec<_> =
        (0..catalog.len()).map(|row| catalog.item(row)).filter(|i| i.title.to_lowercase() == wanted).collect();
    match &titled[..] {
        [item] => Ok(item.id.to_owned()),
        [] => catalog.require_row(name).map(|_| name.to_owned()),
        several => Err(Error::InvalidInput {
            what: format!("\"{name}\""),
            found: format!("the title of {} items", several.len()),
            expected: format!("one of the ids {}", several.iter().map(|i| i.id).collect::<Vec<_>>().join(", ")),
        }),
    }
}

fn clock_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn table(list: &[Recommendation]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["#", "score", "title", "id", "because"]);
    for (place, item) in (1..).zip(list) {
        table.add_row([
            place.to_string(),
            format!("{:.3}", item.score),
            item.title.clone(),
            item.id.clone(),
            because(item),
        ]);
    }
    table
}

fn because(item: &Recommendation) -> String {
    let history = item.because.iter().map(|r| format!("{} {:.0} %", r.title, r.share * 100.0)).collect::<Vec<_>>();
    let parts = item.parts;
    let named = [
        ("request", parts.query),
        ("popularity", parts.popularity),
        ("disliked", parts.feedback),
        ("diversity", parts.diversity),
    ];
    let others =
        named.iter().filter(|(_, value)| value.abs() >= 0.005).map(|(name, value)| format!("{name} {value:+.2}"));
    let of_history = parts.content + parts.collaborative + parts.sequence;
    let content = (of_history != 0.0).then(|| format!("history {of_history:+.2} ({})", history.join(", ")));
    content.into_iter().chain(others).collect::<Vec<_>>().join(", ")
}
