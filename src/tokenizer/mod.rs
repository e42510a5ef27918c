//! Text -> token ids, for BERT vocabularies: WordPiece from a `tokenizer.json`, the same code natively and in wasm.
//!
//! A text passes the modules in this order: `added_token` (special tokens written out in the text), `normalizer`,
//! `pre_tokenizer` (words), `wordpiece` with its `vocabulary` (ids), and `template` (`[CLS] ... [SEP]`). The ids are
//! those of the `tokenizers` crate, which the tests hold this module equal to.

mod added_token;
mod normalizer;
mod pre_tokenizer;
mod template;
mod vocabulary;
mod wordpiece;

use serde::Deserialize;

use crate::error::{Error, Result};
use added_token::{AddedTokenDescription, AddedTokens, Piece};
use normalizer::{BertNormalizer, NormalizerDescription};
use template::{PostProcessorDescription, Template};
use wordpiece::{WordPiece, WordPieceDescription};

/// The ids of one text, special tokens included, never padded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids, `[CLS] ... [SEP]` for BERT vocabularies; at least one id, at most the tokenizer's `max_tokens`.
    pub ids: Vec<u32>,
}

/// A loaded `tokenizer.json` with a stated truncation.
pub struct Tokenizer {
    /// Tokens matched in the text as it is given.
    written_tokens: AddedTokens,
    /// Tokens matched in the normalized text.
    normalized_tokens: AddedTokens,
    normalizer: Option<BertNormalizer>,
    model: WordPiece,
    template: Template,
    vocabulary_size: usize,
    max_tokens: usize,
}

/// The fields of a `tokenizer.json` that decide the ids; truncation, padding and decoder do not.
#[derive(Deserialize)]
struct TokenizerDescription {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<AddedTokenDescription>,
    normalizer: Option<NormalizerDescription>,
    pre_tokenizer: Option<PreTokenizerDescription>,
    post_processor: Option<PostProcessorDescription>,
    model: WordPieceDescription,
}

#[derive(Deserialize)]
struct PreTokenizerDescription {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Tokenizer {
    /// Loads a `tokenizer.json`. Its own truncation and padding are overridden: texts are cut at `max_tokens`
    /// (special tokens included) and never padded.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the bytes are no tokenizer or its ids are not 0, 1, 2 and so on, [`Error::Incompatible`] if it
    /// is no BERT tokenizer, [`Error::InvalidInput`] if `max_tokens` leaves no room for text.
    pub fn load(tokenizer_json: &[u8], max_tokens: usize) -> Result<Self> {
        let json: TokenizerDescription = serde_json::from_slice(tokenizer_json).map_err(|e| corrupt(e.to_string()))?;
        if let Some(version) = json.version.filter(|v| v != "1.0") {
            return Err(incompatible("version", version, "1.0"));
        }
        check_type("pre_tokenizer", json.pre_tokenizer.and_then(|p| p.kind).as_deref(), "BertPreTokenizer")?;
        let normalizer = json.normalizer.map(BertNormalizer::new).transpose()?;
        let model = WordPiece::new(json.model)?;
        let (written_tokens, normalized_tokens, vocabulary_size) =
            added_token::assign_ids(json.added_tokens, &model.vocabulary, normalizer.as_ref())?;
        let template = Template::new(json.post_processor, vocabulary_size)?;
        if max_tokens <= template.len() {
            return Err(Error::invalid(
                "max_tokens",
                max_tokens,
                format!("more than {} special tokens", template.len()),
            ));
        }
        Ok(Self { written_tokens, normalized_tokens, normalizer, model, template, vocabulary_size, max_tokens })
    }

    /// Number of ids that the tokenizer can produce, special tokens included; every id is below it.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.vocabulary_size
    }

    /// Tokenizes one text. Any Unicode string is valid, the empty one included.
    ///
    /// # Errors
    /// None at present: whatever could fail is checked when the tokenizer is loaded.
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        let limit = self.max_tokens - self.template.after.len();
        let mut ids = self.template.before.clone();
        let mut buffer = String::new();
        // No word reaches over a space, so the text behind the cut need not be read. A token that is matched after
        // normalization may contain spaces.
        let chunk_ends = |c| c == ' ' && self.normalized_tokens.is_empty();
        'text: for piece in self.written_tokens.split(text) {
            match piece {
                Piece::Token(id) => ids.push(id),
                Piece::Text(text) => {
                    for chunk in text.split(chunk_ends) {
                        buffer.clear();
                        match &self.normalizer {
                            Some(normalizer) => normalizer.normalize(chunk, &mut buffer),
                            None => buffer.push_str(chunk),
                        }
                        self.tokenize_normalized(&buffer, limit, &mut ids);
                        if ids.len() >= limit {
                            break 'text;
                        }
                    }
                }
            }
        }
        ids.truncate(limit);
        ids.extend(&self.template.after);
        Ok(Encoding { ids })
    }

    /// Appends the ids of a normalized text, and stops after the word that reaches `limit`.
    fn tokenize_normalized(&self, text: &str, limit: usize, ids: &mut Vec<u32>) {
        for piece in self.normalized_tokens.split(text) {
            match piece {
                Piece::Token(id) => ids.push(id),
                Piece::Text(text) => {
                    for word in pre_tokenizer::words(text) {
                        if ids.len() >= limit {
                            return;
                        }
                        self.model.tokenize(word, ids);
                    }
                }
            }
        }
    }
}

fn corrupt(reason: impl Into<String>) -> Error {
    Error::corrupt("tokenizer.json", reason)
}

fn incompatible(field: &str, found: impl ToString, expected: &str) -> Error {
    Error::incompatible(format!("{field} of tokenizer.json"), found, expected)
}

/// Refuses a part of the file that is of another `type` than the one supported here.
fn check_type(field: &str, found: Option<&str>, expected: &str) -> Result<()> {
    if found == Some(expected) { Ok(()) } else { Err(incompatible(field, found.unwrap_or("none"), expected)) }
}

/// The value of a field that the file must have.
fn required<T>(field: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| corrupt(format!("{field} is missing")))
}
