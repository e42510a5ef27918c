//! Learned parts: what interactions teach, how it travels, and what the lists made of it promise.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "small numbers"
)]

mod common;

use std::sync::LazyLock;

use common::{dislike, interaction, items, like, random, random_rows};
use inglenook::artifact::{self, manifest::CatalogManifest};
use inglenook::evaluation::{Corpus, Dataset, Event, ItemOrder};
use inglenook::learned::Learned;
use inglenook::learning::{Parts, train};
use inglenook::{
    ArtifactFiles, Catalog, Dtype, Error, Interaction, InteractionKind, Item, RecommendRequest, Recommendation,
    Recommender,
};
use proptest::prelude::*;

const ITEMS: usize = 120;
/// The last ones are chosen by nobody.
const CHOSEN: usize = 100;
const DIMENSIONS: usize = common::DIMENSIONS;

/// People who go around in circles of ten: after item 12 comes item 13, and 10 follows 19.
fn people() -> Vec<Vec<Event>> {
    let mut next = random(5);
    (0..150)
        .map(|person: i64| {
            let circle = (next().abs() * 1e4) as usize % (CHOSEN / 10);
            let start = (next().abs() * 1e4) as usize % 10;
            let step = |i: usize| Event {
                item: (circle * 10 + (start + i) % 10) as u32,
                timestamp: 1_600_000_000 + person * 40_000 + i as i64 * 60,
            };
            (0..8).map(step).collect()
        })
        .collect()
}

fn corpus_of(order: &[usize]) -> Corpus {
    let (all, rows) = (items(ITEMS), random_rows(ITEMS, 1));
    let chosen: Vec<Item> = order.iter().map(|at| all[*at].clone()).collect();
    let rows: Vec<f32> = order.iter().flat_map(|at| rows[at * DIMENSIONS..(at + 1) * DIMENSIONS].to_vec()).collect();
    Corpus::new(chosen, "test", rows, DIMENSIONS).unwrap()
}

fn learned_files(order: &[usize]) -> ArtifactFiles {
    let corpus = corpus_of(order);
    let mut places = vec![0; ITEMS];
    for (place, at) in (0_u32..).zip(order) {
        places[*at] = place;
    }
    let mut positives = people();
    for event in positives.iter_mut().flatten() {
        event.item = places[event.item as usize];
    }
    let ids = corpus.ids();
    let users = (0..positives.len()).map(|user| user.to_string()).collect();
    let data = Dataset { users, order: ItemOrder::new(&ids), items: ids, positives, ratings: Vec::new() };
    let learned = train(&corpus, &data, Parts::default(), false, None, &|_| ()).unwrap().learned;
    let rows: Vec<f32> =
        order.iter().flat_map(|at| random_rows(ITEMS, 1)[at * DIMENSIONS..(at + 1) * DIMENSIONS].to_vec()).collect();
    let mut files = artifact::catalog_to_files("test", corpus.items(), &rows, DIMENSIONS, Dtype::Int8).unwrap();
    artifact::add_learned(&mut files, &learned).unwrap();
    files
}

static FILES: LazyLock<ArtifactFiles> = LazyLock::new(|| learned_files(&(0..ITEMS).collect::<Vec<_>>()));

thread_local! {
    static RECOMMENDER: Recommender = Recommender::new(Catalog::load(&FILES).unwrap());
}

fn request(k: usize) -> RecommendRequest {
    RecommendRequest { k, now_ms: 1_700_000_000_000, diversity: Some(0.0), ..RecommendRequest::default() }
}

fn recommend(history: &[Interaction], request: &RecommendRequest) -> Vec<Recommendation> {
    RECOMMENDER.with(|recommender| recommender.recommend(history, request, None).unwrap())
}

fn histories() -> impl Strategy<Value = Vec<Interaction>> {
    let kind = prop::sample::select(vec![InteractionKind::View, InteractionKind::Like, InteractionKind::Dislike]);
    prop::collection::vec((0..ITEMS, kind, 0_i64..30), 0..12)
        .prop_map(|list| list.into_iter().map(|(item, kind, day)| interaction(item, kind, day)).collect())
}

#[test]
fn what_comes_next_is_learned_and_explained() {
    let history: Vec<Interaction> =
        (0..8).map(|day| interaction(40 + usize::try_from(day).unwrap(), InteractionKind::Like, day)).collect();
    let list = recommend(&history, &request(10));
    assert_eq!(list[0].id, items(ITEMS)[48].id, "{list:?}");
    assert!(list[0].parts.sequence > 0.0 && list[0].parts.collaborative > 0.0);
    assert_eq!(list[0].because[0].id, items(ITEMS)[47].id, "the newest item speaks loudest");
}

#[test]
fn items_that_nobody_has_chosen_are_scored_by_their_text() {
    let catalog = Catalog::load(&FILES).unwrap();
    let learned = catalog.learned().unwrap();
    assert!((CHOSEN..ITEMS).all(|row| learned.is_new(row)) && !learned.is_new(0));
    let explained = RECOMMENDER.with(|r| r.explain(&items(ITEMS)[CHOSEN].id, &[like(3)], &request(5), None)).unwrap();
    assert!(explained.parts.sequence == 0.0 && explained.parts.content != 0.0);
}

#[test]
fn an_unknown_person_gets_what_is_popular() {
    let list = recommend(&[], &request(5));
    assert!(list.iter().all(|item| item.parts.content == 0.0 && item.parts.sequence == 0.0));
    // Clicks on things that are gone are no history.
    let gone = Interaction { item_id: "gone".into(), kind: InteractionKind::Click, timestamp_ms: 5 };
    assert_eq!(list, recommend(&[gone], &request(5)));
}

#[test]
fn diversity_shows_less_of_what_everybody_is_shown() {
    let catalog = Catalog::load(&FILES).unwrap();
    let exposure = &catalog.learned().unwrap().exposure;
    let most = exposure.iter().copied().fold(0.0, f32::max);
    assert!((most - 1.0).abs() < f32::EPSILON, "{most}");
    let shown = |diversity| {
        let request = RecommendRequest { diversity: Some(diversity), ..request(10) };
        let list = recommend(&[like(3), like(17), like(52)], &request);
        list.iter().map(|item| exposure[catalog.row(&item.id).unwrap()]).sum::<f32>()
    };
    assert!(shown(0.9) < 0.8 * shown(0.0), "{} {}", shown(0.9), shown(0.0));
}

#[test]
fn files_give_the_parts_back_and_damage_is_a_typed_error() {
    let again = Catalog::load(&FILES).unwrap();
    let learned: Learned = again.learned().unwrap().clone();
    let mut files = FILES.clone();
    artifact::add_learned(&mut files, &learned).unwrap();
    assert_eq!(Catalog::load(&files).unwrap().learned(), Some(&learned));
    let name = CatalogManifest::parse(FILES.manifest().unwrap()).unwrap().learned.unwrap();
    let whole = FILES.iter().find(|(file, _)| *file == name).unwrap().1.clone();
    for cut in [0, 20, whole.len() / 2, whole.len() - 1] {
        let mut files = FILES.clone();
        files.insert(name.clone(), whole.slice(..cut));
        assert!(matches!(Catalog::load(&files), Err(Error::Corrupt { .. })), "cut at {cut}");
    }
    let other = common::catalog_files(7, Dtype::Int8);
    assert!(matches!(artifact::add_learned(&mut other.clone(), &learned), Err(Error::InvalidInput { .. })));
}

#[test]
fn the_order_of_the_catalog_changes_nothing_but_ties() {
    let turned: Vec<usize> = (0..ITEMS).rev().collect();
    let other = Recommender::new(Catalog::load(&learned_files(&turned)).unwrap());
    for history in [vec![], vec![like(5)], vec![like(33), like(34), dislike(70)]] {
        let list = recommend(&history, &request(10));
        let there = other.recommend(&history, &request(10), None).unwrap();
        for (a, b) in list.iter().zip(&there) {
            assert!((a.score - b.score).abs() < 2e-3, "{} {} and {} {}", a.id, a.score, b.id, b.score);
        }
    }
}

proptest! {
    #[test]
    fn every_list_keeps_its_promises(history in histories(), k in 1_usize..30, diversity in 0.0_f32..=1.0) {
        let request = RecommendRequest { diversity: Some(diversity), ..request(k) };
        for item in recommend(&history, &request) {
            prop_assert!(history.iter().all(|i| i.item_id != item.id), "seen and disliked items are left out");
            prop_assert!((item.parts.total() - item.score).abs() < 1e-5, "parts add up");
            prop_assert!(item.parts.diversity <= 0.0);
        }
        let again = RecommendRequest { include_seen: true, ..request };
        let disliked = |id: &str| history.iter().rfind(|i| i.item_id == id).is_some_and(|i| i.kind == InteractionKind::Dislike);
        let last_words_differ = |id: &str| history.iter().any(|i| i.item_id == id && i.kind != InteractionKind::Dislike);
        for item in recommend(&history, &again) {
            prop_assert!(!disliked(&item.id) || last_words_differ(&item.id), "disliked items never come back");
        }
    }

    #[test]
    fn reasons_add_up_to_the_parts_of_the_history(items in prop::collection::btree_set(0..ITEMS, 1..4)) {
        let history: Vec<Interaction> = items.iter().map(|i| like(*i)).collect();
        for item in recommend(&history, &request(30)) {
            if item.because.len() == history.len() {
                let sum: f32 = item.because.iter().map(|r| r.contribution).sum();
                let parts = item.parts.content + item.parts.collaborative + item.parts.sequence;
                prop_assert!((sum - parts).abs() < 1e-5, "{sum} and {parts}");
            }
        }
    }
}
