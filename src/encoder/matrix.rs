//! A matrix of weights, in the bytes of the file that it came from.

use bytes::Bytes;

use crate::embedding::Rows;
use crate::kernels::unpack_int4;
use crate::quantization::int4;

/// A matrix `[rows, columns]`, row-major: one row an output channel, or one row a token.
#[derive(Debug, Clone)]
pub(crate) struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Values,
}

/// How the values lie there.
#[derive(Debug, Clone)]
pub(crate) enum Values {
    /// f32, or int8 with one scale a row.
    Rows(Rows),
    /// int4 in groups.
    Int4(Int4Rows),
}

/// Rows in [`int4`]. Nothing is copied but the scales.
#[derive(Debug, Clone)]
pub(crate) struct Int4Rows {
    /// [`int4::GROUP_BYTES`] bytes a group.
    pub values: Bytes,
    /// One i8 a group.
    pub factors: Bytes,
    /// One a row.
    pub scales: Vec<f32>,
}

impl Int4Rows {
    /// `factor * q` of some rows, one after another.
    pub fn unpack(&self, rows: core::ops::Range<usize>, out: &mut [i16]) {
        let groups = self.factors.len() / self.scales.len();
        let (from, to) = (rows.start * groups, rows.end * groups);
        let values = &self.values[from * int4::GROUP_BYTES..to * int4::GROUP_BYTES];
        unpack_int4(values, bytemuck::cast_slice(&self.factors[from..to]), out);
    }
}

impl Matrix {
    /// Writes one row as f32 into `out`, which has `columns` values.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        debug_assert_eq!(out.len(), self.columns);
        match &self.values {
            Values::Rows(rows) => rows.copy_row(row, out),
            Values::Int4(rows) => {
                let mut integers = [0; int4::GROUP];
                let scale = rows.scales[row];
                let groups = self.columns / int4::GROUP;
                for (group, out) in (row * groups..).zip(out.chunks_exact_mut(int4::GROUP)) {
                    let values = &rows.values[group * int4::GROUP_BYTES..][..int4::GROUP_BYTES];
                    unpack_int4(values, bytemuck::cast_slice(&rows.factors[group..=group]), &mut integers);
                    for (x, integer) in out.iter_mut().zip(integers) {
                        *x = f32::from(integer) * scale;
                    }
                }
            }
        }
    }

    /// All values as f32.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.rows * self.columns];
        for (row, out) in out.chunks_exact_mut(self.columns).enumerate() {
            self.copy_row(row, out);
        }
        out
    }
}
