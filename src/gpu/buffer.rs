//! Buffers in the GPU's memory.

use bytemuck::NoUninit;
use wgpu::{Buffer, BufferDescriptor, BufferUsages};

use super::Gpu;
use super::device::backend;
use crate::error::Result;

/// A zeroed storage buffer of at least `bytes`, which kernels, copies and [`upload`] may use.
///
/// # Errors
/// [`crate::Error::Backend`] if it is larger than a kernel can bind.
pub(crate) fn storage(gpu: &Gpu, what: &str, bytes: usize) -> Result<Buffer> {
    let limits = gpu.device.limits();
    let limit = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
    if bytes as u64 > limit {
        return Err(backend(format!("{what} takes {bytes} bytes, the GPU binds at most {limit}")));
    }
    // A binding must not be empty, and copies move whole words.
    let size = (bytes.max(16) as u64).next_multiple_of(16);
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST | BufferUsages::COPY_SRC | BufferUsages::UNIFORM;
    Ok(gpu.device.create_buffer(&BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false }))
}

/// A storage buffer of these values.
pub(crate) fn upload<T: NoUninit>(gpu: &Gpu, what: &str, values: &[T]) -> Result<Buffer> {
    let bytes: &[u8] = bytemuck::cast_slice(values);
    let buffer = storage(gpu, what, bytes.len())?;
    gpu.queue.write_buffer(&buffer, 0, bytes);
    Ok(buffer)
}

/// A uniform buffer of these values.
pub(crate) fn uniform(gpu: &Gpu, values: &[u32]) -> Buffer {
    let usage = BufferUsages::UNIFORM | BufferUsages::COPY_DST;
    let size = (size_of_val(values) as u64).next_multiple_of(16);
    let buffer = gpu.device.create_buffer(&BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
    gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(values));
    buffer
}
