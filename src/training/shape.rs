//! The shape of a student, and its `config.json`.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::encoder::{EncoderConfig, Pooling};
use crate::error::{Error, Result};

/// The sizes of a BERT encoder whose embedding table may be factorized: `[vocabulary, embedding_size]` times
/// `[embedding_size, hidden]` instead of `[vocabulary, hidden]`, as in ALBERT (Lan et al., ICLR 2020).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudentShape {
    /// Number of token ids.
    pub vocabulary: usize,
    /// Width of the embedding table; `hidden` for a table that is not factorized.
    pub embedding_size: usize,
    /// Width of every layer, and of the vectors.
    pub hidden: usize,
    /// Width inside the feed-forward part.
    pub inner: usize,
    /// Number of layers.
    pub layers: usize,
    /// Attention heads; divides `hidden`.
    pub heads: usize,
    /// Longest text, in tokens, special ones included.
    pub positions: usize,
    /// Added to the variance in layer normalization.
    pub epsilon: f64,
}

impl StudentShape {
    /// Whether the embedding table is a product of two matrices.
    #[must_use]
    pub fn is_factorized(&self) -> bool {
        self.embedding_size != self.hidden
    }

    /// Reads a `config.json` of Hugging Face's BERT, with or without `embedding_size`.
    ///
    /// # Errors
    /// As [`EncoderConfig::parse`]; [`Error::Incompatible`] for another pooling than the mean.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let config = EncoderConfig::parse(json)?;
        if config.pooling != Pooling::Mean {
            return Err(Error::incompatible("pooling in config.json", "cls", "mean"));
        }
        let embedding_size = config.embedding_size();
        if !(1..=config.hidden_size).contains(&embedding_size) {
            return Err(Error::corrupt(
                "config.json",
                format!("embedding_size is {embedding_size}, expected 1 to hidden_size {}", config.hidden_size),
            ));
        }
        Ok(Self {
            vocabulary: config.vocab_size,
            embedding_size,
            hidden: config.hidden_size,
            inner: config.intermediate_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            positions: config.max_position_embeddings,
            epsilon: config.layer_norm_eps,
        })
    }

    /// Writes a `config.json`. `embedding_size` is named only where the table is factorized.
    ///
    /// # Errors
    /// None for finite sizes.
    pub fn to_config(&self) -> Result<Vec<u8>> {
        let mut config = json!({
            "architectures": ["BertModel"],
            "hidden_act": "gelu",
            "hidden_size": self.hidden,
            "intermediate_size": self.inner,
            "layer_norm_eps": self.epsilon,
            "max_position_embeddings": self.positions,
            "model_type": "bert",
            "num_attention_heads": self.heads,
            "num_hidden_layers": self.layers,
            "pooling": "mean",
            "type_vocab_size": 1,
            "vocab_size": self.vocabulary,
        });
        if self.is_factorized() {
            config["embedding_size"] = self.embedding_size.into();
        }
        serde_json::to_vec_pretty(&config).map_err(|e| Error::corrupt("config.json", e.to_string()))
    }
}
