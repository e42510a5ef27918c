//! The encoder on the CPU: one pass over the tokens of several texts, without padding.
//!
//! Rows of tokens lie one after another whatever text they belong to; only attention looks at where texts begin and end. Linear layers
//! with int8 or int4 weights quantize their input on the fly (`kernels/int8.rs`), and so do the products of attention between them
//! (`kernels/pairs.rs`); all else is f32.

use core::ops::Range;

use super::bert::{BertWeights, LayerWeights, LinearWeights, NormWeights};
use super::config::Pooling;
use super::matrix::{Matrix, Values};
use crate::embedding::{Rows, normalize};
use crate::kernels::{
    self, Beside, Columns, Int8Matrix, Int8Rows, LANES, LinearPanels, PairRows, Panels, QuantizedRows, Strided, gelu,
    layer_norm, linear_f32, linear_int4, linear_int8, matmul, multiply_pairs, softmax,
};
use crate::quantization::int4;

/// Tokens of several texts go through the layers together up to this many: enough to read the weights seldom, few enough for the
/// activations to stay in the caches. A longer text goes alone.
const TOKENS_AT_ONCE: usize = 128;

/// Tokens that go through a feed-forward part at once: whole tiles of six rows, few enough for the inner activations to stay in the second-level cache,
/// and enough for a short text to have its int4 weights unpacked once.
const TOKENS_FED: usize = 66;

/// A model that runs on the CPU.
pub(crate) struct CpuEncoder {
    weights: BertWeights,
    /// How the inputs of linear layers are quantized: of the projection, and of each layer.
    projected: Columns,
    layers: Vec<LayerColumns>,
}

/// The inputs of one layer's products.
struct LayerColumns {
    attention: Columns,
    context: Columns,
    expand: Columns,
    contract: Columns,
}

impl LayerColumns {
    /// The weights of each product with the columns of its inputs.
    fn with_weights<'a>(&'a self, layer: &'a mut LayerWeights) -> [(&'a mut LinearWeights, &'a Columns); 6] {
        [
            (&mut layer.query, &self.attention),
            (&mut layer.key, &self.attention),
            (&mut layer.value, &self.attention),
            (&mut layer.output, &self.context),
            (&mut layer.expand, &self.expand),
            (&mut layer.contract, &self.contract),
        ]
    }
}

/// Where the input of linear layers was taken, within a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Site {
    /// What queries, keys and values are made of.
    Attention,
    /// What attention gathered.
    Context,
    /// What the feed-forward part expands.
    Expand,
    /// What it contracts.
    Contract,
}

/// Buffers that one pass after another uses; they grow to the largest and stay.
#[derive(Default)]
pub(crate) struct Scratch {
    hidden: Vec<f32>,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    context: Vec<f32>,
    projected: Vec<f32>,
    inner: Vec<f32>,
    /// Keys of one head of one text, turned: `[head width, tokens]`.
    keys: Vec<f32>,
    scores: Vec<f32>,
    integers: IntegerAttention,
    linear: LinearScratch,
}

/// What attention multiplies in integers.
#[derive(Default)]
struct IntegerAttention {
    query: PairRows,
    key: PairRows,
    weights: PairRows,
    panels: Panels,
    /// How far each dimension of a text's values reaches.
    reaches: Vec<f32>,
}

#[derive(Default)]
struct LinearScratch {
    int8: Int8Rows,
    quantized: QuantizedRows,
    f32: LinearPanels,
    /// Some channels of int4 weights.
    integers: Vec<i16>,
}

impl CpuEncoder {
    pub fn new(mut weights: BertWeights) -> Self {
        let layers = weights.layers.iter_mut().map(|layer| {
            let columns = LayerColumns {
                attention: Columns::alike(weights.hidden),
                context: Columns::alike(weights.hidden),
                expand: Columns::alike(weights.hidden),
                contract: Columns::alike(layer.contract.weight.columns),
            };
            for (linear, columns) in columns.with_weights(layer) {
                linear.lay_out(columns);
            }
            columns
        });
        let layers = layers.collect();
        Self { projected: Columns::alike(weights.tokens.columns), layers, weights }
    }

    /// Gives more bits to those of the inputs of int8 layers that reach furthest in a text: the same few do in all texts, but no weight
    /// tells which.
    pub fn widen_for(&mut self, text: &[u32], scratch: &mut Scratch) {
        let mut reaches = vec![[(); 2].map(|()| vec![0.0_f32; self.weights.hidden]); self.layers.len()];
        self.watched(&[text], scratch, |layer, site, rows| {
            let reaches = match site {
                Site::Attention => &mut reaches[layer][0],
                Site::Expand => &mut reaches[layer][1],
                // Attention averages outliers away, and the feed-forward part has others in each token.
                Site::Context | Site::Contract => return,
            };
            for row in rows.chunks_exact(reaches.len()) {
                for (reach, x) in reaches.iter_mut().zip(row) {
                    *reach = reach.max(x.abs());
                }
            }
        });
        for ((columns, layer), [attention, expand]) in
            self.layers.iter_mut().zip(&mut self.weights.layers).zip(&reaches)
        {
            columns.attention = Columns::by_reach(attention);
            columns.expand = Columns::by_reach(expand);
            for (linear, columns) in columns.with_weights(layer) {
                linear.widen(columns);
            }
        }
    }

    /// What it computes with.
    pub fn weights(&self) -> &BertWeights {
        &self.weights
    }

    /// Splits texts into consecutive groups that go through the layers at once.
    pub fn groups<'a, 'b>(texts: &'b [&'a [u32]]) -> impl Iterator<Item = &'b [&'a [u32]]> {
        let mut left = texts;
        core::iter::from_fn(move || {
            let mut tokens = 0;
            let fitting = left.iter().take_while(|text| {
                tokens += text.len();
                tokens <= TOKENS_AT_ONCE
            });
            let count = fitting.count().max(1).min(left.len());
            let (group, rest) = left.split_at(count);
            left = rest;
            (!group.is_empty()).then_some(group)
        })
    }

    /// Unit vectors, `[texts, hidden]`. Each text has at least one token and at most as many as the model has positions.
    pub fn encode(&self, texts: &[&[u32]], scratch: &mut Scratch) -> Vec<f32> {
        let mut vectors = self.pooled(texts, scratch);
        // The mean's divisor falls away in the normalization.
        vectors.chunks_exact_mut(self.weights.hidden).for_each(|vector| {
            normalize(vector);
        });
        vectors
    }

    /// As [`encode`](Self::encode), before vectors are scaled to length 1: the sum over a text's tokens, or the first token's vector.
    pub fn pooled(&self, texts: &[&[u32]], scratch: &mut Scratch) -> Vec<f32> {
        self.watched(texts, scratch, |_, _, _| {})
    }

    /// As [`pooled`](Self::pooled); shows `watch` the rows that enter the linear layers: `(layer, site, rows)`.
    pub(super) fn watched(
        &self,
        texts: &[&[u32]],
        scratch: &mut Scratch,
        mut watch: impl FnMut(usize, Site, &[f32]),
    ) -> Vec<f32> {
        let hidden = self.weights.hidden;
        self.embed(texts, scratch);
        for (index, layer) in self.weights.layers.iter().enumerate() {
            let mut watch = |site: Site, rows: &[f32]| watch(index, site, rows);
            let columns = &self.layers[index];
            self.attend(layer, columns, texts, scratch, &mut watch);
            feed_forward(layer, columns, hidden, scratch, &mut watch);
        }
        self.pool(texts, &scratch.hidden)
    }

    fn embed(&self, texts: &[&[u32]], scratch: &mut Scratch) {
        let weights = &self.weights;
        let ids = || texts.iter().copied().flatten();
        let Scratch { hidden: rows, inner, linear, .. } = scratch;
        resize(rows, ids().count() * weights.hidden);
        if let Some(projection) = &weights.projection {
            let width = projection.weight.columns;
            resize(inner, ids().count() * width);
            copy_rows(&weights.tokens, ids(), inner);
            linear.input(inner, &self.projected).apply(projection, rows);
        } else {
            copy_rows(&weights.tokens, ids(), rows);
        }
        let positions = texts.iter().flat_map(|text| weights.positions.chunks_exact(weights.hidden).take(text.len()));
        for (row, position) in rows.chunks_exact_mut(weights.hidden).zip(positions) {
            for (x, p) in row.iter_mut().zip(position) {
                *x += p;
            }
            layer_norm(row, &weights.norm.gamma, &weights.norm.beta, weights.norm.epsilon);
        }
    }

    /// Multi-head attention with its projection, residual and norm.
    fn attend(
        &self,
        layer: &LayerWeights,
        columns: &LayerColumns,
        texts: &[&[u32]],
        scratch: &mut Scratch,
        watch: &mut impl FnMut(Site, &[f32]),
    ) {
        let hidden = self.weights.hidden;
        let width = hidden / self.weights.heads;
        let Scratch { hidden: rows, query, key, value, context, projected, keys, scores, integers, linear, .. } =
            scratch;
        watch(Site::Attention, rows);
        let mut input = linear.input(rows, &columns.attention);
        input.apply(&layer.query, query);
        input.apply(&layer.key, key);
        input.apply(&layer.value, value);
        resize(context, rows.len());
        // Weights in integers come with products in integers; those in f32 are there for their precision.
        let in_integers = !matches!(layer.query.weight.values, Values::Rows(Rows::F32(_)));
        if in_integers {
            integers.query.quantize(query, self.weights.heads, width);
            integers.key.quantize(key, self.weights.heads, width);
        }
        let mut first = 0;
        for text in texts {
            let range = first..first + text.len() * hidden;
            first = range.end;
            if in_integers {
                let tokens = range.start / hidden..range.end / hidden;
                integers.attend(tokens, &value[range.clone()], self.weights.heads, scores, &mut context[range]);
                continue;
            }
            for head in 0..self.weights.heads {
                // The head's columns of the text's rows; they lie `hidden` values apart.
                let from = range.start + head * width;
                let strided = |values| Strided { values, stride: hidden };
                let (query, key, value) = (
                    strided(&query[from..range.end]),
                    strided(&key[from..range.end]),
                    strided(&value[from..range.end]),
                );
                weigh(query, key, [text.len(), width], keys, scores);
                let weights = Strided { values: scores, stride: text.len().next_multiple_of(LANES) };
                matmul(weights, value, [text.len(), text.len(), width], &mut context[from..range.end], hidden);
            }
        }
        watch(Site::Context, context);
        linear.input(context, &columns.context).apply(&layer.output, projected);
        add_and_norm(rows, projected, &layer.attention_norm);
    }

    fn pool(&self, texts: &[&[u32]], rows: &[f32]) -> Vec<f32> {
        let hidden = self.weights.hidden;
        let mut pooled = vec![0.0; texts.len() * hidden];
        let mut rows = rows.chunks_exact(hidden);
        for (out, text) in pooled.chunks_exact_mut(hidden).zip(texts) {
            for (at, row) in rows.by_ref().take(text.len()).enumerate() {
                if self.weights.pooling == Pooling::Mean || at == 0 {
                    for (sum, x) in out.iter_mut().zip(row) {
                        *sum += x;
                    }
                }
            }
        }
        pooled
    }
}

/// The vectors of tokens, one after another.
fn copy_rows<'a>(table: &Matrix, ids: impl Iterator<Item = &'a u32>, out: &mut [f32]) {
    for (row, id) in out.chunks_exact_mut(table.columns).zip(ids) {
        table.copy_row(*id as usize, row);
    }
}

/// The feed-forward part with its residual and norm.
fn feed_forward(
    layer: &LayerWeights,
    columns: &LayerColumns,
    hidden: usize,
    scratch: &mut Scratch,
    watch: &mut impl FnMut(Site, &[f32]),
) {
    let Scratch { hidden: rows, inner, projected, linear, .. } = scratch;
    for rows in rows.chunks_mut(TOKENS_FED * hidden) {
        watch(Site::Expand, rows);
        linear.input(rows, &columns.expand).apply(&layer.expand, inner);
        gelu(inner);
        watch(Site::Contract, inner);
        linear.input(inner, &columns.contract).apply(&layer.contract, projected);
        add_and_norm(rows, projected, &layer.output_norm);
    }
}

impl IntegerAttention {
    /// Attention of one text, whose tokens are these rows of queries and keys.
    #[expect(clippy::cast_precision_loss, reason = "head widths are small")]
    fn attend(&mut self, rows: Range<usize>, values: &[f32], heads: usize, scores: &mut Vec<f32>, context: &mut [f32]) {
        let Self { query, key, weights, panels, reaches, .. } = self;
        let (tokens, hidden) = (rows.len(), values.len() / rows.len());
        let (width, padded) = (hidden / heads, tokens.next_multiple_of(LANES));
        resize(scores, tokens * padded);
        resize(reaches, hidden);
        kernels::reaches(values, reaches);
        for head in 0..heads {
            panels.turn(key, rows.clone(), head, width);
            multiply_pairs(query, rows.clone(), head * width.div_ceil(2), panels, padded, scores, padded);
            weights.clear(padded);
            for row in scores.chunks_exact_mut(padded) {
                weights.push_softmax(row, tokens, 1.0 / (width as f32).sqrt());
            }
            let columns = head * width..(head + 1) * width;
            panels.quantize(&values[columns.start..], hidden, &reaches[columns.clone()]);
            multiply_pairs(weights, 0..tokens, 0, panels, width, &mut context[columns.start..], hidden);
        }
    }
}

/// Attention weights of one head of one text, `[tokens, tokens]`, rows padded to whole lanes: `softmax(query key^T / sqrt(width))`.
#[expect(clippy::cast_precision_loss, reason = "head widths are small")]
fn weigh(
    query: Strided<'_>,
    key: Strided<'_>,
    [tokens, width]: [usize; 2],
    keys: &mut Vec<f32>,
    scores: &mut Vec<f32>,
) {
    let padded = tokens.next_multiple_of(LANES);
    resize(keys, width * padded);
    for (token, row) in key.values.chunks(key.stride).enumerate() {
        for (d, x) in row[..width].iter().enumerate() {
            keys[d * padded + token] = *x;
        }
    }
    resize(scores, tokens * padded);
    matmul(query, Strided { values: keys, stride: padded }, [tokens, width, padded], scores, padded);
    let scale = 1.0 / (width as f32).sqrt();
    for row in scores.chunks_exact_mut(padded) {
        softmax(&mut row[..tokens], scale);
    }
}

/// `rows = norm(rows + added)`.
fn add_and_norm(rows: &mut [f32], added: &[f32], norm: &NormWeights) {
    let length = norm.gamma.len();
    for (row, added) in rows.chunks_exact_mut(length).zip(added.chunks_exact(length)) {
        for (x, a) in row.iter_mut().zip(added) {
            *x += a;
        }
        layer_norm(row, &norm.gamma, &norm.beta, norm.epsilon);
    }
}

impl LinearScratch {
    /// Makes rows ready for any number of linear layers.
    fn input<'a>(&'a mut self, rows: &'a [f32], columns: &'a Columns) -> LinearInput<'a> {
        LinearInput { rows, columns, quantized: None, scratch: self }
    }
}

/// The rows that linear layers read, quantized when the first int8 or int4 layer asks for it.
struct LinearInput<'a> {
    rows: &'a [f32],
    columns: &'a Columns,
    /// What they are quantized for.
    quantized: Option<Weights>,
    scratch: &'a mut LinearScratch,
}

/// Weights that take quantized inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weights {
    Int8,
    Int4,
}

impl LinearInput<'_> {
    fn apply(&mut self, linear: &LinearWeights, out: &mut Vec<f32>) {
        let (weight, bias) = (&linear.weight, &linear.bias);
        resize(out, self.rows.len() / self.columns.count() * bias.len());
        match &weight.values {
            Values::Rows(Rows::F32(weight)) => {
                linear_f32(self.rows, self.columns.count(), weight, bias, &mut self.scratch.f32, out);
            }
            Values::Rows(Rows::Int8 { values, scales }) => {
                self.quantize(Weights::Int8);
                let weight = bytemuck::cast_slice(values);
                let beside = linear.beside.get_or_init(|| Beside::of(weight, self.columns));
                linear_int8(&self.scratch.int8, Int8Matrix { weight, scales, beside }, bias, out);
            }
            Values::Int4(rows) => {
                self.quantize(Weights::Int4);
                let LinearScratch { quantized, integers, .. } = &mut *self.scratch;
                linear_int4(quantized, |channels, out| rows.unpack(channels, out), &rows.scales, bias, integers, out);
            }
        }
    }

    fn quantize(&mut self, weights: Weights) {
        if self.quantized == Some(weights) {
            return;
        }
        self.quantized = Some(weights);
        match weights {
            Weights::Int8 => self.scratch.int8.quantize(self.rows, self.columns),
            Weights::Int4 => {
                let count = self.columns.count();
                let limit = QuantizedRows::limit(count, int4::MAX_VALUE);
                self.scratch.quantized.quantize(self.rows, count, limit);
            }
        }
    }
}

/// Gives a buffer its length; what it holds is overwritten by the caller, but for the padding of `keys`, which only has to be finite.
fn resize(buffer: &mut Vec<f32>, length: usize) {
    buffer.resize(length, 0.0);
}
