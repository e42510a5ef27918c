//! A GPU: opening it, running commands on it, and what went wrong with it.

use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

use bytemuck::Pod;
use wgpu::{
    Backends, Buffer, BufferDescriptor, BufferUsages, CommandEncoder, Device, DeviceDescriptor, DeviceType,
    ErrorFilter, Instance, InstanceDescriptor, Limits, MapMode, PowerPreference, Queue, RequestAdapterOptions,
};

use crate::error::{Error, Result};

/// An opened GPU. Clones are handles to the same device.
#[derive(Debug, Clone)]
pub struct Gpu {
    pub(crate) device: Device,
    pub(crate) queue: Queue,
    name: String,
    software: bool,
    fault: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// Opens the most powerful GPU. `name` is what the caller knows of its name: browsers tell it to the page only.
    ///
    /// # Errors
    /// [`Error::Backend`] if there is no GPU or it cannot be opened.
    pub async fn open(name: Option<String>) -> Result<Self> {
        let mut descriptor = InstanceDescriptor::new_without_display_handle();
        descriptor.backends = Backends::VULKAN | Backends::BROWSER_WEBGPU;
        let options = RequestAdapterOptions {
            power_preference: PowerPreference::HighPerformance,
            ..RequestAdapterOptions::default()
        };
        let adapter = Instance::new(descriptor)
            .request_adapter(&options)
            .await
            .map_err(|e| backend(format!("no GPU was found: {e}")))?;
        let info = adapter.get_info();
        let descriptor = DeviceDescriptor { required_limits: Limits::defaults(), ..DeviceDescriptor::default() };
        let (device, queue) = adapter
            .request_device(&descriptor)
            .await
            .map_err(|e| backend(format!("the GPU could not be opened: {e}")))?;
        let fault: Arc<Mutex<Option<String>>> = Arc::default();
        // Without a handler wgpu panics on an error that no scope catches.
        let uncaptured = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| record(&uncaptured, error.to_string())));
        let lost = Arc::clone(&fault);
        device.set_device_lost_callback(move |reason, message| {
            record(&lost, format!("the GPU was lost ({reason:?}) {message}"));
        });
        let told = [info.name, info.driver, info.driver_info];
        let name = name.unwrap_or_else(|| told.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(", "));
        let software = info.device_type == DeviceType::Cpu || is_software(&name);
        Ok(Self { device, queue, name, software, fault })
    }

    /// The GPU's name for itself; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the GPU is emulated on the CPU.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.software
    }

    /// Whether the device still works.
    ///
    /// # Errors
    /// [`Error::Backend`] with the first fault: the device was lost, or reported an error that nothing waited for. It stays
    /// faulty; open it again.
    pub fn check(&self) -> Result<()> {
        match &*self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(fault) => Err(backend(fault)),
            None => Ok(()),
        }
    }

    /// Destroys the device: whatever runs on it fails from now on. Frees its memory at once.
    pub fn destroy(&self) {
        self.device.destroy();
    }

    /// Creates something, and waits for the device to say that it is sound.
    pub(crate) async fn create<T>(&self, create: impl FnOnce() -> Result<T>) -> Result<T> {
        self.check()?;
        let memory = self.device.push_error_scope(ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(ErrorFilter::Validation);
        let created = create();
        let (validation, memory) = (validation.pop(), memory.pop());
        let created = created?;
        if let Some(error) = validation.await.or(memory.await) {
            return Err(backend(error));
        }
        self.check()?;
        Ok(created)
    }

    /// Submits the commands that `record` writes, as one submission, and reads `count` values from the start of `readback`.
    ///
    /// # Errors
    /// [`Error::Backend`] if a command is refused or the device is lost; never stale values.
    pub(crate) async fn run<T: Pod>(
        &self,
        readback: &Readback,
        count: usize,
        record: impl FnOnce(&mut CommandEncoder),
    ) -> Result<Vec<T>> {
        self.check()?;
        let scope = self.device.push_error_scope(ErrorFilter::Validation);
        let mut commands = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        record(&mut commands);
        self.queue.submit([commands.finish()]);
        let slice = readback.buffer.slice(..(count * size_of::<T>()) as u64);
        let (sender, mapped) = oneshot();
        slice.map_async(MapMode::Read, sender);
        let refused = scope.pop();
        // A browser's own event loop moves the queue along.
        #[cfg(not(target_arch = "wasm32"))]
        self.device.poll(wgpu::PollType::wait_indefinitely()).map_err(backend)?;
        let mapped = mapped.await;
        if let Some(error) = refused.await {
            return Err(backend(error));
        }
        self.check()?;
        mapped.map_err(backend)?;
        let values = bytemuck::pod_collect_to_vec(&slice.get_mapped_range().map_err(backend)?);
        readback.buffer.unmap();
        Ok(values)
    }
}

/// A buffer that the CPU reads. Serves one [`Gpu::run`] at a time.
#[derive(Debug)]
pub(crate) struct Readback {
    pub buffer: Buffer,
}

impl Readback {
    /// A buffer of at least `bytes`.
    pub fn new(gpu: &Gpu, bytes: u64) -> Self {
        let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
        let descriptor =
            BufferDescriptor { label: None, size: bytes.next_power_of_two(), usage, mapped_at_creation: false };
        Self { buffer: gpu.device.create_buffer(&descriptor) }
    }

    /// Size in bytes.
    pub fn size(&self) -> u64 {
        self.buffer.size()
    }
}

/// What the device said, as an error.
pub(crate) fn backend(reason: impl ToString) -> Error {
    Error::Backend { reason: reason.to_string() }
}

/// Keeps the first fault: later ones follow from it.
fn record(fault: &Mutex<Option<String>>, what: String) {
    fault.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
}

/// Software rasterizers that browsers and Mesa bring along; a browser does not say so by type.
fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["swiftshader", "llvmpipe", "lavapipe", "microsoft basic render"].iter().any(|software| name.contains(software))
}

/// A callback, and a future of what it is called with.
fn oneshot<T>() -> (impl FnOnce(T), impl Future<Output = T>) {
    struct State<T> {
        value: Option<T>,
        waker: Option<Waker>,
    }
    let state = Arc::new(Mutex::new(State { value: None, waker: None }));
    let sent = Arc::clone(&state);
    let sender = move |value| {
        let mut state = sent.lock().unwrap_or_else(PoisonError::into_inner);
        state.value = Some(value);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    };
    let receiver = poll_fn(move |context| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = state.value.take() {
            return Poll::Ready(value);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    });
    (sender, receiver)
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
