//! Fine-tuning as a site uses it: what interactions taught shows in lists, from the library and from the command line.

mod common;

use assert_cmd::Command;
use inglenook::artifact::{self, TableFormat};
use inglenook::evaluation::{Corpus, Dataset, Event, ItemOrder, Protocol, content_ndcg};
use inglenook::learning::{FinetuneOptions, Finetuning, finetune, finetuning_curve};
use inglenook::{Adapter, Catalog, Dtype, Item};
use tempfile::TempDir;

const ITEMS: usize = 120;
const GROUPS: usize = 6;
const DIMENSIONS: usize = 16;
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/evaluation");

fn item(at: usize) -> Item {
    let text = format!("item {at}");
    Item { id: at.to_string(), title: text.clone(), text, url: None, image: None, tags: vec![], popularity: 0.0 }
}

/// Items whose group is a faint part of their vectors, beneath much that says nothing of taste.
fn corpus() -> Corpus {
    let mut random = common::random(3);
    let mut rows = Vec::new();
    for at in 0..ITEMS {
        let row: Vec<f32> = (0..DIMENSIONS)
            .map(|d| if d < GROUPS { f32::from(u8::from(at % GROUPS == d)) * 0.2 } else { random() * 0.5 })
            .collect();
        let length = row.iter().map(|x| x * x).sum::<f32>().sqrt();
        rows.extend(row.iter().map(|x| x / length));
    }
    Corpus::new((0..ITEMS).map(item).collect(), "test", rows, DIMENSIONS).unwrap()
}

/// People who each like ten things of one group.
fn data() -> Dataset {
    let mut random = common::random(5);
    let items: Vec<String> = (0..ITEMS).map(|at| at.to_string()).collect();
    let user = |user: usize| -> Vec<Event> {
        let mut own: Vec<(f32, usize)> =
            (0..ITEMS).filter(|at| at % GROUPS == user % GROUPS).map(|at| (random(), at)).collect();
        own.sort_by(|a, b| a.0.total_cmp(&b.0));
        let event = |(time, (_, at)): (usize, &(f32, usize))| Event {
            item: u32::try_from(*at).unwrap(),
            timestamp: i64::try_from(time).unwrap(),
        };
        own.iter().take(10).enumerate().map(event).collect()
    };
    let positives: Vec<Vec<Event>> = (0..60).map(user).collect();
    Dataset {
        users: (0..60).map(|user| user.to_string()).collect(),
        order: ItemOrder::new(&items),
        items,
        positives,
        ratings: Vec::new(),
    }
}

fn options() -> FinetuneOptions {
    FinetuneOptions {
        rank: 8,
        epochs: 30,
        patience: 10,
        learning_rate: 0.02,
        weight_decay: 0.0,
        temperature: 0.2,
        batch: 64,
        ..FinetuneOptions::default()
    }
}

fn catalog(corpus: &Corpus, rows: &[f32], adapter: Option<&Adapter>) -> Catalog {
    let format = TableFormat { dtype: Dtype::Int8, dimensions: None, adapter };
    let files = artifact::catalog_to_files(corpus.model(), corpus.items(), rows, DIMENSIONS, format).unwrap();
    Catalog::load(&files).unwrap()
}

#[test]
fn what_goes_together_moves_together() {
    let (corpus, data) = (corpus(), data());
    let rows: Vec<f32> = corpus.vectors().to_vec();
    for protocol in [Protocol::LeaveLastOut, Protocol::ColdItems] {
        let plan = protocol.plan(&data).unwrap();
        let curve = finetuning_curve(&corpus, &plan.validation[0], options(), &|_| {}).unwrap();
        let (first, last) = (curve.epochs[1].loss.unwrap(), curve.epochs[curve.epochs.len() - 1].loss.unwrap());
        assert!(last < first * 0.9, "the loss goes from {first} to {last}");
        let best = curve.best().unwrap();
        assert!(best.epoch > 0 && best.ndcg > curve.epochs[0].ndcg * 1.3, "{protocol}: {curve:?}");
        // What was not looked at.
        let test = &plan.test[0];
        let adapter = finetune(&corpus, &test.training, options(), best.epoch, &|_, _| {}).unwrap();
        let before = content_ndcg(&catalog(&corpus, &rows, None), test, &data.order);
        let after = content_ndcg(&catalog(&corpus, &rows, Some(&adapter)), test, &data.order);
        assert!(after > before * 1.3, "{protocol}: NDCG@10 goes from {before} to {after}");
    }
}

#[test]
fn equal_seeds_give_equal_adapters() {
    let (corpus, data) = (corpus(), data());
    let train = |seed| {
        let options = FinetuneOptions { seed, ..options() };
        finetune(&corpus, &data.positives, options, 2, &|_, _| {}).unwrap().to_bytes().unwrap()
    };
    assert_eq!(train(1), train(1));
    assert_ne!(train(1), train(2));
}

#[test]
fn before_the_first_step_nothing_is_changed() {
    let (corpus, data) = (corpus(), data());
    let adapter = Finetuning::new(&corpus, &data.positives, options()).unwrap().adapter().unwrap();
    let placed = adapter.place(corpus.vectors()).unwrap();
    assert!(placed.iter().zip(corpus.vectors()).all(|(x, y)| (x - y).abs() < 1e-5));
}

#[test]
fn options_out_of_range_and_nothing_to_learn_from_are_refused() {
    let (corpus, data) = (corpus(), data());
    let refused = |options: FinetuneOptions, training: &[Vec<Event>]| {
        Finetuning::new(&corpus, training, options).err().map(|error| error.code())
    };
    let all = &data.positives[..];
    assert_eq!(refused(FinetuneOptions { rank: 0, ..options() }, all), Some("invalid_input"));
    assert_eq!(refused(FinetuneOptions { rank: DIMENSIONS + 1, ..options() }, all), Some("invalid_input"));
    assert_eq!(refused(FinetuneOptions { temperature: f32::NAN, ..options() }, all), Some("invalid_input"));
    assert_eq!(refused(FinetuneOptions { batch: 1, ..options() }, all), Some("invalid_input"));
    assert_eq!(refused(options(), &[]), Some("invalid_input"));
    assert_eq!(refused(options(), all), None);
}

#[test]
fn a_catalog_places_requests_as_its_rows_and_keeps_it_through_files() {
    let corpus = corpus();
    let (down, up) = (common::random_values(4 * DIMENSIONS, 1), common::random_values(4 * DIMENSIONS, 2));
    let adapter = Adapter::new("test", DIMENSIONS, down, up).unwrap();
    for dimensions in [None, Some(6)] {
        let format = TableFormat { dtype: Dtype::F32, dimensions, adapter: Some(&adapter) };
        let files = artifact::catalog_to_files("test", corpus.items(), corpus.vectors(), DIMENSIONS, format).unwrap();
        let catalog = Catalog::load(&Catalog::load(&files).unwrap().to_files().unwrap()).unwrap();
        assert_eq!(catalog.model_dimensions(), DIMENSIONS);
        assert_eq!(catalog.embeddings().dimensions(), dimensions.unwrap_or(DIMENSIONS));
        let recommender = inglenook::Recommender::new(catalog);
        let request = inglenook::RecommendRequest { k: 1, ..Default::default() };
        for row in [0, 7, 119] {
            let own = &corpus.vectors()[row * DIMENSIONS..(row + 1) * DIMENSIONS];
            let list = recommender.recommend(&[], &request, Some(own)).unwrap();
            assert_eq!(list[0].id, row.to_string(), "its own vector is the nearest");
        }
    }
    let format = TableFormat { dtype: Dtype::Int8, dimensions: None, adapter: Some(&adapter) };
    let error = artifact::catalog_to_files("other", corpus.items(), corpus.vectors(), DIMENSIONS, format).unwrap_err();
    assert_eq!(error.code(), "artifact_incompatible");
}

fn inglenook(args: &[&str]) -> Command {
    let mut command = Command::cargo_bin("inglenook").unwrap();
    command.args(args);
    command
}

#[test]
fn the_command_tells_how_it_went_and_build_takes_what_it_wrote() {
    let dir = TempDir::new().unwrap();
    common::tiny_model().write_dir(&dir.path().join("model")).unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let items = format!("{FIXTURES}/items.jsonl");
    let interactions = format!("{FIXTURES}/interactions.csv");
    let of_model = ["--items", &items, "--model", &path("model")];
    let run = |args: &[&str]| {
        let mut command = inglenook(&["finetune", "--interactions", &interactions, "--out", &path("adapter")]);
        command.args(of_model).args(["--embeddings-cache", &path("cache"), "--batch", "4"]).args(args);
        command
    };
    let ran = run(&["--protocol", "leave-last-out", "--rank", "4", "--epochs", "3", "--curve", &path("curve.csv")])
        .assert()
        .success();
    let told = String::from_utf8(ran.get_output().stderr.clone()).unwrap();
    assert!(told.contains("epoch  0: loss      -, NDCG@10"), "{told}");
    let curve = std::fs::read_to_string(path("curve.csv")).unwrap();
    assert!(curve.starts_with("epoch,loss,ndcg@10\n0,,") && curve.lines().count() >= 3, "{curve}");
    assert_eq!(dir.path().join("adapter").exists(), !told.contains("does not help"), "{told}");

    let adapter = Adapter::new("tiny", 16, common::random_values(32, 1), common::random_values(32, 2)).unwrap();
    std::fs::write(path("adapter"), adapter.to_bytes().unwrap()).unwrap();
    let build = |out: &str| {
        let mut command = inglenook(&["build", "--out", &path(out), "--adapter", &path("adapter")]);
        command.args(of_model);
        command
    };
    build("catalog").assert().success();
    let shown = inglenook(&["inspect", &path("catalog")]).assert().success().get_output().stdout.clone();
    assert!(String::from_utf8(shown).unwrap().contains("int8 embeddings of 16 dimensions by tiny"));
    inglenook(&["recommend", "--catalog", &path("catalog"), "--model", &path("model"), "--query", "cats"])
        .assert()
        .success();

    let failure =
        |command: &mut Command| String::from_utf8(command.assert().failure().get_output().stderr.clone()).unwrap();
    std::fs::write(path("adapter"), b"nonsense").unwrap();
    assert!(failure(&mut build("catalog")).contains("artifact_corrupt"));
    assert!(failure(&mut run(&["--rank", "17"])).contains("found 17, expected 1 to 16"));
    assert!(failure(&mut run(&["--protocol", "hot-items"])).contains("leave-last-out"));
}
