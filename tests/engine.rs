//! The CPU engine gives what the plain burn module gives, for random weights of odd sizes and texts of any length.

mod common;

use burn::prelude::Device;
use common::{Sizes, config, random_model, tiny_tokenizer, weights};
use inglenook::embedding::dot;
use inglenook::encoder::{ModelSource, Oracle, pack_model};
use inglenook::quantization::WeightDtype;
use inglenook::{ArtifactFiles, Encoder};
use pollster::block_on;
use proptest::prelude::*;

/// Around the sizes of the tiles, of the blocks and of a group of texts.
const LENGTHS: [usize; 9] = [1, 2, 63, 64, 65, 127, 128, 255, 256];

const VOCABULARY: u32 = 12;

fn sizes() -> impl Strategy<Value = Sizes> {
    (1_usize..3, 1_usize..5, 1_usize..36, 1_usize..150).prop_map(|(layers, heads, head_width, inner)| Sizes {
        layers,
        hidden: heads * head_width,
        heads,
        inner,
        positions: 256,
        embedding: None,
    })
}

fn texts() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let length = prop_oneof![prop::sample::select(LENGTHS.to_vec()), 1_usize..40];
    let text = length.prop_flat_map(|n| prop::collection::vec(0..VOCABULARY, n));
    prop::collection::vec(text, 1..6)
}

fn quantized_model(sizes: Sizes, seed: u64, dtype: WeightDtype) -> ArtifactFiles {
    let source = ModelSource {
        id: "random".into(),
        space: None,
        license: "CC0-1.0".into(),
        source: "random".into(),
        max_tokens: 16,
        config: config(sizes).to_string().into(),
        tokenizer: tiny_tokenizer().to_string().into(),
        weights: weights(sizes, seed),
    };
    block_on(pack_model(source, dtype)).unwrap()
}

/// The lowest cosine between the engine's vectors and the oracle's.
fn worst_cosine(files: &ArtifactFiles, texts: &[Vec<u32>]) -> f32 {
    let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    let encoder = Encoder::load(files.clone()).unwrap();
    let found = block_on(encoder.encode_ids(&texts)).unwrap();
    let expected = Oracle::load(files, Device::flex()).unwrap().encode_ids(&texts).unwrap();
    assert_eq!(found.len(), expected.len());
    let rows = found.chunks_exact(encoder.dimensions()).zip(expected.chunks_exact(encoder.dimensions()));
    rows.map(|(found, expected)| dot(found, expected)).fold(1.0, f32::min)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn f32_weights_give_the_oracles_vectors(sizes in sizes(), texts in texts(), seed in any::<u64>()) {
        let worst = worst_cosine(&random_model(sizes, seed), &texts);
        prop_assert!(worst > 0.999_99, "cosine {worst}");
    }

    #[test]
    fn int8_weights_give_the_oracles_vectors(sizes in sizes(), texts in texts(), seed in any::<u64>()) {
        // The oracle has the same int8 weights, dequantized: what differs is the rounding of activations.
        let worst = worst_cosine(&quantized_model(sizes, seed, WeightDtype::Int8), &texts);
        prop_assert!(worst > 0.999_5, "cosine {worst}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn int4_weights_and_narrow_token_tables_give_the_oracles_vectors(
        layers in 1_usize..3, heads in 1_usize..4, inner_groups in 1_usize..6, embedding in prop::sample::select(vec![None, Some(5), Some(32), Some(96)]),
        texts in texts(), seed in any::<u64>()
    ) {
        let sizes = Sizes { layers, hidden: 32 * heads, heads, inner: 32 * inner_groups, positions: 256, embedding };
        for dtype in [WeightDtype::F32, WeightDtype::Int8, WeightDtype::Int4] {
            let worst = worst_cosine(&quantized_model(sizes, seed, dtype), &texts);
            prop_assert!(worst > 0.999_5, "{dtype:?}: cosine {worst}");
        }
    }
}

#[test]
fn every_length_around_the_sizes_of_blocks_is_right() {
    let sizes = Sizes { layers: 2, hidden: 96, heads: 3, inner: 200, positions: 256, embedding: None };
    let texts: Vec<Vec<u32>> = LENGTHS.iter().map(|n| (0..VOCABULARY).cycle().skip(n % 5).take(*n).collect()).collect();
    for files in [random_model(sizes, 5), quantized_model(sizes, 5, WeightDtype::Int8)] {
        for text in &texts {
            let worst = worst_cosine(&files, std::slice::from_ref(text));
            assert!(worst > 0.999_9, "{} tokens: cosine {worst}", text.len());
        }
        assert!(worst_cosine(&files, &texts) > 0.999_9);
    }
}

#[test]
fn token_ids_out_of_range_are_refused() {
    let encoder = Encoder::load(random_model(common::TINY, 1)).unwrap();
    for text in [&[][..], &[VOCABULARY], &[1; 33]] {
        assert_eq!(block_on(encoder.encode_ids(&[text])).unwrap_err().code(), "invalid_input");
    }
}
