//! The one error type of the library. Every variant has a stable [`code`](Error::code) that survives the edge to JavaScript.

use crate::catalog::ItemProblems;

/// `Result` with Inglenook's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong: the thing, the value found and the value expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is out of its range or of the wrong shape.
    #[error("{what}: found {found}, expected {expected}")]
    InvalidInput {
        /// What was given.
        what: String,
        /// The value found.
        found: String,
        /// What would do.
        expected: String,
    },
    /// The items of a catalog cannot all be used; lists the lines.
    #[error("{0}")]
    InvalidItems(ItemProblems),
    /// An id that the catalog does not have.
    #[error("unknown item: found id \"{id}\", expected one of the catalog's {count} ids")]
    UnknownItem {
        /// The id.
        id: String,
        /// How many ids there are.
        count: usize,
    },
    /// A file of an artifact is damaged, truncated or not what its name says.
    #[error("{file} is corrupt: {reason}. Download or build it again")]
    Corrupt {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The artifact is sound, but made for something else (another format version, another model).
    #[error(
        "{what} is incompatible: found {found}, expected {expected}. Rebuild the artifact with this version of inglenook"
    )]
    Incompatible {
        /// What does not fit.
        what: String,
        /// The value found.
        found: String,
        /// The value that would fit.
        expected: String,
    },
    /// No device could run the model.
    #[error("no usable backend: {reason}")]
    Backend {
        /// What the device said.
        reason: String,
    },
    /// A file or directory could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file or directory.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Error {
    /// A stable, machine-readable code; part of the public API of every binding.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidInput { .. } | Self::InvalidItems(_) => "invalid_input",
            Self::UnknownItem { .. } => "unknown_item",
            Self::Corrupt { .. } => "artifact_corrupt",
            Self::Incompatible { .. } => "artifact_incompatible",
            Self::Backend { .. } => "backend_unavailable",
            Self::Io { .. } => "io",
        }
    }

    pub(crate) fn invalid(what: impl Into<String>, found: impl ToString, expected: impl ToString) -> Self {
        Self::InvalidInput { what: what.into(), found: found.to_string(), expected: expected.to_string() }
    }

    pub(crate) fn corrupt(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Corrupt { file: file.into(), reason: reason.into() }
    }

    pub(crate) fn incompatible(what: impl Into<String>, found: impl ToString, expected: impl ToString) -> Self {
        Self::Incompatible { what: what.into(), found: found.to_string(), expected: expected.to_string() }
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.display().to_string(), source }
    }
}
