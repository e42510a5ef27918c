//! The named byte buffers of one artifact directory.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::manifest::FileEntry;
use crate::error::{Error, Result};

/// Name of the manifest in every artifact directory.
pub const MANIFEST: &str = "manifest.json";

/// The files of one artifact directory, by name. Buffers are reference-counted: handing one out copies nothing.
#[derive(Debug, Clone, Default)]
pub struct ArtifactFiles {
    files: BTreeMap<String, Bytes>,
    /// Whether the caller has compared every SHA-256 with the manifest.
    is_hashed: bool,
}

impl ArtifactFiles {
    /// Adds or replaces a file.
    pub fn insert(&mut self, name: impl Into<String>, bytes: impl Into<Bytes>) {
        self.files.insert(name.into(), bytes.into());
    }

    /// Says that the caller has compared the SHA-256 of every file with the manifest, as a browser does much faster than wasm can.
    #[must_use]
    pub fn already_hashed(mut self) -> Self {
        self.is_hashed = true;
        self
    }

    /// The names and contents, in name order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes))
    }

    /// The manifest's bytes.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if there is none.
    pub fn manifest(&self) -> Result<&Bytes> {
        self.files.get(MANIFEST).ok_or_else(|| Error::corrupt(MANIFEST, "the file is missing"))
    }

    /// A listed file, checked against the manifest's size and SHA-256.
    ///
    /// # Errors
    /// [`Error::Corrupt`] naming the file and what differs.
    pub fn verified(&self, entry: &FileEntry) -> Result<Bytes> {
        let bytes = self.files.get(&entry.name).ok_or_else(|| Error::corrupt(&entry.name, "the file is missing"))?;
        entry.verify_size(bytes)?;
        if !self.is_hashed {
            entry.verify_hash(bytes)?;
        }
        Ok(bytes.clone())
    }

    /// Reads every file that the directory's manifest lists.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be read, [`Error::Corrupt`] for a manifest that lists no files or names a path.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn read_dir(dir: &std::path::Path) -> Result<Self> {
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read(&path).map_err(|e| Error::io(&path, e))
        };
        let manifest = read(MANIFEST)?;
        let mut files = Self::default();
        for entry in super::manifest::listed_files(&manifest)? {
            files.insert(entry.name.clone(), read(&entry.name)?);
        }
        files.insert(MANIFEST, manifest);
        Ok(files)
    }

    /// Writes all files into `dir` (created if missing), the manifest last, so that a reader never sees a manifest
    /// whose files are not there yet; then removes the files that a former manifest in `dir` listed and this one does not.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be written.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn write_dir(&self, dir: &std::path::Path) -> Result<()> {
        std::fs::create_dir_all(dir).map_err(|e| Error::io(dir, e))?;
        let former = std::fs::read(dir.join(MANIFEST)).ok().and_then(|m| super::manifest::listed_files(&m).ok());
        let write = |name: &str, bytes: &Bytes| {
            let (path, partial) = (dir.join(name), dir.join(format!("{name}.partial")));
            std::fs::write(&partial, bytes)
                .and_then(|()| std::fs::rename(&partial, &path))
                .map_err(|e| Error::io(&path, e))
        };
        for (name, bytes) in self.iter().filter(|(name, _)| *name != MANIFEST) {
            write(name, bytes)?;
        }
        write(MANIFEST, self.manifest()?)?;
        for stale in former.unwrap_or_default().iter().filter(|f| !self.files.contains_key(&f.name)) {
            // A stale file costs disk, nothing else: not worth failing a finished build.
            let _ = std::fs::remove_file(dir.join(&stale.name));
        }
        Ok(())
    }
}
