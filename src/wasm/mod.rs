//! The edge to JavaScript: convert, call, convert back. No logic lives here.

mod adapter;
mod clock;
mod convert;
mod engine;
mod files;
mod prepared_gpu;

use wasm_bindgen::prelude::*;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Runs once when the module is instantiated.
///
/// burn's dependencies register things in module constructors. Unless something calls `__wasm_call_ctors` by name, the
/// linker takes the module for a program and wraps *every* export in a call of all constructors: 2 s of each encode.
#[wasm_bindgen(start)]
fn start() {
    // SAFETY: the linker's own function, without arguments; called once, before anything else of this module runs.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
}
