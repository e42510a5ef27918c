//! `inglenook evaluate` as a script uses it: every protocol and the queries, on a dozen items and the tiny model.

mod common;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/evaluation");

/// A directory with the tiny model and a cache of its own.
fn with_model() -> TempDir {
    let dir = TempDir::new().unwrap();
    common::tiny_model().write_dir(&dir.path().join("model")).unwrap();
    dir
}

fn evaluate(dir: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("inglenook").unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    command.args(["evaluate", "--items", &format!("{FIXTURES}/items.jsonl"), "--model", &path("model")]);
    command.args(["--embeddings-cache", &path("cache")]).args(args);
    command
}

fn on(protocol: &str) -> [String; 4] {
    ["--interactions".into(), format!("{FIXTURES}/interactions.csv"), "--protocol".into(), protocol.into()]
}

fn json(command: &mut Command) -> Value {
    let output = command.arg("--json").assert().success().get_output().stdout.clone();
    serde_json::from_slice(&output).expect("standard output holds only JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("found {value}, expected a number"))
}

#[test]
fn every_protocol_reports_the_product_and_its_baselines() {
    let dir = with_model();
    for protocol in ["leave-last-out", "time-split", "cold-items", "cold-items-all", "cold-users"] {
        let found = json(evaluate(&dir, &[]).args(on(protocol)));
        assert_eq!(found["protocol"], protocol);
        assert!(number(&found["users"]) >= 1.0);
        let systems = found["systems"].as_object().unwrap();
        let wanted = ["inglenook", "popularity", "content-mean", "content-max", "tf-idf", "random"];
        assert!(wanted.iter().all(|name| systems.contains_key(*name)), "{:?}", systems.keys());
        assert_eq!(systems.contains_key("ease"), !protocol.starts_with("cold-items"));
        for (name, system) in systems {
            let conditions: Vec<&Value> = if protocol == "cold-users" {
                ["k=1", "k=3", "k=5"].map(|k| &system[k]).to_vec()
            } else {
                vec![system]
            };
            for measures in conditions {
                for measure in ["ndcg@10", "recall@10", "precision@10", "mrr", "hit_rate@10", "auc", "coverage@10"] {
                    let value = number(&measures[measure]);
                    assert!((0.0..=1.0).contains(&value), "{protocol} {name} {measure} {value}");
                }
                assert!(number(&measures["novelty@10"]) > 0.0 && number(&measures["diversity@10"]) >= 0.0);
                let interval = &measures["ci95"]["ndcg@10"];
                assert!(number(&interval[0]) <= number(&measures["ndcg@10"]));
                assert!(number(&interval[1]) >= number(&measures["ndcg@10"]));
            }
        }
        let data = &found["data"];
        let left_out = ["unreadable", "missing", "not_a_number", "unknown_item"].map(|count| number(&data[count]));
        assert!(left_out.iter().all(|count| (*count - 1.0).abs() < 1e-9), "{data}");
    }
}

#[test]
fn equal_runs_give_equal_bytes_and_encode_once() {
    let dir = with_model();
    let run = || {
        evaluate(&dir, &["--no-tune", "--json"])
            .args(on("leave-last-out"))
            .assert()
            .success()
            .get_output()
            .stdout
            .clone()
    };
    let first = run();
    let cache = dir.path().join("cache");
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 1);
    assert_eq!(first, run());
    // A damaged cache is made again.
    let file = std::fs::read_dir(&cache).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&file, b"short").unwrap();
    assert_eq!(first, run());
}

#[test]
fn queries_compare_words_vectors_and_both() {
    let dir = with_model();
    let found = json(&mut evaluate(&dir, &["--queries", &format!("{FIXTURES}/queries.jsonl")]));
    let systems = found["systems"].as_object().unwrap();
    assert_eq!(systems.keys().collect::<Vec<_>>(), ["bm25", "embedding", "inglenook"]);
    assert_eq!((number(&found["users"]), number(&found["data"]["unreadable"])), (2.0, 1.0));
    assert!(number(&systems["bm25"]["mrr"]) > 0.9, "{}", systems["bm25"]);
}

#[test]
fn the_table_and_the_page_are_for_people() {
    let dir = with_model();
    let page = dir.path().join("report.html");
    let output = evaluate(&dir, &["--no-tune", "--report", &page.display().to_string()])
        .args(on("cold-users"))
        .assert()
        .success()
        .get_output()
        .stdout
        .clone();
    let table = String::from_utf8(output).unwrap();
    assert!(table.contains("cold-users, k=3: 24 cases") && table.contains("ease-recent"), "{table}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg") && page.contains("ndcg@10 against coverage@10"));
    let outside = ["http://", "https://", "src=", "href=", "<script", "@import", "NaN"];
    assert!(outside.iter().all(|reference| !page.contains(reference)), "the page needs no network");
}

#[test]
fn mistakes_get_an_error_that_helps() {
    let dir = with_model();
    let stderr =
        |command: &mut Command| String::from_utf8(command.assert().failure().get_output().stderr.clone()).unwrap();
    let unknown = stderr(evaluate(&dir, &[]).args(on("sometimes")));
    assert!(unknown.contains("leave-last-out, time-split, cold-items, cold-items-all, cold-users"), "{unknown}");
    let nothing = stderr(&mut evaluate(&dir, &[]));
    assert!(nothing.contains("--interactions") && nothing.contains("--queries"), "{nothing}");
    let strict = stderr(evaluate(&dir, &["--min-rating", "9"]).args(on("leave-last-out")));
    assert!(strict.contains("at least 9"), "{strict}");
    let missing = stderr(&mut evaluate(&dir, &["--queries", "/nowhere.jsonl"]));
    assert!(missing.contains("/nowhere.jsonl"), "{missing}");
    assert!(stderr(evaluate(&dir, &["-k", "0"]).args(on("leave-last-out"))).contains("expected 1 to 1000"));
    assert!(Path::new(FIXTURES).is_dir());
}
