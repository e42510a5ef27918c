//! Where the encoder runs, and why there.

use burn::prelude::*;
use burn::tensor::wgpu::WgpuBackend;
use serde::{Deserialize, Serialize};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The GPU if there is a real one and it passes the self-check, else the CPU.
    #[default]
    Auto,
    /// The GPU, even a software one; the CPU if there is none or it fails the self-check.
    #[serde(rename = "webgpu")]
    Gpu,
    /// The CPU.
    Cpu,
}

/// The backend that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// burn flex.
    Cpu,
    /// burn-wgpu: WebGPU in the browser, Vulkan natively.
    #[cfg_attr(target_arch = "wasm32", serde(rename = "webgpu"))]
    #[cfg_attr(not(target_arch = "wasm32"), serde(rename = "vulkan"))]
    Gpu,
}

/// The backend that serves, on which adapter, and the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceStatus {
    /// The backend.
    pub backend: Backend,
    /// The GPU's name for itself, if one serves.
    pub adapter: Option<String>,
    /// Why this backend and not another, in one sentence.
    pub reason: String,
}

impl DeviceStatus {
    pub(super) fn cpu(reason: impl Into<String>) -> Self {
        Self { backend: Backend::Cpu, adapter: None, reason: reason.into() }
    }
}

/// An opened GPU that has not passed the self-check yet.
pub(super) struct Gpu {
    pub device: Device,
    pub status: DeviceStatus,
}

const API: WgpuBackend = if cfg!(target_arch = "wasm32") { WgpuBackend::WebGpu } else { WgpuBackend::Vulkan };

/// Opens the GPU that `choice` allows, or says why the CPU is to be used.
pub(super) async fn open_gpu(choice: DeviceChoice) -> Result<Gpu, String> {
    if choice == DeviceChoice::Cpu {
        return Err("the CPU was asked for".into());
    }
    let (device, setup) =
        Device::wgpu_options().graphics_api(API).init_with_setup_async().await.map_err(|e| format!("no GPU: {e}"))?;
    let info = setup.adapter.get_info();
    let name =
        [info.name, info.driver, info.driver_info].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ");
    let software = info.device_type == burn::tensor::wgpu::wgpu::DeviceType::Cpu || is_software(&name);
    if software && choice == DeviceChoice::Auto {
        return Err(format!("the only GPU is emulated in software ({name})"));
    }
    let reason = if choice == DeviceChoice::Auto {
        "a GPU is there and passed its self-check"
    } else {
        "the GPU was asked for and passed its self-check"
    };
    Ok(Gpu { device, status: DeviceStatus { backend: Backend::Gpu, adapter: Some(name), reason: reason.into() } })
}

/// Software rasterizers that browsers and Mesa bring along; a browser does not say so by type.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "microsoft basic render"].iter().any(|software| name.contains(software))
}
