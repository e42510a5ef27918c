//! Batches: texts of similar length together, so that little is padding.

use burn::prelude::*;
use rand::RngExt;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::augmentation::{Augmentation, draw};
use super::corpus::Corpus;

/// Texts are drawn for so many batches at once, then sorted by length.
const BATCHES_AT_ONCE: usize = 8;
/// The longest texts of four fifths of the draws, in tokens; a fifth has texts up to the model's limit.
const USUAL_TOKENS: usize = 64;
/// Fewer texts make no batch: their similarities to each other would say nothing.
const FEWEST_TEXTS: usize = 4;

/// A text of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The line of the corpus that it was made from.
    pub line: usize,
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// Token ids `[batch, seq]`; 0 in the padding.
    pub ids: Tensor<2, Int>,
    /// `[batch, seq]`: 1 for tokens, 0 for padding.
    pub mask: Tensor<2>,
}

impl TokenBatch {
    /// Pads texts, none of which is empty, to the longest.
    #[must_use]
    pub fn new(texts: &[&[u32]], device: &Device) -> Self {
        let length = texts.iter().map(|text| text.len()).max().unwrap_or(0);
        let shape = [texts.len(), length];
        let (mut ids, mut mask) = (vec![0_i32; texts.len() * length], vec![0.0_f32; texts.len() * length]);
        for (row, text) in texts.iter().enumerate() {
            for (column, id) in text.iter().enumerate() {
                ids[row * length + column] = id.cast_signed();
                mask[row * length + column] = 1.0;
            }
        }
        Self {
            ids: Tensor::from_data(TensorData::new(ids, shape), device),
            mask: Tensor::from_data(TensorData::new(mask, shape), device),
        }
    }
}

/// Where a stream of batches stands. Two streams with the same settings at the same place go on alike.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchPosition {
    /// The draw that the next batch comes from.
    draw: u64,
    /// Its place in that draw.
    batch: usize,
}

/// An endless stream of batches from a corpus.
pub struct Batches<'a> {
    corpus: &'a Corpus,
    augmentation: Augmentation,
    max_tokens: usize,
    batch_tokens: usize,
    seed: u64,
    position: BatchPosition,
    drawn: Vec<Vec<Text>>,
}

impl<'a> Batches<'a> {
    /// Batches of at most `batch_tokens` tokens, padding included, of texts of at most `max_tokens`, which is at most a quarter of
    /// `batch_tokens`. The randomness of every draw is a stream of its own under `seed`.
    #[must_use]
    pub fn new(
        corpus: &'a Corpus,
        augmentation: Augmentation,
        [max_tokens, batch_tokens]: [usize; 2],
        seed: u64,
        position: BatchPosition,
    ) -> Self {
        let mut batches = Self { corpus, augmentation, max_tokens, batch_tokens, seed, position, drawn: Vec::new() };
        batches.drawn = batches.draw();
        batches
    }

    /// Where the stream stands.
    #[must_use]
    pub fn position(&self) -> BatchPosition {
        self.position
    }

    /// The next batch, at least four texts.
    pub fn next_batch(&mut self) -> &[Text] {
        if self.position.batch >= self.drawn.len() {
            self.position = BatchPosition { draw: self.position.draw + 1, batch: 0 };
            self.drawn = self.draw();
        }
        self.position.batch += 1;
        &self.drawn[self.position.batch - 1]
    }

    fn draw(&self) -> Vec<Vec<Text>> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(self.position.draw);
        let is_long = self.augmentation == Augmentation::None || rng.random_bool(0.2);
        let max_tokens = if is_long { self.max_tokens } else { self.max_tokens.min(USUAL_TOKENS) };
        let (mut texts, mut tokens) = (Vec::new(), 0);
        while tokens < BATCHES_AT_ONCE * self.batch_tokens {
            let (line, ids) = draw(self.corpus, self.augmentation, max_tokens, &mut rng);
            tokens += ids.len();
            texts.push(Text { line, ids });
        }
        let mut batches = self.split(texts);
        batches.shuffle(&mut rng);
        batches
    }

    /// The longest first; what is left over of the shortest is dropped if it is too little for a batch.
    fn split(&self, mut texts: Vec<Text>) -> Vec<Vec<Text>> {
        texts.sort_by_key(|text| std::cmp::Reverse(text.ids.len()));
        let mut batches = Vec::new();
        let mut rest = texts.as_slice();
        while let Some(longest) = rest.first() {
            let size = (self.batch_tokens / longest.ids.len()).max(FEWEST_TEXTS).min(rest.len());
            let (batch, others) = rest.split_at(size);
            if size >= FEWEST_TEXTS {
                batches.push(batch.to_vec());
            }
            rest = others;
        }
        batches
    }
}
