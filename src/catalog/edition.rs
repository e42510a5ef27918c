//! The changes that one browser makes to a catalog: items added on the device and items taken out.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use super::{Catalog, Columns, Item, ItemRef, TagLists};
use crate::artifact::sections::StringColumn;
use crate::embedding::{CenteredTable, Dtype, EmbeddingTable};
use crate::error::{Error, Result};
use crate::quantization::binary;

/// Items to add to a catalog and ids to leave out of it. Kept apart from the catalog, so that they outlive its versions.
#[derive(Debug, Clone)]
pub struct Edition {
    /// The space of the added vectors.
    space: String,
    dimensions: usize,
    /// In the order of adding.
    added: Vec<Added>,
    removed: HashSet<String>,
}

#[derive(Debug, Clone)]
struct Added {
    item: Item,
    vector: Vec<f32>,
}

impl Edition {
    /// No changes. Vectors to come are of the model `space` and have `dimensions` values.
    #[must_use]
    pub fn new(space: impl Into<String>, dimensions: usize) -> Self {
        Self { space: space.into(), dimensions, added: Vec::new(), removed: HashSet::new() }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Adds items with their embeddings, one unit vector after another. An item whose id is there already takes its place.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if the vectors do not fit the items or are not finite; nothing is added then.
    pub fn add(&mut self, items: Vec<Item>, vectors: &[f32]) -> Result<()> {
        if vectors.len() != items.len() * self.dimensions {
            return Err(Error::invalid("embedding values", vectors.len(), items.len() * self.dimensions));
        }
        if let Some(found) = vectors.iter().find(|x| !x.is_finite()) {
            return Err(Error::invalid("embedding values", found, "finite values"));
        }
        let mut places: HashMap<String, usize> =
            self.added.iter().enumerate().map(|(place, added)| (added.item.id.clone(), place)).collect();
        for (item, vector) in items.into_iter().zip(vectors.chunks_exact(self.dimensions)) {
            self.removed.remove(&item.id);
            let added = Added { vector: vector.to_vec(), item };
            if let Some(place) = places.get(&added.item.id) {
                self.added[*place] = added;
            } else {
                places.insert(added.item.id.clone(), self.added.len());
                self.added.push(added);
            }
        }
        Ok(())
    }

    /// Takes items out: added ones are dropped, those of the catalog are left out of it. An id that neither has may come with the catalog's next
    /// version, and is left out then.
    pub fn remove(&mut self, ids: impl IntoIterator<Item = String>) {
        self.removed.extend(ids);
        self.added.retain(|added| !self.removed.contains(&added.item.id));
    }

    /// The catalog with these changes: first its own items in their order, then the added ones. `None` if no item is left.
    ///
    /// The mean of the table is taken anew, so that the items of a catalog that is made of additions alone are compared as those of any other.
    ///
    /// # Errors
    /// [`Error::Incompatible`] if another model made the catalog's vectors.
    pub fn apply(&self, base: Option<&Catalog>) -> Result<Option<Catalog>> {
        if let Some(base) = base {
            base.require_model(&self.space)?;
        }
        let replaced: HashSet<&str> = self.added.iter().map(|added| added.item.id.as_str()).collect();
        let kept: Vec<usize> = base.map_or_else(Vec::new, |base| {
            let stays = |id: &str| !replaced.contains(id) && !self.removed.contains(id);
            (0..base.len()).filter(|row| stays(base.item(*row).id)).collect()
        });
        if kept.is_empty() && self.added.is_empty() {
            return Ok(None);
        }
        let table = self.table(base, &kept)?;
        let mean = CenteredTable::mean_of(&table);
        let shown: Vec<ItemRef<'_>> = base
            .iter()
            .flat_map(|base| kept.iter().map(|row| base.item(*row)))
            .chain(self.added.iter().map(|added| added.item.shown()))
            .collect();
        let axes = base.and_then(|base| base.axes.clone());
        let catalog = Catalog::new(self.space.clone(), CenteredTable::new(table, mean)?, axes, columns_of(&shown)?)?;
        let Some(learned) = base.and_then(Catalog::learned) else { return Ok(Some(catalog)) };
        let nearest: Vec<Vec<(usize, f32)>> =
            (kept.len()..catalog.len()).map(|row| nearest_texts(&catalog, row, kept.len())).collect();
        catalog.with_learned(learned.renumbered(&kept, &nearest)).map(Some)
    }

    /// The rows that stay, as they are stored, and the added ones, stored alike.
    fn table(&self, base: Option<&Catalog>, kept: &[usize]) -> Result<EmbeddingTable> {
        let (dtype, dimensions) =
            base.map_or((Dtype::Int8, self.dimensions), |b| (b.embeddings().dtype(), b.embeddings().dimensions()));
        let place = |vector: &[f32]| base.map_or_else(|| vector.to_vec(), |base| base.place(vector).into_owned());
        let added: Vec<f32> = self.added.iter().flat_map(|added| place(&added.vector)).collect();
        if let (Some(base), Dtype::Binary) = (base, dtype) {
            // Signs say on which side of the table's center a value lies: added rows are compared with the same one.
            let center = base.embeddings.mean();
            let mut bits = Vec::new();
            let (stored, stride) = (base.embeddings().parts().0, dtype.bytes_a_row(dimensions));
            for row in kept {
                bits.extend_from_slice(&stored[row * stride..(row + 1) * stride]);
            }
            bits.extend(binary::pack(&added, center));
            return EmbeddingTable::from_signs(Bytes::from(bits), center.to_vec());
        }
        let added = if added.is_empty() { None } else { Some(EmbeddingTable::from_rows(&added, dimensions, dtype)?) };
        let mut values = Vec::new();
        let mut scales = Vec::new();
        let mut take = |table: &EmbeddingTable, rows: &[usize]| {
            let (bytes, factors) = table.parts();
            let stride = bytes.len() / table.count();
            for row in rows {
                values.extend_from_slice(&bytes[row * stride..(row + 1) * stride]);
                scales.extend(factors.get(*row));
            }
        };
        if let Some(base) = base {
            take(base.embeddings(), kept);
        }
        if let Some(added) = &added {
            take(added, &(0..added.count()).collect::<Vec<_>>());
        }
        match dtype {
            Dtype::F32 => EmbeddingTable::from_f32_bytes(Bytes::from(values), dimensions),
            Dtype::Int8 | Dtype::Binary => EmbeddingTable::from_int8_bytes(Bytes::from(values), scales, dimensions),
        }
    }
}

/// The rows before `end` with their cosines, those of the nearest texts first.
fn nearest_texts(catalog: &Catalog, row: usize, end: usize) -> Vec<(usize, f32)> {
    let probe = catalog.embeddings.probe(catalog.embeddings.row(row));
    let mut near: Vec<(usize, f32)> = (0..end).map(|other| (other, catalog.embeddings.cosine(other, &probe))).collect();
    near.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    near
}

fn columns_of(items: &[ItemRef<'_>]) -> Result<Columns> {
    let TagLists { names, offsets: tag_offsets, tags } = TagLists::of(items)?;
    Ok(Columns {
        ids: StringColumn::of(items.iter().map(|item| item.id))?,
        titles: StringColumn::of(items.iter().map(|item| item.title))?,
        urls: StringColumn::of(items.iter().map(|item| item.url.unwrap_or_default()))?,
        images: StringColumn::of(items.iter().map(|item| item.image.unwrap_or_default()))?,
        tag_names: StringColumn::of(names.into_iter())?,
        tag_offsets,
        tags,
        popularity: items.iter().map(|item| item.popularity).collect(),
    })
}
