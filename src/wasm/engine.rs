//! `Engine`: the one class that JavaScript sees.

use std::cell::RefCell;

use js_sys::{Float32Array, Map};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::adapter::adapter_name;
use super::clock::now_ms;
use super::convert::{from_js, into_js_error, to_js};
use super::files::Files;
use super::prepared_gpu::PreparedGpu;
use crate::catalog::Catalog;
use crate::encoder::{DeviceChoice, DeviceRequest, DeviceStatus, DeviceTimings, Encoder};
use crate::engine;
use crate::error::Result;
use crate::interaction::Interaction;

/// A loaded model and, where one was given, a catalog with a person's history.
#[wasm_bindgen]
pub struct Engine {
    engine: engine::Engine,
    history: RefCell<Vec<Interaction>>,
}

#[derive(Serialize)]
struct Status<'a> {
    #[serde(flatten)]
    device: DeviceStatus,
    model: &'a str,
    dtype: &'a str,
    dimensions: usize,
    items: usize,
}

/// Rows of a catalog and their scores, best first.
#[derive(Serialize)]
struct Nearest {
    rows: Vec<usize>,
    scores: Vec<f32>,
}

#[wasm_bindgen]
impl Engine {
    /// Loads `model` and, optionally, `catalog`, `manifest.json` among their files. The CPU serves until `chooseDevices` finds something
    /// faster.
    pub fn load(model: Files, catalog: Option<Files>) -> Result<Engine, JsValue> {
        Self::try_load(model, catalog).map_err(into_js_error)
    }

    /// The same from maps of file names to bytes, which are copied.
    #[wasm_bindgen(js_name = loadMaps)]
    pub fn load_maps(model: &Map, catalog: Option<Map>) -> Result<Engine, JsValue> {
        let load = || {
            let catalog = catalog.map(|map| Files::from_map("catalog", &map)).transpose()?;
            Self::try_load(Files::from_map("model", model)?, catalog)
        };
        load().map_err(into_js_error)
    }

    /// Opens the GPU that `device` (`auto`, `webgpu` or `cpu`) allows, and gives each kind of work to the faster device. `timings` are those of an
    /// earlier status: where they are of the same GPU, nothing is measured again. `prepared` is a GPU that is open already.
    #[wasm_bindgen(js_name = chooseDevices)]
    pub async fn choose_devices(
        &self,
        device: String,
        timings: JsValue,
        prepared: Option<PreparedGpu>,
    ) -> Result<(), JsValue> {
        let choice: DeviceChoice = from_js("device", device.into()).map_err(into_js_error)?;
        // Timings that another version wrote are measured again.
        let timings: Option<DeviceTimings> = from_js("timings", timings).ok();
        let adapter = if choice == DeviceChoice::Cpu { None } else { adapter_name().await };
        let prepared = prepared.map(PreparedGpu::into_kernels);
        self.engine.choose_devices(DeviceRequest { choice, adapter, timings }, prepared, now_ms).await;
        Ok(())
    }

    /// Unit vectors of `texts`, one after another.
    pub async fn encode(&self, texts: Vec<String>) -> Result<Float32Array, JsValue> {
        let rows = self.engine.encoder().encode(&texts).await.map_err(into_js_error)?;
        Ok(Float32Array::from(rows.as_slice()))
    }

    /// The `k` rows of the catalog nearest to a vector, on the CPU or on the GPU: the bare search, without a person.
    pub async fn nearest(&self, vector: Float32Array, k: usize, on_gpu: bool) -> Result<JsValue, JsValue> {
        let nearest = async {
            let (recommender, vector) = (self.engine.recommender()?, vector.to_vec());
            let found =
                if on_gpu { recommender.nearest_on_gpu(&vector, k).await? } else { recommender.nearest(&vector, k)? };
            to_js(&Nearest {
                rows: found.iter().map(|c| c.row).collect(),
                scores: found.iter().map(|c| c.score).collect(),
            })
        };
        nearest.await.map_err(into_js_error)
    }

    /// Adds an interaction to the history.
    pub fn record(&self, interaction: JsValue) -> Result<(), JsValue> {
        let record = || {
            let interaction: Interaction = from_js("interaction", interaction)?;
            self.engine.recommender()?.catalog().require_row(&interaction.item_id)?;
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
    pub async fn recommend(&self, request: JsValue, query_embedding: Option<Float32Array>) -> Result<JsValue, JsValue> {
        let recommend = async {
            let request = from_js("request", request)?;
            let query = query_embedding.map(|q| q.to_vec());
            let history = self.history.borrow().clone();
            to_js(&self.engine.recommend(&history, &request, query.as_deref()).await?)
        };
        recommend.await.map_err(into_js_error)
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
            to_js(&self.engine.recommender()?.explain(item_id, &self.history.borrow(), &request, query.as_deref())?)
        };
        explain().map_err(into_js_error)
    }

    /// Backend, adapter, reason, model and sizes.
    pub fn status(&self) -> Result<JsValue, JsValue> {
        let manifest = self.engine.encoder().manifest();
        let status = Status {
            device: self.engine.status(),
            model: &manifest.id,
            dtype: manifest.dtype.name(),
            dimensions: manifest.dimensions,
            items: self.engine.items(),
        };
        to_js(&status).map_err(into_js_error)
    }
}

impl Engine {
    fn try_load(model: Files, catalog: Option<Files>) -> Result<Engine> {
        // The catalog first: it is quick to check, and a bad one should not wait for the model.
        let catalog = catalog.map(|files| Catalog::load(&files.into_artifact())).transpose()?;
        let encoder = Encoder::load(&model.into_artifact())?;
        Ok(Self { engine: engine::Engine::new(encoder, catalog)?, history: RefCell::default() })
    }
}
