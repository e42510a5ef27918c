//! A GPU that is made ready while the model is on its way.

use wasm_bindgen::prelude::*;

use super::adapter::adapter_name;
use super::convert::into_js_error;
use crate::artifact::manifest::ModelManifest;
use crate::encoder::EncoderConfig;
use crate::encoder::gpu::GpuKernels;
use crate::error::Result;
use crate::gpu::Gpu;

/// An open GPU and the kernels of a model, handed to its compiler.
#[wasm_bindgen]
pub struct PreparedGpu {
    kernels: GpuKernels,
}

#[wasm_bindgen]
impl PreparedGpu {
    /// Opens the GPU and compiles what a model with this manifest and this `config.json` will need. Both are copied.
    pub async fn open(manifest: Vec<u8>, config: Vec<u8>) -> Result<PreparedGpu, JsValue> {
        let open = async || -> Result<Self> {
            let dtype = ModelManifest::parse(&manifest)?.dtype;
            let config = EncoderConfig::parse(&config)?;
            let gpu = Gpu::open(adapter_name().await).await?;
            Ok(Self { kernels: GpuKernels::compile(&gpu, &config, dtype).await? })
        };
        open().await.map_err(into_js_error)
    }
}

impl PreparedGpu {
    pub(super) fn into_kernels(self) -> GpuKernels {
        self.kernels
    }
}
