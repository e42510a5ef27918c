//! Where the encoder runs, and why there.

use serde::{Deserialize, Serialize};

use crate::kernels::{SimdLevel, simd_level};

/// What the caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// Whichever is faster here, by measurement, if there is a real GPU that passes the self-check; else the CPU.
    #[default]
    Auto,
    /// The GPU, even a software one; the CPU if there is none or it fails the self-check.
    #[serde(rename = "webgpu")]
    Gpu,
    /// The CPU.
    Cpu,
}

/// What the caller asks for, and what it knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceRequest {
    /// Which device.
    pub choice: DeviceChoice,
    /// The GPU's name, where the caller knows it better than wgpu: browsers tell it to the page only.
    pub adapter: Option<String>,
    /// What was measured before, on this GPU and with this model: it is believed, and nothing is measured again.
    pub timings: Option<DeviceTimings>,
}

impl From<DeviceChoice> for DeviceRequest {
    fn from(choice: DeviceChoice) -> Self {
        Self { choice, ..Self::default() }
    }
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The CPU.
    Cpu,
    /// WebGPU in the browser, Vulkan natively.
    #[cfg_attr(target_arch = "wasm32", serde(rename = "webgpu"))]
    #[cfg_attr(not(target_arch = "wasm32"), serde(rename = "vulkan"))]
    Gpu,
}

/// Milliseconds that one piece of work took, medians of a few runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Timing {
    /// On the CPU.
    pub cpu_ms: f64,
    /// On the GPU, everything compiled and uploaded; `None` where it was not worth a try.
    pub gpu_ms: Option<f64>,
}

impl Timing {
    /// The GPU is taken where it wins by this factor: a near tie goes to the CPU, which cannot be lost.
    const MARGIN: f64 = 1.2;

    /// The faster device.
    #[must_use]
    pub fn choose(&self) -> Backend {
        if self.gpu_ms.is_some_and(|gpu| gpu * Self::MARGIN < self.cpu_ms) { Backend::Gpu } else { Backend::Cpu }
    }
}

/// What was measured to choose between the devices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceTimings {
    /// The GPU.
    pub adapter: String,
    /// Opening the GPU, compiling kernels, uploading weights and the first encode.
    pub gpu_start_ms: f64,
    /// Encoding one text of 16 tokens.
    pub text: Timing,
    /// Encoding 8 texts of 32 tokens.
    pub batch: Timing,
    /// Scoring the catalog and selecting the best; `None` without a catalog.
    pub rank: Option<Timing>,
}

/// Which device does which kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceChoices {
    /// Encoding a short text or a few: up to [`SHORT_TOKENS`] tokens.
    pub text: Backend,
    /// Encoding more than that at once.
    pub batch: Backend,
    /// Scoring a catalog.
    pub rank: Backend,
}

/// Up to this many tokens count as a short text.
pub const SHORT_TOKENS: usize = 48;

impl DeviceChoices {
    /// One device for everything.
    #[must_use]
    pub fn all(backend: Backend) -> Self {
        Self { text: backend, batch: backend, rank: backend }
    }

    /// The device for encoding this many tokens at once.
    #[must_use]
    pub fn for_tokens(&self, tokens: usize) -> Backend {
        if tokens <= SHORT_TOKENS { self.text } else { self.batch }
    }
}

/// The devices that serve, and the reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceStatus {
    /// The device that encodes a short text.
    pub backend: Backend,
    /// The GPU's name for itself, if one serves.
    pub adapter: Option<String>,
    /// Why these devices and no others, in one sentence.
    pub reason: String,
    /// Which device does what.
    pub choices: DeviceChoices,
    /// What was measured to choose, if anything was.
    pub timings: Option<DeviceTimings>,
    /// The instructions that the CPU engine is made of.
    pub simd: SimdLevel,
    /// Kernels that the GPU runs for one encode, if it serves.
    pub dispatches: Option<usize>,
}

impl DeviceStatus {
    pub(super) fn cpu(reason: impl Into<String>) -> Self {
        Self {
            backend: Backend::Cpu,
            adapter: None,
            reason: reason.into(),
            choices: DeviceChoices::all(Backend::Cpu),
            timings: None,
            simd: simd_level(),
            dispatches: None,
        }
    }

    pub(super) fn choose(&mut self, choices: DeviceChoices) {
        self.backend = choices.text;
        self.choices = choices;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_tie_goes_to_the_cpu() {
        let timing = |cpu_ms, gpu_ms| Timing { cpu_ms, gpu_ms }.choose();
        assert_eq!(timing(10.0, Some(9.0)), Backend::Cpu);
        assert_eq!(timing(10.0, Some(8.0)), Backend::Gpu);
        assert_eq!(timing(10.0, None), Backend::Cpu);
    }
}
