//! Texts as the kernels read them: one after another at their true lengths.

use super::kernels::{Form, HEADER_WORDS};

/// The words of a batch (`batch.wgsl`) and what the grids depend on.
#[derive(Debug)]
pub(super) struct Batch {
    /// Header; id and position of each token; first token and length of each text; text's first token, text's length and first
    /// query of each block of queries.
    pub words: Vec<u32>,
    pub tokens: usize,
    pub texts: usize,
    pub query_blocks: usize,
    pub form: Form,
    /// Blocks that stats divide a token into.
    pub stats_blocks: usize,
}

/// Words that a batch of `tokens` takes at most: each token may be a text of its own.
pub(super) fn max_words(tokens: usize) -> usize {
    HEADER_WORDS + 7 * tokens
}

impl Batch {
    /// Packs texts for a model of width `hidden`, whose attention takes `queries` tokens of a text at once.
    #[expect(clippy::cast_possible_truncation, reason = "a batch has some thousand tokens")]
    pub fn pack(ids: &[&[u32]], hidden: usize, queries: usize) -> Self {
        let tokens: usize = ids.iter().map(|text| text.len()).sum();
        let form = Form::of(tokens);
        let stats_blocks = hidden.div_ceil(form.side());
        let texts_at = HEADER_WORDS + 2 * tokens;
        let queries_at = texts_at + 2 * ids.len();
        let header = [tokens, ids.len(), form.side(), stats_blocks, texts_at, queries_at, 0, 0];
        let mut words: Vec<u32> = header.iter().map(|n| *n as u32).collect();
        for text in ids {
            words.extend((0..).zip(*text).flat_map(|(position, id)| [*id, position]));
        }
        let starts = ids.iter().scan(0, |next, text| {
            let start = *next;
            *next += text.len() as u32;
            Some((start, text.len() as u32))
        });
        words.extend(starts.clone().flat_map(|(start, length)| [start, length]));
        words.extend(starts.flat_map(|(start, length)| {
            (0..length).step_by(queries).flat_map(move |first_query| [start, length, first_query])
        }));
        let query_blocks = (words.len() - queries_at) / 3;
        Self { words, tokens, texts: ids.len(), query_blocks, form, stats_blocks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_packed_without_gaps() {
        let batch = Batch::pack(&[&[7, 8, 9], &[5]], 40, 2);
        assert_eq!(batch.words[..HEADER_WORDS], [4, 2, 16, 3, 16, 20, 0, 0]);
        assert_eq!(batch.words[HEADER_WORDS..16], [7, 0, 8, 1, 9, 2, 5, 0]);
        assert_eq!(batch.words[16..20], [0, 3, 3, 1]);
        assert_eq!(batch.words[20..], [0, 3, 0, 0, 3, 2, 3, 1, 0]);
        assert_eq!(batch.query_blocks, 3);
    }
}
