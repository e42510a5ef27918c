//! Words: an inverted index of item texts, and BM25 over it (Robertson and Zaragoza, 2009).
//!
//! What embeddings blur, words keep: names, numbers and rare terms. The index serves beside them.

use std::collections::HashMap;

/// How soon repetitions of a term stop to count. At 0 only presence counts; large values count every repetition in full.
const K1: f32 = 1.2;
/// How much long texts are discounted: 0 not at all, 1 in full proportion to their length.
const B: f32 = 0.75;

/// One text that has a term, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The text's row.
    pub row: u32,
    /// Occurrences of the term in it; at least 1.
    pub count: u32,
}

/// The terms of a list of texts, and where they occur.
#[derive(Debug, Clone, Default)]
pub struct LexicalIndex {
    /// A term's number, in the order of first occurrence.
    terms: HashMap<String, u32>,
    /// `postings[offsets[t]..offsets[t + 1]]` are those of the term t, in the order of rows.
    offsets: Vec<usize>,
    postings: Vec<Posting>,
    /// Number of terms of each text.
    lengths: Vec<u32>,
    average_length: f32,
}

impl LexicalIndex {
    /// Indexes texts; their rows are their places.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "counts of terms and texts")]
    pub fn new<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Self {
        let mut terms = HashMap::new();
        let mut found: Vec<Vec<Posting>> = Vec::new();
        let mut lengths = Vec::new();
        for (row, text) in (0..).zip(texts) {
            let mut length = 0;
            for term in tokens(text.as_ref()) {
                length += 1;
                let number = *terms.entry(term).or_insert(found.len() as u32) as usize;
                if number == found.len() {
                    found.push(Vec::new());
                }
                match found[number].last_mut() {
                    Some(last) if last.row == row => last.count += 1,
                    _ => found[number].push(Posting { row, count: 1 }),
                }
            }
            lengths.push(length);
        }
        let mut offsets = vec![0];
        offsets.extend(found.iter().scan(0, |end, postings| {
            *end += postings.len();
            Some(*end)
        }));
        let total: f32 = lengths.iter().map(|length| *length as f32).sum();
        let average_length = (total / lengths.len().max(1) as f32).max(1.0);
        Self { terms, offsets, postings: found.into_iter().flatten().collect(), lengths, average_length }
    }

    /// Number of texts.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// Whether there are no texts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// Number of different terms. They are numbered in the order of their first occurrence.
    #[must_use]
    pub fn term_count(&self) -> usize {
        self.offsets.len().saturating_sub(1)
    }

    /// The texts that have a term, in the order of rows.
    #[must_use]
    pub fn postings(&self, term: usize) -> &[Posting] {
        match (self.offsets.get(term), self.offsets.get(term + 1)) {
            (Some(from), Some(to)) => &self.postings[*from..*to],
            _ => &[],
        }
    }

    /// The BM25 score of every text for a query; at least 0, and 0 without a common term. A term that the query repeats counts as often.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of terms and texts")]
    pub fn bm25(&self, query: &str) -> Vec<f32> {
        let mut scores = vec![0.0; self.len()];
        for term in tokens(query) {
            let Some(term) = self.terms.get(&term) else { continue };
            let postings = self.postings(*term as usize);
            let (count, with) = (self.len() as f32, postings.len() as f32);
            // Never below 0, however common the term (as in Lucene).
            let idf = libm::log1pf((count - with + 0.5) / (with + 0.5));
            for Posting { row, count } in postings {
                let length = self.lengths[*row as usize] as f32 / self.average_length;
                let often = *count as f32;
                scores[*row as usize] += idf * often * (K1 + 1.0) / (often + K1 * (1.0 - B + B * length));
            }
        }
        scores
    }
}

/// The terms of a text: runs of letters and digits in lower case; in scripts without spaces, every character.
pub fn tokens(text: &str) -> impl Iterator<Item = String> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        let first = rest.chars().next()?;
        let end = if stands_alone(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| !c.is_alphanumeric() || stands_alone(c)).unwrap_or(rest.len())
        };
        let (term, after) = rest.split_at(end);
        rest = after;
        Some(term.to_lowercase())
    })
}

/// Chinese characters and Japanese kana.
fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn terms_are_words_numbers_and_single_characters() {
        let terms: Vec<String> = tokens("Toy Story 2 (1999): l'Été—千と!").collect();
        assert_eq!(terms, ["toy", "story", "2", "1999", "l", "été", "千", "と"]);
        assert_eq!(tokens(" ... ").count(), 0);
    }

    #[test]
    fn bm25_by_hand() {
        let index = LexicalIndex::new(["a b", "a a c", "d"]);
        // Two of three texts have a; lengths 2, 3, 1 around an average of 2.
        let idf = (1.0 + 1.5_f32 / 2.5).ln();
        let expected = [idf * 2.2 / (1.0 + 1.2), idf * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 1.5)), 0.0];
        for (score, expected) in index.bm25("A").iter().zip(expected) {
            assert!((score - expected).abs() < 1e-6, "{score} is not {expected}");
        }
        assert_eq!(index.bm25("unheard of"), [0.0; 3]);
        assert_eq!((index.len(), index.term_count(), index.postings(0).len()), (3, 4, 2));
        assert!(index.postings(99).is_empty() && LexicalIndex::new([""; 0]).bm25("a").is_empty());
    }

    #[test]
    fn a_rare_term_outweighs_a_common_one() {
        let index = LexicalIndex::new(["film cat", "film dog", "film", "film"]);
        let scores = index.bm25("film dog");
        assert!(scores[1] > scores[0] && scores[0] > 0.0);
    }

    proptest! {
        #[test]
        fn every_term_of_any_text_finds_it(texts in prop::collection::vec(".{0,40}", 1..6)) {
            let index = LexicalIndex::new(&texts);
            for (row, text) in texts.iter().enumerate() {
                for term in tokens(text) {
                    prop_assert!(index.bm25(&term)[row] > 0.0, "{term} in {text}");
                }
            }
        }
    }
}
