//! The container of every binary file: a magic number, a kind, and named sections at 64-byte boundaries, little-endian.

use bytes::Bytes;

use super::manifest::FORMAT_VERSION;
use crate::error::{Error, Result};

const MAGIC: &[u8; 8] = b"INGLNOOK";
const HEADER: usize = 24;
const ENTRY: usize = 24;
const ALIGNMENT: usize = 64;

/// Collects sections and lays them out.
pub(crate) struct SectionWriter {
    kind: [u8; 4],
    sections: Vec<([u8; 8], Vec<u8>)>,
}

impl SectionWriter {
    pub fn new(kind: [u8; 4]) -> Self {
        Self { kind, sections: Vec::new() }
    }

    pub fn section(mut self, name: [u8; 8], content: impl Into<Vec<u8>>) -> Self {
        self.sections.push((name, content.into()));
        self
    }

    /// Strings: a u32 count, count + 1 u32 offsets into the UTF-8 text that follows.
    pub fn strings<'a>(self, name: [u8; 8], strings: impl Iterator<Item = &'a str>) -> Result<Self> {
        let StringColumn { offsets, text } = StringColumn::of(strings)?;
        let count =
            u32::try_from(offsets.len() - 1).map_err(|_| Error::invalid("catalog", "more than 2^32 items", "fewer"))?;
        let mut content = count.to_le_bytes().to_vec();
        content.extend(offsets.iter().flat_map(|o| o.to_le_bytes()));
        content.extend_from_slice(&text);
        Ok(self.section(name, content))
    }

    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&self.kind);
        out.extend_from_slice(&(self.sections.len() as u64).to_le_bytes());
        let mut offset = (HEADER + self.sections.len() * ENTRY).next_multiple_of(ALIGNMENT);
        for (name, content) in &self.sections {
            out.extend_from_slice(name);
            out.extend_from_slice(&(offset as u64).to_le_bytes());
            out.extend_from_slice(&(content.len() as u64).to_le_bytes());
            offset = (offset + content.len()).next_multiple_of(ALIGNMENT);
        }
        for (_, content) in &self.sections {
            out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
            out.extend_from_slice(content);
        }
        out
    }
}

/// Finds sections in a file; every read is bounds-checked, so that any bytes at all give a value or an error.
pub(crate) struct SectionReader {
    file: String,
    sections: Vec<([u8; 8], Bytes)>,
}

impl SectionReader {
    pub fn open(file: &str, kind: [u8; 4], bytes: Bytes) -> Result<Self> {
        let corrupt = |reason: &str| Error::corrupt(file, reason);
        if bytes.len() < HEADER || &bytes[..8] != MAGIC {
            return Err(corrupt("it does not start with INGLNOOK"));
        }
        let version = u32_at(&bytes, 8).unwrap_or_default();
        if version != FORMAT_VERSION {
            return Err(Error::incompatible(format!("format version of {file}"), version, FORMAT_VERSION));
        }
        if bytes[12..16] != kind {
            return Err(corrupt("it is another kind of file than its place in the manifest says"));
        }
        let count =
            usize_at(&bytes, 16).filter(|n| *n <= 64).ok_or_else(|| corrupt("its section count is out of range"))?;
        let mut sections = Vec::with_capacity(count);
        for i in 0..count {
            let at = HEADER + i * ENTRY;
            let entry = bytes.get(at..at + ENTRY).ok_or_else(|| corrupt("its section table is truncated"))?;
            let name: [u8; 8] = entry[..8].try_into().map_err(|_| corrupt("its section table is truncated"))?;
            let section = usize_at(&bytes, at + 8)
                .zip(usize_at(&bytes, at + 16))
                .and_then(|(from, length)| Some(from..from.checked_add(length)?))
                .filter(|range| range.end <= bytes.len())
                .ok_or_else(|| corrupt("a section ends after the file"))?;
            sections.push((name, bytes.slice(section)));
        }
        Ok(Self { file: file.to_owned(), sections })
    }

    pub fn corrupt(&self, reason: impl Into<String>) -> Error {
        Error::corrupt(&self.file, reason)
    }

    /// A section that need not be there.
    pub fn optional(&self, name: [u8; 8]) -> Option<Bytes> {
        self.sections.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.clone())
    }

    pub fn section(&self, name: [u8; 8]) -> Result<Bytes> {
        self.optional(name).ok_or_else(|| self.corrupt(format!("it has no section {}", String::from_utf8_lossy(&name))))
    }

    pub fn f32s(&self, name: [u8; 8]) -> Result<Vec<f32>> {
        self.numbers(name, f32::from_le_bytes)
    }

    pub fn u32s(&self, name: [u8; 8]) -> Result<Vec<u32>> {
        self.numbers(name, u32::from_le_bytes)
    }

    pub fn u16s(&self, name: [u8; 8]) -> Result<Vec<u16>> {
        self.numbers(name, u16::from_le_bytes)
    }

    fn numbers<T, const SIZE: usize>(&self, name: [u8; 8], read: impl Fn([u8; SIZE]) -> T) -> Result<Vec<T>> {
        let section = self.section(name)?;
        let (values, rest) = section.as_chunks::<SIZE>();
        if rest.is_empty() {
            Ok(values.iter().map(|bytes| read(*bytes)).collect())
        } else {
            Err(self.corrupt("a list of numbers is cut off"))
        }
    }

    pub fn strings(&self, name: [u8; 8]) -> Result<StringColumn> {
        StringColumn::parse(self.section(name)?).ok_or_else(|| self.corrupt("a column of text is damaged"))
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?)).ok()
}

/// A column of strings, read in place.
#[derive(Debug, Clone)]
pub(crate) struct StringColumn {
    offsets: Vec<u32>,
    text: Bytes,
}

impl StringColumn {
    fn parse(section: Bytes) -> Option<Self> {
        let count = u32_at(&section, 0)? as usize;
        let text_at = count.checked_add(2)?.checked_mul(4)?;
        let (offsets, _) = section.get(4..text_at)?.as_chunks::<4>();
        let offsets: Vec<u32> = offsets.iter().map(|b| u32::from_le_bytes(*b)).collect();
        let text = section.slice(text_at..);
        // Checked once here, so that `get` can rely on it.
        let checked = std::str::from_utf8(&text).ok()?;
        let sound = offsets.first() == Some(&0)
            && offsets.last().copied()? as usize == text.len()
            && offsets.windows(2).all(|w| w[0] <= w[1])
            && offsets.iter().all(|o| checked.is_char_boundary(*o as usize));
        sound.then_some(Self { offsets, text })
    }

    pub fn of<'a>(strings: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut offsets = vec![0_u32];
        let mut text = String::new();
        for string in strings {
            text.push_str(string);
            let end = u32::try_from(text.len())
                .map_err(|_| Error::invalid("catalog metadata", "more than 4 GiB of text in one column", "less"))?;
            offsets.push(end);
        }
        Ok(Self { offsets, text: text.into() })
    }

    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn get(&self, index: usize) -> &str {
        let range = self.offsets[index] as usize..self.offsets[index + 1] as usize;
        std::str::from_utf8(&self.text[range]).unwrap_or_default()
    }
}
