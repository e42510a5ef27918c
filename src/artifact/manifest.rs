//! Manifests: what an artifact directory holds, for which format version, and the SHA-256 of every file.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::embedding::Dtype;
use crate::error::{Error, Result};
use crate::quantization::WeightDtype;

/// The version of the formats that this library writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// Length of the chunks of a file that are hashed one by one.
pub const CHUNK_BYTES: usize = 1 << 20;

/// One file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// File name inside the artifact's directory.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// SHA-256 of each [`CHUNK_BYTES`] of the content, the last chunk being shorter; empty for files of one chunk. A browser checks a
    /// large file by these while it arrives: its hashing takes a whole copy of whatever it is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chunk_sha256: Vec<String>,
}

impl FileEntry {
    /// Describes `content` under `name`.
    #[must_use]
    pub fn of(name: impl Into<String>, content: &[u8]) -> Self {
        let chunk_sha256 = match content.len() {
            0..=CHUNK_BYTES => Vec::new(),
            _ => content.chunks(CHUNK_BYTES).map(sha256_hex).collect(),
        };
        Self { name: name.into(), bytes: content.len() as u64, sha256: sha256_hex(content), chunk_sha256 }
    }

    /// Checks that `content` is as long as this entry says.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with what was found and what was expected.
    pub fn verify_size(&self, content: &[u8]) -> Result<()> {
        if content.len() as u64 == self.bytes {
            Ok(())
        } else {
            Err(Error::corrupt(&self.name, format!("found {} bytes, expected {}", content.len(), self.bytes)))
        }
    }

    /// Checks that `content` has the SHA-256 that this entry says, as a whole and by chunks.
    ///
    /// # Errors
    /// [`Error::Corrupt`] with what was found and what was expected.
    pub fn verify_hash(&self, content: &[u8]) -> Result<()> {
        let found = sha256_hex(content);
        if found != self.sha256 {
            return Err(Error::corrupt(&self.name, format!("found SHA-256 {found}, expected {}", self.sha256)));
        }
        // A manifest whose chunks are wrong would fail in every browser: it must not pass here.
        if !self.chunk_sha256.is_empty()
            && !content.chunks(CHUNK_BYTES).map(sha256_hex).eq(self.chunk_sha256.iter().cloned())
        {
            return Err(Error::corrupt(&self.name, "its chunks have other SHA-256s than the manifest says"));
        }
        Ok(())
    }
}

/// SHA-256 in lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(content: &[u8]) -> String {
    use std::fmt::Write;
    Sha256::digest(content).iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The manifest of a catalog: `"format": "inglenook-catalog"`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogManifest {
    /// Always `inglenook-catalog`.
    pub format: String,
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// Which program wrote it; for people.
    pub generator: String,
    /// The space of the vectors that the table holds ([`ModelManifest::space`]); a query must be encoded into the same.
    pub model: String,
    /// Length of each vector.
    pub dimensions: usize,
    /// How the table is stored.
    pub dtype: Dtype,
    /// Number of items.
    pub items: usize,
    /// The embedding table.
    pub embeddings: String,
    /// Titles, addresses, tags, popularity.
    pub metadata: String,
    /// The items' ids.
    pub ids: String,
    /// What interactions taught, where the site has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<String>,
    /// Every file with its size and SHA-256.
    pub files: Vec<FileEntry>,
}

impl CatalogManifest {
    /// The value of `format`.
    pub const FORMAT: &str = "inglenook-catalog";

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Error::Incompatible`] for another format or version, [`Error::Corrupt`] for anything that does not parse.
    pub fn parse(json: &[u8]) -> Result<Self> {
        parse(json, Self::FORMAT)
    }
}

/// The manifest of a model directory: `"format": "inglenook-model"`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelManifest {
    /// Always `inglenook-model`.
    pub format: String,
    /// See [`FORMAT_VERSION`].
    pub format_version: u32,
    /// The encoder's identity. The same weights in another dtype keep the id: their vectors may be mixed.
    pub id: String,
    /// The encoder in whose space the vectors lie, where that is another: a student's are to be compared with its teacher's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// How the weights are stored.
    pub dtype: WeightDtype,
    /// Length of the vectors.
    pub dimensions: usize,
    /// Texts are cut at this many tokens, special tokens included.
    pub max_tokens: usize,
    /// SPDX identifier of the weights' license.
    pub license: String,
    /// Where the weights came from.
    pub source: String,
    /// A known answer, to check a device before it is trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Every file with its size and SHA-256: `config.json`, `tokenizer.json` and one `*.safetensors`.
    pub files: Vec<FileEntry>,
}

/// A text and the embedding that these weights give it on the CPU.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The text.
    pub text: String,
    /// Its embedding.
    pub embedding: Vec<f32>,
}

impl ModelManifest {
    /// The space of the vectors: vectors of encoders with the same space may be compared.
    #[must_use]
    pub fn space(&self) -> &str {
        self.space.as_deref().unwrap_or(&self.id)
    }

    /// The value of `format`.
    pub const FORMAT: &str = "inglenook-model";

    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Error::Incompatible`] for another format or version, [`Error::Corrupt`] for anything that does not parse.
    pub fn parse(json: &[u8]) -> Result<Self> {
        parse(json, Self::FORMAT)
    }

    /// The entry of the file with this name or, for `.safetensors`, this ending.
    pub(crate) fn file(&self, ending: &str) -> Result<&FileEntry> {
        self.files.iter().find(|f| f.name.ends_with(ending)).ok_or_else(|| {
            Error::corrupt("manifest.json", format!("it lists no {ending}, which every model directory has"))
        })
    }
}

#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    format_version: Option<u32>,
    #[serde(default)]
    files: Vec<FileEntry>,
}

fn header(json: &[u8]) -> Result<Header> {
    let header: Header =
        serde_json::from_slice(json).map_err(|e| Error::corrupt("manifest.json", format!("not a manifest: {e}")))?;
    // A name is looked up beside the manifest, nowhere else.
    if let Some(bad) =
        header.files.iter().find(|f| f.name.is_empty() || f.name.contains(['/', '\\']) || f.name.starts_with('.'))
    {
        return Err(Error::corrupt("manifest.json", format!("\"{}\" is not a plain file name", bad.name)));
    }
    Ok(header)
}

/// The files that any manifest lists, whatever its format.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn listed_files(json: &[u8]) -> Result<Vec<FileEntry>> {
    Ok(header(json)?.files)
}

// Format and version are looked at first, so that a manifest of a later version is called incompatible, not corrupt.
fn parse<T: for<'de> Deserialize<'de>>(json: &[u8], format: &str) -> Result<T> {
    let header = header(json)?;
    if header.format.as_deref() != Some(format) {
        let found = header.format.unwrap_or_else(|| "no format".into());
        return Err(Error::incompatible("artifact format", found, format));
    }
    if header.format_version != Some(FORMAT_VERSION) {
        let found = header.format_version.map_or_else(|| "no version".into(), |v| v.to_string());
        return Err(Error::incompatible("format_version", found, FORMAT_VERSION));
    }
    serde_json::from_slice(json).map_err(|e| Error::corrupt("manifest.json", e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha256_of_abc_is_the_published_one() {
        assert_eq!(sha256_hex(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[test]
    fn chunks_are_hashed_where_there_are_several_and_must_agree() {
        let content = vec![7; 2 * CHUNK_BYTES + 1];
        assert!(FileEntry::of("small", &content[..CHUNK_BYTES]).chunk_sha256.is_empty());
        let mut entry = FileEntry::of("large", &content);
        assert_eq!(entry.chunk_sha256.len(), 3);
        assert_eq!(entry.chunk_sha256[2], sha256_hex(&[7]));
        entry.verify_hash(&content).unwrap();
        entry.chunk_sha256.swap(0, 2);
        assert_eq!(entry.verify_hash(&content).unwrap_err().code(), "artifact_corrupt");
    }

    #[test]
    fn another_version_is_incompatible_and_garbage_is_corrupt() {
        let code = |json: &str| CatalogManifest::parse(json.as_bytes()).unwrap_err().code();
        assert_eq!(code(r#"{"format":"inglenook-catalog","format_version":2,"later":true}"#), "artifact_incompatible");
        assert_eq!(code(r#"{"format":"inglenook-model","format_version":1}"#), "artifact_incompatible");
        assert_eq!(code(r#"{"hello":"world"}"#), "artifact_incompatible");
        assert_eq!(code("{"), "artifact_corrupt");
        assert_eq!(code(r#"{"format":"inglenook-catalog","format_version":1}"#), "artifact_corrupt");
        assert_eq!(
            code(
                r#"{"format":"inglenook-catalog","format_version":1,"files":[{"name":"../x","bytes":1,"sha256":""}]}"#
            ),
            "artifact_corrupt"
        );
    }
}
