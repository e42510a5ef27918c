//! The scan of a whole table on the GPU.

use super::selection::Selection;
use super::{Candidate, Scan};
use crate::embedding::CenteredTable;
use crate::error::Result;
use crate::gpu::{Gpu, GpuTable, Selection as Selected, Term as GpuTerm};

/// A catalog's int8 table in the GPU's memory.
pub(crate) struct GpuScan {
    table: GpuTable,
}

impl GpuScan {
    /// Uploads an int8 table; `None` for one of f32, which stays with the CPU.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if it does not fit.
    pub async fn load(gpu: &Gpu, table: &CenteredTable) -> Result<Option<Self>> {
        let (values, scales) = table.raw().parts();
        if scales.is_empty() {
            return Ok(None);
        }
        let on_gpu = GpuTable::load(gpu, values, scales, table.raw().dimensions()).await?;
        on_gpu.set_factors(table.inverse_norms())?;
        Ok(Some(Self { table: on_gpu }))
    }

    /// What [`Scan::exact`] gives, found on the GPU and scored again on the CPU, so that the bits are the CPU's; `None` if too many
    /// rows are as good as the last.
    ///
    /// # Errors
    /// [`crate::Error::Backend`] if the device fails.
    pub async fn best(
        &self,
        scan: &Scan<'_>,
        k: usize,
        base: &impl Fn(usize) -> f32,
    ) -> Result<Option<Vec<Candidate>>> {
        let bases: Vec<f32> = (0..scan.rows()).map(base).collect();
        self.table.set_base(&bases)?;
        let terms: Vec<GpuTerm<'_>> = scan
            .terms()
            .map(|(term, offset)| GpuTerm {
                vector: &term.vector,
                weight: term.weight,
                offset: if term.is_centered { offset } else { 0.0 },
                by_row: term.is_centered,
            })
            .collect();
        let Selected::Rows(rows) = self.table.top_k(&terms, k).await? else { return Ok(None) };
        let mut best = Selection::new(k);
        for (row, _) in rows {
            best.offer(row, scan.score(row, bases[row]));
        }
        Ok(Some(best.into_sorted()))
    }
}
