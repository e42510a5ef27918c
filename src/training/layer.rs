//! One layer of a student, and the linear map it is made of.

use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig};
use burn::prelude::*;
use burn::tensor::activation::{gelu, softmax};
use burn::tensor::module::linear;

use super::quantization_aware::{Precision, straight_through};
use super::shape::StudentShape;
use super::tensors::Tensors;
use crate::error::Result;

/// `y = x W^T + b`, with `W` as files hold it, so that a row is what shares its scales in quantization.
#[derive(Module, Debug)]
pub(super) struct StudentLinear {
    /// `[out, in]`.
    weight: Param<Tensor<2>>,
    /// `[out]`.
    bias: Param<Tensor<1>>,
}

/// A layer of BERT: post-norm, exact GELU.
#[derive(Module, Debug)]
pub(super) struct StudentLayer {
    query: StudentLinear,
    key: StudentLinear,
    value: StudentLinear,
    output: StudentLinear,
    attention_norm: LayerNorm,
    expand: StudentLinear,
    contract: StudentLinear,
    output_norm: LayerNorm,
    heads: usize,
}

impl StudentLinear {
    fn load(tensors: &Tensors, name: &str, shape: [usize; 2], device: &Device) -> Result<Self> {
        let weight = tensors.get(&format!("{name}.weight"), &shape)?.to_vec();
        let bias = tensors.get(&format!("{name}.bias"), &shape[..1])?.to_vec();
        Ok(Self {
            weight: Param::from_data(TensorData::new(weight, shape), device),
            bias: Param::from_data(TensorData::new(bias, [shape[0]]), device),
        })
    }

    fn forward(&self, input: Tensor<3>, precision: Precision) -> Tensor<3> {
        linear(input, straight_through(self.weight.val(), precision).transpose(), Some(self.bias.val()))
    }
}

impl StudentLayer {
    /// Loads layer `index`.
    pub fn load(tensors: &Tensors, index: usize, shape: &StudentShape, device: &Device) -> Result<Self> {
        let (hidden, inner) = (shape.hidden, shape.inner);
        let key = |name: &str| format!("encoder.layer.{index}.{name}");
        let linear = |name: &str, shape| StudentLinear::load(tensors, &key(name), shape, device);
        let norm = |name: &str| load_norm(tensors, &key(name), shape, device);
        Ok(Self {
            query: linear("attention.self.query", [hidden, hidden])?,
            key: linear("attention.self.key", [hidden, hidden])?,
            value: linear("attention.self.value", [hidden, hidden])?,
            output: linear("attention.output.dense", [hidden, hidden])?,
            attention_norm: norm("attention.output.LayerNorm")?,
            expand: linear("intermediate.dense", [inner, hidden])?,
            contract: linear("output.dense", [hidden, inner])?,
            output_norm: norm("output.LayerNorm")?,
            heads: shape.heads,
        })
    }

    /// `hidden` is `[batch, seq, hidden]`; `bias` `[batch, 1, 1, seq]` is added to the attention scores.
    pub fn forward(&self, hidden: Tensor<3>, bias: Tensor<4>, precision: Precision) -> Tensor<3> {
        let attended = self.output.forward(self.attention(&hidden, bias, precision), precision);
        let hidden = self.attention_norm.forward(hidden + attended);
        let inner = gelu(self.expand.forward(hidden.clone(), precision));
        self.output_norm.forward(hidden + self.contract.forward(inner, precision))
    }

    fn attention(&self, hidden: &Tensor<3>, bias: Tensor<4>, precision: Precision) -> Tensor<3> {
        let [batch, seq, width] = hidden.dims();
        let head_width = width / self.heads;
        let split = |projection: &StudentLinear| {
            let rows = projection.forward(hidden.clone(), precision);
            rows.reshape([batch, seq, self.heads, head_width]).swap_dims(1, 2)
        };
        let (query, key, value) = (split(&self.query), split(&self.key), split(&self.value));
        #[expect(clippy::cast_precision_loss, reason = "head widths are small")]
        let scores = query.matmul(key.swap_dims(2, 3)) / (head_width as f64).sqrt() + bias;
        softmax(scores, 3).matmul(value).swap_dims(1, 2).reshape([batch, seq, width])
    }

    /// The layer's tensors by name, as they are on the device.
    pub fn visit(&self, index: usize, insert: &mut impl FnMut(String, TensorData)) {
        let mut key = |name: &str, data: TensorData| insert(format!("encoder.layer.{index}.{name}"), data);
        let linears = [
            ("attention.self.query", &self.query),
            ("attention.self.key", &self.key),
            ("attention.self.value", &self.value),
            ("attention.output.dense", &self.output),
            ("intermediate.dense", &self.expand),
            ("output.dense", &self.contract),
        ];
        for (name, linear) in linears {
            key(&format!("{name}.weight"), linear.weight.val().into_data());
            key(&format!("{name}.bias"), linear.bias.val().into_data());
        }
        for (name, norm) in
            [("attention.output.LayerNorm", &self.attention_norm), ("output.LayerNorm", &self.output_norm)]
        {
            visit_norm(name, norm, &mut key);
        }
    }
}

/// A layer normalization from `NAME.weight` and `NAME.bias`.
pub(super) fn load_norm(tensors: &Tensors, name: &str, shape: &StudentShape, device: &Device) -> Result<LayerNorm> {
    let vector = |part: &str| -> Result<Param<Tensor<1>>> {
        let values = tensors.get(&format!("{name}.{part}"), &[shape.hidden])?.to_vec();
        Ok(Param::from_data(TensorData::new(values, [shape.hidden]), device))
    };
    let mut norm = LayerNormConfig::new(shape.hidden).with_epsilon(shape.epsilon).init(device);
    norm.gamma = vector("weight")?;
    norm.beta = Some(vector("bias")?);
    Ok(norm)
}

/// The inverse of [`load_norm`].
pub(super) fn visit_norm(name: &str, norm: &LayerNorm, insert: &mut impl FnMut(&str, TensorData)) {
    insert(&format!("{name}.weight"), norm.gamma.val().into_data());
    if let Some(beta) = &norm.beta {
        insert(&format!("{name}.bias"), beta.val().into_data());
    }
}
