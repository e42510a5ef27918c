//! Text retrieval: requests in words, and the items that answer them.

use std::collections::HashMap;
use std::io::BufRead;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::corpus::Corpus;
use super::evaluate::{check_k, compare};
use super::item_order::ItemOrder;
use super::measurement::{CaseResult, ConditionResult, Measures, SystemResult};
use super::metrics::CaseMetrics;
use super::product::{PRODUCT, text_scores};
use super::ranked::Ranked;
use super::report::{Evaluation, EvaluationOptions};
use super::system::Setting;
use crate::error::{Error, Result};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryCase {
    /// The words.
    pub query: String,
    /// The rows that answer it; at least one.
    pub relevant: Vec<u32>,
    /// Rows that are no candidates.
    pub excluded: Vec<u32>,
}

/// What reading queries found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueryReport {
    /// Queries that are used.
    pub kept: usize,
    /// Lines that are no such JSON object.
    pub unreadable: usize,
    /// Queries without words, or without a known relevant item that is not excluded.
    pub without_answer: usize,
    /// Ids that the catalog does not have.
    pub unknown_ids: usize,
    /// The first lines that could not be read, with the reason.
    pub examples: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    query: String,
    relevant: Vec<Value>,
    #[serde(default)]
    exclude: Vec<Value>,
}

/// Lines named in the report.
const EXAMPLES: usize = 5;

/// Reads JSON Lines `{"query": text, "relevant": [ids], "exclude": [ids, optional]}`; ids are numbers or strings. Lines that cannot be used are
/// counted and left out.
///
/// # Errors
/// [`Error::InvalidInput`] if none is left, [`Error::Io`] if the file cannot be read.
pub fn read_queries(source: &str, mut reader: impl BufRead, ids: &[String]) -> Result<(Vec<QueryCase>, QueryReport)> {
    let rows: HashMap<&str, u32> = ids.iter().zip(0..).map(|(id, row)| (id.as_str(), row)).collect();
    let mut report = QueryReport::default();
    let mut queries = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes);
        if read.map_err(|source_error| Error::Io { path: source.to_owned(), source: source_error })? == 0 {
            break;
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).trim_ascii();
        if text.is_empty() {
            continue;
        }
        let parsed: Line = match serde_json::from_slice(text) {
            Ok(parsed) => parsed,
            Err(e) => {
                report.unreadable += 1;
                if report.examples.len() < EXAMPLES {
                    report.examples.push(format!("line {line}: {e}"));
                }
                continue;
            }
        };
        let mut known = |values: &[Value]| {
            let found: Vec<u32> = values.iter().filter_map(|id| rows.get(text_of(id).as_str()).copied()).collect();
            report.unknown_ids += values.len() - found.len();
            found
        };
        let excluded = known(&parsed.exclude);
        let mut relevant = known(&parsed.relevant);
        relevant.retain(|row| !excluded.contains(row));
        if relevant.is_empty() || parsed.query.trim().is_empty() {
            report.without_answer += 1;
            continue;
        }
        queries.push(QueryCase { query: parsed.query, relevant, excluded });
    }
    report.kept = queries.len();
    if queries.is_empty() {
        let found = format!(
            "none usable ({} lines unreadable, {} without an answer in the catalog)",
            report.unreadable, report.without_answer
        );
        return Err(Error::invalid(
            format!("queries of {source}"),
            found,
            r#"lines {"query": text, "relevant": [ids]}"#,
        ));
    }
    Ok((queries, report))
}

fn text_of(id: &Value) -> String {
    id.as_str().map_or_else(|| id.to_string(), str::to_owned)
}

/// Ranks all items for every query by three systems: the product (embedding and words), the embedding alone, BM25 alone. `vectors` holds one unit
/// vector a query, by the encoder of the corpus.
///
/// # Errors
/// [`Error::InvalidInput`] if the vectors do not fit the queries or `k` is out of range.
pub fn evaluate_queries(
    corpus: &Corpus,
    queries: &[QueryCase],
    vectors: &[f32],
    options: EvaluationOptions,
) -> Result<Evaluation> {
    let EvaluationOptions { k, seed, .. } = options;
    check_k(k)?;
    let space = corpus.space(false);
    if vectors.len() != queries.len() * space.dimensions {
        return Err(Error::invalid("query embedding values", vectors.len(), queries.len() * space.dimensions));
    }
    let order = ItemOrder::new(&corpus.ids());
    let distance = |a: u32, b: u32| 1.0 - f64::from(space.cosine(a as usize, b as usize));
    let of_queries: Vec<[(CaseMetrics, Ranked); 3]> = queries
        .par_iter()
        .zip(vectors.par_chunks_exact(space.dimensions))
        .map(|(query, vector)| {
            let mut cosines = vec![0.0; corpus.item_count()];
            space.dots(vector, &mut cosines);
            let bm25 = corpus.lexical.bm25(&query.query);
            [text_scores(&cosines, &bm25), cosines, bm25].map(|scores| {
                let candidates = (0..scores.len()).filter(|row| !query.excluded.contains(&(*row as u32)));
                let ranked = Ranked::of(candidates, &scores, &query.relevant, &order, k);
                (CaseMetrics::of(&ranked, k, distance, |_| 0.0), ranked)
            })
        })
        .collect();
    let result = |(at, name): (usize, &'static str)| {
        let (metrics, lists): (Vec<_>, Vec<_>) =
            of_queries.iter().map(|systems| (systems[at].0, systems[at].1.top.clone())).unzip();
        // Nobody has chosen anything yet, so that nothing is known to be rare.
        let measures = Measures::of(&metrics, &lists, corpus.item_count(), k, seed).without(&format!("novelty@{k}"));
        let cases = of_queries.iter().enumerate().map(|(place, systems)| {
            let (metrics, ranked) = &systems[at];
            CaseResult { user: place.to_string(), ndcg: metrics.ndcg, ranks: ranked.ranks.clone() }
        });
        let cases = cases.collect();
        let setting = Setting::default();
        SystemResult {
            name,
            conditions: vec![ConditionResult { setting, validation_ndcg: None, measures, behind: None, cases }],
        }
    };
    let mut systems: Vec<SystemResult> = [PRODUCT, "embedding", "bm25"].into_iter().enumerate().map(result).collect();
    compare(&mut systems, seed);
    Ok(Evaluation {
        protocol: "queries",
        cases: queries.len(),
        candidates: corpus.item_count(),
        conditions: vec![""],
        systems,
        cleaning: None,
        queries: None,
        options,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unusable_queries_are_counted_not_fatal() {
        let lines = concat!(
            "{\"query\": \"a\", \"relevant\": [1, \"x\", 99], \"exclude\": [2]}\n",
            "nonsense\n\n",
            "{\"query\": \"b\", \"relevant\": [99]}\n",
            "{\"query\": \"c\", \"relevant\": [2], \"exclude\": [2]}\n",
            "{\"query\": \" \", \"relevant\": [1]}\n",
        );
        let ids = ["1", "2", "x"].map(str::to_owned);
        let (queries, report) = read_queries("q", lines.as_bytes(), &ids).unwrap();
        assert_eq!(queries, [QueryCase { query: "a".into(), relevant: vec![0, 2], excluded: vec![1] }]);
        assert_eq!((report.kept, report.unreadable, report.without_answer, report.unknown_ids), (1, 1, 3, 2));
        assert!(report.examples[0].starts_with("line 2: "));
        let error = read_queries("q", b"[]\n".as_slice(), &ids).unwrap_err().to_string();
        assert!(error.contains("none usable (1 lines unreadable"), "{error}");
    }
}
