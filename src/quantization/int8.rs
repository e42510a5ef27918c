//! Symmetric int8 quantization: one scale for each row, no zero point.
//!
//! A row may be held to coarser steps than its range asks for: it is as large in memory, but its values are fewer and compress better.
//!
//! A row `x` becomes `q = round(x / s)` with `s = max|x| / 127`, so each value is off by at most `s / 2`, that is
//! `max|x| / 254`. For a unit vector of dimension `d` the dot product with another unit vector is therefore off by at
//! most `max|x| * sqrt(d) / 254` (Cauchy-Schwarz over the rounding error); in practice errors cancel and it is far less.

/// Quantizes one row. Returns its scale; `quantized` receives values in `-127..=127`.
///
/// A row of zeros gets scale 0.
///
/// # Panics
/// If the two slices differ in length.
pub fn quantize_row(row: &[f32], quantized: &mut [i8]) -> f32 {
    quantize_row_in_steps(row, 0.0, quantized)
}

/// As [`quantize_row`], with a scale of at least `least_step` (0 or more): each value is off by at most half of it.
///
/// # Panics
/// If the two slices differ in length.
#[expect(clippy::cast_possible_truncation, reason = "rounded and clamped to i8's range first")]
pub fn quantize_row_in_steps(row: &[f32], least_step: f32, quantized: &mut [i8]) -> f32 {
    assert_eq!(row.len(), quantized.len());
    let scale = scale_of(row, least_step);
    if scale == 0.0 {
        quantized.fill(0);
        return 0.0;
    }
    for (q, x) in quantized.iter_mut().zip(row) {
        *q = (x / scale).round_ties_even().clamp(-127.0, 127.0) as i8;
    }
    scale
}

/// The scale of a row: its range in 127 steps, or `least_step` if that is wider; 0 for a row of zeros.
pub(super) fn scale_of(row: &[f32], least_step: f32) -> f32 {
    let max = row.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
    if max > 0.0 { (max / 127.0).max(least_step) } else { 0.0 }
}

/// The inverse of [`quantize_row`], up to its error bound.
///
/// # Panics
/// If the two slices differ in length.
pub fn dequantize_row(quantized: &[i8], scale: f32, row: &mut [f32]) {
    assert_eq!(row.len(), quantized.len());
    for (x, q) in row.iter_mut().zip(quantized) {
        *x = f32::from(*q) * scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn error_stays_within_half_a_step(row in prop::collection::vec(-10.0_f32..10.0, 1..600)) {
            let mut q = vec![0; row.len()];
            let scale = quantize_row(&row, &mut q);
            let mut back = vec![0.0; row.len()];
            dequantize_row(&q, scale, &mut back);
            for (x, y) in row.iter().zip(&back) {
                prop_assert!((x - y).abs() <= scale * 0.5 * 1.000_1);
            }
        }

        #[test]
        fn steps_are_as_wide_as_asked_for_or_as_the_range_needs(row in prop::collection::vec(-10.0_f32..10.0, 1..600), least in 0.0_f32..3.0) {
            let mut q = vec![0; row.len()];
            let scale = quantize_row_in_steps(&row, least, &mut q);
            let max = row.iter().fold(0.0_f32, |max, x| max.max(x.abs()));
            prop_assert!(max == 0.0 || (scale - least.max(max / 127.0)).abs() <= scale * 1e-6);
            for (x, q) in row.iter().zip(&q) {
                prop_assert!((x - f32::from(*q) * scale).abs() <= scale * 0.5 * 1.000_1);
            }
        }
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let mut q = [1; 4];
        assert!(quantize_row(&[0.0; 4], &mut q).abs() < f32::EPSILON);
        assert_eq!(q, [0; 4]);
    }
}
