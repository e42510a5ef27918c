//! The GPU through WebGPU: kernels written in WGSL, run by wgpu. In the browser the text of a kernel goes to the browser's own
//! compiler; natively wgpu translates it for Vulkan.
//!
//! Everything stays inside WebGPU's default limits: 256 invocations and 16 KiB of shared memory a workgroup, 8 storage
//! buffers a kernel, 128 MiB a binding; no optional feature is used.

mod buffer;
mod device;
mod kernel;
mod table;

pub(crate) use buffer::{storage, uniform, upload};
pub use device::Gpu;
pub(crate) use device::Readback;
pub(crate) use kernel::{Access, Kernel};
pub use table::{GpuTable, Selection, Term};
