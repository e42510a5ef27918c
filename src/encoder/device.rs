//! Where the encoder runs, and why there.

use burn::prelude::*;
use burn::tensor::wgpu::wgpu::DeviceType;
use burn::tensor::wgpu::{WgpuBackend, WgpuInitError};
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

/// What the caller asks for, and what it knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceRequest {
    /// Which device.
    pub choice: DeviceChoice,
    /// The GPU's name, where the caller knows it better than wgpu: browsers tell it to the page only.
    pub adapter: Option<String>,
}

impl From<DeviceChoice> for DeviceRequest {
    fn from(choice: DeviceChoice) -> Self {
        Self { choice, adapter: None }
    }
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

/// Opens the GPU that `request` allows, or says why the CPU is to be used.
pub(super) async fn open_gpu(request: DeviceRequest) -> Result<Gpu, String> {
    if request.choice == DeviceChoice::Cpu {
        return Err("the CPU was asked for".into());
    }
    let (device, setup) =
        Device::wgpu_options().graphics_api(API).init_with_setup_async().await.map_err(|e| no_gpu(&e))?;
    let info = setup.adapter.get_info();
    let told =
        [info.name, info.driver, info.driver_info].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", ");
    let name = request.adapter.unwrap_or(told);
    let software = info.device_type == DeviceType::Cpu || is_software(&name);
    if software && request.choice == DeviceChoice::Auto {
        return Err(format!("the only GPU is emulated in software ({name})"));
    }
    let asked = if request.choice == DeviceChoice::Auto { "there is a GPU" } else { "the GPU was asked for" };
    let reason = format!("{asked}, and it passed its self-check");
    Ok(Gpu { device, status: DeviceStatus { backend: Backend::Gpu, adapter: Some(name), reason } })
}

fn no_gpu(error: &WgpuInitError) -> String {
    match error {
        WgpuInitError::AdapterUnavailable { .. } => "no GPU was found".into(),
        other => format!("the GPU could not be opened: {other}"),
    }
}

/// Software rasterizers that browsers and Mesa bring along; a browser does not say so by type.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "microsoft basic render"].iter().any(|software| name.contains(software))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_rasterizers_are_recognized_by_name() {
        assert!(is_software("google swiftshader") && is_software("llvmpipe (LLVM 15.0.6, 256 bits)"));
        assert!(!is_software("nvidia hopper") && !is_software("apple metal-3"));
    }
}
