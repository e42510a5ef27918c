//! What a browser adds to a catalog and takes out of it: the same as if the site had built it so.

mod common;

use common::{DIMENSIONS, catalog, catalog_files, items, like, random_rows};
use inglenook::catalog::Edition;
use inglenook::{Catalog, Dtype, Item, RecommendRequest, Recommender, artifact};

fn edition() -> Edition {
    Edition::new("test-model", DIMENSIONS)
}

fn file(catalog: &Catalog, name: &str) -> Vec<u8> {
    let files = catalog.to_files().unwrap();
    let found = files.iter().find(|(file, _)| file.starts_with(name)).unwrap();
    found.1.to_vec()
}

#[test]
fn a_catalog_of_additions_alone_is_the_one_that_the_site_would_build() {
    for dtype in [Dtype::Int8] {
        let mut edition = edition();
        edition.add(items(40), &random_rows(40, 7)).unwrap();
        let added = edition.apply(None).unwrap().unwrap();
        let built = Catalog::load(&catalog_files(40, dtype)).unwrap();
        for name in ["embeddings", "items", "ids", "manifest.json"] {
            assert_eq!(file(&added, name), file(&built, name), "{name}");
        }
    }
}

#[test]
fn items_added_to_a_catalog_are_the_same_as_items_built_into_it() {
    let (all, rows) = (items(40), random_rows(40, 7));
    for dtype in [Dtype::Int8, Dtype::F32] {
        let first = artifact::catalog_to_files("test-model", &all[..30], &rows[..30 * DIMENSIONS], DIMENSIONS, dtype);
        let base = Catalog::load(&first.unwrap()).unwrap();
        let mut edition = edition();
        edition.add(all[30..].to_vec(), &rows[30 * DIMENSIONS..]).unwrap();
        let extended = edition.apply(Some(&base)).unwrap().unwrap();
        let built = Catalog::load(&catalog_files(40, dtype)).unwrap();
        for name in ["embeddings", "items", "ids"] {
            assert_eq!(file(&extended, name), file(&built, name), "{name}");
        }
        let lists = [extended, built].map(|catalog| {
            Recommender::new(catalog).recommend(&[like(3)], &RecommendRequest::default(), None).unwrap()
        });
        assert_eq!(lists[0], lists[1]);
    }
}

#[test]
fn an_added_item_takes_the_place_of_one_with_its_id_and_a_removed_one_is_gone() {
    let base = catalog(20);
    let mut edition = edition();
    let item = Item { title: "Another title".into(), tags: vec!["new".into()], ..items(4).remove(3) };
    edition.add(vec![item.clone()], &random_rows(1, 99)).unwrap();
    edition.add(vec![item], &random_rows(1, 99)).unwrap();
    edition.remove(["id-5".to_owned(), "nobody".to_owned()]);
    let edited = edition.apply(Some(&base)).unwrap().unwrap();
    assert_eq!(edited.len(), 19);
    assert_eq!(edited.item(edited.row("id-3").unwrap()).title, "Another title");
    assert_eq!(edited.item(edited.row("id-3").unwrap()).tags, ["new"]);
    assert_eq!(edited.row("id-5"), None);
    assert_eq!(edited.item(edited.row("id-6").unwrap()), base.item(6));
}

#[test]
fn what_is_added_again_is_there_again_and_without_any_item_there_is_no_catalog() {
    let base = catalog(1);
    let mut edition = edition();
    edition.remove(["id-0".to_owned()]);
    assert!(edition.apply(Some(&base)).unwrap().is_none());
    edition.add(items(1), &random_rows(1, 7)).unwrap();
    assert_eq!(edition.apply(Some(&base)).unwrap().unwrap().len(), 1);
    edition.remove(["id-0".to_owned()]);
    assert!(edition.apply(None).unwrap().is_none());
}

#[test]
fn vectors_that_do_not_fit_and_catalogs_of_another_model_are_refused() {
    let mut edition = edition();
    assert_eq!(edition.add(items(2), &random_rows(1, 7)).unwrap_err().code(), "invalid_input");
    assert_eq!(edition.add(items(1), &[f32::NAN; DIMENSIONS]).unwrap_err().code(), "invalid_input");
    assert!(edition.is_empty());
    let other = Edition::new("another", DIMENSIONS).apply(Some(&catalog(3))).unwrap_err();
    assert_eq!(other.code(), "artifact_incompatible");
}
