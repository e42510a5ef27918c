//! Checkpoints: a run that is killed goes on from its last one, to the same weights.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::batch::BatchPosition;
use super::distillation::Settings;
use super::tensors::Tensors;
use crate::error::{Error, Result};

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps taken.
    pub step: usize,
    /// Texts read.
    pub texts: u64,
    /// Their tokens, padding aside.
    pub tokens: u64,
    /// Seconds spent on the steps, as the caller measured them.
    pub seconds: f64,
    /// Where the stream of batches stands; with the seed, all the randomness there is.
    pub position: BatchPosition,
}

/// Everything that a run needs to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The run's settings.
    pub settings: Settings,
    /// How far it was.
    pub progress: Progress,
    /// The student's weights.
    pub student: Tensors,
    /// The optimizer's moments.
    pub optimizer: Tensors,
}

/// What stands in `progress.json`.
#[derive(Serialize, Deserialize)]
struct Record {
    settings: Settings,
    progress: Progress,
}

const RECORD: &str = "progress.json";
const STUDENT: &str = "student.safetensors";
const OPTIMIZER: &str = "optimizer.safetensors";

impl Checkpoint {
    /// Writes the checkpoint as the directory `dir`, in place of a former one. Whenever the process is killed, one of the two is whole.
    ///
    /// # Errors
    /// [`Error::Io`] for what cannot be written.
    pub fn save(&self, dir: &Path) -> Result<()> {
        let (new, old) = (beside(dir, ".new"), beside(dir, ".old"));
        remove(&new)?;
        std::fs::create_dir_all(&new).map_err(|e| Error::io(&new, e))?;
        let record = Record { settings: self.settings.clone(), progress: self.progress.clone() };
        let record = serde_json::to_vec_pretty(&record).map_err(|e| Error::corrupt(RECORD, e.to_string()))?;
        for (name, bytes) in
            [(RECORD, record), (STUDENT, self.student.to_safetensors()?), (OPTIMIZER, self.optimizer.to_safetensors()?)]
        {
            let path = new.join(name);
            std::fs::write(&path, bytes).map_err(|e| Error::io(&path, e))?;
        }
        remove(&old)?;
        if dir.exists() {
            std::fs::rename(dir, &old).map_err(|e| Error::io(dir, e))?;
        }
        std::fs::rename(&new, dir).map_err(|e| Error::io(dir, e))?;
        remove(&old)
    }

    /// Reads the checkpoint that [`save`](Self::save) wrote as `dir`, or `None` if there is none.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Corrupt`], naming the file.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        // Between two renames the former checkpoint is the one that is whole.
        let Some(dir) = [dir.to_owned(), beside(dir, ".old")].into_iter().find(|dir| dir.is_dir()) else {
            return Ok(None);
        };
        let read = |name: &str| {
            let path = dir.join(name);
            std::fs::read(&path).map_err(|e| Error::io(&path, e))
        };
        let Record { settings, progress } =
            serde_json::from_slice(&read(RECORD)?).map_err(|e| Error::corrupt(RECORD, e.to_string()))?;
        let (student, optimizer) = (Tensors::parse(&read(STUDENT)?)?, Tensors::parse(&read(OPTIMIZER)?)?);
        Ok(Some(Self { settings, progress, student, optimizer }))
    }
}

fn beside(dir: &Path, ending: &str) -> PathBuf {
    let mut name = dir.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(dir: &Path) -> Result<()> {
    match std::fs::remove_dir_all(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(dir, e)),
        _ => Ok(()),
    }
}
