//! The browser's clock.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(super) fn performance_now() -> f64;
}

/// Milliseconds since the page or worker began.
pub(super) fn now_ms() -> f64 {
    performance_now()
}
