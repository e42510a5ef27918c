//! What changes over a run. Functions of the step alone, so that a resumed run goes on where the killed one stopped.

use std::f64::consts::PI;

/// The rate at the end of a run, as a part of its peak.
const FLOOR: f64 = 0.02;

/// The part of a run after which the error of the tokens' vectors counts for nothing.
const TOKENS_UNTIL: f64 = 0.7;

/// The learning rate: a linear rise over the first `warm_up` of `steps` steps, under a cosine (Loshchilov and Hutter, ICLR 2017)
/// from `peak` down to a fiftieth of it. `step` counts from 0.
#[must_use]
pub fn learning_rate(peak: f64, step: usize, steps: usize, warm_up: usize) -> f64 {
    let cosine = f64::midpoint(1.0, (PI * part(step, steps)).cos());
    let rise = part(step + 1, warm_up).min(1.0);
    peak * rise * (cosine * (1.0 - FLOOR) + FLOOR)
}

/// The weight of the tokens' error: falls from `first` to 0 at 70 % of the run.
#[must_use]
pub fn token_weight(first: f64, step: usize, steps: usize) -> f64 {
    first * (1.0 - part(step, steps) / TOKENS_UNTIL).max(0.0)
}

#[expect(clippy::cast_precision_loss, reason = "steps are far below 2^53")]
fn part(step: usize, steps: usize) -> f64 {
    step as f64 / steps.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_then_falls_to_a_fiftieth() {
        let rate = |step| learning_rate(1.0, step, 1000, 10);
        assert!((rate(0) - 0.1).abs() < 1e-3);
        assert!(rate(9) > 0.999);
        assert!((rate(500) - 0.51).abs() < 1e-9);
        assert!((rate(1000) - 0.02).abs() < 1e-9);
    }

    #[test]
    fn tokens_fade_out_by_seventy_percent() {
        assert!((token_weight(0.5, 0, 100) - 0.5).abs() < 1e-9);
        assert!((token_weight(0.5, 35, 100) - 0.25).abs() < 1e-9);
        assert!(token_weight(0.5, 70, 100).abs() < 1e-9);
        assert!(token_weight(0.5, 90, 100).abs() < 1e-9);
    }
}
