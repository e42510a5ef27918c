//! Text -> token ids, by the `tokenizers` crate from a `tokenizer.json`, natively and in wasm.

use crate::error::{Error, Result};

/// The ids of one text, special tokens included, never padded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids, `[CLS] ... [SEP]` for BERT vocabularies; at least one id, at most the tokenizer's `max_tokens`.
    pub ids: Vec<u32>,
}

/// A loaded `tokenizer.json` with a stated truncation.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Loads a `tokenizer.json`. Its own truncation and padding are overridden: texts are cut at `max_tokens`
    /// (special tokens included) and never padded.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the bytes are no tokenizer, [`Error::InvalidInput`] if `max_tokens` leaves no room for text.
    pub fn load(tokenizer_json: &[u8], max_tokens: usize) -> Result<Self> {
        // The crate panics on a decoder that is no JSON. Reading the whole file as JSON first makes that an error; the
        // decoder itself, which turns ids back into text, is not needed.
        let corrupt = |e: serde_json::Error| Error::corrupt("tokenizer.json", e.to_string());
        let mut json: serde_json::Value = serde_json::from_slice(tokenizer_json).map_err(corrupt)?;
        if let Some(fields) = json.as_object_mut() {
            fields.remove("decoder");
        }
        let mut inner: tokenizers::Tokenizer = serde_json::from_value(json).map_err(corrupt)?;
        inner.with_padding(None);
        inner
            .with_truncation(Some(tokenizers::TruncationParams { max_length: max_tokens, ..Default::default() }))
            .map_err(|_| Error::invalid("max_tokens", max_tokens, "more than the number of special tokens"))?;
        Ok(Self { inner })
    }

    /// Number of ids that the tokenizer can produce, special tokens included.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Tokenizes one text. Any Unicode string is valid, the empty one included.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the tokenizer's own configuration makes it fail (never for a BERT vocabulary).
    pub fn encode(&self, text: &str) -> Result<Encoding> {
        let encoding =
            self.inner.encode_fast(text, true).map_err(|e| Error::corrupt("tokenizer.json", e.to_string()))?;
        Ok(Encoding { ids: encoding.get_ids().to_vec() })
    }
}
