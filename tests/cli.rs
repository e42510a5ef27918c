//! The command line, as a person and as a script use it, on the tiny model.

mod common;

use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const ITEMS: &str = r#"{"id": 1, "title": "Cats", "text": "a film about cats", "genres": ["Pets"], "popularity": 5}
{"id": 2, "title": "Dogs", "text": "a film about dogs", "genres": ["Pets"], "popularity": 9}
{"id": 3, "title": "Cats and Dogs", "text": "cats and dogs", "popularity": 1}
{"id": "x4", "title": "Film", "text": "a film"}
"#;

fn inglenook(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("inglenook").unwrap();
    command.args(args);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).unwrap()
}

fn stderr_of_failure(command: &mut Command) -> String {
    String::from_utf8(command.assert().failure().get_output().stderr.clone()).unwrap()
}

fn path(dir: &TempDir, name: &str) -> String {
    dir.path().join(name).display().to_string()
}

/// A directory with `model/`, `items.jsonl` and the catalog built from them.
fn built() -> TempDir {
    let dir = TempDir::new().unwrap();
    common::tiny_model().write_dir(&dir.path().join("model")).unwrap();
    std::fs::write(dir.path().join("items.jsonl"), ITEMS).unwrap();
    build(&dir, "items.jsonl").assert().success();
    dir
}

fn build(dir: &TempDir, items: &str) -> Command {
    inglenook(&["build", "--items", &path(dir, items), "--model", &path(dir, "model"), "--out", &path(dir, "catalog")])
}

fn recommend(dir: &TempDir, args: &[&str]) -> Command {
    let mut command = inglenook(&["recommend", "--catalog", &path(dir, "catalog"), "--model", &path(dir, "model")]);
    command.args(args);
    command
}

fn json(command: &mut Command) -> Value {
    serde_json::from_str(&stdout(command)).unwrap()
}

#[test]
fn build_then_recommend_as_json_and_as_a_table() {
    let dir = built();
    let list = json(&mut recommend(&dir, &["--like", "1", "--dislike", "2", "-k", "2", "--json"]));
    let first = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 2);
    let parts: f64 = first["parts"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).sum();
    assert!((parts - first["score"].as_f64().unwrap()).abs() < 1e-5);
    assert!(["id", "title", "score", "parts", "because"].iter().all(|field| first.get(field).is_some()));
    let table = stdout(&mut recommend(&dir, &["--query", "cats", "--like", "Dogs"]));
    assert!(table.contains("Cats and Dogs") && table.contains("request"), "{table}");
    let cold = json(&mut recommend(&dir, &["--json"]));
    assert_eq!(cold[0]["title"], "Dogs", "the most popular item leads for an unknown person");
}

#[test]
fn encode_prints_one_json_array_a_line() {
    let dir = built();
    let out = stdout(inglenook(&["encode", "--model", &path(&dir, "model"), "--json"]).write_stdin("a film\n\ncats\n"));
    let rows: Vec<Vec<f32>> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16, 16], "the empty line is a text, too");
}

#[test]
fn inspect_shows_catalogs_and_models_and_checks_them() {
    let dir = built();
    let catalog = stdout(&mut inglenook(&["inspect", &path(&dir, "catalog")]));
    assert!(catalog.contains("catalog of 4 items, int8 embeddings of 16 dimensions by tiny"), "{catalog}");
    assert!(stdout(&mut inglenook(&["inspect", &path(&dir, "model")])).contains("model tiny"));
    let json: Value =
        serde_json::from_str(&stdout(&mut inglenook(&["inspect", "--json", &path(&dir, "catalog")]))).unwrap();
    assert_eq!(json["tags"], serde_json::json!(["Pets"]));
    let file = json["manifest"]["embeddings"].as_str().unwrap();
    damage(&dir.path().join("catalog").join(file));
    let error = stderr_of_failure(&mut inglenook(&["inspect", &path(&dir, "catalog")]));
    assert!(error.contains("artifact_corrupt") && error.contains(file) && error.contains("SHA-256"), "{error}");
}

#[test]
fn a_binary_catalog_is_built_inspected_and_searched() {
    let dir = built();
    build(&dir, "items.jsonl").args(["--dtype", "binary"]).assert().success();
    let catalog = stdout(&mut inglenook(&["inspect", &path(&dir, "catalog")]));
    assert!(catalog.contains("catalog of 4 items, binary embeddings of 16 dimensions by tiny"), "{catalog}");
    let list = json(&mut recommend(&dir, &["--query", "cats and dogs", "--json"]));
    assert_eq!(list.as_array().unwrap().len(), 4);
    assert!(stderr_of_failure(build(&dir, "items.jsonl").args(["--dtype", "int4"])).contains("int8, binary or f32"));
}

fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[test]
fn unusable_lines_are_refused_or_skipped_with_their_numbers() {
    let dir = built();
    std::fs::write(dir.path().join("bad.jsonl"), format!("{ITEMS}{{\"id\": 1, \"text\": \"again\"}}\nnonsense\n"))
        .unwrap();
    let error = stderr_of_failure(&mut build(&dir, "bad.jsonl"));
    assert!(
        error.contains("invalid_input")
            && error.contains("2 of 6 items")
            && error.contains("line 5")
            && error.contains("line 6"),
        "{error}"
    );
    let skipped = build(&dir, "bad.jsonl").arg("--skip-invalid").assert().success().get_output().stderr.clone();
    let skipped = String::from_utf8(skipped).unwrap();
    assert!(
        skipped.contains("skipped line 5: the id \"1\" was used before") && skipped.contains("4 items"),
        "{skipped}"
    );
}

#[test]
fn a_rebuild_with_the_same_input_gives_the_same_files_and_leaves_no_old_ones() {
    let dir = built();
    let manifest = || std::fs::read(dir.path().join("catalog/manifest.json")).unwrap();
    let first = manifest();
    build(&dir, "items.jsonl").assert().success();
    assert_eq!(first, manifest());
    std::fs::write(dir.path().join("one.jsonl"), "{\"id\":1,\"text\":\"cats\"}").unwrap();
    build(&dir, "one.jsonl").args(["--dtype", "f32"]).assert().success();
    // The manifest, three binary files and the opening.
    assert_eq!(std::fs::read_dir(dir.path().join("catalog")).unwrap().count(), 5);
}

#[test]
fn mistakes_get_an_error_that_helps() {
    let dir = built();
    let unknown = stderr_of_failure(&mut recommend(&dir, &["--like", "No Such Film"]));
    assert!(unknown.contains("unknown_item") && unknown.contains("No Such Film"), "{unknown}");
    let missing = stderr_of_failure(&mut inglenook(&["inspect", &path(&dir, "nowhere")]));
    assert!(missing.contains("nowhere"), "{missing}");
    let no_model = stderr_of_failure(&mut inglenook(&["encode", "--model", &path(&dir, "items.jsonl")]));
    assert!(no_model.contains("inglenook pack"), "{no_model}");
    let wrong_kind = stderr_of_failure(&mut inglenook(&["encode", "--model", &path(&dir, "catalog")]));
    assert!(wrong_kind.contains("artifact_incompatible") && wrong_kind.contains("inglenook-catalog"), "{wrong_kind}");
    std::fs::write(dir.path().join("empty.jsonl"), "").unwrap();
    assert!(stderr_of_failure(&mut build(&dir, "empty.jsonl")).contains("found no items"));
    assert!(stderr_of_failure(&mut recommend(&dir, &["-k", "0"])).contains("expected 1 to 1000"));
}

#[test]
fn a_query_for_another_models_catalog_is_refused() {
    let dir = built();
    let manifest = dir.path().join("model/manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"tiny\"", "\"another\"");
    std::fs::write(&manifest, text).unwrap();
    let error = stderr_of_failure(&mut recommend(&dir, &["--query", "cats"]));
    assert!(error.contains("artifact_incompatible") && error.contains("another"), "{error}");
}
