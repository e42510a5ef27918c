//! int4 in groups: half a byte a value, one small factor for each [`GROUP`] values, one scale a row.
//!
//! A value is `scale * factor * q` with `q` in `-8..=7`, `factor` in `-127..=127` and a scale that half precision can hold. Scales of
//! scales are how llama.cpp's k-quants are built; a factor may be negative, so that the larger end of `q` goes to the side where the group's widest value
//! lies, as in its `Q4_0`. `factor * q` is an integer of at most 1,016: a product with a row of integers needs no float until it is finished.
//!
//! A group takes 16 bytes; byte `j` holds value `j` in its low and value `j + 16` in its high half, each plus 8.

use half::f16;

/// Values that share a factor.
pub const GROUP: usize = 32;

/// Bytes of a group.
pub const GROUP_BYTES: usize = GROUP / 2;

/// The largest magnitude of a factor.
pub const MAX_FACTOR: i8 = 127;

/// The largest magnitude of `factor * q`.
pub const MAX_VALUE: usize = 8 * MAX_FACTOR as usize;

/// A row in int4.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedRow {
    /// [`GROUP_BYTES`] bytes a group.
    pub values: Vec<u8>,
    /// One a group.
    pub factors: Vec<i8>,
    /// Of the row.
    pub scale: f16,
}

impl QuantizedRow {
    fn zeros(length: usize) -> Self {
        Self { values: vec![0x88; length / 2], factors: vec![0; length / GROUP], scale: f16::ZERO }
    }
}

/// Shares of a group's widest value that are tried as the end of its range: cutting it off can serve the others better.
const RANGES: [f32; 9] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 1.05, 1.1];

/// How values become integers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rounding {
    /// The steps that leave the smallest error are searched for.
    #[default]
    Search,
    /// As in training that had int4 in the loop: a group's widest value is -8, and the nearest integers follow (`Q4_0`). Weights that were trained
    /// for this grid lose by any other.
    Trained,
}

/// Quantizes a row of whole groups as [`Rounding::Trained`] says; only the factor's rounding is new.
///
/// # Panics
/// If the row is not a number of whole groups.
#[must_use]
pub fn quantize_trained_row(row: &[f32]) -> QuantizedRow {
    assert_eq!(row.len() % GROUP, 0);
    let groups = || row.as_chunks::<GROUP>().0.iter();
    let steps: Vec<f32> = groups().map(|group| f16::from_f32(widest(group) / -8.0).to_f32()).collect();
    let scale = row_scale(&steps);
    if scale == f16::ZERO {
        return QuantizedRow::zeros(row.len());
    }
    let values = groups().zip(&steps).flat_map(|(group, step)| pack(&codes(group, *step))).collect();
    let limit = f32::from(MAX_FACTOR);
    #[expect(clippy::cast_possible_truncation, reason = "clamped first")]
    let factors =
        steps.iter().map(|step| (step / scale.to_f32()).round_ties_even().clamp(-limit, limit) as i8).collect();
    QuantizedRow { values, factors, scale }
}

/// The scale with which the widest step has the largest factor.
fn row_scale(steps: &[f32]) -> f16 {
    let widest = steps.iter().fold(0.0_f32, |max, step| max.max(step.abs()));
    f16::from_f32(widest / f32::from(MAX_FACTOR)).min(f16::MAX)
}

/// The value of the largest magnitude, with its sign.
fn widest(group: &[f32; GROUP]) -> f32 {
    group.iter().fold(0.0_f32, |widest, x| if x.abs() > widest.abs() { *x } else { widest })
}

/// Quantizes a row of whole groups, so that the sum of squared errors is small, each weighted by its column's `importance`
/// (as long as the row; how much a column matters, such as the mean square of the inputs that meet it).
///
/// # Panics
/// If the row is not a number of whole groups, or `importance` is of another length.
#[must_use]
pub fn quantize_row(row: &[f32], importance: &[f32]) -> QuantizedRow {
    assert_eq!((row.len() % GROUP, row.len()), (0, importance.len()));
    let groups = || row.as_chunks::<GROUP>().0.iter().zip(importance.as_chunks::<GROUP>().0);
    // The ideal step of each group; the widest one sets the row's scale.
    let steps: Vec<f32> = groups().map(|(group, importance)| best_step(group, importance)).collect();
    let mut scale = row_scale(&steps);
    if scale == f16::ZERO {
        return QuantizedRow::zeros(row.len());
    }
    let factors: Vec<i8> = groups()
        .zip(&steps)
        .map(|((group, importance), step)| best_factor(group, importance, *step, scale.to_f32()))
        .collect();
    let codes: Vec<[i8; GROUP]> =
        groups().zip(&factors).map(|((group, _), factor)| codes(group, f32::from(*factor) * scale.to_f32())).collect();
    // The scale that serves these integers best: least squares.
    let (mut dot, mut norm) = (0.0_f64, 0.0_f64);
    for (((group, importance), codes), factor) in groups().zip(&codes).zip(&factors) {
        for ((x, importance), q) in group.iter().zip(importance).zip(codes) {
            let integer = f64::from(i16::from(*q) * i16::from(*factor));
            dot += f64::from(*importance) * f64::from(*x) * integer;
            norm += f64::from(*importance) * integer * integer;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "rounded to half precision next")]
    let fitted = f16::from_f32((dot / norm) as f32);
    if fitted.is_finite() && fitted > f16::ZERO {
        scale = fitted;
    }
    QuantizedRow { values: codes.iter().flat_map(pack).collect(), factors, scale }
}

/// Nearest integers of the group at this step.
#[expect(clippy::cast_possible_truncation, reason = "clamped first")]
fn codes(group: &[f32; GROUP], step: f32) -> [i8; GROUP] {
    if step == 0.0 {
        return [0; GROUP];
    }
    group.map(|x| (x / step).round_ties_even().clamp(-8.0, 7.0) as i8)
}

fn weighted_error(group: &[f32; GROUP], importance: &[f32; GROUP], step: f32) -> f32 {
    let codes = codes(group, step);
    group.iter().zip(importance).zip(codes).map(|((x, w), q)| w * (x - f32::from(q) * step).powi(2)).sum()
}

/// The one of some steps, by its magnitude and sign, that leaves the smallest error.
fn best_of(group: &[f32; GROUP], importance: &[f32; GROUP], steps: impl Iterator<Item = f32>) -> f32 {
    let mut best = (f32::INFINITY, 0.0);
    for step in steps {
        let error = weighted_error(group, importance, step);
        if error < best.0 {
            best = (error, step);
        }
    }
    best.1
}

fn best_step(group: &[f32; GROUP], importance: &[f32; GROUP]) -> f32 {
    // The widest value goes to -8.
    let widest = widest(group);
    best_of(group, importance, RANGES.iter().map(|range| widest * range / -8.0))
}

fn best_factor(group: &[f32; GROUP], importance: &[f32; GROUP], step: f32, scale: f32) -> i8 {
    let limit = f32::from(MAX_FACTOR);
    let ideal = (step / scale).round_ties_even();
    let candidates = (-2_i8..=2).map(|offset| (ideal + f32::from(offset)).clamp(-limit, limit) * scale);
    #[expect(clippy::cast_possible_truncation, reason = "a factor, multiplied and divided")]
    let factor = (best_of(group, importance, candidates) / scale).round_ties_even() as i8;
    factor
}

fn pack(codes: &[i8; GROUP]) -> [u8; GROUP_BYTES] {
    let code = |at: usize| (codes[at] + 8).cast_unsigned();
    core::array::from_fn(|j| code(j) | code(j + GROUP_BYTES) << 4)
}

/// Writes `factor * q` of whole groups into `out`.
///
/// # Panics
/// If the lengths do not belong together.
#[inline]
pub fn unpack(values: &[u8], factors: &[i8], out: &mut [i16]) {
    let (values, out) = (values.as_chunks::<GROUP_BYTES>().0, out.as_chunks_mut::<GROUP>().0);
    assert!(values.len() == factors.len() && out.len() == factors.len());
    for ((bytes, factor), out) in values.iter().zip(factors).zip(out) {
        let factor = i16::from(*factor);
        let (low, high) = out.split_at_mut(GROUP_BYTES);
        for ((byte, low), high) in bytes.iter().zip(low).zip(high) {
            *low = (i16::from(byte & 15) - 8) * factor;
            *high = (i16::from(byte >> 4) - 8) * factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(row: &[f32]) -> (QuantizedRow, Vec<f32>) {
        let quantized = quantize_row(row, &vec![1.0; row.len()]);
        let mut integers = vec![0; row.len()];
        unpack(&quantized.values, &quantized.factors, &mut integers);
        let back = integers.iter().map(|i| f32::from(*i) * quantized.scale.to_f32()).collect();
        (quantized, back)
    }

    proptest! {
        #[test]
        fn errors_are_a_fraction_of_the_group_and_integers_are_bounded(
            row in prop::collection::vec(-10.0_f32..10.0, GROUP..8 * GROUP)
        ) {
            let row = &row[..row.len() / GROUP * GROUP];
            let (quantized, back) = round_trip(row);
            prop_assert!(quantized.factors.iter().all(|f| f.unsigned_abs() <= MAX_FACTOR.unsigned_abs()));
            for (group, back) in row.chunks(GROUP).zip(back.chunks(GROUP)) {
                let widest = group.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
                let error: f32 = group.iter().zip(back).map(|(x, y)| (x - y).powi(2)).sum();
                // Half of a step of an eighth, but for groups that the row's scale is coarse for.
                let step = widest / 8.0 + quantized.scale.to_f32();
                prop_assert!(error <= step * step * 32.0 * 0.25, "{error} with a step of {step}");
            }
        }
    }

    #[test]
    fn zeros_stay_zero_and_values_that_fit_are_exact() {
        assert!(round_trip(&[0.0; GROUP]).1.iter().all(|x| x.abs() < f32::EPSILON));
        let row: Vec<f32> = (0..2 * GROUP).map(|i| f32::from(i16::try_from(i % 16).unwrap() - 8) * 0.5).collect();
        let (_, back) = round_trip(&row);
        assert!(row.iter().zip(&back).all(|(x, y)| (x - y).abs() < 2e-3), "{back:?}");
    }

    #[test]
    fn trained_rows_keep_the_codes_of_their_grid() {
        let row: Vec<f32> = (0..3_u8)
            .flat_map(|group| (0..32_u8).map(move |i| libm::sinf(f32::from(32 * group + i)) * f32::from(1 + group)))
            .collect();
        let quantized = quantize_trained_row(&row);
        let mut integers = vec![0; row.len()];
        unpack(&quantized.values, &quantized.factors, &mut integers);
        for ((group, integers), factor) in row.chunks(GROUP).zip(integers.chunks(GROUP)).zip(&quantized.factors) {
            let step = f16::from_f32(widest(group.try_into().unwrap()) / -8.0).to_f32();
            for (x, integer) in group.iter().zip(integers) {
                let code = (x / step).round_ties_even().clamp(-8.0, 7.0);
                assert!((f32::from(*integer) - code * f32::from(*factor)).abs() < 1e-6);
                let back = f32::from(*integer) * quantized.scale.to_f32();
                assert!((back - code * step).abs() <= code.abs() * quantized.scale.to_f32() * 0.51);
            }
        }
    }

    #[test]
    fn a_column_that_matters_is_rounded_better() {
        let row: Vec<f32> = (0..GROUP).map(|i| f32::from(u8::try_from(i * 37 % 32).unwrap()) / 17.0 - 0.9).collect();
        let mut importance = [1.0; GROUP];
        importance[5] = 1e6;
        let error = |importance: &[f32]| {
            let quantized = quantize_row(&row, importance);
            let mut integers = [0; GROUP];
            unpack(&quantized.values, &quantized.factors, &mut integers);
            (row[5] - f32::from(integers[5]) * quantized.scale.to_f32()).abs()
        };
        assert!(error(&importance) <= error(&[1.0; GROUP]));
    }
}
