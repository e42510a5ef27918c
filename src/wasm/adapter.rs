//! The browser's own name for its GPU, which wgpu does not pass on.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// `vendor architecture device description` of the adapter that WebGPU would give, as far as the browser tells; `None` without WebGPU.
pub(super) async fn adapter_name() -> Option<String> {
    let gpu = property(&property(&js_sys::global(), "navigator")?, "gpu")?;
    let options = js_sys::Object::new();
    // The same wish that wgpu states, so that the answer is about the same adapter.
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let request: Function = property(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let info = property(&JsFuture::from(promise).await.ok()?, "info")?;
    let told = ["vendor", "architecture", "device", "description"]
        .iter()
        .filter_map(|name| property(&info, name)?.as_string());
    let name = told.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ");
    Some(name).filter(|name| !name.is_empty())
}

fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    if object.is_null() || object.is_undefined() {
        return None;
    }
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_null() && !value.is_undefined())
}
