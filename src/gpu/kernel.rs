//! A kernel: one WGSL program, compiled, and the layout of what it is bound to.

use std::fmt::Write;
use std::num::NonZeroU64;

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindGroupLayout, BindGroupLayoutDescriptor, BindGroupLayoutEntry,
    BindingResource, BindingType, Buffer, BufferBinding, BufferBindingType, ComputePass, ComputePipeline,
    ComputePipelineDescriptor, PipelineLayoutDescriptor, ShaderModuleDescriptor, ShaderSource, ShaderStages,
};

use super::Gpu;

/// How a kernel uses a buffer. The n-th is bound at `@group(0) @binding(n)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// `var<uniform>`.
    Uniform,
    /// `var<storage, read>`.
    Read,
    /// `var<storage, read_write>`.
    Write,
}

/// A compiled kernel with the entry point `main`.
#[derive(Debug)]
pub(crate) struct Kernel {
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
    accesses: Vec<Access>,
}

/// Bytes of a uniform binding at most. A longer buffer is bound by its beginning, so that one buffer can begin with a header.
const UNIFORM_BYTES: u64 = 256;

impl Kernel {
    /// Compiles the pieces of `source` as one program that begins with `constants`, each a `const NAME: u32`. Errors are the
    /// device's: create kernels inside [`Gpu::create`].
    pub fn new(gpu: &Gpu, name: &str, constants: &[(&str, usize)], source: &[&str], accesses: &[Access]) -> Self {
        let mut program = String::new();
        for (name, value) in constants {
            let _ = writeln!(program, "const {name}: u32 = {value}u;");
        }
        program.extend(source.iter().copied());
        let module = gpu.device.create_shader_module(ShaderModuleDescriptor {
            label: Some(name),
            source: ShaderSource::Wgsl(program.into()),
        });
        let entry = |(binding, access): (u32, &Access)| BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer {
                ty: match access {
                    Access::Uniform => BufferBindingType::Uniform,
                    Access::Read => BufferBindingType::Storage { read_only: true },
                    Access::Write => BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let entries: Vec<_> = (0..).zip(accesses).map(entry).collect();
        let layout =
            gpu.device.create_bind_group_layout(&BindGroupLayoutDescriptor { label: Some(name), entries: &entries });
        let pipeline_layout = gpu.device.create_pipeline_layout(&PipelineLayoutDescriptor {
            label: Some(name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = gpu.device.create_compute_pipeline(&ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        });
        Self { pipeline, layout, accesses: accesses.to_vec() }
    }

    /// Binds buffers in the order of the kernel's accesses. The group also serves kernels of the same accesses.
    pub fn bind(&self, gpu: &Gpu, buffers: &[&Buffer]) -> BindGroup {
        let entries: Vec<_> = (0..)
            .zip(buffers.iter().zip(&self.accesses))
            .map(|(binding, (buffer, access))| {
                let size = (*access == Access::Uniform).then(|| buffer.size().min(UNIFORM_BYTES));
                let size = size.and_then(NonZeroU64::new);
                BindGroupEntry { binding, resource: BindingResource::Buffer(BufferBinding { buffer, offset: 0, size }) }
            })
            .collect();
        gpu.device.create_bind_group(&BindGroupDescriptor { label: None, layout: &self.layout, entries: &entries })
    }

    /// Runs `groups` workgroups (x, y) after everything that was recorded before.
    pub fn dispatch(&self, pass: &mut ComputePass<'_>, bound: &BindGroup, [x, y]: [usize; 2]) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, bound, &[]);
        #[expect(clippy::cast_possible_truncation, reason = "WebGPU allows 65,535")]
        pass.dispatch_workgroups(x as u32, y as u32, 1);
    }
}

#[cfg(test)]
mod tests {
    use pollster::block_on;

    use super::*;
    use crate::gpu::Readback;

    #[test]
    #[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
    fn what_the_device_refuses_is_an_error_and_no_stale_memory() {
        let Ok(gpu) = block_on(Gpu::open(None)) else {
            println!("skipped: no GPU was found");
            return;
        };
        let compile = |source| block_on(gpu.create(|| Ok(Kernel::new(&gpu, "test", &[], &[source], &[]))));
        let refused = compile("@compute @workgroup_size(1) fn main() { let x: f32 = 1u; }").unwrap_err();
        assert_eq!(refused.code(), "backend_unavailable");
        compile("@compute @workgroup_size(1) fn main() {}").unwrap();

        let readback = Readback::new(&gpu, 16);
        let small = crate::gpu::upload(&gpu, "four words", &[1_u32, 2, 3, 4]).unwrap();
        let copy = |bytes| {
            block_on(gpu.run::<u32>(&readback, 4, |commands| {
                commands.copy_buffer_to_buffer(&small, 0, &readback.buffer, 0, bytes);
            }))
        };
        assert_eq!(copy(16).unwrap(), [1, 2, 3, 4]);
        assert_eq!(copy(1024).unwrap_err().code(), "backend_unavailable");
    }
}
