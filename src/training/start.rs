//! What a run starts from, and how its outcome says so.

use std::path::PathBuf;

use super::corpus::Corpus;
use super::distillation::Settings;
use super::export::Provenance;
use super::initialize::{StudentPlan, from_teacher};
use super::shape::StudentShape;
use super::source_model::SourceModel;
use super::tensors::Tensors;
use crate::artifact::manifest::sha256_hex;
use crate::error::{Error, Result};

/// What a student is before training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Made of the teacher.
    Teacher(StudentPlan),
    /// A student's model directory, f32.
    Student(PathBuf),
}

/// The first student.
#[derive(Debug)]
pub(super) struct FirstStudent {
    pub shape: StudentShape,
    pub tensors: Tensors,
    /// What it was made from, in words.
    from: String,
}

impl Start {
    /// Makes or reads the first student.
    pub(super) fn student(&self, teacher: &SourceModel, corpus: &Corpus) -> Result<FirstStudent> {
        match self {
            Self::Teacher(plan) => {
                let counts = corpus.token_counts(teacher.shape.vocabulary);
                let (shape, tensors) = from_teacher(&teacher.shape, &teacher.tensors, plan, &counts)?;
                let layers: Vec<String> = plan.layers.iter().map(ToString::to_string).collect();
                let from = format!("its layers {} with embeddings of {}", layers.join(", "), plan.embedding_size);
                Ok(FirstStudent { shape, tensors, from })
            }
            Self::Student(dir) => {
                let student = SourceModel::read(dir)?;
                let what = || format!("the student {}", dir.display());
                if student.tokenizer != teacher.tokenizer {
                    return Err(Error::incompatible(what(), "a tokenizer of its own", "the teacher's tokenizer"));
                }
                if student.shape.hidden != teacher.shape.hidden {
                    let (found, expected) = (student.shape.hidden, teacher.shape.hidden);
                    return Err(Error::incompatible(what(), found, format!("{expected} dimensions, as its teacher")));
                }
                let from = format!("{} ({})", student.manifest.id, short(&student.weights_sha256));
                Ok(FirstStudent { shape: student.shape, tensors: student.tensors, from })
            }
        }
    }
}

impl FirstStudent {
    /// Teacher, student and corpus in words: what a checkpoint must have in common with the run that goes on from it.
    pub fn origin(&self, teacher: &SourceModel, corpus: &str) -> String {
        let (weights, corpus) = (short(&teacher.weights_sha256), sha256_hex(corpus.as_bytes()));
        format!("{} ({weights}), from {}, on the corpus {}", teacher.manifest.id, self.from, short(&corpus))
    }

    /// What the manifest of the finished student says.
    pub fn provenance(&self, id: String, teacher: &SourceModel, settings: &Settings) -> Provenance {
        let Settings { steps, finish_steps, finish_precision, seed, max_tokens, .. } = settings;
        let finish = match finish_steps {
            0 => String::new(),
            _ => format!(" and {finish_steps} with {} weights", finish_precision.name()),
        };
        let (version, name, from) = (env!("CARGO_PKG_VERSION"), &teacher.manifest.id, &self.from);
        Provenance {
            id,
            max_tokens: *max_tokens,
            space: teacher.manifest.space().to_owned(),
            license: teacher.manifest.license.clone(),
            source: format!(
                "distilled by inglenook {version} from {name}, starting from {from}, in {steps} steps{finish}, seed {seed}"
            ),
        }
    }
}

/// Enough of a hash to tell files apart.
fn short(sha256: &str) -> &str {
    sha256.get(..12).unwrap_or(sha256)
}
