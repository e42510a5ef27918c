//! The kernels on whatever Vulkan device there is (Mesa's software one will do), against arithmetic in f64. Without a device
//! the tests say so and pass.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "small test data")]

mod common;

use std::collections::BTreeMap;

use bytes::Bytes;
use common::random_model;
use inglenook::encoder::gpu::{GpuEncoder, GpuKernels};
use inglenook::encoder::{Backend, DeviceChoice, EncoderConfig, quantize_weights};
use inglenook::gpu::{Gpu, GpuTable, Selection, Term};
use inglenook::quantization::WeightDtype;
use inglenook::{Encoder, embedding::dot};
use pollster::block_on;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

fn gpu() -> Option<Gpu> {
    match block_on(Gpu::open(None)) {
        Ok(gpu) => Some(gpu),
        Err(reason) => {
            println!("skipped: {reason}");
            None
        }
    }
}

/// Uniform numbers in -1..1 (Steele et al.'s `SplitMix64`).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

#[derive(Clone, Copy)]
struct Sizes {
    hidden: usize,
    heads: usize,
    inner: usize,
    layers: usize,
    cls: bool,
    /// Width of the token table, where it is another.
    embedding: Option<usize>,
}

const VOCABULARY: usize = 61;
const POSITIONS: usize = 300;

impl Sizes {
    fn config(self) -> EncoderConfig {
        let pooling = if self.cls { "cls" } else { "mean" };
        let json = serde_json::json!({
            "num_hidden_layers": self.layers, "hidden_size": self.hidden, "num_attention_heads": self.heads,
            "intermediate_size": self.inner, "vocab_size": VOCABULARY, "max_position_embeddings": POSITIONS,
            "layer_norm_eps": 1e-12, "hidden_act": "gelu", "model_type": "bert", "pooling": pooling, "embedding_size": self.embedding,
        });
        EncoderConfig::parse(json.to_string().as_bytes()).unwrap()
    }

    /// Random weights, of a size that keeps activations alive through the layers.
    fn weights(self, random: &mut Random) -> Bytes {
        let Self { hidden, inner, layers, .. } = self;
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut add = |name: &str, shape: &[usize], size: f32, shift: f32| {
            let count = shape.iter().product();
            let data = (0..count).flat_map(|_| (random.float() * size + shift).to_le_bytes()).collect();
            tensors.push((name.to_owned(), shape.to_vec(), data));
        };
        add("embeddings.word_embeddings.weight", &[VOCABULARY, self.embedding.unwrap_or(hidden)], 1.0, 0.0);
        if let Some(width) = self.embedding {
            add("embeddings.projection.weight", &[hidden, width], 3.0 / (width as f32).sqrt(), 0.0);
        }
        add("embeddings.position_embeddings.weight", &[POSITIONS, hidden], 0.5, 0.0);
        add("embeddings.token_type_embeddings.weight", &[2, hidden], 0.1, 0.0);
        let mut norms = vec!["embeddings.LayerNorm".to_owned()];
        for layer in 0..layers {
            let key = |name: &str| format!("encoder.layer.{layer}.{name}");
            for (name, out, input) in [
                ("attention.self.query", hidden, hidden),
                ("attention.self.key", hidden, hidden),
                ("attention.self.value", hidden, hidden),
                ("attention.output.dense", hidden, hidden),
                ("intermediate.dense", inner, hidden),
                ("output.dense", hidden, inner),
            ] {
                add(&format!("{}.weight", key(name)), &[out, input], 3.0 / (input as f32).sqrt(), 0.0);
                add(&format!("{}.bias", key(name)), &[out], 0.3, 0.0);
            }
            norms.extend([key("attention.output.LayerNorm"), key("output.LayerNorm")]);
        }
        for norm in norms {
            add(&format!("{norm}.weight"), &[hidden], 0.3, 1.0);
            add(&format!("{norm}.bias"), &[hidden], 0.3, 0.0);
        }
        let views = tensors
            .iter()
            .map(|(name, shape, data)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
        serialize(views, None).unwrap().into()
    }
}

/// The same model in f64, one value after another.
struct Reference {
    sizes: Sizes,
    tensors: BTreeMap<String, Vec<f64>>,
}

impl Reference {
    fn new(sizes: Sizes, file: &Bytes) -> Self {
        let file = SafeTensors::deserialize(file).unwrap();
        let floats = |data: &[u8]| -> Vec<f64> {
            data.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        };
        let read = |(name, view): (&str, TensorView<'_>)| {
            let data_of = |end: &str| file.tensor(&format!("{name}.{end}")).unwrap().data();
            let values = match view.dtype() {
                Dtype::I8 if !name.ends_with(".factor") => {
                    let rows = view.data().chunks_exact(view.shape()[1]).zip(floats(data_of("scale")));
                    rows.flat_map(|(row, scale)| row.iter().map(move |x| f64::from(x.cast_signed()) * scale)).collect()
                }
                Dtype::U8 => {
                    let scales =
                        data_of("scale").as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f64());
                    let rows = view.data().chunks_exact(view.shape()[1]).zip(scales);
                    let groups = rows.flat_map(|(row, scale)| row.chunks_exact(16).map(move |group| (group, scale)));
                    let weight = |code: u8, factor: u8, scale: f64| {
                        (f64::from(code) - 8.0) * f64::from(factor.cast_signed()) * scale
                    };
                    groups
                        .zip(data_of("factor"))
                        .flat_map(|((group, scale), factor)| {
                            let low = group.iter().map(move |byte| weight(byte & 15, *factor, scale));
                            low.chain(group.iter().map(move |byte| weight(byte >> 4, *factor, scale)))
                        })
                        .collect()
                }
                Dtype::F32 => floats(view.data()),
                // Scales and factors, read above.
                _ => Vec::new(),
            };
            (name.to_owned(), values)
        };
        Self { sizes, tensors: file.iter().map(read).collect() }
    }

    fn linear(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let (weight, bias) = (&self.tensors[&format!("{name}.weight")], &self.tensors[&format!("{name}.bias")]);
        weight
            .chunks_exact(x.len())
            .zip(bias)
            .map(|(w, b)| b + w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>())
            .collect()
    }

    fn norm(&self, name: &str, x: &[f64]) -> Vec<f64> {
        let (gamma, beta) = (&self.tensors[&format!("{name}.weight")], &self.tensors[&format!("{name}.bias")]);
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
        let scale = 1.0 / (variance + 1e-12).sqrt();
        x.iter().zip(gamma).zip(beta).map(|((x, g), b)| (x - mean) * scale * g + b).collect()
    }

    fn encode(&self, ids: &[u32]) -> Vec<f64> {
        let Sizes { hidden, heads, layers, cls, .. } = self.sizes;
        let row = |name: &str, row: usize| &self.tensors[name][row * hidden..(row + 1) * hidden];
        let token = |id: u32| -> Vec<f64> {
            let width = self.sizes.embedding.unwrap_or(hidden);
            let vector = &self.tensors["embeddings.word_embeddings.weight"][id as usize * width..][..width];
            let Some(projection) = self.tensors.get("embeddings.projection.weight") else { return vector.to_vec() };
            projection.chunks_exact(width).map(|row| row.iter().zip(vector).map(|(p, x)| p * x).sum()).collect()
        };
        let mut x: Vec<Vec<f64>> = ids
            .iter()
            .enumerate()
            .map(|(position, id)| {
                let (t, p) = (token(*id), row("embeddings.position_embeddings.weight", position));
                let kind = row("embeddings.token_type_embeddings.weight", 0);
                let sum: Vec<f64> = (0..hidden).map(|i| t[i] + p[i] + kind[i]).collect();
                self.norm("embeddings.LayerNorm", &sum)
            })
            .collect();
        let add = |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a + b).collect() };
        for layer in 0..layers {
            let key = |name: &str| format!("encoder.layer.{layer}.{name}");
            let all = |name: &str| -> Vec<Vec<f64>> { x.iter().map(|x| self.linear(&key(name), x)).collect() };
            let (q, k, v) = (all("attention.self.query"), all("attention.self.key"), all("attention.self.value"));
            let width = hidden / heads;
            let attended = q.iter().map(|q| {
                let mut mixed = vec![0.0; hidden];
                for head in 0..heads {
                    let part = head * width..(head + 1) * width;
                    let dot = |k: &Vec<f64>| part.clone().map(|i| q[i] * k[i]).sum::<f64>() / (width as f64).sqrt();
                    let scores: Vec<f64> = k.iter().map(dot).collect();
                    let highest = scores.iter().fold(f64::MIN, |a, b| a.max(*b));
                    let sum: f64 = scores.iter().map(|s| (s - highest).exp()).sum();
                    for (score, v) in scores.iter().zip(&v) {
                        for i in part.clone() {
                            mixed[i] += (score - highest).exp() / sum * v[i];
                        }
                    }
                }
                mixed
            });
            x = attended
                .zip(&x)
                .map(|(attended, x)| {
                    let sum = add(x, &self.linear(&key("attention.output.dense"), &attended));
                    let x = self.norm(&key("attention.output.LayerNorm"), &sum);
                    let gelu = |x: f64| 0.5 * x * (1.0 + libm::erf(x / 2.0_f64.sqrt()));
                    let inner: Vec<f64> = self.linear(&key("intermediate.dense"), &x).into_iter().map(gelu).collect();
                    self.norm(&key("output.LayerNorm"), &add(&x, &self.linear(&key("output.dense"), &inner)))
                })
                .collect();
        }
        let pooled = if cls {
            x[0].clone()
        } else {
            (0..hidden).map(|i| x.iter().map(|x| x[i]).sum::<f64>() / x.len() as f64).collect()
        };
        let norm = pooled.iter().map(|x| x * x).sum::<f64>().sqrt();
        pooled.iter().map(|x| x / norm).collect()
    }
}

struct Model {
    encoder: GpuEncoder,
    reference: Reference,
}

impl Model {
    fn random(gpu: &Gpu, sizes: Sizes, dtype: WeightDtype) -> Self {
        let f32s = sizes.weights(&mut Random(7));
        let file: Bytes =
            if dtype == WeightDtype::F32 { f32s } else { quantize_weights(&f32s, &dtype.into()).unwrap().into() };
        let encoder = block_on(GpuEncoder::from_safetensors(gpu, &sizes.config(), &file)).unwrap();
        Self { encoder, reference: Reference::new(sizes, &file) }
    }

    fn check(&self, texts: &[Vec<u32>]) {
        let ids: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let found = block_on(self.encoder.encode(&ids)).unwrap();
        assert_eq!(found.len(), texts.len() * self.encoder.dimensions());
        for (text, found) in texts.iter().zip(found.chunks_exact(self.encoder.dimensions())) {
            let expected = self.reference.encode(text);
            let worst = found.iter().zip(&expected).map(|(f, e)| (f64::from(*f) - e).abs()).fold(0.0, f64::max);
            assert!(worst < 2e-5, "{} tokens of {}: off by {worst}", text.len(), texts.len());
        }
    }
}

fn text(random: &mut Random, length: usize) -> Vec<u32> {
    (0..length).map(|_| random.below(VOCABULARY) as u32).collect()
}

const LENGTHS: [usize; 9] = [1, 2, 63, 64, 65, 127, 128, 255, 256];
const EVEN: Sizes = Sizes { hidden: 64, heads: 4, inner: 128, layers: 2, cls: false, embedding: None };

#[test]
fn single_texts_of_any_length_equal_the_reference() {
    let Some(gpu) = gpu() else { return };
    for dtype in [WeightDtype::Int4, WeightDtype::Int8, WeightDtype::F32] {
        let model = Model::random(&gpu, EVEN, dtype);
        for length in LENGTHS {
            model.check(&[text(&mut Random(length as u64), length)]);
        }
    }
}

#[test]
fn a_mixed_batch_equals_the_reference_across_submissions() {
    let Some(gpu) = gpu() else { return };
    let mut random = Random(11);
    let mut texts: Vec<Vec<u32>> = LENGTHS.iter().rev().map(|length| text(&mut random, *length)).collect();
    // Some thousand tokens more, so that they do not fit into one submission.
    texts.extend((0..60).map(|_| 1 + random.below(120)).collect::<Vec<_>>().into_iter().map(|n| text(&mut random, n)));
    assert!(texts.iter().map(Vec::len).sum::<usize>() > 4096);
    for dtype in [WeightDtype::Int4, WeightDtype::Int8, WeightDtype::F32] {
        Model::random(&gpu, EVEN, dtype).check(&texts);
    }
}

#[test]
fn odd_widths_equal_the_reference() {
    let Some(gpu) = gpu() else { return };
    let mut random = Random(3);
    let texts: Vec<_> = [5, 1, 40, 17].map(|length| text(&mut random, length)).into();
    let long = vec![text(&mut random, 150), text(&mut random, 3)];
    // Heads of 1, 9, 25 (six vec4 and a rest) and 128 columns.
    // The last has heads whose padding int4 does not allow.
    for (hidden, heads, inner, dtype, cls, embedding) in [
        (1, 1, 1, WeightDtype::Int8, false, None),
        (36, 4, 50, WeightDtype::Int8, true, Some(7)),
        (75, 3, 201, WeightDtype::F32, false, Some(20)),
        (128, 1, 64, WeightDtype::Int8, true, None),
        (96, 3, 64, WeightDtype::Int4, false, Some(32)),
        (64, 2, 50, WeightDtype::Int4, true, Some(96)),
        (96, 32, 64, WeightDtype::Int4, false, None),
    ] {
        let model = Model::random(&gpu, Sizes { hidden, heads, inner, layers: 1, cls, embedding }, dtype);
        model.check(&texts);
        model.check(&long);
    }
}

#[test]
fn a_text_does_not_depend_on_its_neighbors_or_on_what_ran_before() {
    let Some(gpu) = gpu() else { return };
    let model = Model::random(&gpu, EVEN, WeightDtype::Int8);
    let mut random = Random(5);
    let (a, b) = (text(&mut random, 20), text(&mut random, 30));
    let alone = block_on(model.encoder.encode(&[&a])).unwrap();
    let long = text(&mut random, 100);
    block_on(model.encoder.encode(&[&long[..]])).unwrap();
    let together = block_on(model.encoder.encode(&[&b, &a])).unwrap();
    assert_eq!(alone, together[model.encoder.dimensions()..]);
}

#[test]
fn kernels_can_be_compiled_before_the_weights_are_there() {
    let Some(gpu) = gpu() else { return };
    block_on(GpuKernels::compile(&gpu, &EVEN.config(), WeightDtype::Int8)).unwrap();
    let model = Model::random(&gpu, EVEN, WeightDtype::Int8);
    assert_eq!(model.encoder.dispatches_per_encode(), 12);
}

#[test]
fn what_cannot_be_encoded_is_an_error() {
    let Some(gpu) = gpu() else { return };
    let model = Model::random(&gpu, EVEN, WeightDtype::Int8);
    let long = vec![0; POSITIONS + 1];
    let unknown = [VOCABULARY as u32];
    for ids in [&[][..], &long, &unknown] {
        assert_eq!(block_on(model.encoder.encode(&[ids])).unwrap_err().code(), "invalid_input");
    }
    assert!(block_on(model.encoder.encode(&[])).unwrap().is_empty());
    let wide = Sizes { hidden: 132, heads: 1, inner: 8, layers: 1, cls: false, embedding: None };
    let refused = block_on(GpuEncoder::from_safetensors(&gpu, &wide.config(), &wide.weights(&mut Random(1))));
    assert_eq!(refused.unwrap_err().code(), "backend_unavailable");
}

#[test]
fn a_lost_device_is_an_error() {
    let Some(gpu) = gpu() else { return };
    let model = Model::random(&gpu, EVEN, WeightDtype::Int8);
    model.check(&[vec![1, 2, 3]]);
    gpu.destroy();
    let lost = block_on(model.encoder.encode(&[&[1, 2, 3]])).unwrap_err();
    assert_eq!(lost.code(), "backend_unavailable", "{lost}");
    assert!(gpu.check().is_err());
}

/// Scores that f32 holds exactly in any order of summation, so that the GPU's are equal bit for bit.
struct Table {
    values: Vec<i8>,
    scales: Vec<f32>,
    dimensions: usize,
}

impl Table {
    fn random(rows: usize, dimensions: usize, spread: usize) -> Self {
        let mut random = Random(rows as u64);
        let values = (0..rows * dimensions)
            .map(|_| i8::try_from(random.below(2 * spread + 1).cast_signed() - spread.cast_signed()).unwrap())
            .collect();
        let scales = (0..rows).map(|_| [0.25, 0.5, 1.0][random.below(3)]).collect();
        Self { values, scales, dimensions }
    }

    fn resident(&self, gpu: &Gpu) -> GpuTable {
        let values: &[u8] = bytemuck::cast_slice(&self.values);
        block_on(GpuTable::load(gpu, values, &self.scales, self.dimensions)).unwrap()
    }

    fn scores(&self, terms: &[Term<'_>], factors: Option<&[f32]>, base: Option<&[f32]>) -> Vec<(usize, f32)> {
        let score = |(row, values): (usize, &[i8])| {
            let mut score = base.map_or(0.0, |base| base[row]);
            for term in terms {
                let dot: f32 = values.iter().zip(term.vector).map(|(x, v)| f32::from(*x) * v).sum();
                let factor = factors.filter(|_| term.by_row).map_or(1.0, |factors| factors[row]);
                score += term.weight * factor * (dot * self.scales[row] - term.offset);
            }
            (row, score)
        };
        let mut all: Vec<_> = self.values.chunks_exact(self.dimensions).enumerate().map(score).collect();
        all.retain(|(_, score)| score.is_finite());
        sort(&mut all);
        all
    }
}

fn sort(rows: &mut [(usize, f32)]) {
    rows.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

/// What the GPU selects, sorted: the best `k`, and ties of the k-th.
fn best(table: &GpuTable, terms: &[Term<'_>], k: usize) -> Vec<(usize, f32)> {
    match block_on(table.top_k(terms, k)).unwrap() {
        Selection::Rows(mut rows) => {
            sort(&mut rows);
            rows
        }
        Selection::TooManyTies => panic!("too many ties for k = {k}"),
    }
}

fn integers(random: &mut Random, count: usize, below: usize) -> Vec<f32> {
    (0..count).map(|_| random.below(below) as f32 - (below / 2) as f32).collect()
}

#[test]
fn the_best_rows_equal_the_exact_ones() {
    let Some(gpu) = gpu() else { return };
    for (rows, dimensions) in [(1, 3), (127, 16), (5000, 20), (70_000, 48)] {
        let table = Table::random(rows, dimensions, 127);
        let resident = table.resident(&gpu);
        let mut random = Random(1);
        let (a, b) = (integers(&mut random, dimensions, 9), integers(&mut random, dimensions, 9));
        let one = [Term { vector: &a, weight: 1.0, offset: 0.0, by_row: false }];
        let two = [
            Term { vector: &a, weight: 2.0, offset: 3.0, by_row: true },
            Term { vector: &b, weight: -0.5, offset: 0.0, by_row: false },
        ];
        for k in [1, 2, 20, 1000, 10_000] {
            let exact = table.scores(&one, None, None);
            let found = best(&resident, &one, k);
            assert!(found.len() >= k.min(rows));
            assert_eq!(found, exact[..found.len()], "{rows} rows, k = {k}");
        }

        let factors: Vec<f32> = (0..rows).map(|_| [0.0, 0.5, 2.0][random.below(3)]).collect();
        let mut base = integers(&mut random, rows, 1000);
        base.iter_mut().step_by(7).for_each(|x| *x = f32::NEG_INFINITY);
        resident.set_factors(&factors).unwrap();
        resident.set_base(&base).unwrap();
        let exact = table.scores(&two, Some(&factors), Some(&base));
        let found = best(&resident, &two, 100);
        assert!(found.len() >= exact.len().min(100) && found.iter().all(|(row, _)| row % 7 != 0));
        assert_eq!(found, exact[..found.len()]);
    }
}

#[test]
fn a_table_larger_than_a_binding_is_searched_whole() {
    let Some(gpu) = gpu() else { return };
    // Rows take 16 bytes on the GPU, and 128 MiB fit into a binding.
    let rows = (128 << 20) / 16 + 1000;
    let mut random = Random(2);
    let values: Vec<i8> = (0..rows).map(|_| random.next() as i8).collect();
    let base: Vec<f32> = (0..rows).map(|row| (row * 5 % rows) as f32).collect();
    let table = Table { values, scales: vec![1.0; rows], dimensions: 1 };
    let terms = [Term { vector: &[2.0], weight: 1.0, offset: 0.0, by_row: false }];
    let resident = table.resident(&gpu);
    resident.set_base(&base).unwrap();
    let found = best(&resident, &terms, 1000);
    assert!(found.len() >= 1000);
    assert_eq!(found, table.scores(&terms, None, Some(&base))[..found.len()]);
}

#[test]
fn ties_come_back_together_or_are_told() {
    let Some(gpu) = gpu() else { return };
    // Values -1, 0 and 1 in three dimensions: few scores, many rows of each.
    let table = Table::random(3000, 3, 1);
    let resident = table.resident(&gpu);
    let vector = [1.0, 2.0, 4.0];
    let terms = [Term { vector: &vector, weight: 1.0, offset: 0.0, by_row: false }];
    let exact = table.scores(&terms, None, None);
    for k in [1, 10, 100] {
        let found = best(&resident, &terms, k);
        let tied = exact.iter().take_while(|row| row.1 >= exact[k - 1].1).count();
        assert_eq!(found, exact[..tied]);
    }
    let level = Table { values: vec![1; 3 * 5000], scales: vec![1.0; 5000], dimensions: 3 }.resident(&gpu);
    assert_eq!(block_on(level.top_k(&terms, 10)).unwrap(), Selection::TooManyTies);
    level.set_base(&vec![f32::NEG_INFINITY; 5000]).unwrap();
    assert_eq!(block_on(level.top_k(&terms, 10)).unwrap(), Selection::Rows(vec![]));
}

#[test]
fn queries_that_do_not_fit_the_table_are_errors() {
    let Some(gpu) = gpu() else { return };
    let table = Table::random(10, 4, 5).resident(&gpu);
    let term = |vector| Term { vector, weight: 1.0, offset: 0.0, by_row: false };
    for (terms, k) in [(vec![], 0), (vec![], 10_001), (vec![term(&[1.0; 3])], 1), (vec![term(&[1.0; 4]); 3], 1)] {
        assert_eq!(block_on(table.top_k(&terms, k)).unwrap_err().code(), "invalid_input");
    }
    assert_eq!(table.set_base(&[0.0]).unwrap_err().code(), "invalid_input");
    assert_eq!(block_on(GpuTable::load(&gpu, &[1, 2, 3], &[1.0], 2)).unwrap_err().code(), "invalid_input");
}

#[test]
fn a_lost_gpu_costs_no_request() {
    if gpu().is_none() {
        return;
    }
    let encoder = Encoder::load(random_model(common::TINY, 3)).unwrap();
    let texts = ["a film about cats", "dogs"];
    let expected = block_on(encoder.encode(&texts)).unwrap();
    block_on(encoder.open_gpu(DeviceChoice::Gpu, None, || 0.0));
    let status = encoder.status();
    assert_eq!(status.backend, Backend::Gpu, "{}", status.reason);
    assert_eq!(status.dispatches, Some(2 + 5 * common::TINY.layers));
    let found = block_on(encoder.encode(&texts)).unwrap();
    let rows = found.chunks_exact(encoder.dimensions()).zip(expected.chunks_exact(encoder.dimensions()));
    for (a, b) in rows {
        assert!(dot(a, b) > 0.999_9);
    }
    encoder.gpu().unwrap().destroy();
    assert_eq!(block_on(encoder.encode(&texts)).unwrap(), expected);
    let status = encoder.status();
    assert_eq!(status.backend, Backend::Cpu);
    assert!(status.reason.starts_with("the GPU was given up"), "{}", status.reason);
}
