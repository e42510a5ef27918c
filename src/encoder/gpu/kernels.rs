//! The encoder's kernels, compiled for one shape.

use std::sync::OnceLock;

use wgpu::{BindGroup, Buffer, ComputePass};

use super::shape::{Format, Shape};
use crate::encoder::config::Pooling;
use crate::error::{Error, Result};
use crate::gpu::{Access, Gpu, Kernel};

/// Words before the tokens in a batch; see `batch.wgsl`.
pub(super) const HEADER_WORDS: usize = 8;

/// The widest head that the attention kernel's shared memory holds.
const MAX_HEAD: usize = 128;

/// Which form of the products serves a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Few tokens: the inner dimension is shared by many invocations.
    Narrow,
    /// Many tokens: large tiles.
    Wide,
}

impl Form {
    /// Batches of at most this many tokens are narrow. With more, 64 x 64 tiles give a GPU enough workgroups of their own.
    pub const NARROW_TOKENS: usize = 128;

    /// The form for so many tokens.
    pub fn of(tokens: usize) -> Self {
        if tokens <= Self::NARROW_TOKENS { Self::Narrow } else { Self::Wide }
    }

    /// Tokens and outputs of a workgroup; also the block of columns that stats summarize.
    pub fn side(self) -> usize {
        match self {
            Self::Narrow => 16,
            Self::Wide => 64,
        }
    }
}

/// A compiled product `input * weights^T + bias`.
#[derive(Debug)]
pub(super) struct Product {
    kernel: Kernel,
    outputs: usize,
    side: usize,
}

impl Product {
    /// Binds buffers; the group also serves the product's other form.
    pub fn bind(&self, gpu: &Gpu, buffers: &[&Buffer]) -> BindGroup {
        self.kernel.bind(gpu, buffers)
    }

    /// Runs it for all tokens of a batch.
    pub fn dispatch(&self, pass: &mut ComputePass<'_>, bound: &BindGroup, tokens: usize) {
        let grid = [self.outputs.div_ceil(self.side), tokens.div_ceil(self.side)];
        self.kernel.dispatch(pass, bound, grid);
    }
}

/// The products of a layer in one form.
#[derive(Debug)]
pub(super) struct Products {
    pub qkv: Product,
    pub output: Product,
    pub expand: Product,
    pub contract: Product,
}

impl Products {
    /// Hands the products to the GPU's compiler, inside [`Gpu::create`].
    pub fn new(gpu: &Gpu, shape: &Shape, form: Form) -> Self {
        use Access::{Read, Uniform, Write};
        let tiles = match form {
            Form::Narrow => include_str!("narrow.wgsl"),
            Form::Wide => include_str!("wide.wgsl"),
        };
        let product = |name, format: Format, input_stride: usize, outputs, output_stride, ends: Ends| {
            let constants = [
                ("HIDDEN", shape.hidden),
                ("EPSILON_BITS", bits(shape.epsilon)),
                ("INPUT_VEC4", input_stride / 4),
                ("OUTPUTS", outputs),
                ("OUTPUT_STRIDE", output_stride),
                ("GELU", usize::from(ends == Ends::FromNormThroughGelu)),
                ("WRITES_STATS", usize::from(ends == Ends::ToResidual)),
            ];
            let from_norm = &[Uniform, Read, Read, Read, Write, Read, Read][..];
            let to_residual = &[Uniform, Read, Read, Read, Write, Read, Read, Read, Write][..];
            let (ends, accesses) = match ends {
                Ends::ToResidual => (include_str!("to_residual.wgsl"), to_residual),
                _ => (include_str!("from_norm.wgsl"), from_norm),
            };
            let source = [BATCH, packed(format), NORM, ends, include_str!("product.wgsl"), tiles];
            Product { kernel: Kernel::new(gpu, name, &constants, &source, accesses), outputs, side: form.side() }
        };
        let (hidden_stride, inner_stride, qkv) = (shape.hidden_stride(), shape.inner_stride(), shape.qkv_columns());
        let formats = &shape.formats;
        Self {
            qkv: product("qkv", formats.qkv, hidden_stride, qkv, qkv, Ends::FromNorm),
            output: product(
                "output",
                formats.output,
                shape.attended_stride(),
                shape.hidden,
                hidden_stride,
                Ends::ToResidual,
            ),
            expand: product(
                "expand",
                formats.expand,
                hidden_stride,
                shape.inner,
                inner_stride,
                Ends::FromNormThroughGelu,
            ),
            contract: product(
                "contract",
                formats.contract,
                inner_stride,
                shape.hidden,
                hidden_stride,
                Ends::ToResidual,
            ),
        }
    }
}

/// All kernels.
#[derive(Debug)]
pub(super) struct Kernels {
    pub embed: Kernel,
    pub attention: Kernel,
    pub pool: Kernel,
    pub narrow: Products,
    /// Compiled after the others: a first short text does not wait for them.
    pub wide: OnceLock<Products>,
    /// Tokens of a text that one workgroup of the attention kernel serves.
    pub queries: usize,
}

const BATCH: &str = include_str!("batch.wgsl");
const NORM: &str = include_str!("norm.wgsl");

/// How weights are read.
fn packed(format: Format) -> &'static str {
    match format {
        Format::F32 => include_str!("f32.wgsl"),
        Format::Int8 => include_str!("int8.wgsl"),
        Format::Int4 => include_str!("int4.wgsl"),
    }
}

/// A float as a kernel's constant.
fn bits(x: f32) -> usize {
    x.to_bits() as usize
}

impl Kernels {
    /// Hands all kernels but the wide products to the GPU's compiler. Errors are the device's: call it inside [`Gpu::create`].
    ///
    /// # Errors
    /// [`Error::Backend`] for heads wider than 128.
    pub fn new(gpu: &Gpu, shape: &Shape) -> Result<Self> {
        use Access::{Read, Uniform, Write};
        let head = shape.padded_head();
        if head > MAX_HEAD {
            let reason = format!("attention heads are {head} wide, the GPU's kernels hold at most {MAX_HEAD}");
            return Err(Error::Backend { reason });
        }
        // What fits into 16 KiB of shared memory.
        let (queries, keys) = if head <= 64 { (16, 32) } else { (8, 16) };
        let hidden_stride = shape.hidden_stride();
        let embed = match shape.projection_row {
            Some(_) => include_str!("embed_projected.wgsl"),
            None => include_str!("embed.wgsl"),
        };
        let embed = Kernel::new(
            gpu,
            "embed",
            &[
                ("HIDDEN", shape.hidden),
                ("HIDDEN_VEC4", hidden_stride / 4),
                ("INPUT_VEC4", shape.embedding_stride() / 4),
                ("PROJECTION_ROW", shape.projection_row.unwrap_or_default()),
                ("HEADER_WORDS", HEADER_WORDS),
            ],
            &[BATCH, packed(shape.formats.tokens), embed],
            &[Uniform, Read, Read, Read, Read, Write, Write],
        );
        #[expect(clippy::cast_precision_loss, reason = "head widths are small")]
        let scale = 1.0 / (shape.head() as f32).sqrt();
        let attention = Kernel::new(
            gpu,
            "attention",
            &[
                ("HEADS", shape.heads),
                ("HEAD_VEC4", head / 4),
                ("ATTENDED_VEC4", shape.attended_stride() / 4),
                ("QUERIES", queries),
                ("KEYS", keys),
                ("SCALE_BITS", bits(scale)),
            ],
            &[BATCH, include_str!("attention.wgsl")],
            &[Uniform, Read, Read, Write],
        );
        let pool = Kernel::new(
            gpu,
            "pool",
            &[
                ("HIDDEN", shape.hidden),
                ("EPSILON_BITS", bits(shape.epsilon)),
                ("HIDDEN_STRIDE", hidden_stride),
                ("FIRST_TOKEN_ONLY", usize::from(shape.pooling == Pooling::Cls)),
            ],
            &[BATCH, NORM, include_str!("pool.wgsl")],
            &[Uniform, Read, Read, Read, Read, Write],
        );

        let narrow = Products::new(gpu, shape, Form::Narrow);
        Ok(Self { embed, attention, pool, narrow, wide: OnceLock::new(), queries })
    }
}

/// Where a product's input comes from and its result goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ends {
    FromNorm,
    FromNormThroughGelu,
    ToResidual,
}
