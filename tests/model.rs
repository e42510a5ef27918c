//! Model directories: what loads, what is refused, and that a text's vector is its own.

mod common;

use std::rc::Rc;

use common::{model_files, tiny_config, tiny_model, tiny_tokenizer, tiny_weights};
use inglenook::embedding::dot;
use inglenook::encoder::{
    InputMoments, ModelSource, QuantizationPlan, allocate, average_weights, calibrate, pack_model, sensitivities,
};
use inglenook::quantization::WeightDtype;
use inglenook::{ArtifactFiles, Encoder, Error};
use pollster::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

fn load(files: &ArtifactFiles) -> inglenook::Result<Encoder> {
    Encoder::load(files.clone())
}

fn refused(files: &ArtifactFiles) -> Error {
    load(files).err().expect("the model must be refused")
}

fn with_config(change: impl FnOnce(&mut Value)) -> Error {
    let mut config = tiny_config();
    change(&mut config);
    refused(&model_files(config.to_string().into(), tiny_tokenizer().to_string().into(), tiny_weights()))
}

#[test]
fn vectors_have_length_one_and_do_not_depend_on_their_neighbors() {
    let encoder = load(&tiny_model()).unwrap();
    let texts = ["", "a film", "cats and dogs and cats and dogs and cats.", "🐈 千と千尋", "a film about cats"];
    let together = block_on(encoder.encode(&texts)).unwrap();
    for (text, row) in texts.iter().zip(together.chunks_exact(encoder.dimensions())) {
        assert!((dot(row, row) - 1.0).abs() < 1e-5);
        let alone = block_on(encoder.encode(&[text])).unwrap();
        assert!(row.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-5), "{text}");
    }
    assert!(block_on(encoder.encode(&[] as &[&str])).unwrap().is_empty());
}

#[test]
fn texts_are_cut_at_max_tokens() {
    let encoder = load(&tiny_model()).unwrap();
    let long = "cats and dogs ".repeat(10_000);
    let cut = "cats and dogs ".repeat(5);
    assert_eq!(block_on(encoder.encode(&[long])).unwrap(), block_on(encoder.encode(&[cut])).unwrap());
}

#[test]
fn the_backend_is_told() {
    let encoder = load(&tiny_model()).unwrap();
    let status = serde_json::to_value(encoder.status()).unwrap();
    assert_eq!(status["backend"], "cpu");
    assert_eq!(status["adapter"], json!(null));
    assert_eq!(status["choices"], json!({"text": "cpu", "batch": "cpu", "rank": "cpu"}));
    assert_eq!(status["reason"], "the CPU serves; no GPU has been looked for");
}

fn tiny_source() -> ModelSource {
    ModelSource {
        id: "tiny".into(),
        space: None,
        license: "CC0-1.0".into(),
        source: "random".into(),
        max_tokens: 16,
        config: tiny_config().to_string().into(),
        tokenizer: tiny_tokenizer().to_string().into(),
        weights: tiny_weights(),
    }
}

#[test]
fn packing_to_int8_keeps_the_vectors_and_brings_a_canary() {
    let packed = load(&block_on(pack_model(tiny_source(), WeightDtype::Int8)).unwrap()).unwrap();
    assert_eq!(packed.manifest().canary.as_ref().map(|c| c.embedding.len()), Some(16));
    let (a, b) = (
        block_on(load(&tiny_model()).unwrap().encode(&["a film about cats"])).unwrap(),
        block_on(packed.encode(&["a film about cats"])).unwrap(),
    );
    assert!(dot(&a, &b) > 0.999, "{}", dot(&a, &b));
}

/// The tiny weights with the last norm scaled and shifted.
fn weights_with_another_norm() -> Vec<u8> {
    use safetensors::SafeTensors;
    let mut weights = tiny_weights();
    for (end, change) in [("weight", 1.5_f32), ("bias", 0.5)] {
        let name = format!("encoder.layer.1.output.LayerNorm.{end}");
        let (from, to) = {
            let file = SafeTensors::deserialize(&weights).unwrap();
            let tensor = file.tensor(&name).unwrap();
            let data = tensor.data().as_ptr_range();
            let base = weights.as_ptr().addr();
            (data.start.addr() - base, data.end.addr() - base)
        };
        for (at, bytes) in weights[from..to].chunks_exact_mut(4).enumerate() {
            let x = f32::from_le_bytes(bytes.try_into().unwrap());
            let changed = if at % 2 == 0 { x * change } else { x + change * 0.2 };
            bytes.copy_from_slice(&changed.to_le_bytes());
        }
    }
    weights
}

#[test]
fn calibration_finds_the_norm_of_the_teacher() {
    let words = ["cats", "dogs", "film", "about", "and", "a"];
    let word = |i: usize| words[i % words.len()];
    let texts: Vec<String> = (0..300)
        .map(|i| {
            (0..=i % 5).map(|n| word(i / 6_usize.pow(u32::try_from(n).unwrap()) + n)).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let teacher = ModelSource { weights: weights_with_another_norm(), ..tiny_source() };
    let teacher = load(&block_on(pack_model(teacher, WeightDtype::F32)).unwrap()).unwrap();
    let vectors = block_on(teacher.encode(&texts)).unwrap();
    let plan = QuantizationPlan::from(WeightDtype::Int8);
    let calibrate = |texts: &[String], vectors: &[f32]| block_on(calibrate(tiny_source(), &plan, texts, vectors));
    let found = calibrate(&texts, &vectors).unwrap();
    assert!(found.after > 0.999 && found.before < 0.99, "{} -> {}", found.before, found.after);
    let packed = load(&block_on(pack_model(found.source.clone(), plan.clone())).unwrap()).unwrap();
    let own = block_on(packed.encode(&texts)).unwrap();
    let cosine = own.chunks(16).zip(vectors.chunks(16)).map(|(a, b)| dot(a, b)).sum::<f32>() / 300.0;
    assert!(cosine > 0.999, "{cosine}");
    assert!(calibrate(&texts, &vectors).unwrap().source.weights == found.source.weights);
    // Too few texts to tell, and vectors of other texts.
    assert_eq!(calibrate(&texts[..20], &vectors[..320]).unwrap_err().code(), "invalid_input");
    assert_eq!(calibrate(&texts, &vectors[..320]).unwrap_err().code(), "invalid_input");
}

#[test]
fn most_matrices_lose_something_when_they_alone_are_quantized() {
    let texts = ["cats and dogs", "a film about cats", "dogs"].map(str::to_owned);
    let found = block_on(sensitivities(&tiny_source(), WeightDtype::Int8, &texts, |_, _| {})).unwrap();
    assert_eq!(found.len(), 3 + 2 * 6);
    assert!(found.iter().all(|matrix| matrix.loss.abs() < 0.01), "{found:?}");
    assert!(found.iter().filter(|matrix| matrix.loss > 1e-7).count() >= 8, "{found:?}");
}

#[test]
fn the_mean_of_weights_lies_between_them_and_others_do_not_mix() {
    let (a, b) = (tiny_weights(), weights_with_another_norm());
    assert_eq!(of_weights(a.clone()), of_weights(average_weights(&a, &a).unwrap()));
    let [first, second, mean] = [a.clone(), b.clone(), average_weights(&a, &b).unwrap()].map(of_weights);
    assert!(dot(&mean, &first) > dot(&second, &first) && dot(&mean, &second) > dot(&first, &second));
    assert_eq!(average_weights(&a, b"no model").unwrap_err().code(), "artifact_corrupt");
}

fn of_weights(weights: Vec<u8>) -> Vec<f32> {
    let model =
        load(&model_files(tiny_config().to_string().into(), tiny_tokenizer().to_string().into(), weights)).unwrap();
    block_on(model.encode(&texts())).unwrap()
}

fn texts() -> Vec<String> {
    ["a film about cats", "dogs", "cats and dogs", "a film"].map(str::to_owned).into()
}

/// A model coded in so many bits a parameter, how many they came to be, and the size of its weights.
fn coded(bits: f64) -> (ArtifactFiles, f64, usize) {
    let texts = texts();
    let source = tiny_source();
    let moments = Rc::new(block_on(InputMoments::measure(&source, &texts)).unwrap());
    let found = block_on(allocate(&source, Some(&moments), &texts, bits, |_, _| {})).unwrap();
    let parameters: usize = found.iter().map(|matrix| matrix.parameters).sum();
    #[allow(clippy::cast_precision_loss, reason = "a small model")]
    let mean = found.iter().map(|m| m.bits * m.parameters as f64).sum::<f64>() / parameters as f64;
    let plan = QuantizationPlan {
        moments: Some(moments),
        steps: found.into_iter().map(|matrix| (matrix.matrix, matrix.step)).collect(),
        ..WeightDtype::Int8.into()
    };
    let files = block_on(pack_model(source, plan)).unwrap();
    let size = weights_of(&files).len();
    (files, mean, size)
}

fn weights_of(files: &ArtifactFiles) -> Vec<u8> {
    files.iter().find(|(name, _)| name.ends_with(".safetensors")).unwrap().1.to_vec()
}

/// Bits a parameter, and 1 - cosine of a packed model to the unpacked one.
fn packed_in(bits: f64) -> (f64, f64) {
    let (files, mean, _) = coded(bits);
    let models = [load(&files).unwrap(), load(&tiny_model()).unwrap()];
    let [a, b] = models.map(|model| block_on(model.encode(&texts())).unwrap());
    (mean, 1.0 - f64::from(dot(&a, &b)) / 4.0)
}

#[test]
fn coded_weights_are_smaller_and_what_is_no_code_is_corrupt() {
    let (files, _, size) = coded(4.0);
    assert!(coded(2.5).2 < size && size < coded(6.0).2);
    let model = |weights| model_files(tiny_config().to_string().into(), tiny_tokenizer().to_string().into(), weights);
    let weights = weights_of(&files);
    load(&model(weights.clone())).unwrap();
    let header = u64::from_le_bytes(weights[..8].try_into().unwrap());
    let header: Value = serde_json::from_slice(&weights[8..][..usize::try_from(header).unwrap()]).unwrap();
    for (part, reason) in [("", "does not hold the code of"), (".frequencies", "does not hold the code of")] {
        let name = format!("encoder.layer.0.attention.self.query.weight{part}");
        let [from, to] =
            [0, 1].map(|end| usize::try_from(header[&name]["data_offsets"][end].as_u64().unwrap()).unwrap());
        for at in [from, usize::midpoint(from, to), to - 1] {
            let mut damaged = weights.clone();
            let data = damaged.len() - usize::try_from(header_data(&header)).unwrap();
            damaged[data + at] ^= 0x10;
            let error = refused(&model(damaged));
            assert!(error.code() == "artifact_corrupt" && error.to_string().contains(reason), "{error}");
        }
    }
}

/// Bytes of all tensors.
fn header_data(header: &Value) -> u64 {
    header.as_object().unwrap().values().filter_map(|tensor| tensor["data_offsets"][1].as_u64()).max().unwrap()
}

#[test]
fn wider_steps_take_the_bits_that_are_given_and_lose_the_more_the_fewer() {
    let [(few, few_lost), (some, some_lost), (many, many_lost)] = [2.5, 4.0, 5.5].map(packed_in);
    assert!((few - 2.5).abs() < 0.1 && (some - 4.0).abs() < 0.1 && (many - 5.5).abs() < 0.1, "{few}, {some}, {many}");
    assert!(few_lost > some_lost && some_lost > many_lost && many_lost < 0.005, "{few_lost}, {some_lost}, {many_lost}");
    let refused = block_on(allocate(&tiny_source(), None, &["cats".to_owned()], 9.0, |_, _| {})).unwrap_err();
    assert_eq!(refused.to_string(), "bits a parameter: found 9, expected 1 to 8");
}

#[test]
fn another_architecture_is_incompatible() {
    assert_eq!(with_config(|c| c["model_type"] = json!("roberta")).code(), "artifact_incompatible");
    assert_eq!(with_config(|c| c["hidden_act"] = json!("relu")).code(), "artifact_incompatible");
}

#[test]
fn configurations_that_cannot_be_are_corrupt() {
    assert_eq!(with_config(|c| c["num_attention_heads"] = json!(3)).code(), "artifact_corrupt");
    assert_eq!(with_config(|c| c["num_hidden_layers"] = json!(0)).code(), "artifact_corrupt");
    assert_eq!(with_config(|c| c["hidden_size"] = json!(u64::MAX)).code(), "artifact_corrupt");
    assert_eq!(with_config(|c| c["max_position_embeddings"] = json!(8)).code(), "artifact_corrupt");
    assert_eq!(with_config(|c| c["vocab_size"] = json!(5)).code(), "artifact_corrupt");
    let missing = with_config(|c| c["num_hidden_layers"] = json!(3)).to_string();
    assert!(missing.contains("encoder.layer.2.attention.self.query.weight"), "{missing}");
}

#[test]
fn a_tokenizer_whose_decoder_is_no_json_is_corrupt() {
    let broken = tiny_tokenizer().to_string().replace("\"decoder\":null", "\"decoder\":?ull");
    assert!(broken.contains("?ull"));
    let files = model_files(tiny_config().to_string().into(), broken.into(), tiny_weights());
    assert_eq!(refused(&files).code(), "artifact_corrupt");
}

#[test]
fn a_model_of_the_wrong_format_is_incompatible() {
    let mut files = tiny_model();
    let mut manifest: Value = serde_json::from_slice(files.manifest().unwrap()).unwrap();
    manifest["format_version"] = json!(99);
    files.insert("manifest.json", manifest.to_string().into_bytes());
    let error = refused(&files);
    assert_eq!(error.code(), "artifact_incompatible");
    assert!(error.to_string().contains("found 99, expected 1"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn damaged_weights_are_typed_errors(cut in any::<prop::sample::Index>(), flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)) {
        let mut weights = tiny_weights();
        let header = weights.len().min(4000);
        for (at, value) in flips { weights[at.index(header)] = value; }
        weights.truncate(cut.index(weights.len()));
        let files = model_files(tiny_config().to_string().into(), tiny_tokenizer().to_string().into(), weights);
        prop_assert_eq!(refused(&files).code(), "artifact_corrupt");
    }

    #[test]
    fn a_damaged_tokenizer_is_a_typed_error_or_still_a_tokenizer(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut tokenizer = tiny_tokenizer().to_string().into_bytes();
        let i = at.index(tokenizer.len());
        tokenizer[i] = value;
        if let Err(error) = load(&model_files(tiny_config().to_string().into(), tokenizer, tiny_weights())) {
            prop_assert!(["artifact_corrupt", "artifact_incompatible"].contains(&error.code()), "{error}");
        }
    }

    #[test]
    fn any_text_has_a_vector(text in any::<String>()) {
        let encoder = load(&tiny_model()).unwrap();
        let row = block_on(encoder.encode(&[text])).unwrap();
        prop_assert!((dot(&row, &row) - 1.0).abs() < 1e-4);
    }
}
