//! How faithful a student's vectors are to its teacher's.

use serde::Serialize;
use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::embedding::dot;
use crate::retrieval::{Scan, SignTable, Term};

/// Rows of unit vectors.
#[derive(Debug, Clone, Copy)]
pub struct UnitRows<'a> {
    /// Row-major.
    pub values: &'a [f32],
    /// Length of a row.
    pub dimensions: usize,
}

impl<'a> UnitRows<'a> {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    fn row(&self, row: usize) -> &'a [f32] {
        &self.values[row * self.dimensions..][..self.dimensions]
    }

    fn rows(self) -> core::slice::ChunksExact<'a, f32> {
        self.values.chunks_exact(self.dimensions)
    }
}

/// Cosines of the same texts' vectors.
#[derive(Debug, Clone, Serialize)]
pub struct Cosines {
    /// Over all texts.
    pub mean: f64,
    /// The lowest.
    pub worst: f64,
    /// Over the texts of each source.
    pub by_source: BTreeMap<String, f64>,
}

/// Compares text by text; `sources` says where each text came from.
#[must_use]
pub fn cosines(student: UnitRows<'_>, teacher: UnitRows<'_>, sources: &[String]) -> Cosines {
    let cosines: Vec<f64> = student.rows().zip(teacher.rows()).map(|(a, b)| f64::from(dot(a, b))).collect();
    let mut by_source: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (source, cosine) in sources.iter().zip(&cosines) {
        by_source.entry(source.clone()).or_default().push(*cosine);
    }
    Cosines {
        mean: mean(&cosines),
        worst: cosines.iter().copied().fold(1.0, f64::min),
        by_source: by_source.into_iter().map(|(source, cosines)| (source, mean(&cosines))).collect(),
    }
}

/// Spearman's rank correlation between the likenesses of pairs of texts as the student and as the teacher sees them.
#[must_use]
pub fn pair_correlation(student: UnitRows<'_>, teacher: UnitRows<'_>, pairs: &[[usize; 2]]) -> f64 {
    let likeness =
        |rows: UnitRows<'_>| -> Vec<f32> { pairs.iter().map(|[a, b]| dot(rows.row(*a), rows.row(*b))).collect() };
    spearman(&likeness(student), &likeness(teacher))
}

/// Spearman's rank correlation. Ties keep the order of the values, which is right for floats that hardly ever tie.
fn spearman(a: &[f32], b: &[f32]) -> f64 {
    let (a, b) = (ranks(a), ranks(b));
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(&b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    both / (of_a * of_b).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "ranks are small")]
fn ranks(values: &[f32]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        ranks[at] = rank as f64;
    }
    ranks
}

/// The `k` rows of `table` nearest to each query, unordered.
#[must_use]
pub fn nearest(queries: UnitRows<'_>, table: UnitRows<'_>, k: usize) -> Vec<Vec<usize>> {
    use rayon::prelude::*;
    let nearest = |query: usize| {
        let mut scored: Vec<(f32, usize)> =
            table.rows().enumerate().map(|(row, vector)| (dot(queries.row(query), vector), row)).collect();
        let k = k.min(scored.len());
        if k < scored.len() {
            scored.select_nth_unstable_by(k, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        scored[..k].iter().map(|(_, row)| *row).collect()
    };
    (0..queries.len()).into_par_iter().map(nearest).collect()
}

/// The `k` rows of a catalog nearest to each query (a vector as long as the table's), among the `first` that look nearest by their signs.
#[must_use]
pub fn nearest_by_signs(queries: UnitRows<'_>, catalog: &Catalog, first: usize, k: usize) -> Vec<Vec<usize>> {
    let signs = SignTable::new(&catalog.embeddings);
    let nearest = |query: &[f32]| {
        let along = Term { vector: query.to_vec(), weight: 1.0, is_centered: false };
        let found = Scan::new(&catalog.embeddings, vec![along]).rescored(&signs, first, k, &|_| 0.0);
        found.iter().map(|candidate| candidate.row).collect()
    };
    queries.rows().map(nearest).collect()
}

/// Mean share of `expected` that is found.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub fn overlap(found: &[Vec<usize>], expected: &[Vec<usize>]) -> f64 {
    let shares: Vec<f64> = found
        .iter()
        .zip(expected)
        .map(|(found, expected)| {
            expected.iter().filter(|row| found.contains(row)).count() as f64 / expected.len().max(1) as f64
        })
        .collect();
    mean(&shares)
}

/// Share of queries whose own row, of the same number, is among the `k` nearest. Rows that tie with it do not count before it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "small counts")]
pub fn recall_of_own(queries: UnitRows<'_>, table: UnitRows<'_>, k: usize) -> f64 {
    use rayon::prelude::*;
    let found = (0..queries.len()).into_par_iter().filter(|query| {
        let own = dot(queries.row(*query), table.row(*query));
        table.rows().filter(|row| dot(queries.row(*query), row) > own).count() < k
    });
    found.count() as f64 / queries.len().max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_correlate_as_spearman_says() {
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[10.0, 20.0, 25.0, 90.0]) - 1.0).abs() < 1e-12);
        // 1 - 6 * (1 + 1) / (4 * 15)
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]) - 0.8).abs() < 1e-12);
    }

    #[test]
    fn overlap_and_recall_count_what_is_found() {
        assert!((overlap(&[vec![1, 2]], &[vec![2, 3]]) - 0.5).abs() < 1e-12);
        let table = [1.0, 0.0, 0.0, 1.0, 0.8, 0.6];
        let rows = UnitRows { values: &table, dimensions: 2 };
        assert_eq!(nearest(UnitRows { values: &[1.0, 0.0], dimensions: 2 }, rows, 2), [[0, 2]]);
        assert!((recall_of_own(rows, rows, 1) - 1.0).abs() < 1e-12);
        let turned = UnitRows { values: &[0.0, 1.0, 0.0, 1.0, 0.8, 0.6], dimensions: 2 };
        assert!((recall_of_own(turned, rows, 1) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn sources_are_told_apart() {
        let (a, b) = ([1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]);
        let rows = |values| UnitRows { values, dimensions: 2 };
        let found = cosines(rows(&a), rows(&b), &["x".into(), "y".into()]);
        assert!((found.mean - 0.5).abs() < 1e-12 && found.worst.abs() < 1e-12);
        assert!((found.by_source["x"] - 1.0).abs() < 1e-12 && found.by_source["y"].abs() < 1e-12);
    }
}
