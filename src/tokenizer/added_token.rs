//! Tokens that are found in a text as a whole, before it is split into words, such as a `[SEP]` that is written out.

use serde::Deserialize;

use super::normalizer::BertNormalizer;
use super::vocabulary::Vocabulary;
use super::{corrupt, incompatible};
use crate::error::Result;

/// An element of the `added_tokens` of a `tokenizer.json`.
#[derive(Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
pub(super) struct AddedTokenDescription {
    id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

struct AddedToken {
    id: u32,
    content: String,
    /// Takes the white space before it along.
    lstrip: bool,
    /// Takes the white space behind it along.
    rstrip: bool,
}

/// A part of a text.
pub(super) enum Piece<'a> {
    /// An added token, by its id.
    Token(u32),
    /// What lies between added tokens; not empty.
    Text(&'a str),
}

/// The added tokens that are looked for in one form of the text.
pub(super) struct AddedTokens {
    /// The longest token first, special ones before others of the same length: the first that fits is the match.
    tokens: Vec<AddedToken>,
    /// Whether a token begins with this byte.
    begins: [bool; 256],
}

/// The added tokens that are matched before normalization, those that are matched after it, and the number of all ids. A
/// token outside the vocabulary has the next id after it.
///
/// # Errors
/// [`Error::Corrupt`](crate::Error::Corrupt) if an id is another one than the vocabulary has, or a token is there twice;
/// [`Error::Incompatible`](crate::Error::Incompatible) for `single_word` and for a token of which normalization leaves nothing.
pub(super) fn assign_ids(
    list: Vec<AddedTokenDescription>,
    vocabulary: &Vocabulary,
    normalizer: Option<&BertNormalizer>,
) -> Result<(AddedTokens, AddedTokens, usize)> {
    let mut vocabulary_size = vocabulary.len();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut contents: Vec<&str> = list.iter().map(|token| token.content.as_str()).collect();
    contents.sort_unstable();
    if let Some([content, ..]) = contents.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(corrupt(format!("the added token \"{content}\" is there twice")));
    }
    for json in list {
        let AddedTokenDescription { id, content, lstrip, rstrip, special, .. } = json;
        let expected = vocabulary.get("", &content).map_or(vocabulary_size, |id| id as usize);
        if id as usize != expected {
            return Err(corrupt(format!("the added token \"{content}\" has the id {id}, expected {expected}")));
        }
        vocabulary_size = vocabulary_size.max(expected + 1);
        if json.single_word {
            return Err(incompatible("added_tokens", format!("\"{content}\" with single_word"), "no single_word"));
        }
        let (tokens, content) = match normalizer {
            Some(normalizer) if json.normalized => {
                let mut output = String::new();
                normalizer.normalize(&content, &mut output);
                (&mut after, output)
            }
            _ if json.normalized => (&mut after, content),
            _ => (&mut before, content),
        };
        if content.is_empty() {
            return Err(incompatible("added_tokens", format!("id {id} with no text to match"), "a text"));
        }
        tokens.push((special, AddedToken { id, content, lstrip, rstrip }));
    }
    Ok((AddedTokens::new(before), AddedTokens::new(after), vocabulary_size))
}

impl AddedTokens {
    fn new(mut tokens: Vec<(bool, AddedToken)>) -> Self {
        tokens.sort_by_key(|(special, token)| (std::cmp::Reverse(token.content.len()), !special));
        let tokens: Vec<_> = tokens.into_iter().map(|(_, token)| token).collect();
        let mut begins = [false; 256];
        for byte in tokens.iter().filter_map(|token| token.content.bytes().next()) {
            begins[usize::from(byte)] = true;
        }
        Self { tokens, begins }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Cuts a text at the added tokens in it: the leftmost first, the longest of those that begin there.
    pub(super) fn split<'a>(&self, text: &'a str) -> Vec<Piece<'a>> {
        let mut pieces = Vec::new();
        let (mut covered, mut from) = (0, 0);
        while let Some((start, token)) = self.find(text, from) {
            from = start + token.content.len();
            let start = if token.lstrip { text[..start].trim_end().len() } else { start };
            if covered < start {
                pieces.push(Piece::Text(&text[covered..start]));
            }
            pieces.push(Piece::Token(token.id));
            covered = if token.rstrip { text.len() - text[from..].trim_start().len() } else { from };
        }
        if covered < text.len() {
            pieces.push(Piece::Text(&text[covered..]));
        }
        pieces
    }

    /// The first token in `text` that begins at byte `from` or later, and where.
    fn find(&self, text: &str, from: usize) -> Option<(usize, &AddedToken)> {
        if self.tokens.is_empty() {
            return None;
        }
        let bytes = text.as_bytes();
        (from..bytes.len()).filter(|&start| self.begins[usize::from(bytes[start])]).find_map(|start| {
            let token = self.tokens.iter().find(|token| bytes[start..].starts_with(token.content.as_bytes()))?;
            Some((start, token))
        })
    }
}
