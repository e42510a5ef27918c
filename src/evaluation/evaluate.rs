//! The run: choose settings on validation, score the test part once, compare.

use std::sync::Arc;

use rayon::prelude::*;

use super::baselines::{RatingModel, baselines, popularity_counts};
use super::bootstrap::{mean_interval, paired_difference};
use super::case::{Case, Fold};
use super::content::{Content, Finetuned};
use super::corpus::Corpus;
use super::dataset::Dataset;
use super::measurement::{CaseResult, ConditionResult, Measures, SystemResult};
use super::metrics::{CaseMetrics, mean};
use super::product::Product;
use super::protocol::{Plan, Protocol};
use super::ranked::Ranked;
use super::report::{Evaluation, EvaluationOptions};
use super::system::{Method, Setting, Situation, System};
use crate::error::{Error, Result};

/// Where an evaluation is, for a progress bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The system at work.
    pub system: &'a str,
    /// Systems that are done.
    pub done: usize,
    /// All systems.
    pub total: usize,
    /// Whether its settings are being chosen; otherwise it is being scored.
    pub is_tuning: bool,
}

/// Evaluates the product and its baselines by a protocol. `observe` is told of every step.
///
/// Deterministic: equal arguments give equal results on one machine.
///
/// # Errors
/// [`Error::InvalidInput`] if the corpus has other items than the data set, `k` is out of range or no case is left.
pub fn evaluate(
    corpus: &Corpus,
    data: &Dataset,
    protocol: Protocol,
    options: EvaluationOptions,
    observe: &dyn Fn(Step<'_>),
) -> Result<Evaluation> {
    if corpus.ids() != data.items {
        return Err(Error::invalid("items of the data set", data.items.len(), "those of the corpus, in its order"));
    }
    check_k(options.k)?;
    let plan = protocol.plan(data)?;
    let product = || Product::new(protocol, options.k, options.diversity, options.parts);
    let mut methods: Vec<Box<dyn Method>> = vec![Box::new(product())];
    if let Some(finetune) = options.finetune {
        let finetuned = Arc::new(Finetuned::new(finetune));
        methods.push(Box::new(product().finetuned(Arc::clone(&finetuned))));
        methods.push(Box::new(Content::new("content-profile", None)));
        methods.push(Box::new(Content::new("content-profile-finetuned", Some(finetuned))));
    }
    if options.has_baselines {
        methods.extend(baselines(protocol, !data.ratings.is_empty()));
    }
    let run = Run { corpus, data, protocol, plan: &plan, options };
    let mut systems = Vec::with_capacity(methods.len());
    for (done, method) in methods.iter().enumerate() {
        let observe = |is_tuning| observe(Step { system: method.name(), done, total: methods.len(), is_tuning });
        let base = method.base().and_then(|name| systems.iter().find(|system: &&SystemResult| system.name == name));
        let result = run.result(method.as_ref(), base, &observe)?;
        systems.push(result);
    }
    compare(&mut systems, options.seed);
    Ok(Evaluation {
        protocol: protocol.name(),
        cases: plan.test.iter().map(|fold| fold.cases[0].len()).sum(),
        candidates: candidates(&plan.test),
        conditions: plan.conditions.clone(),
        systems,
        cleaning: None,
        queries: None,
        options,
    })
}

pub(super) fn check_k(k: usize) -> Result<()> {
    if (1..=1000).contains(&k) { Ok(()) } else { Err(Error::invalid("k", k, "1 to 1000")) }
}

/// By how much the first system, the product, is better than each other one.
pub(super) fn compare(systems: &mut [SystemResult], seed: u64) {
    let Some((product, others)) = systems.split_first_mut() else { return };
    for other in others {
        for (condition, of_product) in other.conditions.iter_mut().zip(&product.conditions) {
            let ndcg = |result: &ConditionResult| result.cases.iter().map(|case| case.ndcg).collect::<Vec<_>>();
            condition.behind = Some(paired_difference(&ndcg(of_product), &ndcg(condition), seed));
        }
    }
}

/// Items that are candidates in any fold.
fn candidates(folds: &[Fold]) -> usize {
    let items = folds.first().map_or(0, |fold| fold.is_candidate.len());
    (0..items).filter(|item| folds.iter().any(|fold| fold.is_candidate[*item])).count()
}

struct Run<'a> {
    corpus: &'a Corpus,
    data: &'a Dataset,
    protocol: Protocol,
    plan: &'a Plan,
    options: EvaluationOptions,
}

impl Run<'_> {
    fn result(&self, method: &dyn Method, base: Option<&SystemResult>, observe: &dyn Fn(bool)) -> Result<SystemResult> {
        let situation = |(place, condition): (usize, &&'static str)| Situation {
            protocol: self.protocol,
            condition,
            base: base.map(|base| &base.conditions[place].setting),
        };
        let situations: Vec<Situation<'_>> = self.plan.conditions.iter().enumerate().map(situation).collect();
        if self.options.is_tuned {
            observe(true);
            method.prepare(self.corpus, self.plan)?;
        }
        let chosen = if self.options.is_tuned && situations.iter().any(|s| method.grid(*s).len() > 1) {
            observe(true);
            self.tune(method, &situations)?
        } else {
            situations.iter().map(|situation| (method.default_setting(*situation), None)).collect()
        };
        observe(false);
        let mut found = vec![(Vec::new(), Vec::new(), Vec::new()); situations.len()];
        for fold in &self.plan.test {
            let fitted = method.fit(self.corpus, fold)?;
            let surprise = surprise(fold);
            for (setting, conditions) in by_setting(chosen.iter().map(|(setting, _)| setting)) {
                let system = fitted.system(setting)?;
                for condition in conditions {
                    let cases = &fold.cases[condition];
                    let measured = self.measure(system.as_ref(), cases, fold, &surprise)?;
                    for (case, (metrics, ranked)) in cases.iter().zip(measured) {
                        let user = self.data.users[case.user].clone();
                        found[condition].0.push(metrics);
                        found[condition].1.push(ranked.top);
                        found[condition].2.push(CaseResult { user, ndcg: metrics.ndcg, ranks: ranked.ranks });
                    }
                }
            }
        }
        let candidates = candidates(&self.plan.test);
        let EvaluationOptions { k, seed, .. } = self.options;
        let conditions = found.into_iter().zip(chosen).map(|((metrics, lists, cases), (setting, validation_ndcg))| {
            let mut measures = Measures::of(&metrics, &lists, candidates, k, seed);
            if method.name() == "rating" {
                self.add_rmse(&mut measures);
            }
            ConditionResult { setting, validation_ndcg, measures, behind: None, cases }
        });
        Ok(SystemResult { name: method.name(), conditions: conditions.collect() })
    }

    /// The setting of the greatest NDCG on validation for each condition; the first of equal ones.
    fn tune(&self, method: &dyn Method, situations: &[Situation<'_>]) -> Result<Vec<(Setting, Option<f64>)>> {
        let grids: Vec<Vec<Setting>> = situations.iter().map(|situation| method.grid(*situation)).collect();
        let mut ndcg: Vec<Vec<Vec<f64>>> = grids.iter().map(|grid| vec![Vec::new(); grid.len()]).collect();
        for fold in &self.plan.validation {
            let fitted = method.fit(self.corpus, fold)?;
            let wanted = grids.iter().enumerate().flat_map(|(c, grid)| (0..grid.len()).map(move |s| (c, s)));
            let wanted: Vec<(usize, usize)> = wanted.collect();
            for (setting, places) in by_setting(wanted.iter().map(|(c, s)| &grids[*c][*s])) {
                let system = fitted.system(setting)?;
                for (condition, at) in places.into_iter().map(|place| wanted[place]) {
                    ndcg[condition][at].extend(self.ndcg(system.as_ref(), &fold.cases[condition], fold)?);
                }
            }
        }
        let best = |(condition, grid): (usize, &Vec<Setting>)| {
            let means: Vec<f64> = ndcg[condition].iter().map(|cases| mean(cases.iter().copied())).collect();
            let best = (1..means.len()).fold(0, |best, at| if means[at] > means[best] { at } else { best });
            if ndcg[condition][best].is_empty() {
                return (method.default_setting(situations[condition]), None);
            }
            (grid[best].clone(), Some(means[best]))
        };
        Ok(grids.iter().enumerate().map(best).collect())
    }

    fn ndcg(&self, system: &dyn System, cases: &[Case], fold: &Fold) -> Result<Vec<f64>> {
        let k = self.options.k;
        self.rank(system, cases, fold, |ranked| super::metrics::ndcg_at_k(&ranked.ranks, k))
    }

    fn measure(
        &self,
        system: &dyn System,
        cases: &[Case],
        fold: &Fold,
        surprise: &[f64],
    ) -> Result<Vec<(CaseMetrics, Ranked)>> {
        let space = self.corpus.space(false);
        let distance = |a: u32, b: u32| 1.0 - f64::from(space.cosine(a as usize, b as usize));
        self.rank(system, cases, fold, |ranked| {
            let metrics = CaseMetrics::of(&ranked, self.options.k, distance, |row| surprise[row as usize]);
            (metrics, ranked)
        })
    }

    /// Ranks all candidates for every case, on all cores; results are in the order of the cases.
    fn rank<T: Send>(
        &self,
        system: &dyn System,
        cases: &[Case],
        fold: &Fold,
        then: impl Fn(Ranked) -> T + Sync,
    ) -> Result<Vec<T>> {
        const CASES_A_SCORER: usize = 16;
        let chunks = cases.par_chunks(CASES_A_SCORER).map(|cases| {
            let mut fill = system.scorer();
            let mut scores = vec![0.0; self.data.item_count()];
            let results = cases.iter().map(|case| {
                fill(&case.known, &mut scores)?;
                Ok(then(Ranked::new(&scores, case, fold, &self.data.order, self.options.k)))
            });
            results.collect::<Result<Vec<T>>>()
        });
        Ok(chunks.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Root mean squared error over all ratings held out, in the units of the ratings.
    fn add_rmse(&self, measures: &mut Measures) {
        let squared: Vec<f64> = (self.plan.test.iter())
            .flat_map(|fold| {
                let model = RatingModel::new(&fold.known_ratings, self.data.users.len(), self.data.item_count());
                model.squared_errors(&fold.held_out_ratings)
            })
            .collect();
        if !squared.is_empty() {
            let mut interval = mean_interval(&squared, self.options.seed);
            (interval.low, interval.high) = (interval.low.sqrt(), interval.high.sqrt());
            measures.push("rmse", mean(squared.into_iter()).sqrt(), interval);
        }
    }
}

/// Bits of each row: -log2 of its share of the training positives, with one added to every count.
fn surprise(fold: &Fold) -> Vec<f64> {
    let counts = popularity_counts(fold);
    let total: f64 = counts.iter().map(|count| f64::from(*count) + 1.0).sum();
    counts.iter().map(|count| -((f64::from(*count) + 1.0) / total).log2()).collect()
}

/// Equal settings with the places where they stand, so that each system is made once.
fn by_setting<'a>(settings: impl Iterator<Item = &'a Setting>) -> Vec<(&'a Setting, Vec<usize>)> {
    let mut groups: Vec<(&Setting, Vec<usize>)> = Vec::new();
    for (place, setting) in settings.enumerate() {
        match groups.iter_mut().find(|(known, _)| *known == setting) {
            Some((_, places)) => places.push(place),
            None => groups.push((setting, vec![place])),
        }
    }
    groups
}
