//! The catalog as the systems see it: texts, their words and their vectors.

use std::sync::{Arc, OnceLock};

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, get_global_parallelism};

use crate::adapter::Adapter;
use crate::catalog::Item;
use crate::embedding::{CenteredTable, Dtype, EmbeddingTable, dot};
use crate::error::{Error, Result};
use crate::lexical::LexicalIndex;

/// Items with their embeddings.
pub struct Corpus {
    pub(super) items: Vec<Item>,
    /// The encoder that made the vectors.
    pub(super) model: String,
    pub(super) lexical: Arc<LexicalIndex>,
    raw: Space,
    centered: Space,
}

/// Unit vectors of all items.
pub(crate) struct Space {
    pub(super) rows: Vec<f32>,
    pub(crate) dimensions: usize,
    cosines: OnceLock<Vec<f32>>,
}

/// Catalogs up to this size have all cosines of pairs computed once (4 bytes a pair).
const PAIRED_ITEMS: usize = 12_000;

impl Corpus {
    /// Items with one unit vector of `dimensions` values for each, made by the encoder `model`.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the vectors do not fit the items or are not finite.
    pub fn new(items: Vec<Item>, model: &str, rows: Vec<f32>, dimensions: usize) -> Result<Self> {
        let lexical = Arc::new(LexicalIndex::new(items.iter().map(Item::embedding_text)));
        Self::with_lexical(items, model, rows, dimensions, lexical)
    }

    /// The same items with vectors that an adapter changed.
    ///
    /// # Errors
    /// [`Error::Incompatible`] if it is one for another encoder, [`Error::InvalidInput`] if its factors are too large.
    pub fn adapted(&self, adapter: &Adapter) -> Result<Self> {
        adapter.require(&self.model, self.raw.dimensions)?;
        let rows = adapter.place(&self.raw.rows)?;
        Self::with_lexical(self.items.clone(), &self.model, rows, self.raw.dimensions, Arc::clone(&self.lexical))
    }

    fn with_lexical(
        items: Vec<Item>,
        model: &str,
        rows: Vec<f32>,
        dimensions: usize,
        lexical: Arc<LexicalIndex>,
    ) -> Result<Self> {
        if items.is_empty() || rows.len() != items.len() * dimensions {
            return Err(Error::invalid("embedding values", rows.len(), items.len() * dimensions));
        }
        let table = EmbeddingTable::from_rows(&rows, dimensions, Dtype::F32)?;
        let mean = CenteredTable::mean_of(&table);
        let table = CenteredTable::new(table, mean)?;
        let mut centered = vec![0.0; rows.len()];
        for (row, out) in centered.chunks_exact_mut(dimensions).enumerate() {
            table.copy_row(row, out);
        }
        let space = |rows| Space { rows, dimensions, cosines: OnceLock::new() };
        Ok(Self { items, model: model.to_owned(), lexical, raw: space(rows), centered: space(centered) })
    }

    /// The encoder that made the vectors.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Number of items.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.items.len()
    }

    /// The items, one a row.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Their vectors, one after another.
    #[must_use]
    pub fn vectors(&self) -> &[f32] {
        &self.raw.rows
    }

    /// Their words.
    #[must_use]
    pub fn lexical(&self) -> &LexicalIndex {
        &self.lexical
    }

    /// The ids, one a row.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.items.iter().map(|item| item.id.clone()).collect()
    }

    /// The vectors as the encoder gave them, or without the catalog's mean.
    pub(crate) fn space(&self, is_centered: bool) -> &Space {
        if is_centered { &self.centered } else { &self.raw }
    }
}

impl Space {
    /// All rows, one after another.
    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    pub fn row(&self, row: usize) -> &[f32] {
        &self.rows[row * self.dimensions..(row + 1) * self.dimensions]
    }

    pub fn cosine(&self, a: usize, b: usize) -> f32 {
        dot(self.row(a), self.row(b))
    }

    /// Dot products of all rows with a vector.
    pub fn dots(&self, vector: &[f32], out: &mut [f32]) {
        for (row, score) in self.rows.chunks_exact(self.dimensions).zip(out) {
            *score = dot(row, vector);
        }
    }

    /// Cosines of one row with all.
    pub fn cosines(&self, row: usize, out: &mut [f32]) {
        let count = self.rows.len() / self.dimensions;
        if count > PAIRED_ITEMS {
            return self.dots(self.row(row), out);
        }
        let all = self.cosines.get_or_init(|| {
            let mut all = vec![0.0; count * count];
            let rows = MatRef::from_row_major_slice(&self.rows, count, self.dimensions);
            let product = MatMut::from_row_major_slice_mut(&mut all, count, count);
            matmul(product, Accum::Replace, rows, rows.transpose(), 1.0, get_global_parallelism());
            all
        });
        out.copy_from_slice(&all[row * count..(row + 1) * count]);
    }
}
