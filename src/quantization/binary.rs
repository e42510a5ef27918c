//! One bit a value: on which side of a center it lies; for item tables.
//!
//! A row is `center + step * signs`, with the one step above 0 that gives it length 1, as embeddings have: the step follows from the signs, and nothing
//! but them is stored.

use bytes::Bytes;

use crate::embedding::dot;
use crate::error::{Error, Result};
use crate::kernels::{LANES, add_lanes};

/// Unit vectors, a bit a value.
#[derive(Debug, Clone)]
pub struct BinaryRows {
    /// [`bytes_a_row`] bytes a row: bit `d % 8` of byte `d / 8` is set where value `d` is above the center's. What follows the last value counts for nothing.
    bits: Bytes,
    /// What the signs are relative to; shorter than 1.
    center: Vec<f32>,
    /// One a row.
    steps: Vec<f32>,
}

/// Bytes of a row of so many values.
#[must_use]
pub fn bytes_a_row(dimensions: usize) -> usize {
    dimensions.div_ceil(8)
}

/// The bits of rows `[count * center.len()]`.
#[must_use]
pub fn pack(rows: &[f32], center: &[f32]) -> Vec<u8> {
    let byte = |(values, center): (&[f32], &[f32])| {
        values.iter().zip(center).enumerate().fold(0, |byte, (bit, (x, c))| byte | u8::from(x > c) << bit)
    };
    rows.chunks_exact(center.len()).flat_map(|row| row.chunks(8).zip(center.chunks(8)).map(byte)).collect()
}

impl BinaryRows {
    /// Rows in the bytes of an artifact, which are not copied.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the bits are no positive number of rows, or the center is not finite or not shorter than 1.
    pub fn new(bits: Bytes, center: Vec<f32>) -> Result<Self> {
        let stride = bytes_a_row(center.len());
        if stride == 0 || bits.is_empty() || !bits.len().is_multiple_of(stride) {
            return Err(Error::invalid("bytes of signs", bits.len(), format!("a positive multiple of {stride}")));
        }
        let square = dot(&center, &center);
        if square.is_nan() || square >= 1.0 {
            return Err(Error::invalid(
                "squared length of the center of signs",
                square,
                "less than 1, as the mean of unit vectors has",
            ));
        }
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^24 dimensions")]
        let dimensions = center.len() as f32;
        let step = |row: &[u8]| {
            let along = sign_dot(row, &center);
            (libm::sqrtf(along * along + dimensions * (1.0 - square)) - along) / dimensions
        };
        let steps = bits.chunks_exact(stride).map(step).collect();
        Ok(Self { bits, center, steps })
    }

    /// Number of rows.
    #[must_use]
    pub fn count(&self) -> usize {
        self.steps.len()
    }

    /// What is stored of the rows.
    #[must_use]
    pub fn bits(&self) -> &Bytes {
        &self.bits
    }

    /// What the signs are relative to.
    #[must_use]
    pub fn center(&self) -> &[f32] {
        &self.center
    }

    /// Dot product of a row with a vector whose dot product with the center is `offset`.
    #[inline]
    #[must_use]
    pub fn dot(&self, row: usize, vector: &[f32], offset: f32) -> f32 {
        self.steps[row] * sign_dot(self.row(row), vector) + offset
    }

    /// Writes a row into `out`, which is as long as the center.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        let (bits, step) = (self.row(row), self.steps[row]);
        for (d, (x, center)) in out.iter_mut().zip(&self.center).enumerate() {
            *x = center + if bits[d / 8] >> (d % 8) & 1 == 1 { step } else { -step };
        }
    }

    fn row(&self, row: usize) -> &[u8] {
        let stride = bytes_a_row(self.center.len());
        &self.bits[row * stride..][..stride]
    }
}

/// Sum of the values, each with the sign of its bit.
#[inline]
fn sign_dot(bits: &[u8], vector: &[f32]) -> f32 {
    let signed = |x: f32, bits: u8, bit: usize| f32::from_bits(x.to_bits() ^ u32::from(!bits >> bit & 1) << 31);
    let mut lanes = [0.0; LANES];
    let (values, rest) = vector.as_chunks::<LANES>();
    for (values, bits) in values.iter().zip(bits) {
        for lane in 0..LANES {
            lanes[lane] += signed(values[lane], *bits, lane);
        }
    }
    let rest: f32 = rest.iter().enumerate().map(|(bit, x)| signed(*x, bits[values.len()], bit)).sum();
    add_lanes(lanes) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedding::normalize;
    use proptest::prelude::*;

    const DIMENSIONS: usize = 21;

    proptest! {
        #[test]
        fn rows_have_their_signs_and_length_1(values in prop::collection::vec(-1.0_f32..1.0, 5 * DIMENSIONS), v in prop::collection::vec(-1.0_f32..1.0, DIMENSIONS)) {
            let center: Vec<f32> = v.iter().map(|x| x * 0.2).collect();
            let rows = BinaryRows::new(pack(&values, &center).into(), center.clone()).unwrap();
            prop_assert_eq!((rows.count(), rows.bits().len()), (5, 15));
            let mut row = [0.0; DIMENSIONS];
            for (r, values) in values.chunks(DIMENSIONS).enumerate() {
                rows.copy_row(r, &mut row);
                prop_assert!((dot(&row, &row) - 1.0).abs() < 1e-5);
                prop_assert!(row.iter().zip(&center).zip(values).all(|((x, c), value)| (x > c) == (value > c)));
                prop_assert!((rows.dot(r, &v, dot(&center, &v)) - dot(&row, &v)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn wrong_sizes_and_centers_are_refused() {
        let code = |bits: Vec<u8>, center| BinaryRows::new(bits.into(), center).unwrap_err().code();
        assert_eq!(code(vec![0; 3], vec![0.1; 9]), "invalid_input");
        assert_eq!(code(vec![], vec![0.1; 9]), "invalid_input");
        assert_eq!(code(vec![0], vec![]), "invalid_input");
        assert_eq!(code(vec![0], vec![f32::NAN]), "invalid_input");
        let mut unit = vec![1.0; 9];
        normalize(&mut unit);
        unit[0] += 0.1;
        assert_eq!(code(vec![0, 0], unit), "invalid_input");
    }
}
