//! How the recommender behaves, on a random catalog.

mod common;

use common::{DAY_MS, DIMENSIONS, catalog, catalog_files, dislike, interaction, items, like, random_rows};
use inglenook::{
    Catalog, Dtype, Interaction, InteractionKind, Item, RecommendRequest, Recommendation, Recommender, TagFilter,
    artifact,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn recommender() -> Recommender {
    Recommender::new(catalog(300))
}

fn request(k: usize) -> RecommendRequest {
    RecommendRequest { k, ..Default::default() }
}

fn ids(list: &[Recommendation]) -> Vec<&str> {
    list.iter().map(|r| r.id.as_str()).collect()
}

fn recommend(history: &[Interaction], request: &RecommendRequest, query: Option<&[f32]>) -> Vec<Recommendation> {
    recommender().recommend(history, request, query).unwrap()
}

fn query() -> Vec<f32> {
    random_rows(1, 99)
}

fn histories() -> impl Strategy<Value = Vec<Interaction>> {
    use InteractionKind::{Click, Dislike, Like, Purchase, View};
    let kind = prop::sample::select(vec![View, Click, Like, Purchase, Dislike]);
    prop::collection::vec((0_usize..300, kind, -400_i64..10), 0..25)
        .prop_map(|list| list.into_iter().map(|(item, kind, day)| interaction(item, kind, day)).collect())
}

#[test]
fn an_unknown_person_gets_popular_items_that_differ() {
    let cold = recommend(&[], &request(10), None);
    assert_eq!(cold.len(), 10);
    assert!(cold.iter().all(|r| r.parts.content == 0.0 && r.parts.query == 0.0 && r.because.is_empty()));
    let by_popularity = recommend(&[], &RecommendRequest { diversity: Some(0.0), ..request(10) }, None);
    assert_eq!(cold[0].id, by_popularity[0].id, "the most popular item leads");
    assert_ne!(ids(&cold), ids(&by_popularity), "diversity changes the rest");
}

#[test]
fn without_popularity_the_seed_orders_unknown_persons_lists() {
    let mut items = items(300);
    for item in &mut items {
        item.popularity = 0.0;
    }
    let files = artifact::catalog_to_files("m", &items, &random_rows(300, 7), DIMENSIONS, Dtype::Int8).unwrap();
    let recommender = Recommender::new(Catalog::load(&files).unwrap());
    let list = |seed| recommender.recommend(&[], &RecommendRequest { seed, ..request(10) }, None).unwrap();
    assert_eq!(list(1), list(1));
    assert_ne!(ids(&list(1)), ids(&list(2)));
}

#[test]
fn one_like_already_changes_the_list_and_is_the_reason() {
    let list = recommend(&[like(5)], &request(10), None);
    assert_ne!(ids(&list), ids(&recommend(&[], &request(10), None)));
    assert_eq!((list[0].because.len(), list[0].because[0].id.as_str()), (1, "id-5"));
    assert!((list[0].because[0].share - 1.0).abs() < 1e-6);
}

#[test]
fn a_request_in_words_alone_is_cosine_plus_popularity() {
    let q = query();
    let list = recommend(&[], &RecommendRequest { diversity: Some(0.0), ..request(5) }, Some(&q));
    let catalog = catalog(300);
    for item in &list {
        let row = catalog.row(&item.id).unwrap();
        assert!((item.parts.query - 2.0 * catalog.embeddings().dot(row, &q)).abs() < 1e-5);
    }
    assert!(list[0].parts.query > 0.5);
}

#[test]
fn history_and_request_are_fused() {
    let q = query();
    let both = recommend(&[like(5)], &request(10), Some(&q));
    assert!(both.iter().all(|r| r.parts.query != 0.0 && r.parts.content != 0.0));
    assert_ne!(ids(&both), ids(&recommend(&[like(5)], &request(10), None)));
    assert_ne!(ids(&both), ids(&recommend(&[], &request(10), Some(&q))));
}

#[test]
fn a_dislike_pushes_its_neighbors_down() {
    let before = recommend(&[like(5)], &RecommendRequest { diversity: Some(0.0), ..request(300) }, None);
    let victim = before[0].id.clone();
    let hated: usize = victim["id-".len()..].parse().unwrap();
    let after = recommend(&[like(5), dislike(hated)], &RecommendRequest { diversity: Some(0.0), ..request(300) }, None);
    assert!(!ids(&after).contains(&victim.as_str()));
    let score = |list: &[Recommendation], id: &str| list.iter().find(|r| r.id == id).map(|r| r.score).unwrap();
    let pushed = after.iter().filter(|r| r.parts.feedback < -0.05).count();
    assert!(pushed > 0);
    assert!(after.iter().all(|r| r.score <= score(&before, &r.id) + 1e-6), "a dislike raises nothing");
}

#[test]
fn only_dislikes_still_give_a_list() {
    let list = recommend(&[dislike(1), dislike(2)], &request(10), None);
    assert_eq!(list.len(), 10);
    assert!(!ids(&list).contains(&"id-1"));
}

#[test]
fn the_last_word_on_an_item_wins() {
    let word = |kind, day| interaction(7, kind, day);
    let liked_again = [word(InteractionKind::Dislike, 0), word(InteractionKind::Like, 1)];
    let disliked_again =
        [word(InteractionKind::Like, 0), word(InteractionKind::Dislike, 1), word(InteractionKind::View, 2)];
    assert!(recommend(&liked_again, &request(5), None)[0].because.iter().any(|r| r.id == "id-7"));
    assert!(recommend(&disliked_again, &request(5), None).iter().all(|r| r.because.is_empty()));
}

#[test]
fn recent_interest_outweighs_old() {
    let history = [interaction(1, InteractionKind::Like, 0), interaction(2, InteractionKind::Like, 365)];
    let list = recommend(&history, &RecommendRequest { now_ms: 365 * DAY_MS, ..request(3) }, None);
    assert_eq!(list[0].because[0].id, "id-2");
    assert!(list[0].because[0].share > 0.9);
}

#[test]
fn filters_restrict_by_tag() {
    let with = |any: &[&str], all: &[&str], none: &[&str]| {
        let own = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        let filter = TagFilter { any_of: own(any), all_of: own(all), none_of: own(none) };
        recommend(&[like(5)], &RecommendRequest { filter, ..request(1000) }, None)
    };
    assert!(with(&["third", "fifth"], &[], &[]).iter().all(|r| r.tags.iter().any(|t| t == "third" || t == "fifth")));
    assert_eq!(with(&[], &["even", "third", "fifth"], &[]).len(), 10, "multiples of 30 below 300");
    assert!(with(&[], &[], &["even"]).iter().all(|r| !r.tags.contains(&"even".to_owned())));
    assert!(with(&["no such tag"], &[], &[]).is_empty());
    assert!(with(&[], &["no such tag"], &[]).is_empty());
}

#[test]
fn seen_and_excluded_items_stay_away_unless_asked_for() {
    let nearest = recommend(&[like(5)], &request(1), None)[0].id.clone();
    let without = RecommendRequest { exclude: vec![nearest.clone(), "unknown".into()], ..request(50) };
    assert!(!ids(&recommend(&[like(5)], &without, None)).contains(&nearest.as_str()));
    let seen = RecommendRequest { include_seen: true, ..request(5) };
    assert_eq!(recommend(&[like(5)], &seen, None)[0].id, "id-5");
    assert!(
        !ids(&recommend(&[dislike(5)], &RecommendRequest { include_seen: true, ..request(300) }, None))
            .contains(&"id-5")
    );
}

#[test]
fn ids_that_the_catalog_lost_are_ignored() {
    let gone = Interaction { item_id: "gone".into(), kind: InteractionKind::Like, timestamp_ms: 0 };
    assert_eq!(recommend(&[gone.clone(), like(5)], &request(10), None), recommend(&[like(5)], &request(10), None));
    assert_eq!(recommend(&[gone], &request(10), None), recommend(&[], &request(10), None));
}

#[test]
fn arguments_out_of_range_are_typed_errors() {
    let code = |request: RecommendRequest, query: Option<&[f32]>| {
        recommender().recommend(&[], &request, query).unwrap_err().code()
    };
    assert_eq!(code(request(0), None), "invalid_input");
    assert_eq!(code(request(1001), None), "invalid_input");
    for diversity in [-0.1, 1.1, f32::NAN] {
        assert_eq!(code(RecommendRequest { diversity: Some(diversity), ..request(5) }, None), "invalid_input");
    }
    assert_eq!(code(request(5), Some(&[0.0; 3])), "invalid_input");
    assert_eq!(code(request(5), Some(&[f32::NAN; DIMENSIONS])), "invalid_input");
    assert_eq!(recommender().explain("nope", &[], &request(5), None).unwrap_err().code(), "unknown_item");
}

#[test]
fn a_catalog_of_one_item_works() {
    let recommender = Recommender::new(Catalog::load(&catalog_files(1, Dtype::Int8)).unwrap());
    assert_eq!(recommender.recommend(&[], &request(10), None).unwrap().len(), 1);
    assert!(recommender.recommend(&[like(0)], &request(10), None).unwrap().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_list_keeps_its_promises(history in histories(), k in 1_usize..40, diversity in prop::option::of(0.0_f32..=1.0), with_query: bool) {
        let request = RecommendRequest { diversity, now_ms: 10 * DAY_MS, ..request(k) };
        let q = query();
        let query = with_query.then_some(q.as_slice());
        let recommender = recommender();
        let list = recommender.recommend(&history, &request, query).unwrap();
        prop_assert_eq!(list.len(), k);
        prop_assert!(list.windows(2).all(|w| w[0].score >= w[1].score - 1e-5), "scores fall");
        let mut unique = ids(&list);
        unique.sort_unstable();
        unique.dedup();
        prop_assert_eq!(unique.len(), k, "no item twice");
        for item in &list {
            prop_assert!(history.iter().all(|i| i.item_id != item.id), "seen items are left out");
            prop_assert!((item.parts.total() - item.score).abs() < 1e-6, "parts add up");
            prop_assert!(item.parts.feedback <= 0.0 && item.parts.diversity <= 0.0);
            prop_assert!(item.because.iter().all(|r| r.contribution > 0.0 && r.share > 0.0 && r.share <= 1.0 + 1e-6));
            let explained = recommender.explain(&item.id, &history, &request, query).unwrap();
            prop_assert_eq!(explained.because.clone(), item.because.clone());
            prop_assert!((explained.score - (item.score - item.parts.diversity)).abs() < 1e-5);
        }
    }

    #[test]
    fn reasons_add_up_to_the_content_part(items in prop::collection::btree_set(0_usize..300, 1..4)) {
        // Up to three interests are all named, so their contributions are the whole content part where all are positive.
        let history: Vec<Interaction> = items.iter().map(|i| like(*i)).collect();
        for item in recommend(&history, &request(10), None) {
            if item.because.len() == history.len() {
                let sum: f32 = item.because.iter().map(|r| r.contribution).sum();
                prop_assert!((sum - item.parts.content).abs() < 1e-5);
            }
        }
    }

    /// The taste turns towards what is liked, so what lies nearest to that gains, unless it lay nearer to the taste as it was.
    #[test]
    fn a_like_never_lowers_the_content_part_of_its_nearest_neighbors(liked in 0_usize..60, before in 0_usize..60) {
        prop_assume!(liked != before);
        let plain: Vec<Item> = items(60).into_iter().map(|item| Item { tags: Vec::new(), ..item }).collect();
        let files = artifact::catalog_to_files("test-model", &plain, &random_rows(60, 7), DIMENSIONS, Dtype::F32).unwrap();
        let recommender = Recommender::new(Catalog::load(&files).unwrap());
        let content = |row: usize, history: &[Interaction]| {
            recommender.explain(&plain[row].id, history, &request(1), None).unwrap().parts.content
        };
        let (earlier, later) = (interaction(before, InteractionKind::Like, -1), like(liked));
        let mut neighbors: Vec<usize> = (0..60).filter(|row| ![liked, before].contains(row)).collect();
        let cosine = |row: usize| content(row, std::slice::from_ref(&later));
        neighbors.sort_by(|a, b| cosine(*b).total_cmp(&cosine(*a)));
        for row in &neighbors[..5] {
            prop_assert!(cosine(*row) > 0.0, "nobody's content part is 0");
            let was = content(*row, std::slice::from_ref(&earlier));
            if (0.0..=cosine(*row)).contains(&was) {
                let is = content(*row, &[earlier.clone(), later.clone()]);
                prop_assert!(is >= was - 1e-5, "{is} after {was}");
            }
        }
    }

    #[test]
    fn the_order_of_the_history_does_not_matter(mut history in histories()) {
        // One interaction an instant: within one millisecond the order of recording decides.
        for (i, interaction) in (0_i64..).zip(&mut history) {
            interaction.timestamp_ms += i;
        }
        let forward = recommend(&history, &request(20), None);
        history.reverse();
        prop_assert_eq!(forward, recommend(&history, &request(20), None));
    }
}

proptest! {
    // Always the same cases: sums in another order are others by 1e-7, which, once in many thousand, turns two items around.
    #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_the_catalog_changes_nothing(
        history in histories(),
        order in Just((0_usize..300).collect::<Vec<_>>()).prop_shuffle(),
        popular: bool,
        with_query: bool,
    ) {
        // No two are equally popular: equals go in the catalog's order.
        let known: Vec<Item> = items(300)
            .into_iter()
            .zip(1_u16..)
            .map(|(item, place)| Item { popularity: if popular { f32::from(place) } else { 0.0 }, ..item })
            .collect();
        let rows = random_rows(300, 7);
        let list = |order: &mut dyn Iterator<Item = usize>| {
            let (items, rows): (Vec<Item>, Vec<&[f32]>) =
                order.map(|at| (known[at].clone(), &rows[at * DIMENSIONS..(at + 1) * DIMENSIONS])).unzip();
            let files = artifact::catalog_to_files("test-model", &items, &rows.concat(), DIMENSIONS, Dtype::Int8).unwrap();
            let q = query();
            Recommender::new(Catalog::load(&files).unwrap())
                .recommend(&history, &request(10), with_query.then_some(q.as_slice()))
                .unwrap()
        };
        for (a, b) in list(&mut (0..300)).iter().zip(&list(&mut order.into_iter())) {
            prop_assert!((a.score - b.score).abs() < 1e-5, "{} {} and {} {}", a.id, a.score, b.id, b.score);
            prop_assert!(a.id == b.id, "{} {} and {} {}", a.id, a.score, b.id, b.score);
        }
    }
}
