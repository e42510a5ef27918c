//! Augmentation: texts drawn from a corpus so that hardly any repeats, in the lengths that a recommender meets: titles, queries,
//! sentences, paragraphs.

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::corpus::Corpus;

/// Part of the texts that are whole sentences.
const SENTENCES: f64 = 0.45;
/// Part of the texts that are sentences or spans; the rest are keywords.
const SENTENCES_AND_SPANS: f64 = 0.8;
/// The longest span, in words.
const LONGEST_SPAN: f64 = 36.0;

/// How a text is made from a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Augmentation {
    /// Every text is a line of the corpus.
    None,
    /// One to three sentences (up to seven in long texts), a span of 1 to 36 words from anywhere in them, or a random 2 to 6 of
    /// their words: 45, 35 and 20 % of the texts.
    Varied,
}

/// Draws a text of at most `max_tokens` tokens. Returns the line that it starts from and its token ids, special ones included.
pub(super) fn draw(
    corpus: &Corpus,
    augmentation: Augmentation,
    max_tokens: usize,
    rng: &mut ChaCha8Rng,
) -> (usize, Vec<u32>) {
    let line = rng.random_range(0..corpus.len());
    if augmentation == Augmentation::None {
        return (line, corpus.line_ids(line, max_tokens));
    }
    let (more, many, kind) = (rng.random::<f64>(), rng.random::<f64>(), rng.random::<f64>());
    let mut sentences = 1 + usize::from(more > 0.6) + usize::from(more > 0.85);
    if max_tokens > 72 && many > 0.85 {
        sentences += 4;
    }
    let words = corpus.sentences(line, sentences);
    if kind < SENTENCES {
        return (line, corpus.ids(words, max_tokens));
    }
    if kind < SENTENCES_AND_SPANS {
        let start = rng.random_range(words);
        let length = random_length(rng);
        let end = (start + length).min(corpus.document_end(line));
        return (line, corpus.ids(start..end, max_tokens));
    }
    // As many words as fit are candidates; fewer than two of a long text would say too little.
    let words = words.start..words.end.min(words.start + max_tokens);
    #[expect(clippy::cast_precision_loss, reason = "a text has few words")]
    let keep = ((rng.random::<f64>() * 5.0 + 1.5) / words.len() as f64).min(1.0);
    let kept: Vec<usize> = words.clone().filter(|_| rng.random_bool(keep)).collect();
    let ids = if kept.is_empty() { corpus.ids(words, max_tokens) } else { corpus.ids(kept.into_iter(), max_tokens) };
    (line, ids)
}

/// 1 to 36 words, short spans as often as long ones on a logarithmic scale.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1.0 to 36.0")]
fn random_length(rng: &mut ChaCha8Rng) -> usize {
    (rng.random::<f64>() * LONGEST_SPAN.ln()).exp() as usize
}
