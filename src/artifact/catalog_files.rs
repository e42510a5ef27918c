//! A catalog as files, and back.

use super::files::{ArtifactFiles, MANIFEST};
use super::learned_file;
use super::manifest::{CatalogManifest, FORMAT_VERSION, FileEntry};
use super::sections::{SectionReader, SectionWriter};
use crate::adapter::Adapter;
use crate::catalog::{Catalog, Columns, Item, ItemRef, TagLists};
use crate::embedding::{Axes, CenteredTable, Dtype, EmbeddingTable};
use crate::error::{Error, Result};
use crate::learned::Learned;

const EMBEDDINGS: [u8; 4] = *b"EMBD";
const METADATA: [u8; 4] = *b"META";
const IDS: [u8; 4] = *b"IDS ";

/// How a catalog's embedding table is stored.
#[derive(Debug, Clone, Copy)]
pub struct TableFormat<'a> {
    /// The type of its values.
    pub dtype: Dtype,
    /// Only this many dimensions, along the table's principal axes; `None` for as many as the model has.
    pub dimensions: Option<usize>,
    /// What changes the model's vectors first, where interactions taught it.
    pub adapter: Option<&'a Adapter>,
}

impl From<Dtype> for TableFormat<'_> {
    fn from(dtype: Dtype) -> Self {
        Self { dtype, dimensions: None, adapter: None }
    }
}

/// Writes a catalog: `rows` holds one unit vector of `dimensions` values for every item, in the same order.
///
/// # Errors
/// [`Error::InvalidInput`] if there are no items, the rows do not fit the items or are not finite, or fewer dimensions are wanted where they cannot
/// be computed (in a browser). [`Error::Incompatible`] if the adapter is one for another model.
pub fn catalog_to_files<'a>(
    model: &str,
    items: &[Item],
    rows: &[f32],
    dimensions: usize,
    format: impl Into<TableFormat<'a>>,
) -> Result<ArtifactFiles> {
    let format = format.into();
    if items.is_empty() {
        return Err(Error::invalid("items", "none", "at least one"));
    }
    if rows.len() != items.len() * dimensions {
        return Err(Error::invalid("embedding values", rows.len(), items.len() * dimensions));
    }
    let fewer = format.dimensions.filter(|d| *d != dimensions);
    let axes = match format.adapter {
        None => fewer.map(|count| axes_of(rows, dimensions, count)).transpose()?,
        Some(adapter) => {
            adapter.require(model, dimensions)?;
            Some(match fewer {
                None => adapter.axes()?,
                Some(count) => adapter.axes()?.then(&axes_of(&adapter.place(rows)?, dimensions, count)?)?,
            })
        }
    };
    let table = match &axes {
        Some(axes) => {
            let rows: Vec<f32> = rows.chunks_exact(dimensions).flat_map(|row| axes.place(row)).collect();
            EmbeddingTable::from_rows(&rows, axes.dimensions(), format.dtype)?
        }
        None => EmbeddingTable::from_rows(rows, dimensions, format.dtype)?,
    };
    let shown: Vec<ItemRef<'_>> = items.iter().map(Item::shown).collect();
    files_of(model, &shown, &table, axes.as_ref())
}

/// Writes a loaded catalog as the files that it could have come from.
pub(crate) fn loaded_catalog_to_files(catalog: &Catalog) -> Result<ArtifactFiles> {
    let items: Vec<ItemRef<'_>> = (0..catalog.len()).map(|row| catalog.item(row)).collect();
    let mut files = files_of(catalog.model(), &items, catalog.embeddings(), catalog.axes())?;
    if let Some(learned) = catalog.learned() {
        add_learned(&mut files, learned)?;
    }
    Ok(files)
}

fn files_of(model: &str, items: &[ItemRef<'_>], table: &EmbeddingTable, axes: Option<&Axes>) -> Result<ArtifactFiles> {
    let contents = [
        ("embeddings", write_embeddings(table, axes)),
        ("items", write_metadata(items)?),
        ("ids", SectionWriter::new(IDS).strings(*b"ids     ", items.iter().map(|i| i.id))?.finish()),
    ];
    let mut files = ArtifactFiles::default();
    let mut entries = Vec::new();
    for (stem, content) in contents {
        let mut entry = FileEntry::of("", &content);
        entry.name = format!("{stem}-{}.bin", &entry.sha256[..12]);
        files.insert(entry.name.clone(), content);
        entries.push(entry);
    }
    let manifest = CatalogManifest {
        format: CatalogManifest::FORMAT.to_owned(),
        format_version: FORMAT_VERSION,
        generator: concat!("inglenook ", env!("CARGO_PKG_VERSION")).to_owned(),
        model: model.to_owned(),
        dimensions: table.dimensions(),
        dtype: table.dtype(),
        items: items.len(),
        embeddings: entries[0].name.clone(),
        metadata: entries[1].name.clone(),
        ids: entries[2].name.clone(),
        learned: None,
        files: entries,
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::corrupt(MANIFEST, e.to_string()))?;
    files.insert(MANIFEST, json);
    Ok(files)
}

#[cfg(not(target_arch = "wasm32"))]
fn axes_of(rows: &[f32], dimensions: usize, count: usize) -> Result<Axes> {
    if let Some(found) = rows.iter().find(|x| !x.is_finite()) {
        return Err(Error::invalid("embedding values", found, "finite values"));
    }
    Axes::new(EmbeddingTable::from_rows(
        &crate::principal_axes::principal_axes(rows, dimensions, count)?,
        dimensions,
        Dtype::Int8,
    )?)
}

#[cfg(target_arch = "wasm32")]
fn axes_of(_: &[f32], dimensions: usize, count: usize) -> Result<Axes> {
    Err(Error::invalid(
        "dimensions of the table",
        count,
        format!("{dimensions}: fewer are computed by the command line only"),
    ))
}

fn write_embeddings(table: &EmbeddingTable, axes: Option<&Axes>) -> Vec<u8> {
    let (values, scales) = table.parts();
    let shape = [table.count() as u64, table.dimensions() as u64];
    let mut writer = SectionWriter::new(EMBEDDINGS);
    if let Some(axes) = axes {
        let (values, scales) = axes.table().parts();
        writer = writer.section(*b"axes    ", values.to_vec()).section(*b"axescale", f32_bytes(scales));
    }
    writer
        .section(*b"shape   ", shape.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>())
        .section(*b"mean    ", f32_bytes(&CenteredTable::mean_of(table)))
        .section(*b"scales  ", f32_bytes(scales))
        .section(*b"values  ", values.to_vec())
        .finish()
}

fn write_metadata(items: &[ItemRef<'_>]) -> Result<Vec<u8>> {
    let TagLists { names, offsets, tags } = TagLists::of(items)?;
    let popularity: Vec<f32> = items.iter().map(|i| i.popularity).collect();
    Ok(SectionWriter::new(METADATA)
        .strings(*b"titles  ", items.iter().map(|i| i.title))?
        .strings(*b"urls    ", items.iter().map(|i| i.url.unwrap_or_default()))?
        .strings(*b"images  ", items.iter().map(|i| i.image.unwrap_or_default()))?
        .strings(*b"tagnames", names.into_iter())?
        .section(*b"tagstart", u32_bytes(&offsets))
        .section(*b"tags    ", u32_bytes(&tags))
        .section(*b"populrty", f32_bytes(&popularity))
        .finish())
}

pub(super) fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn u32_bytes(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// Loads a catalog; every size, hash, count and offset is checked.
pub(crate) fn catalog_from_files(files: &ArtifactFiles) -> Result<Catalog> {
    let manifest = CatalogManifest::parse(files.manifest()?)?;
    let verified = |name: &str| {
        let entry = manifest.files.iter().find(|f| f.name == name);
        let entry = entry
            .ok_or_else(|| Error::corrupt(MANIFEST, format!("it does not list the file \"{name}\" that it names")))?;
        files.verified(entry)
    };
    let open = |name: &str, kind| SectionReader::open(name, kind, verified(name)?);
    let reader = open(&manifest.embeddings, EMBEDDINGS)?;
    let axes = read_axes(&reader, manifest.dimensions)?;
    let embeddings = read_embeddings(&reader, &manifest)?;
    let columns = read_columns(&open(&manifest.ids, IDS)?, &open(&manifest.metadata, METADATA)?, manifest.items)?;
    let catalog = Catalog::new(manifest.model.clone(), embeddings, axes, columns)?;
    let Some(name) = &manifest.learned else { return Ok(catalog) };
    catalog.with_learned(learned_file::read(name, verified(name)?, manifest.items)?)
}

/// Adds learned parts to a catalog's files.
///
/// # Errors
/// [`Error::Corrupt`] if the files hold no catalog's manifest, [`Error::InvalidInput`] if the parts are those of another catalog.
pub fn add_learned(files: &mut ArtifactFiles, learned: &Learned) -> Result<()> {
    let mut manifest = CatalogManifest::parse(files.manifest()?)?;
    learned.check(manifest.items)?;
    let content = learned_file::write(learned)?;
    let mut entry = FileEntry::of("", &content);
    entry.name = format!("learned-{}.bin", &entry.sha256[..12]);
    files.insert(entry.name.clone(), content);
    manifest.learned = Some(entry.name.clone());
    manifest.files.push(entry);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|e| Error::corrupt(MANIFEST, e.to_string()))?;
    files.insert(MANIFEST, json);
    Ok(())
}

fn read_axes(reader: &SectionReader, count: usize) -> Result<Option<Axes>> {
    let Some(values) = reader.optional(*b"axes    ") else { return Ok(None) };
    if count == 0 || values.is_empty() || !values.len().is_multiple_of(count) {
        return Err(reader.corrupt(format!("found {} bytes of axes, expected a multiple of {count}", values.len())));
    }
    let dimensions = values.len() / count;
    EmbeddingTable::from_int8_bytes(values, reader.f32s(*b"axescale")?, dimensions)
        .and_then(Axes::new)
        .map(Some)
        .map_err(|e| reader.corrupt(e.to_string()))
}

fn read_embeddings(reader: &SectionReader, manifest: &CatalogManifest) -> Result<CenteredTable> {
    let shape = reader.section(*b"shape   ")?;
    let expected: Vec<u8> =
        [manifest.items as u64, manifest.dimensions as u64].iter().flat_map(|n| n.to_le_bytes()).collect();
    if shape != expected {
        return Err(reader.corrupt("its shape is not the one in the manifest"));
    }
    let values = reader.section(*b"values  ")?;
    // Compared before anything is computed from the manifest's numbers, which may be damaged.
    let expected = manifest.items.checked_mul(manifest.dtype.bytes_a_row(manifest.dimensions));
    if expected != Some(values.len()) {
        return Err(reader.corrupt(format!(
            "found {} bytes of embeddings, expected {} x {} {}",
            values.len(),
            manifest.items,
            manifest.dimensions,
            manifest.dtype.name()
        )));
    }
    let mean = reader.f32s(*b"mean    ")?;
    if mean.len() != manifest.dimensions {
        return Err(reader.corrupt(format!("its mean has {} values, expected {}", mean.len(), manifest.dimensions)));
    }
    let table = match manifest.dtype {
        Dtype::F32 => EmbeddingTable::from_f32_bytes(values, manifest.dimensions),
        Dtype::Int8 => EmbeddingTable::from_int8_bytes(values, reader.f32s(*b"scales  ")?, manifest.dimensions),
        Dtype::Binary => EmbeddingTable::from_signs(values, mean.clone()),
    };
    table.and_then(|table| CenteredTable::new(table, mean)).map_err(|e| match e {
        Error::InvalidInput { .. } => reader.corrupt(e.to_string()),
        other => other,
    })
}

fn read_columns(ids: &SectionReader, metadata: &SectionReader, items: usize) -> Result<Columns> {
    let columns = Columns {
        ids: ids.strings(*b"ids     ")?,
        titles: metadata.strings(*b"titles  ")?,
        urls: metadata.strings(*b"urls    ")?,
        images: metadata.strings(*b"images  ")?,
        tag_names: metadata.strings(*b"tagnames")?,
        tag_offsets: metadata.u32s(*b"tagstart")?,
        tags: metadata.u32s(*b"tags    ")?,
        popularity: metadata.f32s(*b"populrty")?,
    };
    if columns.ids.len() != items {
        return Err(ids.corrupt(format!("found {} ids, expected {items}", columns.ids.len())));
    }
    let lengths = [
        columns.titles.len(),
        columns.urls.len(),
        columns.images.len(),
        columns.popularity.len(),
        columns.tag_offsets.len().saturating_sub(1),
    ];
    if let Some(found) = lengths.iter().find(|n| **n != items) {
        return Err(metadata.corrupt(format!("a column has {found} rows, expected {items}")));
    }
    let tags_sound = columns.tag_offsets.first() == Some(&0)
        && columns.tag_offsets.last().is_some_and(|end| *end as usize == columns.tags.len())
        && columns.tag_offsets.windows(2).all(|w| w[0] <= w[1])
        && columns.tags.iter().all(|t| (*t as usize) < columns.tag_names.len());
    if !tags_sound {
        return Err(metadata.corrupt("its tags are damaged"));
    }
    if columns.popularity.iter().any(|p| !p.is_finite() || *p < 0.0) {
        return Err(metadata.corrupt("a popularity is not a finite number of at least 0"));
    }
    Ok(columns)
}
