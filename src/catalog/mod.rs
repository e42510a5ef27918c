//! The catalog: items in a fixed order, with their embeddings and what is shown of them.

mod edition;
mod fields;
mod filter;
mod item;
#[cfg(not(target_arch = "wasm32"))]
mod source;
mod tag_index;
mod tag_lists;

use crate::artifact::sections::StringColumn;
use crate::artifact::{self, ArtifactFiles};
use std::borrow::Cow;
use std::sync::Arc;

use crate::embedding::{Axes, CenteredTable, EmbeddingTable};
use crate::error::{Error, Result};
use crate::learned::Learned;

pub use edition::Edition;
pub use fields::items_from_json;
pub(crate) use filter::ResolvedFilter;
pub use filter::TagFilter;
pub use item::{Item, ItemProblem, ItemProblems, ItemRef};
#[cfg(not(target_arch = "wasm32"))]
pub use source::{ItemFormat, ItemReport, ReadItems, read_items};
use tag_index::TagIndex;
pub(crate) use tag_lists::TagLists;

/// A loaded catalog. Rows are numbered `0..len()` in the order of the site's list; that order breaks ties everywhere.
#[derive(Debug, Clone)]
pub struct Catalog {
    pub(crate) model: String,
    pub(crate) embeddings: CenteredTable,
    /// Where the table has fewer dimensions than the model.
    axes: Option<Axes>,
    pub(crate) columns: Columns,
    tag_index: TagIndex,
    /// Rows in the order of their ids, for look-up without a second copy of the ids.
    rows_by_id: Vec<u32>,
    /// Popularity on a logarithmic scale, `0..=1`.
    log_popularity: Vec<f32>,
    has_popularity: bool,
    /// What interactions taught, where the site has any.
    learned: Option<Arc<Learned>>,
}

/// The columns of the metadata file.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    pub ids: StringColumn,
    pub titles: StringColumn,
    pub urls: StringColumn,
    pub images: StringColumn,
    pub tag_names: StringColumn,
    /// `tags[tag_offsets[row]..tag_offsets[row + 1]]` are a row's tags, as indices into `tag_names`.
    pub tag_offsets: Vec<u32>,
    pub tags: Vec<u32>,
    pub popularity: Vec<f32>,
}

impl Columns {
    fn row_tags(&self, row: usize) -> &[u32] {
        &self.tags[self.tag_offsets[row] as usize..self.tag_offsets[row + 1] as usize]
    }
}

impl Catalog {
    /// Loads a catalog from its files, after checking every size and SHA-256 against the manifest.
    ///
    /// # Errors
    /// [`Error::Corrupt`] or [`Error::Incompatible`], naming the file.
    pub fn load(files: &ArtifactFiles) -> Result<Self> {
        artifact::catalog_from_files(files)
    }

    /// Writes the catalog as files from which [`load`](Self::load) gives it back.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for texts too long for the format.
    pub fn to_files(&self) -> Result<ArtifactFiles> {
        artifact::loaded_catalog_to_files(self)
    }

    /// Puts together checked parts; refuses ids that occur twice.
    pub(crate) fn new(model: String, embeddings: CenteredTable, axes: Option<Axes>, columns: Columns) -> Result<Self> {
        let count = embeddings.raw().count();
        let mut rows_by_id: Vec<u32> =
            (0..u32::try_from(count).map_err(|_| Error::invalid("items", count, "fewer than 2^32"))?).collect();
        rows_by_id.sort_by(|a, b| columns.ids.get(*a as usize).cmp(columns.ids.get(*b as usize)));
        if let Some(pair) =
            rows_by_id.windows(2).find(|w| columns.ids.get(w[0] as usize) == columns.ids.get(w[1] as usize))
        {
            return Err(Error::corrupt(
                "ids",
                format!("the id \"{}\" occurs twice", columns.ids.get(pair[0] as usize)),
            ));
        }
        let max_popularity = columns.popularity.iter().fold(0.0_f32, |m, p| m.max(*p));
        let scale = if max_popularity > 0.0 { libm::log1pf(max_popularity) } else { 1.0 };
        let log_popularity = columns.popularity.iter().map(|p| libm::log1pf(*p) / scale).collect();
        let tag_index = TagIndex::new(&columns);
        Ok(Self {
            model,
            embeddings,
            axes,
            columns,
            tag_index,
            rows_by_id,
            log_popularity,
            has_popularity: max_popularity > 0.0,
            learned: None,
        })
    }

    /// The catalog with the parts that interactions taught.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if they are those of another catalog.
    pub fn with_learned(mut self, learned: Learned) -> Result<Self> {
        learned.check(self.len())?;
        self.learned = Some(Arc::new(learned));
        Ok(self)
    }

    /// What interactions taught, where the site has any.
    #[must_use]
    pub fn learned(&self) -> Option<&Learned> {
        self.learned.as_deref()
    }

    /// Number of items; never 0.
    #[must_use]
    pub fn len(&self) -> usize {
        self.embeddings.raw().count()
    }

    /// Always false: an empty catalog cannot be built or loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The id of the encoder whose vectors this catalog holds.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Checks that the catalog's vectors were made by the encoder `id`: only then can a query be compared with them.
    ///
    /// # Errors
    /// [`Error::Incompatible`].
    pub fn require_model(&self, id: &str) -> Result<()> {
        if self.model == id {
            Ok(())
        } else {
            Err(Error::incompatible("model of the catalog's vectors", &self.model, id))
        }
    }

    /// The item embedding table, as stored.
    #[must_use]
    pub fn embeddings(&self) -> &EmbeddingTable {
        self.embeddings.raw()
    }

    pub(crate) fn axes(&self) -> Option<&Axes> {
        self.axes.as_ref()
    }

    /// Length of the model's vectors; the table's may be shorter.
    #[must_use]
    pub fn model_dimensions(&self) -> usize {
        self.axes.as_ref().map_or(self.embeddings().dimensions(), Axes::inputs)
    }

    /// A vector of the model as the table has them. It has [`model_dimensions`](Self::model_dimensions) values.
    #[must_use]
    pub(crate) fn place<'a>(&self, vector: &'a [f32]) -> Cow<'a, [f32]> {
        match &self.axes {
            Some(axes) => Cow::Owned(axes.place(vector)),
            None => Cow::Borrowed(vector),
        }
    }

    /// The row of an id.
    #[must_use]
    pub fn row(&self, id: &str) -> Option<usize> {
        let at = self.rows_by_id.binary_search_by(|row| self.columns.ids.get(*row as usize).cmp(id)).ok()?;
        Some(self.rows_by_id[at] as usize)
    }

    /// The row of an id that must exist.
    ///
    /// # Errors
    /// [`Error::UnknownItem`].
    pub fn require_row(&self, id: &str) -> Result<usize> {
        self.row(id).ok_or_else(|| Error::UnknownItem { id: id.to_owned(), count: self.len() })
    }

    /// What is shown of one item.
    ///
    /// # Panics
    /// If `row` is not below [`len`](Self::len).
    #[must_use]
    pub fn item(&self, row: usize) -> ItemRef<'_> {
        let present = |text| Some(text).filter(|t: &&str| !t.is_empty());
        ItemRef {
            id: self.columns.ids.get(row),
            title: self.columns.titles.get(row),
            url: present(self.columns.urls.get(row)),
            image: present(self.columns.images.get(row)),
            tags: self.tags(row).iter().map(|t| self.columns.tag_names.get(*t as usize)).collect(),
            popularity: self.columns.popularity[row],
        }
    }

    /// Every tag of the catalog, in the order of first use.
    pub fn tag_names(&self) -> impl Iterator<Item = &str> {
        (0..self.columns.tag_names.len()).map(|i| self.columns.tag_names.get(i))
    }

    pub(crate) fn tags(&self, row: usize) -> &[u32] {
        self.columns.row_tags(row)
    }

    /// Number of different tags.
    pub(crate) fn tag_count(&self) -> usize {
        self.tag_index.len()
    }

    /// Adds `weight` times the unit tag vector of a row to `vector` of [`tag_count`](Self::tag_count) values.
    pub(crate) fn add_tags(&self, row: usize, weight: f32, vector: &mut [f32]) {
        self.tag_index.add_row(self.tags(row), row, weight, vector);
    }

    /// Dot product of a row's unit tag vector with `vector`.
    pub(crate) fn tag_dot(&self, row: usize, vector: &[f32]) -> f32 {
        self.tag_index.dot(self.tags(row), row, vector)
    }

    /// Cosine of the tag vectors of two rows, `0..=1`.
    pub(crate) fn tag_cosine(&self, a: usize, b: usize) -> f32 {
        let mut vector = vec![0.0; self.tag_count()];
        self.add_tags(b, 1.0, &mut vector);
        self.tag_dot(a, &vector)
    }

    /// Popularity on a logarithmic scale: 1 for the most popular item, 0 for an item that nobody chose.
    pub(crate) fn log_popularity(&self, row: usize) -> f32 {
        self.log_popularity[row]
    }

    pub(crate) fn has_popularity(&self) -> bool {
        self.has_popularity || self.learned.is_some()
    }
}
