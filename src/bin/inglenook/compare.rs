//! `inglenook compare`: how faithful a student is to its teacher, on texts that neither was trained on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inglenook::artifact::TableFormat;
use inglenook::fidelity::{self, UnitRows};
use inglenook::{Catalog, DeviceChoice, Dtype, Error, Item, Recommender, Result, artifact};
use serde::{Deserialize, Serialize};

use crate::{embeddings, load, output};

#[derive(clap::Args)]
pub struct Args {
    /// Model directory of the teacher
    #[arg(long, value_name = "DIR")]
    teacher: PathBuf,
    /// Model directory of the student; its vectors must be as long as the teacher's
    #[arg(long, value_name = "DIR")]
    student: PathBuf,
    /// JSON: {"texts": [[source, text]], "items": [[source, text]], "queries": [[source, text]], "recipes": [[title, text, held out]]}
    #[arg(long, value_name = "FILE")]
    texts: PathBuf,
    /// Where the teacher's vectors are kept for the next run
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct HeldOut {
    texts: Vec<(String, String)>,
    items: Vec<(String, String)>,
    queries: Vec<(String, String)>,
    recipes: Vec<(String, String, bool)>,
}

/// What is printed.
#[derive(Serialize)]
struct Fidelity {
    texts: usize,
    items: usize,
    queries: usize,
    recipes: usize,
    /// Student and teacher, the same text.
    cosine: fidelity::Cosines,
    /// Rank correlation of the likenesses of pairs of texts.
    spearman: Correlations,
    /// Of the teacher's 10 nearest items to a query.
    top_10_overlap: Overlaps,
    /// Share of the teacher's 10 nearest items to a query that is found in tables of the teacher's vectors, stored in several ways.
    item_tables: Vec<TableOverlap>,
    /// Title -> its own text among all texts.
    title_to_text: BTreeMap<&'static str, Recall>,
}

#[derive(Serialize)]
struct Correlations {
    pairs_200000: f64,
    /// Over the pairs that the figures of the student we start from were measured on.
    reference_pairs_2000: f64,
}

#[derive(Serialize)]
struct Overlaps {
    student_queries_teacher_items: f64,
    student_queries_student_items: f64,
}

#[derive(Serialize)]
struct TableOverlap {
    dimensions: usize,
    dtype: &'static str,
    /// Which rows are scored as they are stored.
    search: &'static str,
    bytes_an_item: usize,
    teacher_queries: f64,
    student_queries: f64,
}

#[derive(Serialize)]
struct Recall {
    at_1: f64,
    at_10: f64,
}

/// Tables that are measured; dimensions are cut to what the model has.
const FORMATS: [(usize, Dtype); 7] = [
    (384, Dtype::F32),
    (384, Dtype::Int8),
    (256, Dtype::F32),
    (256, Dtype::Int8),
    (128, Dtype::Int8),
    (384, Dtype::Binary),
    (256, Dtype::Binary),
];

/// Rows that are scored in int8, of those that look best by their signs.
const RESCORED: usize = 100;

pub fn run(args: &Args) -> Result<()> {
    let bytes =
        std::fs::read(&args.texts).map_err(|source| Error::Io { path: args.texts.display().to_string(), source })?;
    let texts: HeldOut = serde_json::from_slice(&bytes).map_err(|e| Error::Corrupt {
        file: args.texts.display().to_string(),
        reason: format!("not lists of texts: {e}"),
    })?;
    let seconds = |pairs: &[(String, String)]| pairs.iter().map(|(_, text)| text.clone()).collect::<Vec<_>>();
    let parts = [
        seconds(&texts.texts),
        seconds(&texts.items),
        seconds(&texts.queries),
        texts.recipes.iter().map(|(title, ..)| title.clone()).collect(),
        texts.recipes.iter().map(|(_, text, _)| text.clone()).collect(),
    ];
    let (student, dimensions) = encode(&args.student, &parts, None, "texts by the student")?;
    let (teacher, teacher_dimensions) = encode(&args.teacher, &parts, args.cache.as_deref(), "texts by the teacher")?;
    if dimensions != teacher_dimensions {
        return Err(Error::InvalidInput {
            what: "length of the student's vectors".into(),
            found: dimensions.to_string(),
            expected: format!("{teacher_dimensions}, as long as the teacher's"),
        });
    }
    let range = |part: usize| {
        let first: usize = parts[..part].iter().map(Vec::len).sum();
        first * dimensions..(first + parts[part].len()) * dimensions
    };
    let s = |part| UnitRows { values: &student[range(part)], dimensions };
    let t = |part| UnitRows { values: &teacher[range(part)], dimensions };
    let [text, item, query, title, recipe] = [0, 1, 2, 3, 4];
    let sources: Vec<String> = texts.texts.iter().map(|(source, _)| source.clone()).collect();
    let expected = fidelity::nearest(t(query), t(item), 10);
    let recall = |queries, table| Recall {
        at_1: fidelity::recall_of_own(queries, table, 1),
        at_10: fidelity::recall_of_own(queries, table, 10),
    };
    let found = Fidelity {
        texts: texts.texts.len(),
        items: texts.items.len(),
        queries: texts.queries.len(),
        recipes: texts.recipes.len(),
        cosine: fidelity::cosines(s(text), t(text), &sources),
        spearman: Correlations {
            pairs_200000: fidelity::pair_correlation(s(text), t(text), &random_pairs(texts.texts.len(), 200_000)),
            reference_pairs_2000: fidelity::pair_correlation(s(text), t(text), &reference_pairs(texts.texts.len())),
        },
        top_10_overlap: Overlaps {
            student_queries_teacher_items: fidelity::overlap(&fidelity::nearest(s(query), t(item), 10), &expected),
            student_queries_student_items: fidelity::overlap(&fidelity::nearest(s(query), s(item), 10), &expected),
        },
        item_tables: item_tables(t(item), t(query), s(query), &expected)?,
        title_to_text: [
            ("student", recall(s(title), s(recipe))),
            ("student_over_teacher", recall(s(title), t(recipe))),
            ("teacher", recall(t(title), t(recipe))),
        ]
        .into(),
    };
    if args.json { output::json(&found) } else { output::pretty_json(&found) }
}

/// About `count` pairs of different texts, of a fixed sequence.
fn random_pairs(texts: usize, count: usize) -> Vec<[usize; 2]> {
    let mut state = 5_u64;
    // The generator of Knuth's MMIX; its upper bits are good.
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % texts.max(1)
    };
    (0..count).map(|_| [next(), next()]).filter(|[a, b]| a != b).collect()
}

/// The pairs of `PyTorch`'s `manual_seed(5)` and two times `randint(0, texts, (2000,))`: a Mersenne twister's words, the rest of a division.
fn reference_pairs(texts: usize) -> Vec<[usize; 2]> {
    let mut twister = rand_mt::Mt::new(5);
    let mut draw = || -> Vec<usize> { (0..2000).map(|_| twister.next_u32() as usize % texts.max(1)).collect() };
    let first = draw();
    first.into_iter().zip(draw()).map(|(a, b)| [a, b]).collect()
}

/// Measures the tables of [`FORMATS`], and the first of int8 when its rows are chosen by their signs.
fn item_tables(
    items: UnitRows<'_>,
    teacher: UnitRows<'_>,
    student: UnitRows<'_>,
    expected: &[Vec<usize>],
) -> Result<Vec<TableOverlap>> {
    let mut tables = Vec::new();
    for (dimensions, dtype) in FORMATS {
        let format = TableFormat { dtype, dimensions: Some(dimensions.min(items.dimensions)), adapter: None };
        let table = table_of(items, format)?;
        let dimensions = table.catalog().embeddings().dimensions();
        let overlaps = |search, find: &dyn Fn(UnitRows<'_>) -> Result<Vec<Vec<usize>>>| -> Result<TableOverlap> {
            Ok(TableOverlap {
                dimensions,
                dtype: dtype.name(),
                search,
                bytes_an_item: dtype.bytes_a_row(dimensions),
                teacher_queries: fidelity::overlap(&find(teacher)?, expected),
                student_queries: fidelity::overlap(&find(student)?, expected),
            })
        };
        tables.push(overlaps("every row", &|queries| nearest(&table, queries))?);
        if (dimensions, dtype) == (items.dimensions, Dtype::Int8) {
            let by_signs =
                |queries: UnitRows<'_>| Ok(fidelity::nearest_by_signs(queries, table.catalog(), RESCORED, 10));
            tables.push(overlaps("the best 100 by their signs", &by_signs)?);
        }
    }
    Ok(tables)
}

/// A catalog of nothing but vectors.
fn table_of(rows: UnitRows<'_>, format: TableFormat<'_>) -> Result<Recommender> {
    let item = |row: usize| Item {
        id: row.to_string(),
        title: String::new(),
        text: String::new(),
        url: None,
        image: None,
        tags: Vec::new(),
        popularity: 0.0,
    };
    let items: Vec<Item> = (0..rows.len()).map(item).collect();
    let files = artifact::catalog_to_files("teacher", &items, rows.values, rows.dimensions, format)?;
    Ok(Recommender::new(Catalog::load(&files)?))
}

/// The 10 rows of the table nearest to each query.
fn nearest(table: &Recommender, queries: UnitRows<'_>) -> Result<Vec<Vec<usize>>> {
    let nearest = |query: &[f32]| Ok(table.nearest(query, 10)?.iter().map(|found| found.row).collect());
    queries.values.chunks_exact(queries.dimensions).map(nearest).collect()
}

/// The vectors of all texts, one part after another, and their length. Those in `cache` are taken where model and texts are the same.
fn encode(dir: &Path, parts: &[Vec<String>], cache: Option<&Path>, what: &str) -> Result<(Vec<f32>, usize)> {
    let encoder = load::encoder(dir, DeviceChoice::Cpu)?;
    let texts = parts.concat();
    let rows = match cache {
        Some(cache) => embeddings::encode_cached(&encoder, &texts, what, cache)?,
        None => embeddings::encode(&encoder, &texts, what)?,
    };
    Ok((rows, encoder.dimensions()))
}
