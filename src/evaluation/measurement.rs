//! The measures of one system over all cases.

use serde_json::{Map, Value, json};

use super::bootstrap::{Difference, Interval, mean_interval};
use super::metrics::{CaseMetrics, catalog_coverage, mean};
use super::system::Setting;

/// Means over the cases of one condition, by name: `ndcg@10`, `mrr`, `coverage@10` and so on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measures {
    values: Vec<(String, f64)>,
    intervals: Vec<(String, Interval)>,
}

/// One system on the cases of every condition.
#[derive(Debug, Clone)]
pub struct SystemResult {
    /// The name.
    pub name: &'static str,
    /// One a condition.
    pub conditions: Vec<ConditionResult>,
}

/// One system on the cases of one condition.
#[derive(Debug, Clone)]
pub struct ConditionResult {
    /// What it was set to.
    pub setting: Setting,
    /// The NDCG on validation that chose the setting; none where there was no choice.
    pub validation_ndcg: Option<f64>,
    /// What it reached.
    pub measures: Measures,
    /// By how much the product's NDCG is higher; none of the product itself.
    pub behind: Option<Difference>,
    /// What it reached in each case, in the same order for every system.
    pub cases: Vec<CaseResult>,
}

/// One system on one case.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct CaseResult {
    /// The user's id; of a query its place in the file, from 0.
    pub user: String,
    /// NDCG at the length of the lists.
    pub ndcg: f64,
    /// Ranks of the relevant items among all candidates, ascending, from 1.
    pub ranks: Vec<usize>,
}

impl Measures {
    /// Averages the cases of one condition; `lists` are their first `k` rows, `candidates` counts the rows that could have been in them.
    pub(super) fn of(cases: &[CaseMetrics], lists: &[Vec<u32>], candidates: usize, k: usize, seed: u64) -> Self {
        let mut measures = Self::default();
        let at_k = |name: &str| format!("{name}@{k}");
        let mut add = |name: String, value: fn(&CaseMetrics) -> f64| {
            let values: Vec<f64> = cases.iter().map(value).collect();
            measures.intervals.push((name.clone(), mean_interval(&values, seed)));
            measures.values.push((name, mean(values.into_iter())));
        };
        add(at_k("ndcg"), |c| c.ndcg);
        add(at_k("recall"), |c| c.recall);
        add(at_k("precision"), |c| c.precision);
        add("mrr".to_owned(), |c| c.mrr);
        add(at_k("hit_rate"), |c| c.hit_rate);
        add("auc".to_owned(), |c| c.auc);
        add(at_k("diversity"), |c| c.diversity);
        add(at_k("novelty"), |c| c.novelty);
        let lists = lists.iter().map(|list| &list[..k.min(list.len())]);
        measures.values.push((at_k("coverage"), catalog_coverage(lists, candidates)));
        measures
    }

    /// Leaves out what says nothing about these cases.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.values.retain(|(n, _)| n != name);
        self.intervals.retain(|(n, _)| n != name);
        self
    }

    pub(super) fn push(&mut self, name: &str, value: f64, interval: Interval) {
        self.values.push((name.to_owned(), value));
        self.intervals.push((name.to_owned(), interval));
    }

    /// A measure by its name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    /// The 95 % interval of a measure.
    #[must_use]
    pub fn interval(&self, name: &str) -> Option<Interval> {
        self.intervals.iter().find(|(n, _)| n == name).map(|(_, interval)| *interval)
    }
}

impl ConditionResult {
    /// `{"ndcg@10", ..., "ci95": {name: [low, high]}, "setting", "validation_ndcg", "inglenook_minus_this"}`.
    pub(super) fn to_json(&self) -> Value {
        let mut object: Map<String, Value> =
            self.measures.values.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let intervals = self.measures.intervals.iter().map(|(name, i)| (name.clone(), json!([i.low, i.high])));
        object.insert("ci95".to_owned(), Value::Object(intervals.collect()));
        object.insert("setting".to_owned(), json!(self.setting));
        if let Some(ndcg) = self.validation_ndcg {
            object.insert("validation_ndcg".to_owned(), json!(ndcg));
        }
        if let Some(difference) = self.behind {
            object.insert("inglenook_minus_this".to_owned(), json!(difference));
        }
        Value::Object(object)
    }
}
