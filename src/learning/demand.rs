//! How popular an item will be, from its text alone: ridge regression of `ln(1 + count)`.
//!
//! Features: the words of the text (one each, weighed by inverse document frequency, scaled to length 1), its centered embedding, and a few
//! facts, standardized: length, tags, and the year that it names first, with bends. Solved by conjugate gradients.

use crate::evaluation::Corpus;
use crate::lexical::tokens;

/// A word tells something if it is in so many texts at least, and in half of them at most.
const LEAST_TEXTS: usize = 8;
const LAMBDA: f64 = 1.0;
/// What a fact counts beside all words of a text, or its whole embedding.
const FACT_SHARE: f64 = 0.1;
/// Tags that make a fact: so many items at least have them.
const LEAST_TAGGED: usize = 20;
const ROUNDS: usize = 100;

/// Predicted `ln(1 + count)` of every row, learned from the rows that were chosen; what a row's count says is its own business.
pub(super) fn predict(corpus: &Corpus, counts: &[f32]) -> Vec<f32> {
    let chosen: Vec<usize> = (0..counts.len()).filter(|row| counts[*row] > 0.0).collect();
    let mean = chosen.iter().map(|row| f64::from(counts[*row]).ln_1p()).sum::<f64>() / chosen.len().max(1) as f64;
    let features = Features::new(corpus);
    let targets: Vec<f64> = chosen.iter().map(|row| f64::from(counts[*row]).ln_1p() - mean).collect();
    let weights = features.ridge(&chosen, &targets);
    (0..counts.len()).map(|row| (mean + features.dot(row, &weights)) as f32).collect()
}

struct Features {
    /// `(feature, value)` of each row's words.
    words: Vec<Vec<(u32, f64)>>,
    word_count: usize,
    /// Row-major: embedding and facts.
    dense: Vec<f64>,
    dense_count: usize,
}

impl Features {
    fn new(corpus: &Corpus) -> Self {
        let items = corpus.item_count();
        let mut words: Vec<Vec<(u32, f64)>> = vec![Vec::new(); items];
        let mut word_count = 0;
        for term in 0..corpus.lexical().term_count() {
            let postings = corpus.lexical().postings(term);
            if postings.len() >= LEAST_TEXTS && postings.len() * 2 <= items {
                let idf = (items as f64 / postings.len() as f64).ln();
                for posting in postings {
                    words[posting.row as usize].push((word_count as u32, idf));
                }
                word_count += 1;
            }
        }
        for row in &mut words {
            let length = row.iter().map(|(_, x)| x * x).sum::<f64>().sqrt();
            for (_, x) in row {
                *x /= length;
            }
        }
        let facts = facts(corpus);
        let space = corpus.space(true);
        let dense = facts.iter().enumerate().flat_map(|(row, facts)| {
            space.row(row).iter().map(|x| f64::from(*x)).chain(facts.iter().map(|x| x * FACT_SHARE.sqrt()))
        });
        let dense_count = space.dimensions + facts.first().map_or(0, Vec::len);
        Self { words, word_count, dense: dense.collect(), dense_count }
    }

    fn dense(&self, row: usize) -> &[f64] {
        &self.dense[row * self.dense_count..(row + 1) * self.dense_count]
    }

    fn dot(&self, row: usize, weights: &[f64]) -> f64 {
        let (of_words, of_dense) = weights.split_at(self.word_count);
        self.words[row].iter().map(|(at, x)| x * of_words[*at as usize]).sum::<f64>()
            + self.dense(row).iter().zip(of_dense).map(|(x, w)| x * w).sum::<f64>()
    }

    fn add(&self, row: usize, times: f64, sums: &mut [f64]) {
        let (of_words, of_dense) = sums.split_at_mut(self.word_count);
        for (at, x) in &self.words[row] {
            of_words[*at as usize] += times * x;
        }
        for (x, sum) in self.dense(row).iter().zip(of_dense) {
            *sum += times * x;
        }
    }

    /// `(F'F + lambda I)^-1 F'y` by conjugate gradients (Hestenes and Stiefel, 1952).
    fn ridge(&self, rows: &[usize], targets: &[f64]) -> Vec<f64> {
        let size = self.word_count + self.dense_count;
        let mut residual = vec![0.0; size];
        for (row, target) in rows.iter().zip(targets) {
            self.add(*row, *target, &mut residual);
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let mut weights = vec![0.0; size];
        let mut direction = residual.clone();
        let first = dot(&residual, &residual);
        let mut left = first;
        for _ in 0..ROUNDS {
            if left <= first * 1e-10 {
                break;
            }
            let mut product: Vec<f64> = direction.iter().map(|x| x * LAMBDA).collect();
            for row in rows {
                self.add(*row, self.dot(*row, &direction), &mut product);
            }
            let step = left / dot(&direction, &product);
            for ((weight, residual), (d, p)) in
                weights.iter_mut().zip(&mut residual).zip(direction.iter().zip(&product))
            {
                *weight += step * d;
                *residual -= step * p;
            }
            let now = dot(&residual, &residual);
            for (d, r) in direction.iter_mut().zip(&residual) {
                *d = r + now / left * *d;
            }
            left = now;
        }
        weights
    }
}

/// Length, year and tags of every item, each with mean 0 and deviation 1.
fn facts(corpus: &Corpus) -> Vec<Vec<f64>> {
    let items = corpus.items();
    let years: Vec<Option<f64>> = items.iter().map(|item| year(&item.embedding_text())).collect();
    let known = years.iter().flatten().count().max(1) as f64;
    let usual = years.iter().flatten().sum::<f64>() / known;
    let mut tags: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for tag in items.iter().flat_map(|item| &item.tags) {
        *tags.entry(tag).or_default() += 1;
    }
    let tags: Vec<&str> = tags.into_iter().filter(|(_, count)| *count >= LEAST_TAGGED).map(|(tag, _)| tag).collect();
    let mut facts: Vec<Vec<f64>> = items
        .iter()
        .zip(&years)
        .map(|(item, year)| {
            let length = (item.text.len() as f64).ln_1p();
            let year = year.unwrap_or(usual);
            let mut facts = vec![length, length * length, year, year * year];
            facts.extend([1990.0, 2000.0, 2010.0].map(|bend| (year - bend).max(0.0)));
            facts.extend(tags.iter().map(|tag| if item.tags.iter().any(|own| own == tag) { 1.0 } else { 0.0 }));
            facts
        })
        .collect();
    let count = facts.len() as f64;
    for at in 0..facts.first().map_or(0, Vec::len) {
        let mean = facts.iter().map(|row| row[at]).sum::<f64>() / count;
        let deviation = (facts.iter().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / count).sqrt();
        for row in &mut facts {
            // A fact that is the same for all tells nothing.
            row[at] = if deviation > 1e-9 * mean.abs().max(1e-9) { (row[at] - mean) / deviation } else { 0.0 };
        }
    }
    facts
}

/// The first number of a text that looks like a year.
fn year(text: &str) -> Option<f64> {
    tokens(text)
        .take(60)
        .filter(|term| term.len() == 4)
        .find_map(|term| term.parse().ok())
        .filter(|year| (1800.0..2100.0).contains(year))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Item;

    #[test]
    fn words_that_popular_items_share_predict_popularity() {
        let item = |at: usize| Item {
            id: at.to_string(),
            title: String::new(),
            text: format!("item {} of {}", if at.is_multiple_of(2) { "gold" } else { "tin" }, 1950 + at),
            url: None,
            image: None,
            tags: Vec::new(),
            popularity: 0.0,
        };
        let items: Vec<Item> = (0..60).map(item).collect();
        let rows: Vec<f32> = (0..60).flat_map(|at| [1.0, at as f32 / 60.0]).collect();
        let corpus = Corpus::new(items, "test", rows, 2).unwrap();
        let counts: Vec<f32> = (0..60)
            .map(|at| {
                if at >= 50 {
                    0.0
                } else if at % 2 == 0 {
                    40.0
                } else {
                    2.0
                }
            })
            .collect();
        let predicted = predict(&corpus, &counts);
        for at in (50..60).step_by(2) {
            assert!(predicted[at] > predicted[at + 1] + 1.0, "{} and {}", predicted[at], predicted[at + 1]);
        }
        assert_eq!(year("Of 12 monkeys, 1995 (1996)"), Some(1995.0));
        assert_eq!(year("12345 and 99"), None);
    }
}
