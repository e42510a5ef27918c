use crate::evaluation::{Case, CleaningRules, Dataset, Plan, Protocol, clean, fnv1a32, read_interactions};

/// `user,item,time` lines on a catalog of items 0 to 29.
fn data(events: &[(u32, u32, i64)]) -> Dataset {
    let lines: Vec<String> = events.iter().map(|(user, item, time)| format!("{user},{item},5,{time}")).collect();
    let read =
        read_interactions("test", format!("user,item,rating,timestamp\n{}", lines.join("\n")).as_bytes()).unwrap();
    let ids: Vec<String> = (0..30).map(|id| id.to_string()).collect();
    clean("test", &read, &ids, CleaningRules::default()).unwrap().0
}

fn history(case: &Case) -> Vec<u32> {
    case.known.history.iter().map(|event| event.item).collect()
}

fn items(sequence: &[crate::evaluation::Event]) -> Vec<u32> {
    sequence.iter().map(|event| event.item).collect()
}

/// No relevant item is in the same user's training part, history or exclusions, and each is a candidate.
fn nothing_leaks(plan: &Plan) {
    for fold in plan.validation.iter().chain(&plan.test) {
        assert_eq!(fold.cases.len(), plan.conditions.len());
        for case in fold.cases.iter().flatten() {
            assert!(!case.relevant.is_empty());
            for item in &case.relevant {
                assert!(!items(&fold.training[case.user]).contains(item));
                assert!(!history(case).contains(item) && !case.known.excluded.contains(item));
                assert!(fold.is_candidate[*item as usize]);
            }
        }
    }
}

#[test]
fn the_last_positive_is_the_test_and_the_one_before_validation() {
    // Two positives at the time 4 go by their ids.
    let events = [(1, 3, 1), (1, 2, 2), (1, 9, 4), (1, 10, 4), (1, 5, 3), (2, 1, 1), (2, 2, 2)];
    let plan = Protocol::LeaveLastOut.plan(&data(&events)).unwrap();
    nothing_leaks(&plan);
    let (validation, test) = (&plan.validation[0].cases[0], &plan.test[0].cases[0]);
    assert_eq!((test.len(), history(&test[0]), test[0].relevant.clone()), (1, vec![3, 2, 5, 9], vec![10]));
    assert_eq!((history(&validation[0]), validation[0].relevant.clone()), (vec![3, 2, 5], vec![9]));
    assert_eq!(items(&plan.validation[0].training[0]), [3, 2, 5], "neither held-out item is trained on");
    assert_eq!(items(&plan.test[0].training[1]), [1, 2], "users with few positives stay in training");
    assert_eq!(plan.test[0].held_out_ratings.len(), 1);
}

#[test]
fn time_divides_everybody_at_the_same_moment() {
    // Ten positives: T80 is the time of index 8, T90 that of index 9.
    let events: Vec<(u32, u32, i64)> = (0_u32..10).map(|i| (i % 2, i, 100 + i64::from(i))).collect();
    let plan = Protocol::TimeSplit.plan(&data(&events)).unwrap();
    nothing_leaks(&plan);
    let case = |fold: &super::super::Fold| (fold.cases[0][0].user, fold.cases[0][0].relevant.clone());
    assert_eq!((case(&plan.validation[0]), case(&plan.test[0])), ((0, vec![8]), (1, vec![9])));
    assert_eq!(items(&plan.validation[0].training[1]), [1, 3, 5, 7], "what is after T80 is not trained on");
    assert_eq!(plan.test[0].held_out_ratings.len(), 1);
}

#[test]
fn cold_items_are_chosen_by_hash_and_are_all_that_is_ranked() {
    let events: Vec<(u32, u32, i64)> = (0..30).map(|i| (1, i, i64::from(i))).collect();
    let plan = Protocol::ColdItems.plan(&data(&events)).unwrap();
    nothing_leaks(&plan);
    let in_part = |part: u32| (0..30).filter(|id| fnv1a32(&format!("cold:{id}")) % 5 == part).collect::<Vec<u32>>();
    for (fold, cold) in [(&plan.test[0], 0), (&plan.validation[0], 1)] {
        assert_eq!(fold.cases[0][0].relevant, in_part(cold));
        let candidates = (0..30).filter(|id| fold.is_candidate[*id as usize]).collect::<Vec<u32>>();
        assert_eq!(candidates, in_part(cold));
    }
    let trained = items(&plan.validation[0].training[0]);
    assert!(in_part(0).iter().chain(&in_part(1)).all(|item| !trained.contains(item)));
}

#[test]
fn every_part_of_the_items_is_cold_in_its_turn() {
    let events: Vec<(u32, u32, i64)> = (0..30).map(|i| (1, i, i64::from(i))).collect();
    let plan = Protocol::ColdItemsAll.plan(&data(&events)).unwrap();
    nothing_leaks(&plan);
    assert!(plan.validation.is_empty());
    assert_eq!(plan.test[0].cases, Protocol::ColdItems.plan(&data(&events)).unwrap().test[0].cases);
    let mut cold: Vec<u32> = plan.test.iter().flat_map(|fold| fold.cases[0][0].relevant.clone()).collect();
    cold.sort_unstable();
    assert_eq!(cold, (0..30).collect::<Vec<u32>>());
    for fold in &plan.test {
        assert_eq!(history(&fold.cases[0][0]).len() + fold.cases[0][0].relevant.len(), 30);
    }
}

#[test]
fn cold_users_are_known_by_their_first_positives_and_not_trained_on() {
    let events: Vec<(u32, u32, i64)> = (0..40).flat_map(|u| (0..12).map(move |i| (u, i, i64::from(i)))).collect();
    let plan = Protocol::ColdUsers.plan(&data(&events)).unwrap();
    nothing_leaks(&plan);
    assert_eq!(plan.conditions, ["k=1", "k=3", "k=5"]);
    assert_eq!(plan.test.iter().map(|fold| fold.cases[0].len()).sum::<usize>(), 40, "each user is tested once");
    for fold in &plan.test {
        for (cases, length) in fold.cases.iter().zip([1, 3, 5]) {
            for case in cases {
                assert!(fold.training[case.user].is_empty());
                assert_eq!(
                    (history(case).len(), case.known.excluded.len(), case.relevant.len()),
                    (length, 5 - length, 7)
                );
            }
        }
    }
    let is_fold = |user: usize, fold: u32| fnv1a32(&format!("user:{user}")) % 5 == fold;
    let validation = &plan.validation[0];
    assert!(validation.cases[0].iter().all(|case| is_fold(case.user, 1)));
    assert!((0..40).filter(|user| is_fold(*user, 0)).all(|user| validation.training[user].is_empty()));
}

#[test]
fn too_little_data_is_an_error_that_says_what_is_needed() {
    for protocol in Protocol::ALL {
        let error = protocol.plan(&data(&[(1, 2, 3)])).unwrap_err().to_string();
        assert!(error.contains(protocol.name()) && error.contains("expected a user"), "{error}");
    }
    let error = "sometimes".parse::<Protocol>().unwrap_err().to_string();
    assert!(error.contains("leave-last-out, time-split, cold-items, cold-items-all, cold-users"), "{error}");
}
