//! A table of int8 vectors in the GPU's memory, and the best rows of it for a query.
//!
//! A query is one submission of four kernels (one more for each chunk of the table after the first): scores, two histograms
//! of a radix selection, and the collection of the rows that reach its threshold. Only these are read back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytemuck::{cast_slice, cast_slice_mut};
use wgpu::{BindGroup, Buffer, ComputePassDescriptor};

use super::kernel::{Access, Kernel};
use super::{Gpu, Readback, storage, uniform, upload};
use crate::error::{Error, Result};

/// Rows are read in steps of this many values.
const ROW_STEP: usize = 16;
/// Rows that a workgroup scores.
const ROWS_A_GROUP: usize = 128;
/// Workgroups in the first dimension of the scores' grid.
const GRID_WIDTH: usize = 32_768;
/// Rows that a workgroup of the selection goes through at least, so that its histogram is worth its while.
const ROWS_A_SELECTOR: usize = 4096;
/// Workgroups of the selection at most.
const MAX_SELECTORS: usize = 256;
/// The two histograms of 2,048 bins.
const HISTOGRAM_WORDS: usize = 2 * 2048;
/// The largest k.
const MAX_K: usize = 10_000;
/// Rows that may come back beyond twice k: neighbors of the k-th score, closer than a 4,096th of it.
const SLACK: usize = 1024;

/// A part of a row's score: `weight * (dot(row, vector) - offset)`, times the row's own factor where `by_row` is set. The cosine with a
/// centered row is such a part: the offset is the vector's dot product with the mean, the factor 1 / the row's centered norm.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    /// As long as the table's rows.
    pub vector: &'a [f32],
    /// How much the part counts.
    pub weight: f32,
    /// Taken from the dot product.
    pub offset: f32,
    /// Whether the row's factor counts.
    pub by_row: bool,
}

/// The rows that a query selects.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    /// Rows with their scores, in no order: the best k, and possibly some that are next to the k-th.
    Rows(Vec<(usize, f32)>),
    /// So many rows are as good as the k-th (or too close to tell) that they were not read back: select on the CPU.
    TooManyTies,
}

/// Int8 vectors with one scale a row, resident on a GPU.
#[derive(Debug)]
pub struct GpuTable {
    gpu: Gpu,
    dimensions: usize,
    rows: usize,
    chunks: Vec<Chunk>,
    factors: Buffer,
    base: Buffer,
    query: Buffer,
    vectors: Buffer,
    histogram: Buffer,
    score: Kernel,
    histograms: [(Kernel, BindGroup); 2],
    compact: (Kernel, BindGroup),
    selected: Buffer,
    readback: Mutex<Option<Readback>>,
}

/// Rows that one binding holds.
#[derive(Debug)]
struct Chunk {
    rows: usize,
    bound: BindGroup,
}

impl GpuTable {
    /// Uploads `values`, row-major int8 `[scales.len(), dimensions]`, and compiles the kernels. Every row's factor is 1 and its
    /// base score 0 until [`set_factors`](Self::set_factors) and [`set_base`](Self::set_base) say otherwise.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the lengths do not fit, [`Error::Backend`] if the GPU is too small.
    pub async fn load(gpu: &Gpu, values: &[u8], scales: &[f32], dimensions: usize) -> Result<Self> {
        if dimensions == 0 || scales.is_empty() || values.len() != scales.len() * dimensions {
            let expected = format!("a positive number of rows x {dimensions} for {} scales", scales.len());
            return Err(Error::invalid("length of the table", values.len(), expected));
        }
        gpu.create(|| Self::create(gpu, values, scales, dimensions)).await
    }

    fn create(gpu: &Gpu, values: &[u8], scales: &[f32], dimensions: usize) -> Result<Self> {
        use Access::{Read, Uniform, Write};
        let rows = scales.len();
        let stride = dimensions.next_multiple_of(ROW_STEP);
        let query_source = include_str!("query.wgsl");
        let score = Kernel::new(
            gpu,
            "score",
            &[("ROW", stride / ROW_STEP), ("GRID_WIDTH", GRID_WIDTH)],
            &[query_source, include_str!("score.wgsl")],
            &[Uniform, Uniform, Read, Read, Read, Read, Read, Write],
        );
        let select = |name, pass, source, accesses: &[Access]| {
            Kernel::new(gpu, name, &[("PASS", pass)], &[query_source, include_str!("threshold.wgsl"), source], accesses)
        };
        let query = storage(gpu, "a query", QUERY_WORDS * size_of::<u32>())?;
        let vectors = storage(gpu, "a query's vectors", 2 * stride * size_of::<f32>())?;
        let histogram = storage(gpu, "histograms", HISTOGRAM_WORDS * size_of::<u32>())?;
        let selected = storage(gpu, "selected rows", selected_words(MAX_K) * size_of::<u32>())?;
        let keys = storage(gpu, "keys", size_of_val(scales))?;
        let base = storage(gpu, "base scores", size_of_val(scales))?;
        let factors = upload(gpu, "factors", &vec![1.0_f32; rows])?;
        let scales = upload(gpu, "scales", scales)?;

        let rows_a_chunk = rows_in_binding(gpu, stride);
        let mut chunks = Vec::new();
        for first_row in (0..rows).step_by(rows_a_chunk) {
            let end = rows.min(first_row + rows_a_chunk);
            let table = upload_rows(gpu, &values[first_row * dimensions..end * dimensions], dimensions, stride)?;
            #[expect(clippy::cast_possible_truncation, reason = "the keys of 2^32 rows fit into no binding")]
            let place = uniform(gpu, &[first_row as u32, (end - first_row) as u32]);
            let bound = score.bind(gpu, &[&query, &place, &table, &scales, &factors, &base, &vectors, &keys]);
            chunks.push(Chunk { rows: end - first_row, bound });
        }
        let histograms = [0, 1].map(|pass| {
            let kernel = select("histogram", pass, include_str!("histogram.wgsl"), &[Uniform, Read, Write]);
            let bound = kernel.bind(gpu, &[&query, &keys, &histogram]);
            (kernel, bound)
        });
        let compact = select("compact", 0, include_str!("compact.wgsl"), &[Uniform, Read, Write, Write]);
        let compact_bound = compact.bind(gpu, &[&query, &keys, &histogram, &selected]);
        Ok(Self {
            gpu: gpu.clone(),
            dimensions,
            rows,
            chunks,
            factors,
            base,
            query,
            vectors,
            histogram,
            score,
            histograms,
            compact: (compact, compact_bound),
            selected,
            readback: Mutex::default(),
        })
    }

    /// Sets each row's factor.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if there is not one for each row.
    pub fn set_factors(&self, factors: &[f32]) -> Result<()> {
        self.write_rows("factors", &self.factors, factors)
    }

    /// Sets each row's base score, to which the terms are added. Minus infinity excludes a row.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if there is not one for each row.
    pub fn set_base(&self, base: &[f32]) -> Result<()> {
        self.write_rows("base scores", &self.base, base)
    }

    fn write_rows(&self, what: &str, buffer: &Buffer, values: &[f32]) -> Result<()> {
        if values.len() != self.rows {
            return Err(Error::invalid(format!("number of {what}"), values.len(), self.rows));
        }
        self.gpu.queue.write_buffer(buffer, 0, cast_slice(values));
        Ok(())
    }

    /// The best `k` rows by base score plus terms. Scores are f32 sums in an order of the GPU's own: rescore the rows
    /// where the last bit matters. Rows whose score is not finite are left out.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for `k` outside `1..=10,000`, more than two terms or a vector of another length;
    /// [`Error::Backend`] if the device fails.
    pub async fn top_k(&self, terms: &[Term<'_>], k: usize) -> Result<Selection> {
        if k == 0 || k > MAX_K {
            return Err(Error::invalid("k", k, format!("1 to {MAX_K}")));
        }
        if terms.len() > 2 {
            return Err(Error::invalid("terms of a score", terms.len(), "at most 2"));
        }
        if let Some(term) = terms.iter().find(|term| term.vector.len() != self.dimensions) {
            return Err(Error::invalid("dimensions of a query", term.vector.len(), self.dimensions));
        }
        let words = selected_words(k);
        let bytes = (words * size_of::<u32>()) as u64;
        let readback = self
            .readback()
            .take()
            .filter(|readback| readback.size() >= bytes)
            .unwrap_or_else(|| Readback::new(&self.gpu, bytes));
        let selected: Vec<u32> = self
            .gpu
            .run(&readback, words, |commands| {
                self.write_query(terms, k);
                commands.clear_buffer(&self.histogram, 0, None);
                commands.clear_buffer(&self.selected, 0, Some(4));
                let mut pass = commands.begin_compute_pass(&ComputePassDescriptor::default());
                for chunk in &self.chunks {
                    let groups = chunk.rows.div_ceil(ROWS_A_GROUP);
                    let grid = [groups.min(GRID_WIDTH), groups.div_ceil(GRID_WIDTH)];
                    self.score.dispatch(&mut pass, &chunk.bound, grid);
                }
                let grid = [self.rows.div_ceil(ROWS_A_SELECTOR).min(MAX_SELECTORS), 1];
                for (kernel, bound) in self.histograms.iter().chain([&self.compact]) {
                    kernel.dispatch(&mut pass, bound, grid);
                }
                drop(pass);
                commands.copy_buffer_to_buffer(&self.selected, 0, &readback.buffer, 0, bytes);
            })
            .await?;
        *self.readback() = Some(readback);
        let count = selected[0] as usize;
        if count > capacity(k) {
            return Ok(Selection::TooManyTies);
        }
        let pairs = selected[1..].as_chunks::<2>().0;
        Ok(Selection::Rows(pairs[..count].iter().map(|[row, score]| (*row as usize, f32::from_bits(*score))).collect()))
    }

    #[expect(clippy::cast_possible_truncation, reason = "k and its capacity are at most some ten thousand")]
    fn write_query(&self, terms: &[Term<'_>], k: usize) {
        let mut words = [0_u32; QUERY_WORDS];
        words[..4].copy_from_slice(&[self.rows as u32, k as u32, capacity(k) as u32, terms.len() as u32]);
        let stride = self.dimensions.next_multiple_of(ROW_STEP);
        let mut vectors = vec![0.0_f32; 2 * stride];
        for (at, term) in terms.iter().enumerate() {
            words[4 + at] = term.weight.to_bits();
            words[6 + at] = term.offset.to_bits();
            words[8 + at] = u32::from(term.by_row);
            vectors[at * stride..][..self.dimensions].copy_from_slice(term.vector);
        }
        self.gpu.queue.write_buffer(&self.query, 0, cast_slice(&words));
        self.gpu.queue.write_buffer(&self.vectors, 0, cast_slice(&vectors));
    }

    fn readback(&self) -> MutexGuard<'_, Option<Readback>> {
        self.readback.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Words of a query's header (`query.wgsl`).
const QUERY_WORDS: usize = 12;

/// Rows that are read back for the best `k` at most.
fn capacity(k: usize) -> usize {
    2 * k + SLACK
}

/// A count, and a row and a score for each place.
fn selected_words(k: usize) -> usize {
    1 + 2 * capacity(k)
}

fn rows_in_binding(gpu: &Gpu, stride: usize) -> usize {
    let limits = gpu.device.limits();
    let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    (usize::try_from(limit).unwrap_or(usize::MAX) / stride).max(1)
}

/// Uploads rows at a distance of `stride`, without a copy where they lie like that already.
fn upload_rows(gpu: &Gpu, values: &[u8], dimensions: usize, stride: usize) -> Result<Buffer> {
    if dimensions == stride {
        return upload(gpu, "a table", values);
    }
    let mut spread = vec![0_i8; values.len() / dimensions * stride];
    let bytes: &mut [u8] = cast_slice_mut(&mut spread);
    for (row, target) in values.chunks_exact(dimensions).zip(bytes.chunks_exact_mut(stride)) {
        target[..dimensions].copy_from_slice(row);
    }
    upload(gpu, "a table", &spread)
}
