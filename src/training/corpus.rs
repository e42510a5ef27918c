//! A corpus: lines `source<TAB>text`, a blank line between documents. Every word is tokenized once.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::tokenizer::Tokenizer;

/// Texts as words, and words as token ids.
#[derive(Debug)]
pub struct Corpus {
    /// Names of the sources, in the order of first use.
    sources: Vec<String>,
    lines: Vec<Line>,
    /// The words of all lines, one after another: indices into `pieces`.
    words: Vec<u32>,
    /// The token ids of every different word.
    pieces: Vec<Box<[u32]>>,
    frame: Frame,
}

/// One line of the file.
#[derive(Debug, Clone)]
struct Line {
    source: usize,
    /// Counts from 0.
    document: usize,
    /// Where its words stand.
    words: Range<usize>,
}

/// The special tokens around every text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Frame {
    before: Vec<u32>,
    after: Vec<u32>,
}

impl Corpus {
    /// Reads a corpus. Lines whose text has no word are left out.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] naming a line without a tab, or if there is no text at all.
    pub fn parse(text: &str, tokenizer: &Tokenizer) -> Result<Self> {
        let mut vocabulary: HashMap<&str, u32> = HashMap::new();
        let (mut types, mut sources, mut lines, mut words) = (Vec::new(), Vec::<String>::new(), Vec::new(), Vec::new());
        let mut document = 0;
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() {
                document += 1;
                continue;
            }
            let Some((source, text)) = line.split_once('\t') else {
                return Err(Error::invalid(
                    format!("line {} of the corpus", number + 1),
                    "no tab",
                    "source, a tab, text; or a blank line between documents",
                ));
            };
            let start = words.len();
            for word in text.split_whitespace() {
                let next = u32::try_from(types.len()).map_err(|_| Error::invalid("words", "2^32", "fewer"))?;
                words.push(*vocabulary.entry(word).or_insert_with(|| {
                    types.push(word);
                    next
                }));
            }
            if words.len() > start {
                let source = sources.iter().position(|s| s == source).unwrap_or_else(|| {
                    sources.push(source.to_owned());
                    sources.len() - 1
                });
                lines.push(Line { source, document, words: start..words.len() });
            }
        }
        if lines.is_empty() {
            return Err(Error::invalid("the corpus", "no text", "lines of source, a tab, text"));
        }
        let frame = Frame::of(tokenizer)?;
        let pieces =
            types.par_iter().map(|word| Ok(frame.strip(tokenizer.encode(word)?.ids))).collect::<Result<_>>()?;
        Ok(Self { sources, lines, words, pieces, frame })
    }

    /// Number of lines with text.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Never: a corpus has at least one text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The source of a line.
    #[must_use]
    pub fn source(&self, line: usize) -> &str {
        &self.sources[self.lines[line].source]
    }

    /// The places of the words of `count` lines from `line` on, or of as many as its document still has.
    pub(super) fn sentences(&self, line: usize, count: usize) -> Range<usize> {
        let document = self.lines[line].document;
        let last = self.lines[line..].iter().take(count).take_while(|l| l.document == document).last();
        self.lines[line].words.start..last.map_or(self.lines[line].words.end, |l| l.words.end)
    }

    /// Where the words of a line's document end.
    pub(super) fn document_end(&self, line: usize) -> usize {
        let document = self.lines[line].document;
        let after = line + self.lines[line..].partition_point(|l| l.document == document);
        self.lines[after - 1].words.end
    }

    /// The token ids of a whole line, special tokens included, cut at `max_tokens`.
    #[must_use]
    pub fn line_ids(&self, line: usize, max_tokens: usize) -> Vec<u32> {
        self.ids(self.lines[line].words.clone(), max_tokens)
    }

    /// The token ids of the words at these places, special tokens included, cut at `max_tokens`: those of the tokenizer for the same
    /// words with spaces between them.
    pub(super) fn ids(&self, places: impl Iterator<Item = usize>, max_tokens: usize) -> Vec<u32> {
        let limit = max_tokens.saturating_sub(self.frame.after.len()).max(self.frame.before.len());
        let mut ids = self.frame.before.clone();
        for place in places {
            if ids.len() >= limit {
                break;
            }
            ids.extend(&self.pieces[self.words[place] as usize]);
        }
        ids.truncate(limit);
        ids.extend(&self.frame.after);
        ids
    }

    /// How often each token id below `vocabulary` occurs, special tokens aside.
    #[must_use]
    pub fn token_counts(&self, vocabulary: usize) -> Vec<u64> {
        let mut counts = vec![0; vocabulary];
        for id in self.words.iter().flat_map(|word| &self.pieces[*word as usize]) {
            if let Some(count) = counts.get_mut(*id as usize) {
                *count += 1;
            }
        }
        counts
    }
}

impl Frame {
    /// What stands before and after every text: the ids that the empty text and another one share.
    fn of(tokenizer: &Tokenizer) -> Result<Self> {
        let (empty, other) = (tokenizer.encode("")?.ids, tokenizer.encode("a")?.ids);
        let shared = empty.iter().zip(&other).take_while(|(a, b)| a == b).count();
        Ok(Self { before: empty[..shared].to_vec(), after: empty[shared..].to_vec() })
    }

    fn strip(&self, ids: Vec<u32>) -> Box<[u32]> {
        ids[self.before.len()..ids.len() - self.after.len()].into()
    }
}
