//! On matrices small enough for the direct formula.

use faer::prelude::Solve;
use faer::{Mat, Side};

use super::ease::EaseModel;
use super::item_knn::ItemKnn;
use super::popularity::{Popularity, RecentPopularity};
use super::*;
use crate::catalog::Item;
use crate::evaluation::system::Setting;
use crate::evaluation::{Corpus, Event, Fold, Known};

fn fold(sequences: &[&[u32]], items: usize) -> Fold {
    let day = |place: usize| 86_400 * place as i64;
    let sequence = |rows: &&[u32]| {
        rows.iter().enumerate().map(|(place, item)| Event { item: *item, timestamp: day(place) }).collect::<Vec<_>>()
    };
    Fold { training: sequences.iter().map(sequence).collect(), is_candidate: vec![true; items], ..Fold::default() }
}

fn known(rows: &[u32]) -> Known {
    Known::at(rows.iter().map(|item| Event { item: *item, timestamp: 0 }).collect())
}

/// Four items on the plane: 0 and 1 alike, 2 apart, 3 opposite to 0.
fn corpus() -> Corpus {
    let item = |(id, text): (usize, &str)| Item {
        id: id.to_string(),
        title: text.to_owned(),
        text: text.to_owned(),
        url: None,
        image: None,
        tags: vec![],
        popularity: 0.0,
    };
    let items = ["red cat", "red dog", "blue fish", "blue fish swims"].into_iter().enumerate().map(item).collect();
    Corpus::new(items, "test", vec![1.0, 0.0, 0.8, 0.6, 0.0, 1.0, -1.0, 0.0], 2).unwrap()
}

fn scores(method: &dyn Method, fold: &Fold, setting: &Setting, known: &Known) -> Vec<f32> {
    let corpus = corpus();
    let fitted = method.fit(&corpus, fold).unwrap();
    let system = fitted.system(setting).unwrap();
    let mut scores = vec![f32::NAN; corpus.item_count()];
    system.scorer()(known, &mut scores).unwrap();
    scores
}

/// `h (I - P diag(1 / diag P))` with `P = (X'X + lambda I)^-1`, formed in full.
fn ease_directly(fold: &Fold, items: usize, lambda: f64, history: &[(usize, f32)]) -> Vec<f64> {
    let mut gram = Mat::<f64>::zeros(items, items);
    for sequence in &fold.training {
        for a in sequence {
            for b in sequence {
                gram[(a.item as usize, b.item as usize)] += 1.0;
            }
        }
    }
    let matrix = Mat::from_fn(items, items, |i, j| gram[(i, j)] + if i == j { lambda } else { 0.0 });
    let inverse = matrix.llt(Side::Lower).unwrap().solve(Mat::<f64>::identity(items, items));
    let b = |i: usize, j: usize| if i == j { 0.0 } else { -inverse[(i, j)] / inverse[(j, j)] };
    (0..items).map(|j| history.iter().map(|(i, weight)| f64::from(*weight) * b(*i, j)).sum()).collect()
}

#[test]
fn ease_equals_the_formula_whichever_side_is_smaller() {
    let few_users: &[&[u32]] = &[&[0, 1, 2], &[1, 2, 3, 5]];
    let many_users: &[&[u32]] = &[&[0, 1], &[0, 1, 2], &[1, 2], &[3], &[0, 3], &[2, 5], &[5, 1], &[0]];
    for sequences in [few_users, many_users] {
        let fold = fold(sequences, 6);
        for lambda in [0.5, 10.0] {
            // Item 4 has no positive; an unknown history item must not disturb.
            let history = [(1, 1.0_f32), (3, 0.5), (4, 1.0)];
            let mut scores = vec![f32::NAN; 6];
            EaseModel::new(6, &fold).unwrap().at(lambda).score(history.into_iter(), &mut scores);
            let expected = ease_directly(&fold, 6, lambda, &history);
            for (score, expected) in scores.iter().zip(&expected) {
                assert!((f64::from(*score) - expected).abs() < 1e-5, "{scores:?} is not {expected:?}");
            }
        }
    }
}

#[test]
fn popularity_counts_all_or_the_last_days() {
    let fold = fold(&[&[0, 1, 2], &[0, 1]], 4);
    assert_eq!(scores(&Popularity, &fold, &Setting::default(), &known(&[])), [2.0, 2.0, 1.0, 0.0]);
    let days = Setting::new(&[("days", 1.0)]);
    // At the time 0 only the first events have happened; one that is about a day old does not count any more.
    let recent = scores(&RecentPopularity, &fold, &days, &known(&[3]));
    let later = Known::at(vec![Event { item: 3, timestamp: 2 * 86_400 }]);
    let later = scores(&RecentPopularity, &fold, &days, &later);
    for (scores, expected) in [(recent, [2.0, 0.0, 0.0, 0.0]), (later, [0.0, 0.0, 1.0, 0.0])] {
        assert!(scores.iter().zip(expected).all(|(score, count)| (score - count).abs() <= 0.5), "{scores:?}");
        assert!(scores[1] > scores[3], "all-time popularity decides among equals");
    }
}

#[test]
fn neighbors_share_users() {
    let fold = fold(&[&[0, 1], &[0, 1, 2], &[2]], 4);
    let setting = Setting::new(&[("neighbors", 5.0), ("shrink", 1.0), ("gamma", 1.0)]);
    let scores = scores(&ItemKnn { is_recent: false }, &fold, &setting, &known(&[0]));
    // 0 and 1 share two of two users each, 0 and 2 one of two.
    for (score, expected) in scores.iter().zip([0.0, 2.0 / 3.0, 1.0 / 3.0, 0.0]) {
        assert!((score - expected).abs() < 1e-6, "{scores:?}");
    }
}

#[test]
fn factors_find_the_two_groups() {
    let fold = fold(&[&[0, 1], &[0, 1], &[0, 1], &[2, 3], &[2, 3], &[2, 3]], 4);
    let setting = Setting::new(&[("factors", 2.0), ("unobserved", 0.1), ("regularization", 0.01)]);
    let scores = scores(&als::Als, &fold, &setting, &known(&[0]));
    assert!(scores[1] > 0.3 && scores[2] < 0.1 && scores[3] < 0.1, "{scores:?}");
}

#[test]
fn content_prefers_what_is_near() {
    let nothing = fold(&[], 4);
    let setting = Setting::new(&[("gamma", 1.0), ("nearest", 1.0), ("last", 1e9)]);
    let mean = ContentMean { name: "mean", is_centered: false, is_recent: false };
    assert_eq!(scores(&mean, &nothing, &setting, &known(&[0])), [1.0, 0.8, 0.0, -1.0]);
    let max = ContentNearest { name: "max", is_centered: false, is_tuned: false };
    let nearest = scores(&max, &nothing, &setting, &known(&[0, 2]));
    for (score, expected) in nearest.iter().zip([1.0, 0.8, 1.0, 0.0]) {
        assert!((score - expected).abs() < 1e-6, "{nearest:?}");
    }
    // "cat" is in one text only and says nothing about others; "red" joins 0 and 1.
    let words = scores(&TfIdfMean { name: "words", is_recent: false }, &nothing, &setting, &known(&[0]));
    assert!((words[1] - 1.0).abs() < 1e-6 && words[2] == 0.0 && words[3] == 0.0, "{words:?}");
}

#[test]
fn recency_weighs_the_last_item_most() {
    let nothing = fold(&[], 4);
    let setting = Setting::new(&[("gamma", 0.5)]);
    let recent = ContentMean { name: "recent", is_centered: false, is_recent: true };
    let scores = scores(&recent, &nothing, &setting, &known(&[0, 2]));
    assert!((scores[0] - 0.5).abs() < 1e-6 && (scores[2] - 1.0).abs() < 1e-6, "{scores:?}");
}

#[test]
fn ratings_are_a_mean_and_two_deviations() {
    let rating = |user, item, value| crate::evaluation::Rating { user, item, value, timestamp: 0 };
    let ratings: Vec<_> = (0..100).flat_map(|user| [rating(user, 0, 5.0), rating(user, 1, 1.0)]).collect();
    let model = RatingModel::new(&ratings, 100, 3);
    assert!((model.predict(7, 0) - 5.0).abs() < 0.3 && (model.predict(7, 1) - 1.0).abs() < 0.3);
    assert!((model.predict(7, 2) - 3.0).abs() < 0.1, "an item without ratings is an average one");
    assert!(RatingModel::new(&[], 1, 1).predict(0, 0).abs() < 1e-6);
}

#[test]
fn nobody_and_nothing_are_scored_without_failing() {
    let nothing = fold(&[&[]], 4);
    let situation =
        crate::evaluation::system::Situation { protocol: Protocol::LeaveLastOut, condition: "", base: None };
    for protocol in Protocol::ALL {
        for method in baselines(protocol, true) {
            let setting = method.default_setting(situation);
            let scores = scores(method.as_ref(), &nothing, &setting, &known(&[]));
            assert!(scores.iter().all(|score| score.is_finite()), "{}: {scores:?}", method.name());
        }
    }
}
