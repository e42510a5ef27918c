//! Training of the encoder, native only (feature `train`): a student of a few layers learns to give a teacher's vectors, so that the
//! page that runs the student can search a catalog that the teacher embedded.
//!
//! The pipeline, in its order: a [`Corpus`] is read and its words are tokenized once; [`from_teacher`] makes the first [`Student`] of
//! some of the teacher's layers and a factorized embedding table; [`Batches`] draws texts, as they are or varied; the [`Teacher`] gives
//! the [`Target`]; [`distillation_loss`] tells how far the student is from it; burn's `AdamW` takes the step. The last steps may
//! see [quantized weights](Precision). [`distill`] is all of it, with checkpoints, curve and validation; [`export()`] writes the student
//! as a model directory that [`crate::Encoder`] loads.
//!
//! The recipe follows `DistilBERT` (Sanh et al., 2019, arXiv 1910.01108) in its start and LEAF (2025, arXiv 2509.12539) in its aim, a
//! student that is aligned with its teacher's space.

mod augmentation;
mod batch;
mod checkpoint;
mod corpus;
mod curve;
mod device;
mod distillation;
mod export;
mod import;
mod initialize;
mod job;
mod layer;
mod loss;
mod optimizer;
mod quantization_aware;
mod schedule;
mod shape;
mod source_model;
mod start;
mod student;
mod teacher;
mod teacher_vectors;
mod tensors;
mod validation;

pub use augmentation::Augmentation;
pub use batch::{BatchPosition, Batches, Text, TokenBatch};
pub use checkpoint::{Checkpoint, Progress};
pub use corpus::Corpus;
pub use curve::{Curve, CurvePoint};
pub use device::TrainingDevice;
pub use distillation::{Distillation, Reading, Settings};
pub use export::{Provenance, export};
pub use import::{ReferenceWeights, read_reference};
pub use initialize::{Factorization, StudentPlan, factorize, from_teacher};
pub use job::{DistillJob, Event, distill};
pub use loss::{Loss, TEMPERATURE, Target, distillation_loss, likeness_error, similarity_divergence, token_error};
pub use quantization_aware::{Precision, quantized, straight_through};
pub use schedule::{learning_rate, token_weight};
pub use shape::StudentShape;
pub use source_model::SourceModel;
pub use start::Start;
pub use student::{Student, StudentOutput};
pub use teacher::Teacher;
pub use teacher_vectors::TeacherVectors;
pub use tensors::{HostTensor, Tensors};
pub use validation::{Validation, ValidationScore};
