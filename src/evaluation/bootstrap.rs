//! Confidence: percentile bootstrap over cases (Efron and Tibshirani 1993), with a fixed seed.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

use super::metrics::mean;

/// Draws of the bootstrap.
pub(super) const DRAWS: usize = 1000;

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// By how much one system is better than another, on the same cases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Mean of first minus second.
    pub mean: f64,
    /// Its 95 % interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Share of the draws in which the first is not better: a one-sided p-value.
    pub p_not_better: f64,
}

/// The 95 % interval of a mean: percentiles of the means of 1,000 samples with replacement. Zero width for fewer than two values.
#[must_use]
pub fn mean_interval(values: &[f64], seed: u64) -> Interval {
    let (low, high) = percentiles(&means(values, seed));
    Interval { low, high }
}

/// Compares two systems case by case; `first` and `second` hold the same cases in the same order.
#[must_use]
pub fn paired_difference(first: &[f64], second: &[f64], seed: u64) -> Difference {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let means = means(&differences, seed);
    let (low, high) = percentiles(&means);
    let p_not_better = mean(means.iter().map(|m| f64::from(u8::from(*m <= 0.0))));
    Difference { mean: mean(differences.into_iter()), interval: Interval { low, high }, p_not_better }
}

/// Means of resampled values, ascending.
fn means(values: &[f64], seed: u64) -> Vec<f64> {
    if values.is_empty() {
        return vec![0.0];
    }
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut draw = || mean((0..values.len()).map(|_| values[random.random_range(0..values.len())]));
    let mut means: Vec<f64> = (0..DRAWS).map(|_| draw()).collect();
    means.sort_by(f64::total_cmp);
    means
}

fn percentiles(sorted: &[f64]) -> (f64, f64) {
    let at = |share: f64| {
        // Between the two nearest, as numpy does.
        let place = share * (sorted.len() - 1) as f64;
        let (below, part) = (place.floor(), place.fract());
        let next = sorted[(below as usize + 1).min(sorted.len() - 1)];
        sorted[below as usize] * (1.0 - part) + next * part
    };
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_coin_is_that_of_the_normal_approximation() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let Interval { low, high } = mean_interval(&values, 7);
        // 0.5 +- 1.96 * 0.5 / 20
        assert!((low - 0.451).abs() < 0.01 && (high - 0.549).abs() < 0.01, "{low} {high}");
        assert_eq!(mean_interval(&values, 7), Interval { low, high }, "the seed decides");
    }

    #[test]
    fn paired_differences_see_what_single_intervals_do_not() {
        let hard: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let better: Vec<f64> = hard.iter().map(|x| x + 0.1).collect();
        let difference = paired_difference(&better, &hard, 1);
        assert!((difference.mean - 0.1).abs() < 1e-9 && difference.interval.low > 0.09);
        assert!(difference.p_not_better < 1e-9);
        assert!((paired_difference(&hard, &hard, 1).p_not_better - 1.0).abs() < 1e-9);
    }

    #[test]
    fn few_values_are_no_reason_to_fail() {
        assert_eq!(mean_interval(&[], 1), Interval { low: 0.0, high: 0.0 });
        assert_eq!(mean_interval(&[0.3], 1), Interval { low: 0.3, high: 0.3 });
    }
}
