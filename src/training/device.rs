//! Where training runs.

use burn::prelude::*;
use burn::tensor::wgpu::WgpuBackend;

use crate::error::{Error, Result};

/// A kind of device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TrainingDevice {
    /// All cores of the CPU: the same weights from the same seed.
    #[default]
    Cpu,
    /// A GPU, by Vulkan.
    Vulkan,
    /// An NVIDIA GPU, by CUDA. Only in a build with the feature `cuda`.
    Cuda,
}

impl TrainingDevice {
    /// Opens the device. A process opens each once.
    ///
    /// # Errors
    /// [`Error::Backend`] saying what is missing.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::flex()),
            Self::Vulkan => Device::wgpu_options()
                .graphics_api(WgpuBackend::Vulkan)
                .init()
                .map_err(|e| Error::Backend { reason: format!("no Vulkan device: {e}") }),
            Self::Cuda => cuda(),
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Device> {
    let found = Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec();
    found.into_iter().next().ok_or_else(|| Error::Backend { reason: "no CUDA device was found".into() })
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Device> {
    let reason = "this build has no CUDA: build it with `cargo build --release --features cuda`";
    Err(Error::Backend { reason: reason.into() })
}
