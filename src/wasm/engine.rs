//! `Engine`: the one class that JavaScript sees.

use std::cell::RefCell;

use js_sys::{Float32Array, Map};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::adapter::adapter_name;
use super::convert::{files_from_js, from_js, into_js_error, to_js};
use crate::catalog::Catalog;
use crate::encoder::{DeviceChoice, DeviceRequest, DeviceStatus, Encoder};
use crate::error::{Error, Result};
use crate::interaction::Interaction;
use crate::recommender::Recommender;

/// A loaded model and, where one was given, a catalog with a person's history.
#[wasm_bindgen]
pub struct Engine {
    encoder: Encoder,
    recommender: Option<Recommender>,
    history: RefCell<Vec<Interaction>>,
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    device: &'a DeviceStatus,
    model: &'a str,
    dtype: &'a str,
    dimensions: usize,
    items: usize,
}

#[wasm_bindgen]
impl Engine {
    /// Loads `model` and, optionally, `catalog` (maps of file names to bytes, `manifest.json` among them) for `device`:
    /// `auto`, `webgpu` or `cpu`.
    pub async fn load(model: Map, catalog: Option<Map>, device: String) -> Result<Engine, JsValue> {
        Self::try_load(&model, catalog.as_ref(), device).await.map_err(into_js_error)
    }

    /// Unit vectors of `texts`, one after another.
    pub async fn encode(&self, texts: Vec<String>) -> Result<Float32Array, JsValue> {
        let rows = self.encoder.encode(&texts).await.map_err(into_js_error)?;
        Ok(Float32Array::from(rows.as_slice()))
    }

    /// Adds an interaction to the history.
    pub fn record(&self, interaction: JsValue) -> Result<(), JsValue> {
        let record = || {
            let interaction: Interaction = from_js("interaction", interaction)?;
            self.recommender()?.catalog().require_row(&interaction.item_id)?;
            self.history.borrow_mut().push(interaction);
            Ok(())
        };
        record().map_err(into_js_error)
    }

    /// The history, in the order of recording.
    pub fn history(&self) -> Result<JsValue, JsValue> {
        to_js(&*self.history.borrow()).map_err(into_js_error)
    }

    /// Forgets the history.
    #[wasm_bindgen(js_name = clearHistory)]
    pub fn clear_history(&self) {
        self.history.borrow_mut().clear();
    }

    /// The best items for the history and, where given, the embedding of a request in words.
    pub fn recommend(&self, request: JsValue, query_embedding: Option<Float32Array>) -> Result<JsValue, JsValue> {
        let recommend = || {
            let request = from_js("request", request)?;
            let query = query_embedding.map(|q| q.to_vec());
            to_js(&self.recommender()?.recommend(&self.history.borrow(), &request, query.as_deref())?)
        };
        recommend().map_err(into_js_error)
    }

    /// The score of one item and the reasons for it.
    pub fn explain(
        &self,
        item_id: &str,
        request: JsValue,
        query_embedding: Option<Float32Array>,
    ) -> Result<JsValue, JsValue> {
        let explain = || {
            let request = from_js("request", request)?;
            let query = query_embedding.map(|q| q.to_vec());
            to_js(&self.recommender()?.explain(item_id, &self.history.borrow(), &request, query.as_deref())?)
        };
        explain().map_err(into_js_error)
    }

    /// Backend, adapter, reason, model and sizes.
    pub fn status(&self) -> Result<JsValue, JsValue> {
        let manifest = self.encoder.manifest();
        let status = Status {
            device: self.encoder.status(),
            model: &manifest.id,
            dtype: manifest.dtype.name(),
            dimensions: manifest.dimensions,
            items: self.recommender.as_ref().map_or(0, |r| r.catalog().len()),
        };
        to_js(&status).map_err(into_js_error)
    }
}

impl Engine {
    async fn try_load(model: &Map, catalog: Option<&Map>, device: String) -> Result<Engine> {
        let choice: DeviceChoice = from_js("device", device.into())?;
        // The catalog first: it is quick to check, and a bad one should not wait for the model.
        let catalog = catalog.map(|files| Catalog::load(&files_from_js("catalog", files)?)).transpose()?;
        let adapter = if choice == DeviceChoice::Cpu { None } else { adapter_name().await };
        let device = DeviceRequest { choice, adapter };
        let encoder = Encoder::load(&files_from_js("model", model)?, device).await?;
        if let Some(catalog) = &catalog {
            catalog.require_model(&encoder.manifest().id)?;
        }
        Ok(Self { encoder, recommender: catalog.map(Recommender::new), history: RefCell::default() })
    }

    fn recommender(&self) -> Result<&Recommender> {
        self.recommender
            .as_ref()
            .ok_or_else(|| Error::invalid("catalog", "none", "an engine that was loaded with a catalog"))
    }
}
