//! The encoder gives the embeddings that another implementation gave (`tests/fixtures/parity`), on the real model.
//!
//! The same bounds are held in the browser by `tests/browser/parity.test.mjs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use inglenook::embedding::dot;
use inglenook::{ArtifactFiles, Catalog, Encoder, Interaction, InteractionKind, RecommendRequest, Recommender};
use serde::Deserialize;

#[derive(Deserialize)]
struct History {
    name: String,
    now_ms: i64,
    interactions: Vec<Interaction>,
}

#[derive(Deserialize)]
struct Reference {
    text: String,
    embedding: Vec<f32>,
}

/// The committed texts, or all texts of a longer list that lies beside the checkout.
fn references() -> Vec<Reference> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("INGLENOOK_PARITY").map(PathBuf::from);
    let candidates =
        [named, Some(root.join("../shared/data/parity.json")), Some(root.join("tests/fixtures/parity/parity.json"))];
    let path = candidates
        .into_iter()
        .flatten()
        .find(|p| p.is_file())
        .expect("tests/fixtures/parity/parity.json is part of the checkout");
    let list: Vec<Reference> = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(list.len() >= 50, "{} texts in {}", list.len(), path.display());
    list
}

/// What the scripts have fetched and built.
fn cached(name: &str) -> PathBuf {
    let cache = std::env::var_os("INGLENOOK_CACHE").map(PathBuf::from);
    let cache =
        cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache/inglenook"));
    cache.join(name)
}

fn read(name: &str) -> ArtifactFiles {
    ArtifactFiles::read_dir(&cached(name)).unwrap_or_else(|e| {
        panic!("{e}. The model is fetched by scripts/setup/model.sh; scripts/build-artifacts.sh makes the rest")
    })
}

fn encoder(name: &str) -> Encoder {
    Encoder::load(read(&format!("models/{name}"))).unwrap()
}

fn encode(encoder: &Encoder, references: &[Reference]) -> Vec<Vec<f32>> {
    let texts: Vec<&str> = references.iter().map(|r| r.text.as_str()).collect();
    let rows = pollster::block_on(encoder.encode(&texts)).unwrap();
    rows.chunks_exact(encoder.dimensions()).map(<[f32]>::to_vec).collect()
}

#[test]
fn f32_equals_the_reference() {
    let references = references();
    let (mut worst_cosine, mut worst_difference) = (1.0_f32, 0.0_f32);
    for (found, reference) in encode(&encoder("all-MiniLM-L6-v2"), &references).iter().zip(&references) {
        worst_cosine = worst_cosine.min(dot(found, &reference.embedding));
        worst_difference =
            found.iter().zip(&reference.embedding).map(|(a, b)| (a - b).abs()).fold(worst_difference, f32::max);
    }
    println!(
        "{} texts, f32: worst cosine {worst_cosine:.7}, worst difference {worst_difference:.1e}",
        references.len()
    );
    assert!(worst_cosine >= 0.9999 && worst_difference <= 1e-4);
}

/// Mean and least.
fn cosines(encoder: &Encoder, references: &[Reference]) -> [f32; 2] {
    let cosines: Vec<f32> = encode(encoder, references)
        .iter()
        .zip(references)
        .map(|(found, reference)| dot(found, &reference.embedding))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "some hundred texts")]
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    [mean, cosines.iter().copied().fold(1.0, f32::min)]
}

/// The model in the cache is rounded for items' texts; here that pays for texts of all kinds.
#[test]
fn int8_stays_close_to_f32_and_closer_when_rounded_for_texts() {
    let references = references();
    let [mean, worst] = cosines(&encoder("all-MiniLM-L6-v2-int8"), &references);
    println!("{} texts, int8: mean cosine {mean:.5}, worst {worst:.5}", references.len());
    assert!(mean >= 0.995);
    let packed = tempfile::tempdir().unwrap();
    assert_cmd::Command::cargo_bin("inglenook")
        .unwrap()
        .args(["pack", "--source"])
        .arg(cached("models/all-MiniLM-L6-v2"))
        .arg("--out")
        .arg(packed.path())
        .assert()
        .success();
    let plain = Encoder::load(ArtifactFiles::read_dir(packed.path()).unwrap()).unwrap();
    let [mean_of_plain, worst_of_plain] = cosines(&plain, &references);
    println!("rounded without texts: mean cosine {mean_of_plain:.5}, worst {worst_of_plain:.5}");
    assert!(1.0 - mean <= 0.5 * (1.0 - mean_of_plain), "{mean} and {mean_of_plain}");
}

/// Everything by int8 weights, the catalog's vectors and the request's, against everything by f32 weights.
#[test]
fn int8_gives_nearly_the_lists_of_f32() {
    const REQUESTS: [&str; 10] = [
        "a quiet film about the sea",
        "robots that dream",
        "a heist that goes wrong",
        "something funny for children",
        "courtroom drama",
        "love in Paris",
        "zombies in a shopping mall",
        "a war seen by those at home",
        "a detective who drinks",
        "space, alone",
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let histories: Vec<History> =
        serde_json::from_slice(&std::fs::read(root.join("tests/fixtures/histories.json")).unwrap()).unwrap();
    assert_eq!(histories.len(), REQUESTS.len());
    let built = tempfile::tempdir().unwrap();
    assert_cmd::Command::cargo_bin("inglenook")
        .unwrap()
        .args(["build", "--items"])
        .arg(root.join("www/demo/films/items.jsonl"))
        .arg("--model")
        .arg(cached("models/all-MiniLM-L6-v2-int8"))
        .arg("--out")
        .arg(built.path())
        .assert()
        .success();
    let sides = [
        ("all-MiniLM-L6-v2", read("catalogs/films")),
        ("all-MiniLM-L6-v2-int8", ArtifactFiles::read_dir(built.path()).unwrap()),
    ];
    let sides = sides.map(|(model, catalog)| (encoder(model), Recommender::new(Catalog::load(&catalog).unwrap())));
    let lists = sides.each_ref().map(|(encoder, recommender)| {
        let list = |history: &History, query: Option<&[f32]>| {
            best_20(recommender, &history.interactions, history.now_ms, query)
        };
        histories
            .iter()
            .zip(REQUESTS)
            .map(|(history, words)| {
                let query = pollster::block_on(encoder.encode(&[words])).unwrap();
                [list(history, None), list(history, Some(&query))]
            })
            .collect::<Vec<_>>()
    });
    let mut kept = [0, 0];
    for ((f32_lists, int8_lists), history) in lists[0].iter().zip(&lists[1]).zip(&histories) {
        for (kind, (a, b)) in f32_lists.iter().zip(int8_lists).enumerate() {
            assert_eq!(a.len(), 20, "{}", history.name);
            kept[kind] += shared(a, b);
        }
    }
    println!("of 200 films of f32 int8 has {} by history, {} with a request in words", kept[0], kept[1]);
    assert!(kept.iter().all(|&kept| kept >= 194), "{kept:?} of 200, 97 % are 194");

    // Ten lists are few: a single one in which a choice at its top went the other way moves the mean by a percent. So the same of everybody's likes.
    let recommenders = sides.map(|(_, recommender)| recommender);
    let now_ms = histories[0].now_ms;
    let (mut all, mut kept) = (0, 0);
    for likes in films_liked_by_each(now_ms, &recommenders[0]) {
        let [a, b] = recommenders.each_ref().map(|r| best_20(r, &likes, now_ms, None));
        all += a.len();
        kept += shared(&a, &b);
    }
    println!("of {all} films of f32 int8 has {kept} by what people liked");
    assert!(all > 10_000 && kept * 1000 >= all * 975, "{kept} of {all}");
}

/// The ids of a list.
fn best_20(recommender: &Recommender, interactions: &[Interaction], now_ms: i64, query: Option<&[f32]>) -> Vec<String> {
    let request = RecommendRequest { k: 20, now_ms, ..Default::default() };
    recommender.recommend(interactions, &request, query).unwrap().into_iter().map(|r| r.id).collect()
}

/// How many ids of one list the other has.
fn shared(a: &[String], b: &[String]) -> usize {
    a.iter().filter(|id| b.contains(id)).count()
}

/// Of each person of MovieLens up to twelve films with at least four stars, as liked an hour after one another.
fn films_liked_by_each(now_ms: i64, recommender: &Recommender) -> Vec<Vec<Interaction>> {
    let mut by_person: BTreeMap<String, Vec<Interaction>> = BTreeMap::new();
    let mut table = csv::Reader::from_path(cached("movielens/interactions.csv")).unwrap();
    for row in table.deserialize() {
        let (user, item_id, rating, _): (String, String, f32, i64) = row.unwrap();
        let likes = by_person.entry(user).or_default();
        if rating >= 4.0 && likes.len() < 12 && recommender.catalog().row(&item_id).is_some() {
            #[expect(clippy::cast_possible_wrap, reason = "at most twelve")]
            let timestamp_ms = now_ms - 3_600_000 * (likes.len() as i64 + 1);
            likes.push(Interaction { item_id, kind: InteractionKind::Like, timestamp_ms });
        }
    }
    by_person.into_values().filter(|likes| !likes.is_empty()).collect()
}
