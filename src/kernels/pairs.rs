//! The products of attention in integers: pairs of 16-bit values, multiplied and added up by one instruction.
//!
//! A pair holds two values that lie half a row apart, so that rows become pairs lane by lane. Of the matrix on the right eight columns lie side by side,
//! as in `float.rs`: sums need no adding up across lanes, which short rows would not make up for.

use core::ops::Range;

use super::activation::exp_pairs;
use super::tiles::{largest, tile_of_pairs};
use super::{LANES, ROUND};

/// The largest magnitude of a value: 14 bits.
const MAX: usize = 8191;

/// Rows that share the loaded values of a panel.
const ROWS: usize = 5;

/// The largest magnitude that values may have on both sides, so that the sum of `length` products fits into i32.
fn limit(length: usize) -> usize {
    MAX.min((i32::MAX as usize / length).isqrt())
}

/// Two values in one word, rounded to integers of 16 bits.
#[inline(always)]
fn pair(low: f32, high: f32) -> u32 {
    ((low + ROUND).to_bits() & 0xFFFF) | ((high + ROUND).to_bits() << 16)
}

/// What values whose magnitude is at most `reach` are multiplied by, and the scale that turns the integers back.
#[inline(always)]
fn factor_and_scale(reach: f32, limit: f32) -> (f32, f32) {
    // Below this the factor would overflow; such values are zero for all that follows.
    if reach > 1e-30 { (limit / reach, reach / limit) } else { (0.0, 0.0) }
}

/// Rows of pairs with one scale each: `x = pair * scale`.
#[derive(Debug, Default)]
pub(crate) struct PairRows {
    /// Pairs a row.
    length: usize,
    pairs: Vec<u32>,
    scales: Vec<f32>,
}

impl PairRows {
    /// Quantizes rows of `heads * width` values; the pairs of a head lie one after another. The buffers are reused.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191")]
    pub fn quantize(&mut self, rows: &[f32], heads: usize, width: usize) {
        let half = width.div_ceil(2);
        self.length = heads * half;
        self.pairs.resize(rows.len() / width * half, 0);
        self.scales.clear();
        let limit = limit(width) as f32;
        for (row, pairs) in rows.chunks_exact(heads * width).zip(self.pairs.chunks_exact_mut(self.length)) {
            let (factor, scale) = factor_and_scale(largest(row), limit);
            self.scales.push(scale);
            for (head, pairs) in row.chunks_exact(width).zip(pairs.chunks_exact_mut(half)) {
                let (low, high) = head.split_at(half);
                if high.len() < half {
                    pairs[half - 1] = pair(low[half - 1] * factor, 0.0);
                }
                for ((pair_of, low), high) in pairs.iter_mut().zip(low).zip(high) {
                    *pair_of = pair(low * factor, high * factor);
                }
            }
        }
    }

    /// Rows of attention weights, none yet.
    pub fn clear(&mut self, columns: usize) {
        self.length = columns / 2;
        self.pairs.clear();
        self.scales.clear();
    }

    /// Adds a row of attention weights: those of `scores`, whole lanes of which the first `tokens` count. They become `exp(scale * x)` as integers;
    /// the row's scale makes their sum 1.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191 a token, of which f32 holds 24 bits")]
    pub fn push_softmax(&mut self, scores: &mut [f32], tokens: usize, scale: f32) {
        // What lies beyond the text weighs nothing.
        scores[tokens..].fill(f32::NEG_INFINITY);
        let from = self.pairs.len();
        self.pairs.resize(from + scores.len() / 2, 0);
        let sum = exp_pairs(scores, scale, limit(tokens) as f32, &mut self.pairs[from..]);
        self.scales.push(1.0 / sum as f32);
    }

    fn part(&self, row: usize, from: usize, length: usize) -> &[u32] {
        &self.pairs[row * self.length + from..][..length]
    }
}

/// The matrix on the right of a product, eight columns side by side, with a scale for each of them.
#[derive(Debug, Default)]
pub(crate) struct Panels {
    /// `[columns / 8, inner]`.
    pairs: Vec<[u32; LANES]>,
    inner: usize,
    scales: Vec<[f32; LANES]>,
}

impl Panels {
    fn resize(&mut self, inner: usize, columns: usize) {
        self.inner = inner;
        self.pairs.resize(columns.div_ceil(LANES) * inner, [0; LANES]);
        self.scales.resize(columns.div_ceil(LANES), [0.0; LANES]);
    }

    /// The keys of one head, one a column; `tokens` are the rows of a text.
    pub fn turn(&mut self, keys: &PairRows, tokens: Range<usize>, head: usize, width: usize) {
        let half = width.div_ceil(2);
        self.resize(half, tokens.len());
        let groups = self.pairs.chunks_exact_mut(half).zip(&mut self.scales);
        for ((panel, scales), first) in groups.zip(tokens.clone().step_by(LANES)) {
            for lane in 0..LANES {
                // Columns beyond the last token are a copy of it, which nobody looks at.
                let token = (first + lane).min(tokens.end - 1);
                scales[lane] = keys.scales[token];
                for (panel, pair) in panel.iter_mut().zip(keys.part(token, head * half, half)) {
                    panel[lane] = *pair;
                }
            }
        }
    }

    /// The values of one head: `columns` of a row are its dimensions, `stride` the distance of a text's rows, which are padded to whole lanes.
    /// `reaches` says how far each dimension reaches in this text.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191")]
    pub fn quantize(&mut self, values: &[f32], stride: usize, reaches: &[f32]) {
        let (width, tokens) = (reaches.len(), values.len().div_ceil(stride));
        let half = tokens.next_multiple_of(LANES) / 2;
        self.resize(half, width);
        let limit = limit(tokens) as f32;
        for (group, (panel, scales)) in self.pairs.chunks_exact_mut(half).zip(&mut self.scales).enumerate() {
            let first = group * LANES;
            let count = (width - first).min(LANES);
            let mut factors = [0.0; LANES];
            for (lane, reach) in reaches[first..first + count].iter().enumerate() {
                (factors[lane], scales[lane]) = factor_and_scale(*reach, limit);
            }
            let row = |token: usize| -> [f32; LANES] {
                let from = token * stride + first;
                match values.get(from..).and_then(|row| row.first_chunk()) {
                    Some(row) if token < tokens && count == LANES => *row,
                    _ if token < tokens => {
                        core::array::from_fn(|lane| if lane < count { values[from + lane] } else { 0.0 })
                    }
                    _ => [0.0; LANES],
                }
            };
            for (token, panel) in panel.iter_mut().enumerate() {
                let (low, high) = (row(token), row(token + half));
                for lane in 0..LANES {
                    panel[lane] = pair(low[lane] * factors[lane], high[lane] * factors[lane]);
                }
            }
        }
    }
}

/// How far each column of some rows reaches.
pub(crate) fn reaches(rows: &[f32], reaches: &mut [f32]) {
    reaches.fill(0.0);
    for row in rows.chunks_exact(reaches.len()) {
        for (reach, x) in reaches.iter_mut().zip(row) {
            let x = x.abs();
            *reach = if x > *reach { x } else { *reach };
        }
    }
}

/// `out = a b` for some rows of `a`, of each the pairs from `from` on; `out` has `columns`, its rows `stride` apart.
pub(crate) fn multiply_pairs(
    a: &PairRows,
    rows: Range<usize>,
    from: usize,
    b: &Panels,
    columns: usize,
    out: &mut [f32],
    stride: usize,
) {
    let mut row = rows.start;
    while row < rows.end {
        let job = Job { a, from, b, columns, row };
        let out = &mut out[(row - rows.start) * stride..];
        row += match rows.end - row {
            1 => job.rows::<1>(out, stride),
            2 => job.rows::<2>(out, stride),
            3 => job.rows::<3>(out, stride),
            4 => job.rows::<4>(out, stride),
            _ => job.rows::<ROWS>(out, stride),
        };
    }
}

struct Job<'a> {
    a: &'a PairRows,
    from: usize,
    b: &'a Panels,
    columns: usize,
    row: usize,
}

impl Job<'_> {
    /// Computes `M` rows.
    #[inline(always)]
    fn rows<const M: usize>(&self, out: &mut [f32], stride: usize) -> usize {
        let inner = self.b.inner;
        let rows: [&[u32]; M] = core::array::from_fn(|m| self.a.part(self.row + m, self.from, inner));
        let row_scales: [f32; M] = core::array::from_fn(|m| self.a.scales[self.row + m]);
        for (group, (panel, scales)) in self.b.pairs.chunks_exact(inner).zip(&self.b.scales).enumerate() {
            let column = group * LANES;
            let width = (self.columns - column).min(LANES);
            if width == LANES {
                tile_of_pairs(rows, panel, row_scales, scales, &mut out[column..], stride);
            } else {
                let mut block = [0.0; LANES * ROWS];
                tile_of_pairs(rows, panel, row_scales, scales, &mut block, LANES);
                for (m, block) in block.as_chunks::<LANES>().0[..M].iter().enumerate() {
                    out[m * stride + column..][..width].copy_from_slice(&block[..width]);
                }
            }
        }
        M
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Attention of one head among others, of tokens among others: `[scores, context]`, in integers as the encoder has it.
    fn attend([query, key, value]: [&[f32]; 3], [heads, head, width]: [usize; 3], rows: Range<usize>) -> [Vec<f32>; 2] {
        let (hidden, tokens) = (heads * width, rows.len());
        let padded = tokens.next_multiple_of(LANES);
        let (mut q, mut k, mut weights, mut panels) =
            (PairRows::default(), PairRows::default(), PairRows::default(), Panels::default());
        q.quantize(query, heads, width);
        k.quantize(key, heads, width);
        panels.turn(&k, rows.clone(), head, width);
        let mut scores = vec![0.0; tokens * padded];
        multiply_pairs(&q, rows.clone(), head * width.div_ceil(2), &panels, padded, &mut scores, padded);
        let found = scores.chunks(padded).flat_map(|row| row[..tokens].to_vec()).collect();
        weights.clear(padded);
        scores.chunks_mut(padded).for_each(|row| weights.push_softmax(row, tokens, 0.5));
        let values = &value[rows.start * hidden..rows.end * hidden];
        let mut reach = vec![0.0; hidden];
        reaches(values, &mut reach);
        panels.quantize(&values[head * width..], hidden, &reach[head * width..][..width]);
        let mut context = vec![9.0; tokens * (width + 1)];
        multiply_pairs(&weights, 0..tokens, 0, &panels, width, &mut context, width + 1);
        [found, context]
    }

    /// The same by the book.
    fn naive([query, key, value]: [&[f32]; 3], [heads, head, width]: [usize; 3], rows: Range<usize>) -> [Vec<f64>; 2] {
        let at = |values: &[f32], row: usize, d: usize| f64::from(values[(row * heads + head) * width + d]);
        let (mut all, mut context) = (Vec::new(), Vec::new());
        for i in rows.clone() {
            let dot = |j: usize| (0..width).map(|d| at(query, i, d) * at(key, j, d)).sum::<f64>();
            let scores: Vec<f64> = rows.clone().map(dot).collect();
            let max = scores.iter().copied().fold(f64::MIN, f64::max);
            let exps: Vec<f64> = scores.iter().map(|x| libm::exp(0.5 * (x - max))).collect();
            let sum: f64 = exps.iter().sum();
            context.extend(
                (0..width).map(|d| rows.clone().zip(&exps).map(|(j, e)| e / sum * at(value, j, d)).sum::<f64>()),
            );
            context.push(9.0);
            all.extend(scores);
        }
        [all, context]
    }

    proptest! {
        #[test]
        fn attention_equals_the_naive_one(
            heads in 1_usize..4, width in 1_usize..40, tokens in 1_usize..40, before in 0_usize..3, after in 0_usize..3, seed in any::<u32>()
        ) {
            let mut state = seed;
            let mut next = || { state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223); f32::from((state >> 16) as u16) / 32768.0 - 1.0 };
            let mut rows = || (0..(before + tokens + after) * heads * width).map(|_| next()).collect::<Vec<f32>>();
            let (query, key, value) = (rows(), rows(), rows());
            for head in 0..heads {
                let given = ([&query[..], &key, &value], [heads, head, width], before..before + tokens);
                let ([scores, context], [exact_scores, exact_context]) = (attend(given.0, given.1, given.2.clone()), naive(given.0, given.1, given.2));
                for (found, exact) in scores.iter().zip(exact_scores) {
                    // Half a step on either side.
                    prop_assert!((f64::from(*found) - exact).abs() <= 1.01 / MAX as f64 * width as f64);
                }
                for (found, exact) in context.iter().zip(exact_context) {
                    prop_assert!((f64::from(*found) - exact).abs() <= 0.01, "{found}, expected {exact}");
                }
            }
        }
    }

    #[test]
    fn the_largest_values_of_the_longest_rows_do_not_overflow() {
        for (width, tokens) in [(1, 1), (32, 128), (33, 257), (64, 512), (200, 5), (3, 5000)] {
            let (query, value) = (vec![-1e15_f32; tokens * width], vec![-3.0_f32; tokens * width]);
            let [scores, context] = attend([&query, &query, &value], [1, 0, width], 0..tokens);
            let expected = 1e30 * width as f32;
            assert!(scores.iter().all(|x| (x / expected - 1.0).abs() < 1e-5), "{width} x {tokens}");
            let mut context = context.chunks(width + 1).flat_map(|row| &row[..width]);
            assert!(context.all(|x| (x / -3.0 - 1.0).abs() < 1e-5), "{width} x {tokens}");
        }
    }

    #[test]
    fn of_scores_far_apart_the_largest_has_all_weight_and_of_equal_ones_each_the_same() {
        let mut rows = PairRows::default();
        rows.clear(8);
        rows.push_softmax(&mut [0.0, -1e30, f32::MIN, -20.0, 1e30, 1e30, 1e30, 1e30], 4, 1.0);
        rows.push_softmax(&mut [0.0; 8], 3, 1.0);
        let most = u32::try_from(MAX).unwrap();
        assert_eq!(rows.pairs, [most, 0, 0, 0, most, most, most, 0]);
        assert_eq!(rows.scales, [1.0 / MAX as f32, 1.0 / (3 * MAX) as f32]);
    }

    #[test]
    fn rows_of_zeros_or_of_next_to_nothing_are_zero() {
        let mut rows = PairRows::default();
        rows.quantize(&[0.0, 0.0, 1e-38, -1e-38], 1, 2);
        assert_eq!((rows.pairs.as_slice(), rows.scales.as_slice()), ([0, 0].as_slice(), [0.0, 0.0].as_slice()));
    }
}
