//! The products of attention in integers: pairs of 16-bit values, multiplied and added up by one instruction.
//!
//! A pair holds two values that lie half a row apart, so that rows become pairs lane by lane. Of the matrix on the right eight columns lie side by side,
//! as in `float.rs`: sums need no adding up across lanes, which short rows would not make up for.

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
    (low + ROUND).to_bits() & 0xFFFF | (high + ROUND).to_bits() << 16
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
    pub fn turn(&mut self, keys: &PairRows, tokens: core::ops::Range<usize>, head: usize, width: usize) {
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
    rows: core::ops::Range<usize>,
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

impl PairRows {
    /// Adds a row of attention weights: those of `scores`, whole lanes of which the first `tokens` count. They become `exp(scale * x)` as integers;
    /// the row's scale makes their sum 1.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191 a token, of which f32 holds 24 bits")]
    pub fn push_softmax(&mut self, scores: &mut [f32], tokens: usize, scale: f32) {
        // What lies beyond the text weighs nothing.
        scores[tokens..].fill(f32::NEG_INFINITY);
        let from = self.pairs.len();
        self.pairs.resize(from + scores.len() / 2, 0);
        let sum = super::activation::exp_pairs(scores, scale, limit(tokens) as f32, &mut self.pairs[from..]);
        self.scales.push(1.0 / sum as f32);
    }
}
