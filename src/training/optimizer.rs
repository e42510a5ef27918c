//! The optimizer: burn's `AdamW` (Loshchilov and Hutter, ICLR 2019), with decay for the matrices of the layers alone, and one norm for
//! all gradients together.
//!
//! burn's `ModuleOptimizer` is not used: it clips each tensor by itself, which bends the direction of the step, and it restores its
//! state through the default device, which need not be there.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::{AdamW, AdamWConfig, AdamWState, AdaptiveMomentumState, GradientsParams, Optimizer};
use burn::prelude::*;

use super::student::{Student, to_vec};
use super::tensors::Tensors;
use crate::error::Result;

/// What the matrices lose each step, times the learning rate.
const WEIGHT_DECAY: f32 = 0.01;

/// Gradients longer than this are scaled down to it.
const LONGEST_GRADIENT: f64 = 1.0;

/// The tables that do not decay: a rare token would fade unseen.
const TABLES: [&str; 2] = ["tokens", "positions"];

const MOMENTS: [&str; 2] = ["moment_1", "moment_2"];

/// `AdamW` and what it remembers of every parameter, by the parameter's path in the module.
pub(super) struct StudentOptimizer {
    decaying: AdamW,
    constant: AdamW,
    /// Parameters are seen as vectors: the step is the same for every element.
    states: BTreeMap<String, AdamWState<1>>,
}

impl StudentOptimizer {
    pub fn new() -> Self {
        let config = AdamWConfig::new().with_beta_2(0.98).with_epsilon(1e-6);
        Self {
            decaying: config.clone().with_weight_decay(WEIGHT_DECAY).build(),
            constant: config.with_weight_decay(0.0).build(),
            states: BTreeMap::new(),
        }
    }

    /// Takes a step. All gradients are scaled down together if they are longer than 1 (Pascanu et al., ICML 2013).
    pub fn step(&mut self, student: Student, gradients: GradientsParams, learning_rate: f64) -> Student {
        let mut sum = SquareSum { gradients: &gradients, total: None };
        student.visit(&mut sum);
        let Some(total) = sum.total else { return student };
        let factor = ((total.sqrt() + 1e-6).recip() * LONGEST_GRADIENT).clamp_max(1.0);
        student.map(&mut Step { optimizer: self, gradients, factor, learning_rate, path: Vec::new() })
    }

    /// What it remembers: two vectors for each parameter.
    pub fn to_tensors(&self) -> Result<Tensors> {
        let mut tensors = Tensors::default();
        for (path, AdamWState { momentum }) in &self.states {
            for (name, moment) in MOMENTS.into_iter().zip([&momentum.moment_1, &momentum.moment_2]) {
                let values = to_vec(moment.clone().into_data())?;
                tensors.insert(format!("{path}.{name}"), &[values.len()], values);
            }
        }
        Ok(tensors)
    }

    /// The inverse of [`to_tensors`](Self::to_tensors), after `steps` steps.
    pub fn restore(tensors: &Tensors, steps: usize, device: &Device) -> Result<Self> {
        let mut optimizer = Self::new();
        let moment = |path: &str, name: &str| -> Result<Tensor<1>> {
            let stored = tensors.find(&format!("{path}.{name}"))?;
            Ok(Tensor::from_data(TensorData::new(stored.values.clone(), [stored.values.len()]), device))
        };
        for path in tensors.iter().filter_map(|(name, _)| name.strip_suffix(".moment_1")) {
            let momentum = AdaptiveMomentumState {
                time: steps,
                moment_1: moment(path, MOMENTS[0])?,
                moment_2: moment(path, MOMENTS[1])?,
                max_moment_2: None,
            };
            optimizer.states.insert(path.to_owned(), AdamWState { momentum });
        }
        Ok(optimizer)
    }
}

struct SquareSum<'a> {
    gradients: &'a GradientsParams,
    total: Option<Tensor<1>>,
}

impl ModuleVisitor for SquareSum<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let squares = gradient.square().sum();
            self.total = Some(match self.total.take() {
                Some(total) => total + squares,
                None => squares,
            });
        }
    }
}

struct Step<'a> {
    optimizer: &'a mut StudentOptimizer,
    gradients: GradientsParams,
    /// `[1]`.
    factor: Tensor<1>,
    learning_rate: f64,
    path: Vec<String>,
}

impl ModuleMapper for Step<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove::<D>(param.id) else { return param };
        let path = self.path.join(".");
        let optimizer = if D == 2 && !TABLES.contains(&path.as_str()) {
            &self.optimizer.decaying
        } else {
            &self.optimizer.constant
        };
        let (id, tensor, mapper) = param.consume();
        let shape = tensor.shape();
        let size = shape.num_elements();
        let gradient = gradient.reshape([size]) * self.factor.clone();
        let state = self.optimizer.states.remove(&path);
        let (tensor, state) = optimizer.step(self.learning_rate, tensor.inner().reshape([size]), gradient, state);
        if let Some(state) = state {
            self.optimizer.states.insert(path, state);
        }
        let tensor = Tensor::from_inner(tensor.reshape(shape)).require_grad();
        Param::from_mapped_value(id, tensor, mapper)
    }
}
