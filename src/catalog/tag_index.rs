//! Tags as vectors: what two items have in common beyond their texts.

use crate::catalog::Columns;

/// Every row as a unit vector over the catalog's tags, weighed by inverse document frequency (Spärck Jones 1972): a rare tag says
/// more than a common one. Rows without tags are zero.
#[derive(Debug, Clone)]
pub(crate) struct TagIndex {
    /// One weight a tag.
    idf: Vec<f32>,
    /// `1 / length` of each row's vector, 0 without tags.
    inverse_norms: Vec<f32>,
}

impl TagIndex {
    #[expect(clippy::cast_precision_loss, reason = "counts of items")]
    pub fn new(columns: &Columns) -> Self {
        let count = columns.popularity.len();
        let mut document_frequency = vec![0_u32; columns.tag_names.len()];
        for tag in &columns.tags {
            document_frequency[*tag as usize] += 1;
        }
        let idf: Vec<f32> = document_frequency
            .iter()
            .map(|df| if *df == 0 { 0.0 } else { libm::logf(count as f32 / *df as f32) })
            .collect();
        let inverse_norms = (0..count)
            .map(|row| {
                let norm = libm::sqrtf(columns.row_tags(row).iter().map(|t| idf[*t as usize] * idf[*t as usize]).sum());
                if norm > 1e-6 { 1.0 / norm } else { 0.0 }
            })
            .collect();
        Self { idf, inverse_norms }
    }

    /// Number of tags: the length of the vectors.
    pub fn len(&self) -> usize {
        self.idf.len()
    }

    /// Adds `weight` times a row's unit vector to `vector`.
    pub fn add_row(&self, tags: &[u32], row: usize, weight: f32, vector: &mut [f32]) {
        for tag in tags {
            vector[*tag as usize] += weight * self.idf[*tag as usize] * self.inverse_norms[row];
        }
    }

    /// Dot product of a row's unit vector with `vector`.
    pub fn dot(&self, tags: &[u32], row: usize, vector: &[f32]) -> f32 {
        let sum: f32 = tags.iter().map(|tag| vector[*tag as usize] * self.idf[*tag as usize]).sum();
        sum * self.inverse_norms[row]
    }
}
