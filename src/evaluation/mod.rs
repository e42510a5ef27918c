//! Offline evaluation: how good are the lists, measured on what people did later (native only).
//!
//! Interactions are read ([`read_interactions`]), cleaned ([`clean`]) and divided by a [`Protocol`] into training and held-out cases. Every system
//! sees the training part only, ranks **all** candidates for every case (no sampled negatives, which mislead: Krichene and Rendle, KDD 2020), and
//! is measured by [`CaseMetrics`]. Settings are chosen on a validation part by NDCG; the test part is scored once.
//!
//! [`evaluate`] runs the product beside its baselines, [`evaluate_queries`] text retrieval. Both are pure functions with fixed seeds.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "counts of users and items stay far below 2^31, settings are not negative, and measures need no more than f32 or f64"
)]

mod baselines;
mod bootstrap;
mod case;
mod cleaning;
mod content;
mod corpus;
mod dataset;
mod evaluate;
mod interactions;
mod item_order;
mod measurement;
mod metrics;
mod parquet_interactions;
mod product;
mod protocol;
mod queries;
mod ranked;
mod report;
mod report_page;
mod split;
mod system;

pub use bootstrap::{Difference, Interval, mean_interval, paired_difference};
pub use case::{Case, Fold, Known};
pub use cleaning::{CleaningReport, CleaningRules, clean};
pub use content::content_ndcg;
pub use corpus::Corpus;
pub(crate) use corpus::Space;
pub use dataset::{Dataset, Event, Rating};
pub use evaluate::{Step, evaluate};
pub use interactions::{InteractionFormat, RawInteraction, ReadInteractions, read_interactions};
pub use item_order::{ItemOrder, fnv1a32};
pub use measurement::{CaseResult, ConditionResult, Measures, SystemResult};
pub use metrics::{CaseMetrics, auc, catalog_coverage, hit_rate_at_k, mrr, ndcg_at_k, precision_at_k, recall_at_k};
pub use parquet_interactions::read_parquet_interactions;
pub use protocol::{Plan, Protocol};
pub use queries::{QueryCase, QueryReport, evaluate_queries, read_queries};
pub use ranked::Ranked;
pub use report::{Evaluation, EvaluationOptions};
pub use report_page::report_page;
pub use system::Setting;
