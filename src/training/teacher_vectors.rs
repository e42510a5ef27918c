//! The teacher's vectors of a corpus' lines, computed once and kept on disk.

use std::io::Write;
use std::path::{Path, PathBuf};

use half::f16;

use super::corpus::Corpus;
use crate::artifact::manifest::sha256_hex;
use crate::encoder::Encoder;
use crate::error::{Error, Result};

/// Lines encoded together, and written together.
const LINES_AT_ONCE: usize = 512;

/// One unit vector for each line of a corpus, in f16: a component is off by at most 1 / 2048 of itself.
#[derive(Debug)]
pub struct TeacherVectors {
    dimensions: usize,
    values: Vec<f16>,
}

impl TeacherVectors {
    /// Reads the vectors of `corpus`, whose lines are cut at `max_tokens`, from the file beside `corpus_path` that is named after
    /// teacher and texts; what is not there yet is computed on the CPU, so that a killed run goes on where it stopped.
    /// `progress` receives the lines done and the lines there are.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read or written, [`Error::Backend`] if the teacher fails.
    pub fn open(
        corpus: &Corpus,
        corpus_path: &Path,
        teacher: &Encoder,
        weights_sha256: &str,
        max_tokens: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self> {
        let path = file_path(corpus, corpus_path, weights_sha256, max_tokens);
        let dimensions = teacher.dimensions();
        let mut bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(Error::io(&path, e)),
        };
        // A run that was killed may have left a part of a row.
        let row_bytes = dimensions * size_of::<f16>();
        bytes.truncate(bytes.len() / row_bytes * row_bytes);
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| Error::io(&path, e))?;
        let io = |e| Error::io(&path, e);
        file.set_len(bytes.len() as u64).map_err(io)?;
        std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0)).map_err(io)?;
        let mut done = bytes.len() / row_bytes;
        while done < corpus.len() {
            progress(done, corpus.len());
            let next = corpus.len().min(done + LINES_AT_ONCE);
            let ids: Vec<Vec<u32>> = (done..next).map(|line| corpus.line_ids(line, max_tokens)).collect();
            let ids: Vec<&[u32]> = ids.iter().map(Vec::as_slice).collect();
            let vectors = pollster::block_on(teacher.encode_ids(&ids))?;
            let new: Vec<u8> = vectors.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()).collect();
            file.write_all(&new).map_err(io)?;
            bytes.extend(new);
            done = next;
        }
        progress(done, corpus.len());
        let values = bytes.as_chunks::<2>().0.iter().map(|b| f16::from_le_bytes(*b)).collect();
        Ok(Self { dimensions, values })
    }

    /// The vectors of these lines, row-major.
    #[must_use]
    pub fn rows(&self, lines: impl Iterator<Item = usize>) -> Vec<f32> {
        let row = |line: usize| &self.values[line * self.dimensions..(line + 1) * self.dimensions];
        lines.flat_map(|line| row(line).iter().map(|x| x.to_f32())).collect()
    }

    /// Length of a vector.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }
}

/// The file's name says which teacher read which texts.
fn file_path(corpus: &Corpus, corpus_path: &Path, weights_sha256: &str, max_tokens: usize) -> PathBuf {
    let mut texts = weights_sha256.as_bytes().to_vec();
    for line in 0..corpus.len() {
        for id in corpus.line_ids(line, max_tokens) {
            texts.extend(id.to_le_bytes());
        }
        texts.extend([0xFF; 4]);
    }
    let digest = sha256_hex(&texts);
    let digest = digest.get(..12).unwrap_or(&digest);
    let mut name = corpus_path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".teacher-{digest}.f16"));
    corpus_path.with_file_name(name)
}
