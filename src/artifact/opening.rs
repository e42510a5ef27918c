//! The opening of a catalog: the list for somebody of whom nothing is known, in plain JSON, for a page to show before the engine is there (native only).

use super::files::{ArtifactFiles, MANIFEST};
use super::manifest::{CatalogManifest, FileEntry};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::recommender::{RecommendRequest, Recommender};

/// Items of an opening, at most: enough that a filter leaves some.
pub const OPENING_ITEMS: usize = 60;

/// Adds its opening to a catalog: what a [`Recommender`] gives without history and query.
///
/// # Errors
/// As [`Catalog::load`].
pub fn with_opening(mut files: ArtifactFiles) -> Result<ArtifactFiles> {
    let recommender = Recommender::new(Catalog::load(&files)?);
    let request = RecommendRequest { k: OPENING_ITEMS, ..RecommendRequest::default() };
    let json = |e: serde_json::Error| Error::corrupt(MANIFEST, e.to_string());
    let content = serde_json::to_vec(&recommender.recommend(&[], &request, None)?).map_err(json)?;
    let mut entry = FileEntry::of("", &content);
    entry.name = format!("opening-{}.json", &entry.sha256[..12]);
    let mut manifest = CatalogManifest::parse(files.manifest()?)?;
    files.insert(entry.name.clone(), content);
    manifest.files.push(entry);
    files.insert(MANIFEST, serde_json::to_vec_pretty(&manifest).map_err(json)?);
    Ok(files)
}
