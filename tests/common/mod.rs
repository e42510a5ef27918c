//! Small artifacts made on the spot: a random catalog and a random two-layer encoder.
#![allow(clippy::cast_precision_loss, reason = "small test data")]
#![allow(dead_code, reason = "each test file uses its part")]

use inglenook::artifact::manifest::{FORMAT_VERSION, FileEntry, ModelManifest};
use inglenook::quantization::WeightDtype;
use inglenook::{ArtifactFiles, Catalog, Dtype, Interaction, InteractionKind, Item, artifact};

pub const DIMENSIONS: usize = 24;
pub const DAY_MS: i64 = 86_400_000;

/// Numbers in -1..1 from a fixed sequence (`SplitMix64`).
pub fn random(seed: u64) -> impl FnMut() -> f32 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }
}

pub fn random_values(count: usize, seed: u64) -> Vec<f32> {
    std::iter::repeat_with(random(seed)).take(count).collect()
}

/// Unit rows around a common direction, as real embeddings are.
pub fn random_rows(count: usize, seed: u64) -> Vec<f32> {
    let mut next = random(seed);
    let mut rows = Vec::new();
    for _ in 0..count {
        let mut row: Vec<f32> = (0..DIMENSIONS).map(|i| next() + if i == 0 { 1.5 } else { 0.0 }).collect();
        inglenook::embedding::normalize(&mut row);
        rows.extend(row);
    }
    rows
}

pub fn items(count: usize) -> Vec<Item> {
    (0..count)
        .map(|i| Item {
            id: format!("id-{i}"),
            title: format!("Item {i}"),
            text: format!("Text of item {i}"),
            url: (i % 2 == 0).then(|| format!("/items/{i}")),
            image: None,
            tags: [("even", 2), ("third", 3), ("fifth", 5)]
                .iter()
                .filter(|(_, n)| i % n == 0)
                .map(|(t, _)| (*t).into())
                .collect(),
            popularity: ((i * 37) % 101) as f32,
        })
        .collect()
}

pub fn catalog_files(count: usize, dtype: Dtype) -> ArtifactFiles {
    artifact::catalog_to_files("test-model", &items(count), &random_rows(count, 7), DIMENSIONS, dtype).unwrap()
}

pub fn catalog(count: usize) -> Catalog {
    Catalog::load(&catalog_files(count, Dtype::Int8)).unwrap()
}

pub fn interaction(item: usize, kind: InteractionKind, day: i64) -> Interaction {
    Interaction { item_id: format!("id-{item}"), kind, timestamp_ms: day * DAY_MS }
}

pub fn like(item: usize) -> Interaction {
    interaction(item, InteractionKind::Like, 0)
}

pub fn dislike(item: usize) -> Interaction {
    interaction(item, InteractionKind::Dislike, 0)
}

const VOCABULARY: [&str; 12] =
    ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "film", "about", "cats", "and", "dogs", "##s", "."];

/// The sizes of a random encoder.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub inner: usize,
    pub positions: usize,
    /// Width of the token table; that of the layers if there is none.
    pub embedding: Option<usize>,
}

pub const TINY: Sizes = Sizes { layers: 2, hidden: 16, heads: 4, inner: 32, positions: 32, embedding: None };

pub fn tiny_config() -> serde_json::Value {
    config(TINY)
}

pub fn config(sizes: Sizes) -> serde_json::Value {
    serde_json::json!({
        "model_type": "bert", "hidden_act": "gelu", "num_hidden_layers": sizes.layers, "hidden_size": sizes.hidden,
        "num_attention_heads": sizes.heads, "intermediate_size": sizes.inner, "vocab_size": VOCABULARY.len(),
        "max_position_embeddings": sizes.positions, "layer_norm_eps": 1e-12, "embedding_size": sizes.embedding
    })
}

pub fn tiny_tokenizer() -> serde_json::Value {
    let vocabulary: serde_json::Map<String, serde_json::Value> =
        VOCABULARY.iter().enumerate().map(|(i, t)| ((*t).to_owned(), i.into())).collect();
    serde_json::json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
        "decoder": null,
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocabulary}
    })
}

/// Random f32 weights under the names of a BERT file.
pub fn tiny_weights() -> Vec<u8> {
    weights(TINY, 11)
}

/// The same for any sizes.
pub fn weights(sizes: Sizes, seed: u64) -> Vec<u8> {
    use safetensors::tensor::{Dtype, TensorView};
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![VOCABULARY.len(), sizes.embedding.unwrap_or(sizes.hidden)]),
        ("embeddings.position_embeddings.weight".into(), vec![sizes.positions, sizes.hidden]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, sizes.hidden]),
        ("embeddings.LayerNorm.weight".into(), vec![sizes.hidden]),
        ("embeddings.LayerNorm.bias".into(), vec![sizes.hidden]),
    ];
    if let Some(width) = sizes.embedding {
        shapes.push(("embeddings.projection.weight".into(), vec![sizes.hidden, width]));
    }
    for layer in 0..sizes.layers {
        let mut linear = |name: &str, output: usize, input: usize| {
            shapes.push((format!("encoder.layer.{layer}.{name}.weight"), vec![output, input]));
            shapes.push((format!("encoder.layer.{layer}.{name}.bias"), vec![output]));
        };
        for name in ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"] {
            linear(name, sizes.hidden, sizes.hidden);
        }
        linear("intermediate.dense", sizes.inner, sizes.hidden);
        linear("output.dense", sizes.hidden, sizes.inner);
        for name in ["attention.output.LayerNorm", "output.LayerNorm"] {
            for end in ["weight", "bias"] {
                shapes.push((format!("encoder.layer.{layer}.{name}.{end}"), vec![sizes.hidden]));
            }
        }
    }
    let mut next = random(seed);
    let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = shapes
        .into_iter()
        .map(|(name, shape)| {
            let data = (0..shape.iter().product::<usize>()).flat_map(|_| next().to_le_bytes()).collect();
            (name, shape, data)
        })
        .collect();
    let views =
        tensors.iter().map(|(name, shape, data)| (name, TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
    safetensors::serialize(views, None).unwrap()
}

/// A model directory around the given files.
pub fn model_files(config: Vec<u8>, tokenizer: Vec<u8>, weights: Vec<u8>) -> ArtifactFiles {
    model_of(TINY.hidden, config, tokenizer, weights)
}

/// A model directory with random weights of these sizes.
pub fn random_model(sizes: Sizes, seed: u64) -> ArtifactFiles {
    let tokenizer = tiny_tokenizer().to_string().into();
    model_of(sizes.hidden, config(sizes).to_string().into(), tokenizer, weights(sizes, seed))
}

fn model_of(dimensions: usize, config: Vec<u8>, tokenizer: Vec<u8>, weights: Vec<u8>) -> ArtifactFiles {
    let contents = [("config.json", config), ("tokenizer.json", tokenizer), ("model.safetensors", weights)];
    let manifest = ModelManifest {
        format: ModelManifest::FORMAT.into(),
        format_version: FORMAT_VERSION,
        id: "tiny".into(),
        dtype: WeightDtype::F32,
        dimensions,
        max_tokens: 16,
        space: None,
        license: "CC0-1.0".into(),
        source: "random".into(),
        canary: None,
        files: contents.iter().map(|(name, bytes)| FileEntry::of(*name, bytes)).collect(),
    };
    let mut files = ArtifactFiles::default();
    files.insert("manifest.json", serde_json::to_vec(&manifest).unwrap());
    for (name, bytes) in contents {
        files.insert(name, bytes);
    }
    files
}

pub fn tiny_model() -> ArtifactFiles {
    model_files(tiny_config().to_string().into(), tiny_tokenizer().to_string().into(), tiny_weights())
}
