//! `Engine`: the one class that JavaScript sees.

use std::cell::RefCell;

use js_sys::{Float32Array, Map, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use super::adapter::adapter_name;
use super::clock::now_ms;
use super::convert::{from_js, into_js_error, to_js};
use super::files::Files;
use super::prepared_gpu::PreparedGpu;
use crate::catalog::{Catalog, Item, items_from_json};
use crate::encoder::{DeviceChoice, DeviceRequest, DeviceStatus, DeviceTimings, Encoder};
use crate::engine;
use crate::error::Result;
use crate::interaction::Interaction;
use crate::occasion::Occasion;
use crate::recommender::RecommendRequest;

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

    /// Checks that an interaction is one, with an item of the catalog.
    pub fn check(&self, interaction: JsValue) -> Result<(), JsValue> {
        let check = || {
            let interaction: Interaction = from_js("interaction", interaction)?;
            self.engine.require_item(&interaction.item_id)
        };
        check().map_err(into_js_error)
    }

    /// Puts another history in the place of the present one. Ids that the catalog does not have are kept, and ignored.
    #[wasm_bindgen(js_name = setHistory)]
    pub fn set_history(&self, interactions: JsValue) -> Result<(), JsValue> {
        *self.history.borrow_mut() = from_js("interactions", interactions).map_err(into_js_error)?;
        Ok(())
    }

    /// The best items for the history and, where given, the embedding of a request in words.
    pub async fn recommend(&self, request: JsValue, query_embedding: Option<Float32Array>) -> Result<JsValue, JsValue> {
        let recommend = async {
            let (history, request) = self.resolve(request)?;
            let query = query_embedding.map(|q| q.to_vec());
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
            let (history, request) = self.resolve(request)?;
            let query = query_embedding.map(|q| q.to_vec());
            to_js(&self.engine.recommender()?.explain(item_id, &history, &request, query.as_deref())?)
        };
        explain().map_err(into_js_error)
    }

    /// What the catalog shows of each id; null for those that it does not have.
    pub fn items(&self, ids: Vec<String>) -> Result<JsValue, JsValue> {
        let recommender = self.engine.recommender().ok();
        let catalog = recommender.as_ref().map(|recommender| recommender.catalog());
        let item = |id: &String| catalog.and_then(|catalog| Some(catalog.item(catalog.row(id)?)));
        to_js(&ids.iter().map(item).collect::<Vec<_>>()).map_err(into_js_error)
    }

    /// The texts to embed for a JSON list of items, after a check of every one.
    #[wasm_bindgen(js_name = textsOf)]
    pub fn texts_of(items: &str) -> Result<Vec<String>, JsValue> {
        let items = items_from_json(items).map_err(into_js_error)?;
        Ok(items.iter().map(Item::embedding_text).collect())
    }

    /// Says what this browser adds to the catalog, a JSON list of items with their embeddings one after another, and what it takes out.
    #[wasm_bindgen(js_name = setEdition)]
    pub async fn set_edition(&self, items: String, vectors: Float32Array, removed: Vec<String>) -> Result<(), JsValue> {
        let set = async {
            let mut edition = self.engine.new_edition();
            edition.remove(removed);
            edition.add(items_from_json(&items)?, &vectors.to_vec())?;
            self.engine.set_edition(edition).await
        };
        set.await.map_err(into_js_error)
    }

    /// Puts another version of the catalog in the place of the present one.
    #[wasm_bindgen(js_name = replaceCatalog)]
    pub async fn replace_catalog(&self, catalog: Files) -> Result<(), JsValue> {
        let replace = async { self.engine.replace_catalog(Catalog::load(&catalog.into_artifact())?).await };
        replace.await.map_err(into_js_error)
    }

    /// The catalog with what was added to it, as a `Map` of file names to contents.
    #[wasm_bindgen(js_name = exportCatalog)]
    pub fn export_catalog(&self) -> Result<Map, JsValue> {
        let export = || {
            let map = Map::new();
            for (name, content) in self.engine.recommender()?.catalog().to_files()?.iter() {
                map.set(&name.into(), &Uint8Array::from(content.as_ref()));
            }
            Ok(map)
        };
        export().map_err(into_js_error)
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
    fn resolve(&self, request: JsValue) -> Result<(Vec<Interaction>, RecommendRequest)> {
        let occasion: Occasion = from_js("request", request.clone())?;
        Ok(occasion.resolve(&self.history.borrow(), &from_js("request", request)?))
    }

    fn try_load(model: Files, catalog: Option<Files>) -> Result<Engine> {
        // The catalog first: it is quick to check, and a bad one should not wait for the model.
        let catalog = catalog.map(|files| Catalog::load(&files.into_artifact())).transpose()?;
        let encoder = Encoder::load(model.into_artifact())?;
        Ok(Self { engine: engine::Engine::new(encoder, catalog)?, history: RefCell::default() })
    }
}
