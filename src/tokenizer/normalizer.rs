//! Normalization as in BERT: drop control characters, put CJK ideographs apart, strip accents, lowercase.

use serde::Deserialize;
use unicode_categories::UnicodeCategories;
use unicode_normalization_alignments::char::{canonical_combining_class, decompose_canonical};

use super::{check_type, required};
use crate::error::Result;

/// The `normalizer` of a `tokenizer.json`.
#[derive(Deserialize)]
pub(super) struct NormalizerDescription {
    #[serde(rename = "type")]
    kind: Option<String>,
    clean_text: Option<bool>,
    handle_chinese_chars: Option<bool>,
    strip_accents: Option<bool>,
    lowercase: Option<bool>,
}

/// What is done to a text before it is split into words, in the order of the fields.
#[allow(clippy::struct_excessive_bools, reason = "independent steps, each on or off")]
pub(super) struct BertNormalizer {
    /// Drops control, format and private-use characters and turns all white space into spaces.
    clean_text: bool,
    /// Puts spaces around every CJK ideograph, so that each is a word of its own.
    separate_ideographs: bool,
    /// Decomposes (NFD) and drops the nonspacing marks.
    strip_accents: bool,
    /// Lowercases every character for itself, without regard to its place in the word.
    lowercase: bool,
}

impl BertNormalizer {
    pub(super) fn new(json: NormalizerDescription) -> Result<Self> {
        check_type("normalizer", json.kind.as_deref(), "BertNormalizer")?;
        let lowercase = required("normalizer.lowercase", json.lowercase)?;
        Ok(Self {
            clean_text: required("normalizer.clean_text", json.clean_text)?,
            separate_ideographs: required("normalizer.handle_chinese_chars", json.handle_chinese_chars)?,
            strip_accents: json.strip_accents.unwrap_or(lowercase),
            lowercase,
        })
    }

    /// Appends the normalized text to `output`.
    pub(super) fn normalize(&self, text: &str, output: &mut String) {
        // NFD sorts runs of marks. An ASCII character ends such a run, so only what lies between two of them is held back.
        let mut pending = String::new();
        for c in text.chars() {
            if self.clean_text && is_dropped(c) {
                continue;
            }
            let c = if self.clean_text && c.is_whitespace() { ' ' } else { c };
            if c.is_ascii() {
                self.finish(&mut pending, output);
                output.push(if self.lowercase { c.to_ascii_lowercase() } else { c });
            } else if self.separate_ideographs && is_ideograph(c) {
                self.finish(&mut pending, output);
                output.push(' ');
                pending.push(c);
                self.finish(&mut pending, output);
                output.push(' ');
            } else {
                pending.push(c);
            }
        }
        self.finish(&mut pending, output);
    }

    /// Moves the cleaned characters of `pending` to `output`, without accents and in lowercase.
    fn finish(&self, pending: &mut String, output: &mut String) {
        if pending.is_empty() {
            return;
        }
        let mut push = |c: char| if self.lowercase { output.extend(c.to_lowercase()) } else { output.push(c) };
        if self.strip_accents {
            decompose(pending).into_iter().filter(|c| !c.is_mark_nonspacing()).for_each(&mut push);
        } else {
            pending.chars().for_each(&mut push);
        }
        pending.clear();
    }
}

/// The canonical decomposition (NFD). The crate's own iterator would bring the tables of compatible decomposition along,
/// 65 kB of the browser module.
fn decompose(text: &str) -> Vec<char> {
    let mut decomposed = Vec::with_capacity(text.len());
    text.chars().for_each(|c| decompose_canonical(c, |part| decomposed.push(part)));
    // Marks that follow a character of class 0 are ordered by their class.
    for run in decomposed.chunk_by_mut(|_, &mark| canonical_combining_class(mark) != 0) {
        run.sort_by_key(|&c| canonical_combining_class(c));
    }
    decomposed
}

fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | ' '..='~' => false,
        _ => c.is_ascii() || c == char::REPLACEMENT_CHARACTER || c.is_other(),
    }
}

/// The blocks that BERT calls Chinese characters: ideographs, no kana and no Hangul.
fn is_ideograph(c: char) -> bool {
    matches!(
        u32::from(c),
        0x3400..=0x4DBF
            | 0x4E00..=0x9FFF
            | 0xF900..=0xFAFF
            | 0x20000..=0x2A6DF
            | 0x2A700..=0x2B73F
            | 0x2B740..=0x2B81F
            | 0x2B920..=0x2CEAF
            | 0x2F800..=0x2FA1F
    )
}
