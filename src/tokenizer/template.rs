//! The special tokens around every text: `[CLS] ... [SEP]`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{corrupt, incompatible, required};
use crate::error::Result;

/// The `post_processor` of a `tokenizer.json`, of either type that BERT files have.
#[derive(Deserialize)]
pub(super) struct PostProcessorDescription {
    #[serde(rename = "type")]
    kind: Option<String>,
    // BertProcessing
    cls: Option<(String, u32)>,
    sep: Option<(String, u32)>,
    // TemplateProcessing
    single: Option<Vec<TemplatePiece>>,
    special_tokens: Option<BTreeMap<String, SpecialToken>>,
}

#[derive(Deserialize)]
enum TemplatePiece {
    SpecialToken { id: String },
    Sequence { id: String },
}

#[derive(Deserialize)]
struct SpecialToken {
    ids: Vec<u32>,
}

/// The ids before and behind those of a text; at least one.
pub(super) struct Template {
    pub(super) before: Vec<u32>,
    pub(super) after: Vec<u32>,
}

impl Template {
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if an id is outside the vocabulary or a name without ids,
    /// [`Error::Incompatible`](crate::Error::Incompatible) if texts are not put between special tokens.
    pub(super) fn new(json: Option<PostProcessorDescription>, vocabulary_size: usize) -> Result<Self> {
        let kind = json.as_ref().and_then(|json| json.kind.clone());
        let template = match (json, kind.as_deref()) {
            (Some(json), Some("BertProcessing")) => Self {
                before: vec![required("post_processor.cls", json.cls)?.1],
                after: vec![required("post_processor.sep", json.sep)?.1],
            },
            (Some(json), Some("TemplateProcessing")) => Self::from_pieces(
                required("post_processor.single", json.single)?,
                &required("post_processor.special_tokens", json.special_tokens)?,
            )?,
            (_, kind) => {
                return Err(incompatible(
                    "post_processor",
                    kind.unwrap_or("none"),
                    "TemplateProcessing or BertProcessing",
                ));
            }
        };
        match template.before.iter().chain(&template.after).find(|&&id| id as usize >= vocabulary_size) {
            Some(id) => Err(corrupt(format!("post_processor has the id {id}, expected one below {vocabulary_size}"))),
            None if template.len() == 0 => Err(incompatible("post_processor", "no special token", "at least one")),
            None => Ok(template),
        }
    }

    fn from_pieces(pieces: Vec<TemplatePiece>, special_tokens: &BTreeMap<String, SpecialToken>) -> Result<Self> {
        let (mut before, mut after) = (Vec::new(), None::<Vec<u32>>);
        for piece in pieces {
            match piece {
                TemplatePiece::SpecialToken { id } => {
                    let token = special_tokens
                        .get(&id)
                        .ok_or_else(|| corrupt(format!("post_processor.special_tokens lacks \"{id}\"")))?;
                    after.as_mut().unwrap_or(&mut before).extend(&token.ids);
                }
                TemplatePiece::Sequence { id } if id == "A" && after.is_none() => after = Some(Vec::new()),
                TemplatePiece::Sequence { id } => {
                    return Err(incompatible("post_processor.single", format!("sequence {id}"), "sequence A once"));
                }
            }
        }
        match after {
            Some(after) => Ok(Self { before, after }),
            None => Err(incompatible("post_processor.single", "no sequence", "sequence A once")),
        }
    }

    /// Number of special tokens that every text gets.
    pub(super) fn len(&self) -> usize {
        self.before.len() + self.after.len()
    }
}
