//! The shape of an encoder, from its `config.json`.

use serde::Deserialize;

use crate::error::{Error, Result};

/// What `config.json` says (the field names are those of Hugging Face's BERT configurations).
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct EncoderConfig {
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Width of every layer, and of the embedding.
    pub hidden_size: usize,
    /// Attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width inside the feed-forward part.
    pub intermediate_size: usize,
    /// Width of a token's vector in the table, where it is not `hidden_size` (as ALBERT's configurations call it).
    #[serde(default)]
    pub embedding_size: Option<usize>,
    /// Number of token ids.
    pub vocab_size: usize,
    /// Longest sequence that the model has positions for.
    pub max_position_embeddings: usize,
    /// Added to the variance in layer normalization.
    pub layer_norm_eps: f64,
    /// Must be `gelu` (the exact one, by the error function).
    hidden_act: String,
    /// Must be `bert`.
    model_type: String,
    /// How token vectors become one vector. Absent in Hugging Face's files, where another file says it: `mean`.
    #[serde(default)]
    pub pooling: Pooling,
}

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens, special ones included.
    #[default]
    Mean,
    /// The first token's vector, `[CLS]`.
    Cls,
}

impl EncoderConfig {
    /// Width of a token's vector in the table.
    #[must_use]
    pub fn embedding_size(&self) -> usize {
        self.embedding_size.unwrap_or(self.hidden_size)
    }

    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it does not parse or its numbers cannot be, [`Error::Incompatible`] for another architecture.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let config: Self = serde_json::from_slice(json).map_err(|e| Error::corrupt("config.json", e.to_string()))?;
        if config.model_type != "bert" {
            return Err(Error::incompatible("model_type in config.json", config.model_type, "bert"));
        }
        if config.hidden_act != "gelu" {
            return Err(Error::incompatible("hidden_act in config.json", config.hidden_act, "gelu"));
        }
        let sizes = [
            ("num_hidden_layers", config.num_hidden_layers),
            ("hidden_size", config.hidden_size),
            ("num_attention_heads", config.num_attention_heads),
            ("intermediate_size", config.intermediate_size),
            ("embedding_size", config.embedding_size()),
            ("vocab_size", config.vocab_size),
            ("max_position_embeddings", config.max_position_embeddings),
        ];
        if let Some((name, value)) = sizes.iter().find(|(_, n)| *n == 0 || *n > 1 << 20) {
            return Err(Error::corrupt("config.json", format!("{name} is {value}, expected 1 to {}", 1 << 20)));
        }
        if !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(Error::corrupt(
                "config.json",
                format!(
                    "hidden_size {} is no multiple of num_attention_heads {}",
                    config.hidden_size, config.num_attention_heads
                ),
            ));
        }
        Ok(config)
    }
}
