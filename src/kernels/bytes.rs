//! Products of bytes in wasm's relaxed SIMD: sixteen of them, added up in fours to what is there already, an instruction.
//!
//! `i32x4_relaxed_dot_i8x16_i7x16_add` promises its result for 7 bits. With 8 it is what the processor does: most take the byte as it is, without
//! a sign (x86 with AVX-VNNI) or with one (ARM with its dot product), and both can be used. Others lose bits on the way, and get the 16-bit tile instead.
//! The integers are the same in all three cases.

use core::ops::Range;
use std::sync::OnceLock;

use core::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i8x16_shuffle, i32x4, i32x4_add, i32x4_mul,
    i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_shl, i32x4_shuffle, i32x4_splat, i32x4_sub, i64x2_shuffle, u8x16_splat,
    v128, v128_and, v128_any_true, v128_load, v128_load32_splat, v128_load64_splat, v128_or, v128_store,
    v128_store32_lane, v128_store64_lane, v128_xor,
};

use super::ROUND;
use super::rows::{Columns, Grid, WIDE};

/// Bytes that one instruction takes.
const STEP: usize = 16;

/// Rows and channels of one tile: twelve sums, two channels and a row are what 15 registers hold.
const ROWS: usize = 6;
const CHANNELS: usize = 2;

/// Channels whose weights stay in the first-level cache while all rows pass by, in bytes.
const BLOCK_BYTES: usize = 16 << 10;

/// What is over a byte: the bits above 255, but for what [`ROUND`] leaves there.
const OVER: v128 = i32x4(0xFF00, 0xFF00, 0xFF00, 0xFF00);

/// Added to a wide value, so that its upper byte has no sign: it reads the same with and without one.
const RAISED: i32 = 8192;

/// How this machine takes a byte of 8 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Byte {
    Unsigned,
    Signed,
    /// Neither: only 7 bits are exact.
    Lossy,
}

/// Whether inputs with these columns are multiplied as bytes.
pub(super) fn serve(columns: &Columns) -> bool {
    columns.count().is_multiple_of(STEP) && byte() != Byte::Lossy
}

/// Whether this machine multiplies bytes exactly.
pub(super) fn are_exact() -> bool {
    byte() != Byte::Lossy
}

/// Found once; an engine does it the same way all the time.
fn byte() -> Byte {
    static BYTE: OnceLock<Byte> = OnceLock::new();
    *BYTE.get_or_init(|| {
        let is = |widen: fn(u8) -> i32| (0..64).all(|seed| shows(seed, widen));
        if is(i32::from) {
            Byte::Unsigned
        } else if is(|byte| i32::from(byte.cast_signed())) {
            Byte::Signed
        } else {
            Byte::Lossy
        }
    })
}

/// Whether one instruction takes bytes as `widen` does: in even rounds the largest ones, whose sums in 16 bits are cut off; in odd rounds any.
fn shows(seed: u32, widen: fn(u8) -> i32) -> bool {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    let (mut weights, mut bytes, mut sums) = ([0_i8; STEP], [0_u8; STEP], [0_i32; 4]);
    for i in 0..STEP {
        (weights[i], bytes[i]) = match seed % 2 {
            0 => (if seed.is_multiple_of(4) { 127 } else { -127 }, 255 - next() % 2 * 127),
            _ => ((next() % 255).wrapping_sub(127).cast_signed(), next()),
        };
        sums[i / 4] += i32::from(weights[i]) * widen(bytes[i]);
    }
    let start = i32::MAX - 5;
    let (weights, bytes) = core::hint::black_box((weights, bytes));
    let mut found = [0_i32; 4];
    // SAFETY: each array is as large as a vector.
    unsafe {
        let (weights, bytes) = (v128_load(weights.as_ptr().cast()), v128_load(bytes.as_ptr().cast()));
        let dot = i32x4_relaxed_dot_i8x16_i7x16_add(weights, bytes, i32x4_splat(start));
        v128_store(found.as_mut_ptr().cast(), dot);
    }
    found == sums.map(|sum| sum.wrapping_add(start))
}

/// Rows of f32 as bytes. Those of a tile lie turned, a vector of each after the other.
#[derive(Debug, Default)]
pub(super) struct ByteRows {
    length: usize,
    /// The lower bytes, `[tiles, steps, rows, 16]`.
    low: Vec<u8>,
    /// The upper bytes of the wide columns, `[tiles, rows, 16]`.
    high: Vec<u8>,
    count: usize,
    pairs: Vec<Pair>,
    spikes: Vec<Spike>,
    /// How many spikes there are up to the end of each row.
    spikes_until: Vec<usize>,
}

/// What two neighboring rows have, each of them twice.
#[derive(Debug, Clone, Copy, Default)]
struct Pair {
    steps: [f32; 4],
    /// What is to be taken off each byte.
    zeros: [i32; 4],
}

/// What the lower byte lacks of a value in a column that is not wide.
#[derive(Debug, Clone, Copy)]
struct Spike {
    column: usize,
    lacking: i32,
}

impl ByteRows {
    /// Quantizes rows to the grids of their columns, whose number is a multiple of 16.
    pub fn quantize(&mut self, rows: &[f32], columns: &Columns) {
        let length = columns.count();
        let count = rows.len() / length;
        self.length = length;
        self.low.resize(rows.len(), 0);
        self.high.resize(if columns.wide().is_empty() { 0 } else { count * WIDE }, 0);
        self.count = count;
        self.pairs.clear();
        self.pairs.resize(count.div_ceil(2), Pair::default());
        self.spikes.clear();
        self.spikes_until.clear();
        let (flip, taken) = if byte() == Byte::Signed { (0x80, 128) } else { (0, 0) };
        for (row, values) in rows.chunks_exact(length).enumerate() {
            let grid = columns.grid(values);
            let pair = &mut self.pairs[row / 2];
            for i in [row % 2 * 2, row % 2 * 2 + 1] {
                (pair.steps[i], pair.zeros[i]) = (grid.step, grid.zero - taken);
            }
            let (tile, at) = (row / ROWS, row % ROWS);
            let height = (count - tile * ROWS).min(ROWS);
            let low = &mut self.low[tile * ROWS * length..][..height * length];
            let spikes = grid.has_spikes.then_some((&mut self.spikes, columns.wide()));
            write_low(values, grid, flip, low[at * STEP..].chunks_mut(height * STEP), spikes);
            self.spikes_until.push(self.spikes.len());
            if let Some(high) = self.high.get_mut(row * WIDE..(row + 1) * WIDE) {
                for (high, column) in high.iter_mut().zip(columns.wide()) {
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 65")]
                    let byte = ((grid.place(values[*column]) + RAISED) >> 8) as u8;
                    *high = byte;
                }
            }
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// The spikes of some rows.
    fn spikes(&self, rows: Range<usize>) -> &[Spike] {
        let until = |row: usize| if row == 0 { 0 } else { self.spikes_until[row - 1] };
        &self.spikes[until(rows.start)..until(rows.end)]
    }
}

/// Writes the lower byte of each value, sixteen to the beginning of each of `places`. Where it is not all that there is, and the column not among the wide
/// ones, notes the rest.
#[inline(always)]
fn write_low<'a>(
    values: &[f32],
    grid: Grid,
    flip: u8,
    places: impl Iterator<Item = &'a mut [u8]>,
    mut spikes: Option<(&mut Vec<Spike>, &[usize])>,
) {
    let (factor, zero, flip) = (f32x4_splat(grid.factor), i32x4_splat(grid.zero), u8x16_splat(flip));
    for (index, (chunk, to)) in values.as_chunks::<STEP>().0.iter().zip(places).enumerate() {
        let to = &mut to[..STEP];
        // SAFETY: four vectors of f32 are read, and one of bytes is written; neither needs alignment.
        let all = unsafe {
            let place = |i: usize| {
                let x = v128_load(chunk.as_ptr().add(4 * i).cast());
                i32x4_add(f32x4_add(f32x4_mul(x, factor), f32x4_splat(ROUND)), zero)
            };
            let q = [place(0), place(1), place(2), place(3)];
            let halves = |a, b| i8x16_shuffle::<0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28>(a, b);
            let low = i64x2_shuffle::<0, 2>(halves(q[0], q[1]), halves(q[2], q[3]));
            v128_store(to.as_mut_ptr().cast(), v128_xor(low, flip));
            v128_or(v128_or(q[0], q[1]), v128_or(q[2], q[3]))
        };
        if let Some((spikes, wide)) = &mut spikes
            && v128_any_true(v128_and(all, OVER))
        {
            for (column, x) in (index * STEP..).zip(chunk) {
                let lacking = grid.place(*x) & !255;
                if lacking != 0 && wide.binary_search(&column).is_err() {
                    spikes.push(Spike { column, lacking });
                }
            }
        }
    }
}

/// What products of bytes need to know of a matrix beside its weights.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// The weights of the wide columns, `[outputs, 16]`.
    wide: Vec<i8>,
    /// The sum of each channel's weights.
    sums: Vec<i32>,
    /// [`RAISED`] times the sum of each channel's wide weights.
    raised: Vec<i32>,
}

impl Beside {
    pub fn of(weight: &[i8], columns: &Columns) -> Self {
        let channels = || weight.chunks_exact(columns.count());
        let gather = |channel: &[i8]| columns.wide().iter().map(|column| channel[*column]).collect::<Vec<_>>();
        let wide: Vec<i8> = channels().flat_map(gather).collect();
        let sum = |weights: &[i8]| weights.iter().map(|w| i32::from(*w)).sum::<i32>();
        let raised = if wide.is_empty() {
            channels().map(|_| 0).collect()
        } else {
            wide.chunks_exact(WIDE).map(|weights| RAISED * sum(weights)).collect()
        };
        Self { sums: channels().map(sum).collect(), wide, raised }
    }
}

/// `out = x W^T + bias`, as [`super::linear_int8`].
pub(super) fn linear(x: &ByteRows, weight: &[i8], beside: &Beside, scales: &[f32], bias: &[f32], out: &mut [f32]) {
    let (inputs, outputs) = (x.length, scales.len());
    assert!(inputs.is_multiple_of(STEP) && weight.len() == outputs * inputs && beside.sums.len() == outputs);
    assert!(bias.len() == outputs && out.len() == x.count() * outputs && x.low.len() == x.count() * inputs);
    assert!(beside.raised.len() == outputs && x.pairs.len() == x.count().div_ceil(2));
    assert!(x.high.is_empty() || (x.high.len() == x.count() * WIDE && beside.wide.len() == outputs * WIDE));
    let job = Job { x, weight, beside, scales, bias };
    let block = (BLOCK_BYTES / inputs / CHANNELS).max(1) * CHANNELS;
    for first in (0..outputs).step_by(block) {
        let channels = first..(first + block).min(outputs);
        for row in (0..x.count()).step_by(ROWS) {
            // SAFETY: all lengths were compared above.
            unsafe {
                match x.count() - row {
                    1 => job.tiles::<1>(row, channels.clone(), out),
                    2 => job.tiles::<2>(row, channels.clone(), out),
                    3 => job.tiles::<3>(row, channels.clone(), out),
                    4 => job.tiles::<4>(row, channels.clone(), out),
                    5 => job.tiles::<5>(row, channels.clone(), out),
                    _ => job.tiles::<ROWS>(row, channels.clone(), out),
                }
            }
        }
    }
}

struct Job<'a> {
    x: &'a ByteRows,
    weight: &'a [i8],
    beside: &'a Beside,
    scales: &'a [f32],
    bias: &'a [f32],
}

impl Job<'_> {
    /// Computes `M` rows, a whole tile, of some channels.
    ///
    /// # Safety
    /// `linear` has compared the lengths; `row` begins a tile of `M` rows, and `channels` are among the outputs.
    // A function of its own: V8 keeps the sums in registers while it is small.
    #[inline(never)]
    unsafe fn tiles<const M: usize>(&self, row: usize, channels: Range<usize>, out: &mut [f32]) {
        let has_spikes = !self.x.spikes(row..row + M).is_empty();
        for channel in channels.step_by(CHANNELS) {
            // SAFETY: as above.
            unsafe { self.tile::<M>(row, channel, has_spikes, out) };
        }
    }

    /// Computes two channels, or the last one.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn tile<const M: usize>(&self, row: usize, channel: usize, has_spikes: bool, out: &mut [f32]) {
        let (inputs, outputs) = (self.x.length, self.scales.len());
        let is_pair = channel + 1 < outputs;
        let channels = [channel, if is_pair { channel + 1 } else { channel }];
        // SAFETY: as above; a block of rows lies where its first row would.
        unsafe {
            let mut sums = [[i32x4_splat(0); M]; CHANNELS];
            if !self.x.high.is_empty() {
                let wide = self.beside.wide.as_ptr();
                let wide = [wide.add(channels[0] * WIDE), wide.add(channels[1] * WIDE)];
                sums = add_products(sums, self.x.high.as_ptr().add(row * WIDE), wide, WIDE);
                for sum in sums.as_flattened_mut() {
                    *sum = i32x4_shl(*sum, 8);
                }
            }
            let weights = self.weight.as_ptr();
            let weights = [weights.add(channels[0] * inputs), weights.add(channels[1] * inputs)];
            let sums = add_products(sums, self.x.low.as_ptr().add(row * inputs), weights, inputs);

            let mut lacking = [[0_i32; CHANNELS]; ROWS];
            if has_spikes {
                for (m, lacking) in lacking[..M].iter_mut().enumerate() {
                    let mut sums = [0; CHANNELS];
                    for spike in self.x.spikes(row + m..row + m + 1) {
                        for n in 0..CHANNELS {
                            sums[n] += spike.lacking * i32::from(*weights[n].add(spike.column));
                        }
                    }
                    *lacking = sums;
                }
            }

            // Two rows of two channels at a time.
            let twice = |from: *const u32| {
                if is_pair { v128_load64_splat(from.cast()) } else { v128_load32_splat(from) }
            };
            let weight_sums = twice(self.beside.sums.as_ptr().add(channel).cast());
            let raised = twice(self.beside.raised.as_ptr().add(channel).cast());
            let scales = twice(self.scales.as_ptr().add(channel).cast());
            let bias = twice(self.bias.as_ptr().add(channel).cast());
            let first = out.as_mut_ptr().add(row * outputs + channel);
            let mut m = 0;
            while m < M {
                let is_last = m + 1 == M;
                let next = if is_last { m } else { m + 1 };
                let pair = self.x.pairs.as_ptr().add(row / 2 + m / 2);
                let dots = add_pairs(add_pairs(sums[0][m], sums[1][m]), add_pairs(sums[0][next], sums[1][next]));
                let zeros = v128_load((*pair).zeros.as_ptr().cast());
                let off = i32x4_add(i32x4_mul(zeros, weight_sums), raised);
                let mut sum = i32x4_sub(dots, off);
                if has_spikes {
                    sum = i32x4_add(sum, v128_load(lacking.as_ptr().add(m).cast()));
                }
                let steps = v128_load((*pair).steps.as_ptr().cast());
                let y = f32x4_add(f32x4_mul(f32x4_convert_i32x4(sum), f32x4_mul(steps, scales)), bias);
                let to = [first.add(m * outputs), first.add(next * outputs)];
                if is_pair {
                    v128_store64_lane::<0>(y, to[0].cast());
                    if !is_last {
                        v128_store64_lane::<1>(y, to[1].cast());
                    }
                } else {
                    v128_store32_lane::<0>(y, to[0].cast());
                    if !is_last {
                        v128_store32_lane::<2>(y, to[1].cast());
                    }
                }
                m += 2;
            }
        }
    }
}

/// Adds the products of `M` turned rows with two channels.
///
/// # Safety
/// `inputs` bytes of each can be read.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "rows and channels by their numbers")]
unsafe fn add_products<const M: usize>(
    mut sums: [[v128; M]; CHANNELS],
    mut rows: *const u8,
    channels: [*const i8; CHANNELS],
    inputs: usize,
) -> [[v128; M]; CHANNELS] {
    let mut i = 0;
    while i < inputs {
        // SAFETY: as above.
        unsafe {
            let weights = [v128_load(channels[0].add(i).cast()), v128_load(channels[1].add(i).cast())];
            for m in 0..M {
                let row = v128_load(rows.add(STEP * m).cast());
                for n in 0..CHANNELS {
                    sums[n][m] = i32x4_relaxed_dot_i8x16_i7x16_add(weights[n], row, sums[n][m]);
                }
            }
            rows = rows.add(STEP * M);
        }
        i += STEP;
    }
    sums
}

/// Sums of neighbors: two of `a`, then two of `b`.
#[inline(always)]
fn add_pairs(a: v128, b: v128) -> v128 {
    i32x4_add(i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b))
}
