//! Word -> ids: the longest token first (WordPiece as in Devlin et al., 2019, "BERT: Pre-training of Deep Bidirectional
//! Transformers"; the vocabulary is of Schuster and Nakajima, 2012, "Japanese and Korean voice search").

use serde::Deserialize;

use super::vocabulary::{Entries, Vocabulary};
use super::{check_type, corrupt, required};
use crate::error::Result;

/// The `model` of a `tokenizer.json`.
#[derive(Deserialize)]
pub(super) struct WordPieceDescription {
    #[serde(rename = "type")]
    kind: Option<String>,
    unk_token: Option<String>,
    continuing_subword_prefix: Option<String>,
    max_input_chars_per_word: Option<usize>,
    vocab: Option<Entries>,
}

/// A WordPiece model.
pub(super) struct WordPiece {
    pub(super) vocabulary: Vocabulary,
    /// The id of a word that the vocabulary cannot spell.
    unknown: u32,
    /// What a token begins with that continues a word (`##`).
    continuing_prefix: String,
    /// A word of more characters is unknown as a whole.
    max_word_chars: usize,
}

impl WordPiece {
    pub(super) fn new(json: WordPieceDescription) -> Result<Self> {
        check_type("model", json.kind.as_deref(), "WordPiece")?;
        let vocabulary = Vocabulary::new(required("model.vocab", json.vocab)?)?;
        let unknown = required("model.unk_token", json.unk_token)?;
        Ok(Self {
            unknown: vocabulary
                .get("", &unknown)
                .ok_or_else(|| corrupt(format!("model.unk_token \"{unknown}\" is not in the vocabulary")))?,
            continuing_prefix: required("model.continuing_subword_prefix", json.continuing_subword_prefix)?,
            max_word_chars: required("model.max_input_chars_per_word", json.max_input_chars_per_word)?,
            vocabulary,
        })
    }

    /// Appends the ids of a word.
    pub(super) fn tokenize(&self, word: &str, ids: &mut Vec<u32>) {
        let before = ids.len();
        let mut rest = if word.chars().count() > self.max_word_chars { None } else { Some(word) };
        let mut prefix = "";
        while let Some(word) = rest.filter(|word| !word.is_empty()) {
            rest = self.longest_token(prefix, word).map(|(id, end)| {
                ids.push(id);
                &word[end..]
            });
            prefix = &self.continuing_prefix;
        }
        if rest.is_none() {
            ids.truncate(before);
            ids.push(self.unknown);
        }
    }

    /// The longest token that `word` begins with: its id and its end in `word`.
    fn longest_token(&self, prefix: &str, word: &str) -> Option<(u32, usize)> {
        let mut end = word.floor_char_boundary(self.vocabulary.longest().saturating_sub(prefix.len()));
        while end > 0 {
            if let Some(id) = self.vocabulary.get(prefix, &word[..end]) {
                return Some((id, end));
            }
            end = word.floor_char_boundary(end - 1);
        }
        None
    }
}
