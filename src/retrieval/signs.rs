//! One bit a dimension: a table's signs, from which cosines are estimated eight times as fast as they are computed.
//!
//! The estimator is that of `RaBitQ` (Gao and Long, SIGMOD 2024) without its random rotation: for a centered unit row `u` with signs `s` and a
//! query `v`, `u . v` is about `(s . v) / (s . u)`. The query is quantized to four bits, so that `s . v` is five counts of bits.

use crate::embedding::CenteredTable;

/// Bits of a quantized query value.
const PLANES: usize = 4;
const LEVELS: f32 = 15.0;

/// Signs of the centered rows of a table: an eighth of the bytes of an int8 table, and one f32 a row.
#[derive(Debug, Clone)]
pub(crate) struct SignTable {
    /// 64-bit words of a row.
    words: usize,
    /// `[rows, words]`; bit `d` of a row is set where its value `d` is above 0. Bits beyond the last dimension are 0.
    bits: Vec<u64>,
    /// `1 / (s . u)`, which is 1 over the sum of magnitudes; 0 for a row of zeros.
    factors: Vec<f32>,
}

/// A query vector, cut into planes of bits.
pub(crate) struct SignProbe {
    planes: Vec<[u64; PLANES]>,
    /// `v = low + step * quantized`.
    low: f32,
    step: f32,
    sum: f32,
}

impl SignTable {
    /// Takes the signs of all rows.
    pub fn new(table: &CenteredTable) -> Self {
        let words = table.raw().dimensions().div_ceil(64);
        let (mut bits, mut factors) = (Vec::new(), Vec::new());
        bits.reserve_exact(table.raw().count() * words);
        factors.reserve_exact(table.raw().count());
        let mut row = vec![0.0; table.raw().dimensions()];
        for r in 0..table.raw().count() {
            table.copy_row(r, &mut row);
            bits.extend(row.chunks(64).map(bits_of));
            let sum = row.iter().map(|x| x.abs()).sum::<f32>();
            factors.push(if sum > 0.0 { 1.0 / sum } else { 0.0 });
        }
        Self { words, bits, factors }
    }

    /// Prepares a vector for [`estimate`](Self::estimate).
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 15")]
    pub fn probe(&self, vector: &[f32]) -> SignProbe {
        let (low, high) = vector.iter().fold((f32::MAX, f32::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
        let step = ((high - low) / LEVELS).max(f32::MIN_POSITIVE);
        let (mut planes, mut sum) = (vec![[0; PLANES]; self.words], 0.0);
        for (d, x) in vector.iter().enumerate() {
            let level = ((x - low) / step).round_ties_even();
            sum += low + step * level;
            for (plane, word) in planes[d / 64].iter_mut().enumerate() {
                *word |= u64::from((level as u32 >> plane) & 1) << (d % 64);
            }
        }
        SignProbe { planes, low, step, sum }
    }

    /// Estimates the dot products of consecutive centered unit rows, from `first` on, with a probe.
    pub fn estimate(&self, first: usize, probe: &SignProbe, out: &mut [f32]) {
        match self.words {
            2 => self.estimate_words::<2>(first, probe, out),
            4 => self.estimate_words::<4>(first, probe, out),
            6 => self.estimate_words::<6>(first, probe, out),
            words => {
                let rows = self.bits[first * words..].chunks_exact(words).zip(&self.factors[first..]);
                for (out, (row, factor)) in out.iter_mut().zip(rows) {
                    *out = estimate_row(row, *factor, probe);
                }
            }
        }
    }

    /// The same for a number of words that the compiler knows.
    fn estimate_words<const W: usize>(&self, first: usize, probe: &SignProbe, out: &mut [f32]) {
        let rows = self.bits.as_chunks::<W>().0[first..].iter().zip(&self.factors[first..]);
        for (out, (row, factor)) in out.iter_mut().zip(rows) {
            *out = estimate_row(row, *factor, probe);
        }
    }
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "counts of bits")]
fn estimate_row(row: &[u64], factor: f32, probe: &SignProbe) -> f32 {
    let (mut set, mut weighted) = (0, 0);
    for (word, planes) in row.iter().zip(&probe.planes) {
        set += word.count_ones();
        for (plane, bits) in planes.iter().enumerate() {
            weighted += (word & bits).count_ones() << plane;
        }
    }
    // s . v, s being 1 where the bit is set and -1 elsewhere: twice the sum over set bits, less the sum over all.
    let over_set = probe.low * set as f32 + probe.step * weighted as f32;
    (2.0 * over_set - probe.sum) * factor
}

fn bits_of(values: &[f32]) -> u64 {
    values.iter().enumerate().fold(0, |bits, (d, x)| bits | (u64::from(*x > 0.0) << d))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::{Dtype, EmbeddingTable, dot};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn estimates_are_the_quantized_formula(rows in prop::collection::vec(-1.0_f32..1.0, 7 * 70), v in prop::collection::vec(-1.0_f32..1.0, 70)) {
            let table = EmbeddingTable::from_rows(&rows, 70, Dtype::F32).unwrap();
            let mean = CenteredTable::mean_of(&table);
            let table = CenteredTable::new(table, mean).unwrap();
            let signs = SignTable::new(&table);
            let mut out = [0.0; 7];
            signs.estimate(0, &signs.probe(&v), &mut out);
            let (low, high) = v.iter().fold((f32::MAX, f32::MIN), |(l, h), x| (l.min(*x), h.max(*x)));
            for (r, found) in out.iter().enumerate() {
                let row = table.row(r);
                let sign_dot: f32 = row.iter().zip(&v).map(|(u, v)| if *u > 0.0 { *v } else { -*v }).sum();
                let magnitude: f32 = row.iter().map(|u| u.abs()).sum();
                // Each of the 70 values is off by half a step at most.
                let bound = 70.0 * (high - low) / LEVELS * 0.5 / magnitude + 1e-4;
                prop_assert!((found - sign_dot / magnitude).abs() <= bound);
            }
        }
    }

    #[test]
    fn estimates_are_close_to_the_cosines() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 16) as u16) / 32768.0 - 1.0
        };
        let rows: Vec<f32> = (0..200 * 384).map(|_| next()).collect();
        let table = EmbeddingTable::from_rows(&rows, 384, Dtype::Int8).unwrap();
        let mean = CenteredTable::mean_of(&table);
        let table = CenteredTable::new(table, mean).unwrap();
        let signs = SignTable::new(&table);
        let (v, mut out) = (table.row(17), [0.0; 200]);
        signs.estimate(0, &signs.probe(&v), &mut out);
        for (r, found) in out.iter().enumerate() {
            let exact = dot(&table.row(r), &v);
            assert!((found - exact).abs() < 0.15, "row {r}: {found}, exactly {exact}");
        }
        assert!(out[17] > 0.9);
    }
}
