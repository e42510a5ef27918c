//! Built files: how a catalog and a model travel to the browser and are trusted there.
//!
//! An artifact is a directory: a [`Manifest`](manifest) in JSON and the binary files that it lists with size and
//! SHA-256. Nothing here does I/O: an artifact is loaded from an [`ArtifactFiles`], a set of named byte buffers that the
//! browser fetched or [`read_dir`](ArtifactFiles::read_dir) read. The byte layout is specified in
//! `docs/artifact-format.md`.

pub mod manifest;
pub(crate) mod sections;

mod catalog_files;
mod files;
mod learned_file;
#[cfg(not(target_arch = "wasm32"))]
mod opening;

pub use catalog_files::{TableFormat, add_learned, catalog_to_files};
pub(crate) use catalog_files::{catalog_from_files, loaded_catalog_to_files};
pub use files::ArtifactFiles;
#[cfg(not(target_arch = "wasm32"))]
pub use opening::{OPENING_ITEMS, with_opening};
