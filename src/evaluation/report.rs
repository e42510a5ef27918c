//! What an evaluation found, as a value and as JSON.

use serde_json::{Map, Value, json};

use super::bootstrap::DRAWS;
use super::cleaning::CleaningReport;
use super::measurement::SystemResult;
use super::product::PRODUCT;
use super::queries::QueryReport;
use crate::learning::{FinetuneOptions, Parts};

/// How to evaluate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EvaluationOptions {
    /// Length of the lists, `1..=1000`.
    pub k: usize,
    /// Whether settings are chosen on validation. Otherwise those that `MovieLens` small chose are used: faster, and weaker elsewhere.
    pub is_tuned: bool,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// The product's diversity, `0..=1`; its default where `None`.
    pub diversity: Option<f32>,
    /// What the product learns.
    pub parts: Parts,
    /// Whether the baselines are run beside the product.
    pub has_baselines: bool,
    /// Whether the product and its content part are also measured with vectors fine-tuned on the training part; it takes [`is_tuned`](Self::is_tuned).
    pub finetune: Option<FinetuneOptions>,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self {
            k: 10,
            is_tuned: true,
            seed: 20_161_123,
            diversity: None,
            parts: Parts::default(),
            has_baselines: true,
            finetune: None,
        }
    }
}

/// What an evaluation found.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// The protocol's name, or `queries`.
    pub protocol: &'static str,
    /// Number of cases.
    pub cases: usize,
    /// Items that could be in a list (of the first fold).
    pub candidates: usize,
    /// Names of the conditions; one without a name, or one a history length.
    pub conditions: Vec<&'static str>,
    /// The product first, then the others.
    pub systems: Vec<SystemResult>,
    /// What cleaning did, for interactions.
    pub cleaning: Option<CleaningReport>,
    /// What reading did, for queries.
    pub queries: Option<QueryReport>,
    /// What it ran with.
    pub options: EvaluationOptions,
}

impl Evaluation {
    /// `{"protocol", "users", "systems": {name: {"ndcg@10", ...}}}`, and what it was made from. With several conditions each system holds one
    /// object a condition.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let of_system = |system: &SystemResult| match &system.conditions[..] {
            [only] => only.to_json(),
            several => {
                let named = self.conditions.iter().zip(several);
                Value::Object(named.map(|(name, result)| ((*name).to_owned(), result.to_json())).collect())
            }
        };
        let systems: Map<String, Value> =
            self.systems.iter().map(|system| (system.name.to_owned(), of_system(system))).collect();
        let mut object = json!({
            "protocol": self.protocol,
            "users": self.cases,
            "candidates": self.candidates,
            "k": self.options.k,
            "tuned": self.options.is_tuned,
            "bootstrap": {"draws": DRAWS, "seed": self.options.seed},
            "systems": systems,
        });
        if let Some(cleaning) = &self.cleaning {
            object["data"] = json!(cleaning);
        }
        if let Some(queries) = &self.queries {
            object["data"] = json!(queries);
        }
        object
    }

    /// What each system reached in each case, one JSON object a line: `{"system", "condition", "user", "ndcg", "ranks"}`.
    #[must_use]
    pub fn case_lines(&self) -> String {
        let mut lines = String::new();
        for system in &self.systems {
            for (condition, result) in self.conditions.iter().zip(&system.conditions) {
                for case in &result.cases {
                    let mut line = json!(case);
                    line["system"] = json!(system.name);
                    line["condition"] = json!(condition);
                    lines.push_str(&line.to_string());
                    lines.push('\n');
                }
            }
        }
        lines
    }

    /// The product's result.
    #[must_use]
    pub fn product(&self) -> Option<&SystemResult> {
        self.systems.iter().find(|system| system.name == PRODUCT)
    }
}
