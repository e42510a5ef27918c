//! JavaScript values <-> Rust values, and errors as real `Error`s with a `code`.

use js_sys::Reflect;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use crate::error::{Error, Result};

/// A JavaScript `Error` named `InglenookError` with the error's stable `code`.
pub(super) fn into_js_error(error: Error) -> JsValue {
    let js = js_sys::Error::new(&error.to_string());
    js.set_name("InglenookError");
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&js, &"code".into(), &error.code().into());
    js.into()
}

/// A plain value from JavaScript.
pub(super) fn from_js<T: DeserializeOwned>(what: &str, value: JsValue) -> Result<T> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|e| Error::invalid(what, e.to_string(), "a value as typed in inglenook's types"))
}

/// A plain value for JavaScript: objects, not `Map`s, and numbers, not `BigInt`s.
pub(super) fn to_js(value: &impl Serialize) -> Result<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|e| Error::invalid("result", e.to_string(), "a value that JavaScript can hold"))
}
