//! Damaged artifacts give a typed error: never a panic, never a wrong list.

mod common;

use common::{catalog_files, like};
use inglenook::artifact::TableFormat;
use inglenook::artifact::manifest::{CatalogManifest, FileEntry};
use inglenook::{ArtifactFiles, Catalog, Dtype, RecommendRequest, Recommender};
use proptest::prelude::*;

fn list(files: &ArtifactFiles) -> inglenook::Result<Vec<(String, f32)>> {
    let recommender = Recommender::new(Catalog::load(files)?);
    let list = recommender.recommend(&[like(3)], &RecommendRequest::default(), None)?;
    Ok(list.into_iter().map(|r| (r.id, r.score)).collect())
}

fn names(files: &ArtifactFiles) -> Vec<String> {
    files.iter().map(|(name, _)| name.to_owned()).collect()
}

fn bytes_of(files: &ArtifactFiles, name: &str) -> Vec<u8> {
    files.iter().find(|(n, _)| *n == name).unwrap().1.to_vec()
}

fn damaged(mut files: ArtifactFiles, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> ArtifactFiles {
    let mut bytes = bytes_of(&files, name);
    change(&mut bytes);
    files.insert(name, bytes);
    files
}

/// Makes the manifest agree with a damaged file, so that the parser behind the hash is put to the test.
fn with_matching_hash(mut files: ArtifactFiles, name: &str) -> ArtifactFiles {
    let mut manifest = CatalogManifest::parse(files.manifest().unwrap()).unwrap();
    let entry = FileEntry::of(name, &bytes_of(&files, name));
    *manifest.files.iter_mut().find(|f| f.name == name).unwrap() = entry;
    files.insert("manifest.json", serde_json::to_vec(&manifest).unwrap());
    files
}

fn is_typed(code: &str) -> bool {
    matches!(code, "artifact_corrupt" | "artifact_incompatible")
}

#[test]
fn what_was_written_is_read_back() {
    for dtype in [Dtype::Int8, Dtype::F32, Dtype::Binary] {
        let catalog = Catalog::load(&catalog_files(30, dtype)).unwrap();
        assert_eq!((catalog.len(), catalog.embeddings().dtype()), (30, dtype));
        let item = catalog.item(15);
        assert_eq!((item.id, item.title, item.url), ("id-15", "Item 15", None));
        assert_eq!(item.tags, ["third", "fifth"]);
        assert_eq!(catalog.item(4).url, Some("/items/4"));
        assert_eq!((catalog.row("id-29"), catalog.row("id-30")), (Some(29), None));
    }
}

#[test]
fn int8_and_f32_tables_rank_almost_alike() {
    let (int8, f32) = (list(&catalog_files(40, Dtype::Int8)).unwrap(), list(&catalog_files(40, Dtype::F32)).unwrap());
    assert_eq!(int8[0].0, f32[0].0);
    assert!((int8[0].1 - f32[0].1).abs() < 0.02);
}

#[test]
fn a_missing_file_is_named() {
    let files = catalog_files(10, Dtype::Int8);
    for missing in names(&files) {
        let mut rest = ArtifactFiles::default();
        files.iter().filter(|(n, _)| *n != missing).for_each(|(n, b)| rest.insert(n, b.clone()));
        let error = list(&rest).unwrap_err();
        assert_eq!(error.code(), "artifact_corrupt");
        assert!(error.to_string().contains(&missing), "{error}");
    }
}

#[test]
fn the_error_says_what_was_found_and_expected() {
    let files = catalog_files(10, Dtype::Int8);
    let name = names(&files).into_iter().find(|n| n.starts_with("embeddings")).unwrap();
    let size = bytes_of(&files, &name).len();
    let error = list(&damaged(files, &name, |b| b.truncate(b.len() - 1))).unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains(&format!("found {} bytes, expected {size}", size - 1)), "{error}");
}

#[test]
fn repeated_ids_in_an_artifact_are_refused() {
    let mut items = common::items(4);
    items[3].id = items[0].id.clone();
    let files =
        inglenook::artifact::catalog_to_files("m", &items, &common::random_rows(4, 1), common::DIMENSIONS, Dtype::Int8)
            .unwrap();
    assert_eq!(Catalog::load(&files).unwrap_err().code(), "artifact_corrupt");
}

#[test]
fn an_empty_catalog_and_vectors_that_are_not_finite_cannot_be_written() {
    let write = |items: &[inglenook::Item], rows: &[f32]| {
        inglenook::artifact::catalog_to_files("m", items, rows, 2, Dtype::Int8).unwrap_err()
    };
    assert_eq!(write(&[], &[]).code(), "invalid_input");
    assert_eq!(write(&common::items(1), &[f32::NAN, 0.0]).code(), "invalid_input");
    assert_eq!(write(&common::items(2), &[1.0, 0.0]).code(), "invalid_input");
}

#[test]
fn a_table_of_fewer_dimensions_takes_the_models_vectors() {
    let (items, rows) = (common::items(60), common::random_rows(60, 7));
    let write = |dimensions| {
        let format = TableFormat { dtype: Dtype::Int8, dimensions: Some(dimensions), adapter: None };
        inglenook::artifact::catalog_to_files("m", &items, &rows, common::DIMENSIONS, format)
    };
    let recommender = Recommender::new(Catalog::load(&write(12).unwrap()).unwrap());
    assert_eq!(recommender.catalog().embeddings().dimensions(), 12);
    assert_eq!(recommender.catalog().model_dimensions(), common::DIMENSIONS);
    for (row, vector) in rows.chunks(common::DIMENSIONS).enumerate() {
        assert_eq!(recommender.nearest(vector, 1).unwrap()[0].row, row);
    }
    assert_eq!(recommender.nearest(&rows[..12], 1).unwrap_err().code(), "invalid_input");
    for dimensions in [0, common::DIMENSIONS + 1] {
        assert_eq!(write(dimensions).unwrap_err().code(), "invalid_input");
    }
    let whole = Catalog::load(&write(common::DIMENSIONS).unwrap()).unwrap();
    assert_eq!(whole.embeddings().dimensions(), common::DIMENSIONS);
}

#[test]
fn a_binary_table_holds_a_bit_a_value_and_finds_its_own_rows() {
    let rows = common::random_rows(200, 7);
    let recommender = Recommender::new(Catalog::load(&catalog_files(200, Dtype::Binary)).unwrap());
    let manifest = CatalogManifest::parse(catalog_files(200, Dtype::Binary).manifest().unwrap()).unwrap();
    let bytes =
        |manifest: &CatalogManifest| manifest.files.iter().find(|f| f.name == manifest.embeddings).unwrap().bytes;
    let int8 = CatalogManifest::parse(catalog_files(200, Dtype::Int8).manifest().unwrap()).unwrap();
    assert!(bytes(&manifest) < bytes(&int8) / 2);
    // Others may share all the signs of so few dimensions; a row's own are among the nearest.
    for (row, vector) in rows.chunks(common::DIMENSIONS).enumerate() {
        assert!(recommender.nearest(vector, 20).unwrap().iter().any(|found| found.row == row), "row {row}");
    }
    // A catalog of one item has a mean as long as its row.
    assert_eq!(Catalog::load(&catalog_files(1, Dtype::Binary)).unwrap().len(), 1);
}

#[test]
fn a_binary_table_of_the_wrong_size_is_corrupt() {
    let files = catalog_files(20, Dtype::Binary);
    for (change, expected) in [("int8", "expected 20 x"), ("f32", "expected 20 x")] {
        let mut manifest: serde_json::Value = serde_json::from_slice(files.manifest().unwrap()).unwrap();
        manifest["dtype"] = change.into();
        let mut changed = files.clone();
        changed.insert("manifest.json", manifest.to_string().into_bytes());
        let error = list(&changed).unwrap_err();
        assert_eq!(error.code(), "artifact_corrupt");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut manifest: serde_json::Value =
        serde_json::from_slice(catalog_files(20, Dtype::Int8).manifest().unwrap()).unwrap();
    manifest["dtype"] = "binary".into();
    let mut changed = catalog_files(20, Dtype::Int8);
    changed.insert("manifest.json", manifest.to_string().into_bytes());
    assert_eq!(list(&changed).unwrap_err().code(), "artifact_corrupt");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn truncated_files_are_errors(which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let files = catalog_files(20, Dtype::Int8);
        let names = names(&files);
        let name = which.get(&names);
        let files = damaged(files, name, |b| b.truncate(cut.index(b.len())));
        prop_assert!(is_typed(list(&files).unwrap_err().code()));
    }

    #[test]
    fn a_flipped_bit_is_an_error_or_changes_nothing(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let files = catalog_files(20, Dtype::Int8);
        let right = list(&files).unwrap();
        let names = names(&files);
        let name = which.get(&names);
        let files = damaged(files, name, |b| { let i = at.index(b.len()); b[i] ^= 1_u8 << bit; });
        match list(&files) {
            Ok(list) => prop_assert_eq!(list, right, "a flip in {} changed the list", name),
            Err(error) => prop_assert!(is_typed(error.code()), "{error}"),
        }
    }

    // Behind a hash that fits, a change may be a different valid catalog, but it never panics.
    #[test]
    fn the_parser_survives_any_change(reduced in any::<bool>(), binary in any::<bool>(), which in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12), cut in prop::option::of(any::<prop::sample::Index>())) {
        let format = TableFormat { dtype: if binary { Dtype::Binary } else { Dtype::Int8 }, dimensions: reduced.then_some(5), adapter: None };
        let (items, rows) = (common::items(20), common::random_rows(20, 7));
        let files = inglenook::artifact::catalog_to_files("test-model", &items, &rows, common::DIMENSIONS, format).unwrap();
        let names: Vec<String> = names(&files).into_iter().filter(|n| n != "manifest.json").collect();
        let name = which.get(&names);
        let files = damaged(files, name, |b| {
            for (at, value) in flips {
                // Headers and offsets are where parsers break: half of the changes go there.
                let i = if value % 2 == 0 { at.index(b.len()) } else { at.index(b.len().min(512)) };
                b[i] = value;
            }
            if let Some(cut) = cut { b.truncate(cut.index(b.len())); }
        });
        if let Err(error) = list(&with_matching_hash(files, name)) {
            prop_assert!(is_typed(error.code()), "{error}");
        }
    }

    #[test]
    fn a_manifest_of_random_numbers_is_an_error(items in any::<u64>(), dimensions in any::<u64>()) {
        prop_assume!((items, dimensions) != (20, common::DIMENSIONS as u64));
        let mut files = catalog_files(20, Dtype::Int8);
        let mut manifest: serde_json::Value = serde_json::from_slice(files.manifest().unwrap()).unwrap();
        manifest["items"] = items.into();
        manifest["dimensions"] = dimensions.into();
        files.insert("manifest.json", manifest.to_string().into_bytes());
        prop_assert!(is_typed(list(&files).unwrap_err().code()));
    }
}

#[test]
fn an_opening_is_the_list_for_a_stranger_and_changes_nothing_else() {
    let files = inglenook::artifact::with_opening(catalog_files(80, Dtype::Int8)).unwrap();
    let name = names(&files).into_iter().find(|name| name.starts_with("opening-")).unwrap();
    let opening: Vec<inglenook::Recommendation> = serde_json::from_slice(&bytes_of(&files, &name)).unwrap();
    let recommender = Recommender::new(Catalog::load(&files).unwrap());
    let request = RecommendRequest { k: 60, ..RecommendRequest::default() };
    assert_eq!(opening, recommender.recommend(&[], &request, None).unwrap());
    assert_eq!(list(&files).unwrap(), list(&catalog_files(80, Dtype::Int8)).unwrap());
}
