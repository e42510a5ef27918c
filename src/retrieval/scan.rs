//! The scan of a whole table: every row's score from one or two directions, and the best k of them.

use super::Candidate;
use super::selection::Selection;
use super::signs::{SignProbe, SignTable};
use crate::embedding::{CenteredTable, TableProbe, dot};

/// A direction that rows are scored along.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    /// As long as the table's rows.
    pub vector: Vec<f32>,
    /// What a dot product with it counts.
    pub weight: f32,
    /// Whether it is compared with centered rows, scaled to length 1, or with the rows as they are.
    pub is_centered: bool,
}

/// Rows whose dot products are held at a time.
const BLOCK: usize = 512;

/// Of a sign scan, this many times `k` rows, one in so many of all, and no fewer than so many are scored in full: docs/engine.md has the recall.
const RESCORED_FOR_EACH: usize = 10;
const RESCORED_SHARE: usize = 100;
const RESCORED_AT_LEAST: usize = 500;

/// A table, ready to be scanned.
pub(crate) struct Scan<'a> {
    table: &'a CenteredTable,
    terms: Vec<Prepared>,
}

struct Prepared {
    term: Term,
    probe: TableProbe,
    /// The table's mean times the vector.
    offset: f32,
}

impl<'a> Scan<'a> {
    pub fn new(table: &'a CenteredTable, terms: Vec<Term>) -> Self {
        let prepare = |term: Term| Prepared {
            probe: table.raw().probe(&term.vector),
            offset: dot(table.mean(), &term.vector),
            term,
        };
        Self { table, terms: terms.into_iter().map(prepare).collect() }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.table.raw().count()
    }

    /// The terms, each with its vector's dot product with the mean.
    pub fn terms(&self) -> impl Iterator<Item = (&Term, f32)> {
        self.terms.iter().map(|prepared| (&prepared.term, prepared.offset))
    }

    /// Whether nothing but the base tells rows apart.
    pub fn is_flat(&self) -> bool {
        self.terms.is_empty()
    }

    /// The best `k` rows by `base(row)` plus the terms, best first. Every row is scored. A row whose base is negative infinity is left out.
    pub fn exact(&self, k: usize, base: &impl Fn(usize) -> f32) -> Vec<Candidate> {
        self.best(k, base, |first, scores, dots| self.add_terms(first, scores, dots)).into_sorted()
    }

    /// As [`exact`](Self::exact), but only rows that look good by their signs are scored: a row of the best may be missed.
    pub fn by_signs(&self, signs: &SignTable, k: usize, base: &impl Fn(usize) -> f32) -> Vec<Candidate> {
        let first = (k * RESCORED_FOR_EACH).max(self.rows() / RESCORED_SHARE).max(RESCORED_AT_LEAST);
        self.rescored(signs, first, k, base)
    }

    /// The best `k` of the `first` rows that look best by their signs.
    pub fn rescored(&self, signs: &SignTable, first: usize, k: usize, base: &impl Fn(usize) -> f32) -> Vec<Candidate> {
        let probes: Vec<SignProbe> = self.terms().map(|(term, _)| signs.probe(&term.vector)).collect();
        let add_estimates = |first: usize, scores: &mut [f32], estimates: &mut [f32]| {
            for ((term, offset), probe) in self.terms().zip(&probes) {
                signs.estimate(first, probe, estimates);
                if term.is_centered {
                    for (score, estimate) in scores.iter_mut().zip(&*estimates) {
                        *score += term.weight * *estimate;
                    }
                } else {
                    let norms = &self.table.inverse_norms()[first..];
                    for ((score, estimate), norm) in scores.iter_mut().zip(&*estimates).zip(norms) {
                        *score += term.weight * (*estimate / norm.max(f32::MIN_POSITIVE) + offset);
                    }
                }
            }
        };
        let mut promising = self.best(first, base, add_estimates).into_unsorted();
        // In the order of the table, which memory likes.
        promising.sort_unstable_by_key(|c| c.row);
        let mut best = Selection::new(k);
        for Candidate { row, .. } in promising {
            best.offer(row, self.score(row, base(row)));
        }
        best.into_sorted()
    }

    /// One row's score: the same as in a scan, to the bit.
    pub fn score(&self, row: usize, base: f32) -> f32 {
        let mut score = [base];
        self.add_terms(row, &mut score, &mut [0.0]);
        score[0]
    }

    /// The best `k` rows by their base and what `add(first row, scores, scratch)` adds to the scores of a block of rows.
    fn best(&self, k: usize, base: &impl Fn(usize) -> f32, add: impl Fn(usize, &mut [f32], &mut [f32])) -> Selection {
        let mut best = Selection::new(k);
        let (mut scores, mut scratch) = ([0.0; BLOCK], [0.0; BLOCK]);
        for first in (0..self.rows()).step_by(BLOCK) {
            let rows = first..(first + BLOCK).min(self.rows());
            let scores = &mut scores[..rows.len()];
            for (score, row) in scores.iter_mut().zip(rows.clone()) {
                *score = base(row);
            }
            add(first, scores, &mut scratch[..rows.len()]);
            for (score, row) in scores.iter().zip(rows) {
                best.offer(row, *score);
            }
        }
        best
    }

    /// Adds the terms to the scores of consecutive rows. `dots` is scratch of the same length.
    fn add_terms(&self, first: usize, scores: &mut [f32], dots: &mut [f32]) {
        for Prepared { term, probe, offset } in &self.terms {
            self.table.raw().dots(first, probe, dots);
            if term.is_centered {
                let norms = &self.table.inverse_norms()[first..];
                for ((score, dot), norm) in scores.iter_mut().zip(&*dots).zip(norms) {
                    *score += term.weight * ((*dot - offset) * norm);
                }
            } else {
                for (score, dot) in scores.iter_mut().zip(&*dots) {
                    *score += term.weight * *dot;
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "small test data")]
mod tests {
    use super::super::by_score;
    use super::*;
    use crate::embedding::{Dtype, EmbeddingTable, normalize};
    use proptest::prelude::*;

    fn embeddings(rows: usize, dimensions: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from((state >> 16) as u16) / 32768.0 - 1.0
        };
        // As real embeddings: far fewer directions than dimensions, and a little noise.
        let directions: Vec<f32> = (0..LATENT * dimensions).map(|_| next()).collect();
        (0..rows)
            .flat_map(|_| {
                let latent: [f32; LATENT] = core::array::from_fn(|_| next());
                let noise: Vec<f32> = (0..dimensions).map(|_| 0.3 + 0.2 * next()).collect();
                let along = |d: usize| (0..LATENT).map(|l| latent[l] * directions[l * dimensions + d]).sum::<f32>();
                let mut row: Vec<f32> = (0..dimensions).map(|d| noise[d] + along(d)).collect();
                normalize(&mut row);
                row
            })
            .collect()
    }

    const LATENT: usize = 24;

    proptest! {
        #[test]
        fn exact_equals_scoring_and_sorting(rows in 1_usize..1200, k in 0_usize..60, seed in any::<u32>(), dtype in prop::sample::select(vec![Dtype::F32, Dtype::Int8, Dtype::Binary])) {
            let raw = EmbeddingTable::from_rows(&embeddings(rows, 20, seed), 20, dtype).unwrap();
            let mean = CenteredTable::mean_of(&raw);
            let table = CenteredTable::new(raw, mean).unwrap();
            let terms = vec![
                Term { vector: table.row(0), weight: 0.7, is_centered: true },
                Term { vector: table.row(rows / 2), weight: 2.0, is_centered: false },
            ];
            let base = |row: usize| if row % 5 == 1 { f32::NEG_INFINITY } else { f32::from((row % 3) as u8) * 0.1 };
            let scan = Scan::new(&table, terms);
            let mut naive: Vec<Candidate> = (0..rows).filter(|r| r % 5 != 1).map(|row| Candidate { row, score: scan.score(row, base(row)) }).collect();
            naive.sort_by(by_score);
            naive.truncate(k);
            prop_assert_eq!(scan.exact(k, &base), naive);
        }
    }

    #[test]
    fn signs_find_nearly_all_of_the_best() {
        let raw = EmbeddingTable::from_rows(&embeddings(20_000, 128, 3), 128, Dtype::Int8).unwrap();
        let mean = CenteredTable::mean_of(&raw);
        let table = CenteredTable::new(raw, mean).unwrap();
        let signs = SignTable::new(&table);
        let mut found = 0;
        for query in 0..20 {
            let terms = vec![Term { vector: table.row(query * 97), weight: 1.0, is_centered: query % 2 == 0 }];
            let scan = Scan::new(&table, terms);
            let exact = scan.exact(20, &|_| 0.0);
            let by_signs = scan.by_signs(&signs, 20, &|_| 0.0);
            // What is found is scored in full.
            assert!(by_signs.iter().all(|c| c.score.to_bits() == scan.score(c.row, 0.0).to_bits()));
            found += exact.iter().filter(|c| by_signs.contains(c)).count();
        }
        assert!(found >= 398, "{found} of 400");
    }

    /// Share of the best 10 rows to 40 queries that are found: in a binary table, and among the best 100 of it by int8.
    fn binary_recall(seed: u32) -> (f32, f32) {
        let rows = embeddings(4000, 128, seed);
        let table = |dtype| {
            let raw = EmbeddingTable::from_rows(&rows, 128, dtype).unwrap();
            let mean = CenteredTable::mean_of(&raw);
            CenteredTable::new(raw, mean).unwrap()
        };
        let (plain, int8, binary) = (table(Dtype::F32), table(Dtype::Int8), table(Dtype::Binary));
        let signs = SignTable::new(&int8);
        let (mut of_binary, mut of_rescored) = (0, 0);
        for query in rows.chunks(128).step_by(100) {
            let terms = || vec![Term { vector: query.to_vec(), weight: 1.0, is_centered: false }];
            let exact: Vec<usize> = Scan::new(&plain, terms()).exact(10, &|_| 0.0).iter().map(|c| c.row).collect();
            let found = |list: Vec<Candidate>| list.iter().filter(|c| exact.contains(&c.row)).count();
            of_binary += found(Scan::new(&binary, terms()).exact(10, &|_| 0.0));
            of_rescored += found(Scan::new(&int8, terms()).rescored(&signs, 100, 10, &|_| 0.0));
        }
        (f32::from(of_binary as u16) / 400.0, f32::from(of_rescored as u16) / 400.0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn binary_tables_find_most_of_the_best_and_rescoring_the_rest(seed in any::<u32>()) {
            let (binary, rescored) = binary_recall(seed);
            prop_assert!(binary > 0.5 && rescored > 0.9, "{binary} {rescored}");
        }
    }
}
