//! The files of an artifact on their way into the module.

use std::collections::BTreeMap;

use js_sys::{Map, Uint8Array};
use wasm_bindgen::prelude::*;

use super::convert::into_js_error;
use crate::artifact::ArtifactFiles;
use crate::error::{Error, Result};

/// Files that are written chunk by chunk, as they are downloaded, to the place where the engine reads them: no file is ever held twice.
#[wasm_bindgen]
#[derive(Default)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    is_hashed: bool,
}

#[wasm_bindgen]
impl Files {
    /// No files.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for a file of `bytes`.
    pub fn allocate(&mut self, name: String, bytes: usize) -> Result<(), JsValue> {
        let mut file = Vec::new();
        file.try_reserve_exact(bytes).map_err(|_| {
            into_js_error(Error::invalid(format!("size of {name}"), bytes, "what the memory of a tab holds"))
        })?;
        file.resize(bytes, 0);
        self.files.insert(name, file);
        Ok(())
    }

    /// Puts a chunk in its place.
    pub fn write(&mut self, name: &str, offset: usize, chunk: &Uint8Array) -> Result<(), JsValue> {
        let length = chunk.length() as usize;
        let target = self.files.get_mut(name).and_then(|file| file.get_mut(offset..offset.checked_add(length)?));
        let target = target.ok_or_else(|| {
            into_js_error(Error::corrupt(name, format!("found more bytes than were announced: {offset} + {length}")))
        })?;
        chunk.copy_to(target);
        Ok(())
    }

    /// A file's bytes in the module's memory. Good until the next call of anything here: for hashing at once, not for keeping.
    pub fn view(&self, name: &str) -> Option<Uint8Array> {
        // SAFETY: the caller is told not to keep it; a view that outlives the memory's growth is detached, not dangling.
        self.files.get(name).map(|file| unsafe { Uint8Array::view(file) })
    }

    /// Says that every SHA-256 has been compared with the manifest.
    #[wasm_bindgen(js_name = areHashed)]
    pub fn are_hashed(&mut self) {
        self.is_hashed = true;
    }
}

impl Files {
    /// `Map<string, Uint8Array>`, copied.
    pub(super) fn from_map(what: &str, map: &Map) -> Result<Self> {
        let mut files = Self::default();
        let mut wrong = false;
        map.for_each(&mut |value, name| match (name.as_string(), value.dyn_into::<Uint8Array>()) {
            (Some(name), Ok(bytes)) => {
                files.files.insert(name, bytes.to_vec());
            }
            _ => wrong = true,
        });
        if wrong { Err(Error::invalid(what, "something else", "a Map of file names to Uint8Array")) } else { Ok(files) }
    }

    pub(super) fn into_artifact(self) -> ArtifactFiles {
        let mut files = ArtifactFiles::default();
        for (name, bytes) in self.files {
            files.insert(name, bytes);
        }
        if self.is_hashed { files.already_hashed() } else { files }
    }
}
