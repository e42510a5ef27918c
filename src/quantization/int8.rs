//! Symmetric int8 quantization: one scale for each row, no zero point.
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
#[expect(clippy::cast_possible_truncation, reason = "rounded and clamped to i8's range first")]
pub fn quantize_row(row: &[f32], quantized: &mut [i8]) -> f32 {
    assert_eq!(row.len(), quantized.len());
    let max = row.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    let scale = max / 127.0;
    if scale == 0.0 {
        quantized.fill(0);
        return 0.0;
    }
    for (q, x) in quantized.iter_mut().zip(row) {
        *q = (x / scale).round_ties_even().clamp(-127.0, 127.0) as i8;
    }
    scale
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
    }

    #[test]
    fn a_row_of_zeros_stays_zero() {
        let mut q = [1; 4];
        assert!(quantize_row(&[0.0; 4], &mut q).abs() < f32::EPSILON);
        assert_eq!(q, [0; 4]);
    }
}
