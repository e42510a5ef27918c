//! Vectors and tables of vectors: the item embedding table of a catalog and the dot products over it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::kernels::{MAX_INT8, QuantizedRows, dot_rows};
use crate::quantization;
use crate::quantization::binary::{self, BinaryRows};

/// How the values of a table are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtype {
    /// 32-bit floats, little-endian.
    F32,
    /// Signed bytes with one f32 scale a row ([`quantization`]).
    Int8,
    /// One bit a value ([`binary`]).
    Binary,
}

impl Dtype {
    /// The name used in manifests: `f32`, `int8` or `binary`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int8 => "int8",
            Self::Binary => "binary",
        }
    }

    /// Bytes of a row of so many values; an int8 row has a scale of 4 bytes beside.
    #[must_use]
    pub fn bytes_a_row(self, dimensions: usize) -> usize {
        match self {
            Self::F32 => dimensions.saturating_mul(4),
            Self::Int8 => dimensions,
            Self::Binary => binary::bytes_a_row(dimensions),
        }
    }
}

/// Dot products add up in this many lanes, in a fixed order: the compiler can use SIMD and the bits are the same
/// natively and in wasm (Rust never contracts to fused multiply-add on its own).
const LANES: usize = 8;

#[inline]
fn dot_lanes<T: Copy>(row: &[T], vector: &[f32], widen: impl Fn(T) -> f32) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (rows, row_rest) = row.as_chunks::<LANES>();
    let (vectors, vector_rest) = vector.as_chunks::<LANES>();
    for (r, v) in rows.iter().zip(vectors) {
        for lane in 0..LANES {
            lanes[lane] += widen(r[lane]) * v[lane];
        }
    }
    let rest: f32 = row_rest.iter().zip(vector_rest).map(|(r, v)| widen(*r) * v).sum();
    let pair = |lane: usize| lanes[lane] + lanes[lane + LANES / 2];
    (pair(0) + pair(1)) + (pair(2) + pair(3)) + rest
}

/// Dot product of two vectors of the same length.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len());
    dot_lanes(a, b, |x| x)
}

/// Scales a vector to length 1 and returns its former length. A vector of (nearly) zero length is left alone.
pub fn normalize(vector: &mut [f32]) -> f32 {
    let norm = libm::sqrtf(dot(vector, vector));
    if norm > 1e-12 {
        for x in vector.iter_mut() {
            *x /= norm;
        }
    }
    norm
}

/// Of the center of a binary table.
const LONGEST_CENTER: f32 = 0.99;

/// A read-only table of `count` vectors of `dimensions` values, held as the bytes it was loaded from.
#[derive(Debug, Clone)]
pub struct EmbeddingTable {
    dimensions: usize,
    count: usize,
    rows: TableRows,
}

#[derive(Debug, Clone)]
enum TableRows {
    Values(Rows),
    Binary(BinaryRows),
}

/// Rows of equal length in the bytes of the file that they came from: of a table, or of a matrix of weights. Nothing is copied.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    /// Row-major little-endian f32; may be unaligned, so it is read value by value.
    F32(Bytes),
    /// Row-major i8 in `-127..=127`, and one scale a row.
    Int8 { values: Bytes, scales: Vec<f32> },
}

impl Rows {
    /// Writes one row as f32 into `out`, which is as long as a row.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        let (from, to) = (row * out.len(), (row + 1) * out.len());
        match self {
            Self::F32(values) => {
                for (x, bytes) in out.iter_mut().zip(values[from * 4..to * 4].chunks_exact(4)) {
                    *x = read_f32(bytes);
                }
            }
            Self::Int8 { values, scales } => {
                quantization::dequantize_row(bytemuck::cast_slice(&values[from..to]), scales[row], out);
            }
        }
    }
}

impl EmbeddingTable {
    /// A table over bytes of the artifact's layout: `count * dimensions` little-endian f32. The bytes are not copied.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the length does not fit or a value is not finite.
    pub fn from_f32_bytes(values: Bytes, dimensions: usize) -> Result<Self> {
        let count = rows_in(values.len(), dimensions, 4)?;
        if let Some(at) = values.chunks_exact(4).position(|b| !read_f32(b).is_finite()) {
            return Err(Error::invalid(
                format!("embedding row {}", at / dimensions),
                "a value that is not finite",
                "finite values",
            ));
        }
        Ok(Self { dimensions, count, rows: TableRows::Values(Rows::F32(values)) })
    }

    /// A table over int8 values (`count * dimensions` bytes, not copied) and one scale a row.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the lengths do not fit or a scale is negative or not finite.
    pub fn from_int8_bytes(values: Bytes, scales: Vec<f32>, dimensions: usize) -> Result<Self> {
        let count = rows_in(values.len(), dimensions, 1)?;
        if scales.len() != count {
            return Err(Error::invalid("number of scales", scales.len(), count));
        }
        if let Some(at) = scales.iter().position(|s| !s.is_finite() || *s < 0.0) {
            return Err(Error::invalid(
                format!("scale of embedding row {at}"),
                scales[at],
                "a finite value of at least 0",
            ));
        }
        Ok(Self { dimensions, count, rows: TableRows::Values(Rows::Int8 { values, scales }) })
    }

    /// A table over the signs of unit vectors (a bit a value, rows padded to whole bytes, not copied), relative to `center`.
    ///
    /// # Errors
    /// As [`BinaryRows::new`].
    pub fn from_signs(bits: Bytes, center: Vec<f32>) -> Result<Self> {
        let dimensions = center.len();
        let rows = BinaryRows::new(bits, center)?;
        Ok(Self { dimensions, count: rows.count(), rows: TableRows::Binary(rows) })
    }

    /// Packs f32 rows (`[count * dimensions]`) as `dtype`. [`Dtype::Binary`] takes them for unit vectors, and their mean for the center.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the length is no multiple of `dimensions` or a value is not finite.
    pub fn from_rows(rows: &[f32], dimensions: usize, dtype: Dtype) -> Result<Self> {
        let count = rows_in(rows.len(), dimensions, 1)?;
        if let Some(at) = rows.iter().position(|x| !x.is_finite()) {
            return Err(Error::invalid(format!("embedding row {}", at / dimensions), rows[at], "finite values"));
        }
        match dtype {
            Dtype::F32 => {
                let bytes: Vec<u8> = rows.iter().flat_map(|x| x.to_le_bytes()).collect();
                Self::from_f32_bytes(bytes.into(), dimensions)
            }
            Dtype::Int8 => {
                let mut values = vec![0_i8; rows.len()];
                let mut scales = Vec::with_capacity(count);
                for (row, quantized) in rows.chunks_exact(dimensions).zip(values.chunks_exact_mut(dimensions)) {
                    scales.push(quantization::quantize_row(row, quantized));
                }
                Self::from_int8_bytes(bytemuck::cast_slice::<i8, u8>(&values).to_vec().into(), scales, dimensions)
            }
            Dtype::Binary => {
                let mut center = mean(dimensions, rows.chunks_exact(dimensions));
                // Unit vectors that are all alike have a mean of length 1, which leaves their signs no room.
                let length = libm::sqrtf(dot(&center, &center));
                if length > LONGEST_CENTER {
                    for x in &mut center {
                        *x *= LONGEST_CENTER / length;
                    }
                }
                Self::from_signs(binary::pack(rows, &center).into(), center)
            }
        }
    }

    /// Number of vectors.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Length of each vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// How the values are stored.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        match self.rows {
            TableRows::Values(Rows::F32(_)) => Dtype::F32,
            TableRows::Values(Rows::Int8 { .. }) => Dtype::Int8,
            TableRows::Binary(_) => Dtype::Binary,
        }
    }

    /// The stored values and, for int8, the scales; what an artifact holds.
    pub(crate) fn parts(&self) -> (&Bytes, &[f32]) {
        match &self.rows {
            TableRows::Values(Rows::F32(values)) => (values, &[]),
            TableRows::Values(Rows::Int8 { values, scales }) => (values, scales),
            TableRows::Binary(rows) => (rows.bits(), &[]),
        }
    }

    /// Dot product of one row with `vector`, which has [`dimensions`](Self::dimensions) values.
    ///
    /// # Panics
    /// If `row` is not below [`count`](Self::count).
    #[must_use]
    pub fn dot(&self, row: usize, vector: &[f32]) -> f32 {
        debug_assert_eq!(vector.len(), self.dimensions);
        let (from, to) = (row * self.dimensions, (row + 1) * self.dimensions);
        match &self.rows {
            TableRows::Values(Rows::F32(values)) => {
                let (row, _) = values[from * 4..to * 4].as_chunks::<4>();
                dot_lanes(row, vector, f32::from_le_bytes)
            }
            TableRows::Values(Rows::Int8 { values, scales }) => {
                let quantized: &[i8] = bytemuck::cast_slice(&values[from..to]);
                dot_lanes(quantized, vector, f32::from) * scales[row]
            }
            TableRows::Binary(rows) => rows.dot(row, vector, dot(rows.center(), vector)),
        }
    }

    /// Prepares a vector for [`dots`](Self::dots).
    pub(crate) fn probe(&self, vector: &[f32]) -> TableProbe {
        match &self.rows {
            TableRows::Values(Rows::F32(_)) => TableProbe::F32(vector.to_vec()),
            TableRows::Binary(rows) => {
                TableProbe::Binary { vector: vector.to_vec(), offset: dot(rows.center(), vector) }
            }
            TableRows::Values(Rows::Int8 { .. }) => {
                let mut quantized = QuantizedRows::default();
                quantized.quantize(vector, vector.len(), QuantizedRows::limit(vector.len(), MAX_INT8));
                TableProbe::Int8(quantized)
            }
        }
    }

    /// Dot products of consecutive rows, from `first` on, with a probe of this table. An int8 table takes the vector in 14 bits, which puts
    /// a dot product off by at most `max|v| / 16,382` times the sum of the row's magnitudes.
    pub(crate) fn dots(&self, first: usize, probe: &TableProbe, out: &mut [f32]) {
        match (&self.rows, probe) {
            (TableRows::Values(Rows::Int8 { values, scales }), TableProbe::Int8(vector)) => {
                let from = first * self.dimensions;
                let rows = bytemuck::cast_slice(&values[from..from + out.len() * self.dimensions]);
                dot_rows(vector, rows, out);
                for (dot, scale) in out.iter_mut().zip(&scales[first..]) {
                    *dot *= scale;
                }
            }
            (TableRows::Binary(rows), TableProbe::Binary { vector, offset }) => {
                for (row, dot) in (first..).zip(out) {
                    *dot = rows.dot(row, vector, *offset);
                }
            }
            (_, TableProbe::F32(vector)) => {
                for (row, dot) in (first..).zip(out) {
                    *dot = self.dot(row, vector);
                }
            }
            // A probe of another table.
            (_, TableProbe::Int8(_) | TableProbe::Binary { .. }) => out.fill(0.0),
        }
    }

    /// Writes one row as f32 into `out`, which has [`dimensions`](Self::dimensions) values.
    ///
    /// # Panics
    /// If `row` is not below [`count`](Self::count).
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        debug_assert_eq!(out.len(), self.dimensions);
        match &self.rows {
            TableRows::Values(rows) => rows.copy_row(row, out),
            TableRows::Binary(rows) => rows.copy_row(row, out),
        }
    }
}

/// What brings a vector of the model into a table: the axes of a table of fewer dimensions, an [`Adapter`](crate::Adapter), or both in one.
#[derive(Debug, Clone)]
pub struct Axes {
    /// One row an axis.
    table: EmbeddingTable,
}

impl Axes {
    /// From axes, one a row.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if there are more axes than a vector has dimensions.
    pub(crate) fn new(table: EmbeddingTable) -> Result<Self> {
        if table.count() > table.dimensions() {
            return Err(Error::invalid("axes", table.count(), format!("at most {}", table.dimensions())));
        }
        Ok(Self { table })
    }

    pub(crate) fn table(&self) -> &EmbeddingTable {
        &self.table
    }

    /// This map and another after it as one, in int8.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the other takes vectors of another length.
    pub(crate) fn then(&self, next: &Self) -> Result<Self> {
        if next.inputs() != self.dimensions() {
            return Err(Error::invalid("values that go into a map", self.dimensions(), next.inputs()));
        }
        let (mut weights, mut axis) = (vec![0.0; next.inputs()], vec![0.0; self.inputs()]);
        let mut product = vec![0.0; next.dimensions() * self.inputs()];
        for (at, sum) in product.chunks_exact_mut(self.inputs()).enumerate() {
            next.table.copy_row(at, &mut weights);
            for (own, weight) in weights.iter().enumerate() {
                self.table.copy_row(own, &mut axis);
                for (sum, x) in sum.iter_mut().zip(&axis) {
                    *sum += weight * x;
                }
            }
        }
        Self::new(EmbeddingTable::from_rows(&product, self.inputs(), Dtype::Int8)?)
    }

    /// Length of the vectors that come out.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.table.count()
    }

    /// Length of the vectors that go in.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.table.dimensions()
    }

    /// A vector of the model along the axes, scaled to length 1.
    #[must_use]
    pub fn place(&self, vector: &[f32]) -> Vec<f32> {
        let mut placed: Vec<f32> = (0..self.table.count()).map(|axis| self.table.dot(axis, vector)).collect();
        normalize(&mut placed);
        placed
    }
}

/// A vector in the form that a table multiplies: see [`EmbeddingTable::probe`].
#[derive(Debug)]
pub(crate) enum TableProbe {
    F32(Vec<f32>),
    Int8(QuantizedRows),
    /// With its dot product with the center.
    Binary {
        vector: Vec<f32>,
        offset: f32,
    },
}

/// The mean of rows, added up in their order in f64.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an average needs no more")]
fn mean<R: AsRef<[f32]>>(dimensions: usize, rows: impl ExactSizeIterator<Item = R>) -> Vec<f32> {
    let (mut sum, count) = (vec![0.0_f64; dimensions], rows.len() as f64);
    for row in rows {
        for (s, x) in sum.iter_mut().zip(row.as_ref()) {
            *s += f64::from(*x);
        }
    }
    sum.iter().map(|s| (s / count) as f32).collect()
}

fn read_f32(bytes: &[u8]) -> f32 {
    f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn rows_in(length: usize, dimensions: usize, size: usize) -> Result<usize> {
    if dimensions == 0 || length == 0 || !length.is_multiple_of(dimensions * size) {
        return Err(Error::invalid(
            "length of the embedding table",
            length,
            format!("a positive multiple of {dimensions} x {size}"),
        ));
    }
    Ok(length / (dimensions * size))
}

/// An [`EmbeddingTable`] as the profile sees it: relative to the catalog's mean vector.
///
/// All items of a catalog share a direction ("this is a film"). Raw cosine is dominated by it; removing the mean before
/// comparing items with each other multiplied NDCG@10 on cold items by four (docs/ranking.md).
#[derive(Debug, Clone)]
pub struct CenteredTable {
    table: EmbeddingTable,
    mean: Vec<f32>,
    /// `1 / |row - mean|`, or 0 where a row equals the mean.
    inverse_norms: Vec<f32>,
}

impl CenteredTable {
    /// Centers `table` on `mean`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the mean has another dimension or is not finite.
    pub fn new(table: EmbeddingTable, mean: Vec<f32>) -> Result<Self> {
        if mean.len() != table.dimensions() {
            return Err(Error::invalid("dimensions of the mean vector", mean.len(), table.dimensions()));
        }
        if mean.iter().any(|x| !x.is_finite()) {
            return Err(Error::invalid("mean vector", "a value that is not finite", "finite values"));
        }
        let mut row = vec![0.0; table.dimensions()];
        let inverse_norms = (0..table.count())
            .map(|r| {
                table.copy_row(r, &mut row);
                for (x, m) in row.iter_mut().zip(&mean) {
                    *x -= m;
                }
                let norm = libm::sqrtf(dot(&row, &row));
                if norm > 1e-6 { 1.0 / norm } else { 0.0 }
            })
            .collect();
        Ok(Self { table, mean, inverse_norms })
    }

    /// The mean of all rows, added up in row order in f64; of a binary table the center of its signs, so that centered rows are signs and no more.
    #[must_use]
    pub fn mean_of(table: &EmbeddingTable) -> Vec<f32> {
        if let TableRows::Binary(rows) = &table.rows {
            return rows.center().to_vec();
        }
        let row = |r| {
            let mut row = vec![0.0; table.dimensions()];
            table.copy_row(r, &mut row);
            row
        };
        mean(table.dimensions(), (0..table.count()).map(row))
    }

    /// The table without centering, for comparison with query vectors.
    #[must_use]
    pub fn raw(&self) -> &EmbeddingTable {
        &self.table
    }

    /// The centered row, scaled to length 1 (or zeros where the row equals the mean).
    #[must_use]
    pub fn row(&self, row: usize) -> Vec<f32> {
        let mut out = vec![0.0; self.table.dimensions()];
        self.copy_row(row, &mut out);
        out
    }

    /// Writes what [`row`](Self::row) returns into `out`.
    pub fn copy_row(&self, row: usize, out: &mut [f32]) {
        self.table.copy_row(row, out);
        for (x, m) in out.iter_mut().zip(&self.mean) {
            *x = (*x - m) * self.inverse_norms[row];
        }
    }

    /// The mean vector.
    #[must_use]
    pub fn mean(&self) -> &[f32] {
        &self.mean
    }

    /// `1 / |row - mean|` for every row, or 0 where a row equals the mean.
    #[must_use]
    pub fn inverse_norms(&self) -> &[f32] {
        &self.inverse_norms
    }

    /// Prepares a unit vector of the centered space for [`cosine`](Self::cosine).
    #[must_use]
    pub fn probe(&self, vector: Vec<f32>) -> CenteredProbe {
        let offset = dot(&self.mean, &vector);
        CenteredProbe { vector, offset }
    }

    /// Cosine of a centered row with a prepared unit vector, in `-1..=1` up to rounding.
    #[must_use]
    pub fn cosine(&self, row: usize, probe: &CenteredProbe) -> f32 {
        (self.table.dot(row, &probe.vector) - probe.offset) * self.inverse_norms[row]
    }
}

/// A unit vector of the centered space with its dot product with the mean: see [`CenteredTable::probe`].
#[derive(Debug, Clone)]
pub struct CenteredProbe {
    vector: Vec<f32>,
    offset: f32,
}

impl CenteredProbe {
    /// The unit vector.
    #[must_use]
    pub fn vector(&self) -> &[f32] {
        &self.vector
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(a: &[f32], b: &[f32]) -> f64 {
        a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
    }

    proptest! {
        #[test]
        fn lane_dot_equals_the_naive_one((a, b) in (1_usize..200).prop_flat_map(|n| (
            prop::collection::vec(-1.0_f32..1.0, n), prop::collection::vec(-1.0_f32..1.0, n)))) {
            prop_assert!((f64::from(dot(&a, &b)) - naive(&a, &b)).abs() < 1e-4);
        }

        #[test]
        fn a_table_row_dots_like_its_copy(rows in prop::collection::vec(-1.0_f32..1.0, 5 * 19), v in prop::collection::vec(-1.0_f32..1.0, 19)) {
            for dtype in [Dtype::F32, Dtype::Int8, Dtype::Binary] {
                let table = EmbeddingTable::from_rows(&rows, 19, dtype).unwrap();
                let mut copy = vec![0.0; 19];
                for r in 0..5 {
                    table.copy_row(r, &mut copy);
                    prop_assert!((table.dot(r, &v) - dot(&copy, &v)).abs() < 1e-5);
                }
            }
        }

        #[test]
        fn centered_cosine_equals_the_naive_one(rows in prop::collection::vec(-1.0_f32..1.0, 6 * 16)) {
            let table = EmbeddingTable::from_rows(&rows, 16, Dtype::F32).unwrap();
            let mean = CenteredTable::mean_of(&table);
            let centered = CenteredTable::new(table, mean).unwrap();
            let a = centered.row(0);
            let probe = centered.probe(a.clone());
            for r in 0..6 {
                prop_assert!((f64::from(centered.cosine(r, &probe)) - naive(&a, &centered.row(r))).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn values_that_are_not_finite_are_refused() {
        assert_eq!(EmbeddingTable::from_rows(&[1.0, f32::NAN], 2, Dtype::Int8).unwrap_err().code(), "invalid_input");
        assert_eq!(
            EmbeddingTable::from_rows(&[1.0, f32::INFINITY], 2, Dtype::F32).unwrap_err().code(),
            "invalid_input"
        );
        let nan = Bytes::from(f32::NAN.to_le_bytes().to_vec());
        assert_eq!(EmbeddingTable::from_f32_bytes(nan, 1).unwrap_err().code(), "invalid_input");
        assert_eq!(
            EmbeddingTable::from_int8_bytes(Bytes::from(vec![1]), vec![f32::NAN], 1).unwrap_err().code(),
            "invalid_input"
        );
        assert_eq!(EmbeddingTable::from_rows(&[1.0, 2.0, 3.0], 2, Dtype::F32).unwrap_err().code(), "invalid_input");
    }
}
