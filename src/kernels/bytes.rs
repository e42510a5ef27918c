//! Products of bytes in wasm's relaxed SIMD: sixteen of them, added up in fours to what is there already, an instruction.
//!
//! `i32x4_relaxed_dot_i8x16_i7x16_add` promises its result for 7 bits. With 8 it is what the processor does: most take the byte as it is, without
//! a sign (x86 with AVX-VNNI) or with one (ARM with its dot product), and both can be used. Others lose bits on the way, and get the 16-bit tile instead.
//! The integers are the same in all three cases.

use core::ops::Range;
use std::sync::OnceLock;

use core::arch::wasm32::{
    f32x4_add, f32x4_convert_i32x4, f32x4_mul, f32x4_splat, i8x16_shuffle, i32x4, i32x4_add, i32x4_mul,
    i32x4_relaxed_dot_i8x16_i7x16_add, i32x4_shl, i32x4_shr, i32x4_splat, i32x4_sub, i64x2_shuffle, u8x16_splat, v128,
    v128_and, v128_any_true, v128_load, v128_load32_splat, v128_or, v128_store, v128_store32_lane, v128_xor,
};

use super::ROUND;
use super::rows::{Columns, Grid, WIDE};

/// Bytes that one instruction takes.
const STEP: usize = 16;

/// Those of them that it adds up: neighbors of one row, and of each of four channels.
const FOUR: usize = 4;

/// Rows of a tile, and vectors of four channels: twelve sums, two vectors of weights and one of a row are what 15 registers hold.
const ROWS: usize = 6;
const VECTORS: usize = 2;
const CHANNELS: usize = VECTORS * FOUR;

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

/// Rows of f32 as bytes. Those of a tile lie turned, four bytes of each after the other.
#[derive(Debug, Default)]
pub(super) struct ByteRows {
    length: usize,
    /// The lower bytes, `[tiles, length / 4, rows, 4]`.
    low: Vec<u8>,
    /// The upper bytes of the wide columns, `[tiles, 4, rows, 4]`.
    high: Vec<u8>,
    steps: Vec<f32>,
    /// What is to be taken off each byte.
    zeros: Vec<i32>,
    spikes: Vec<Spike>,
    /// How many spikes there are up to the end of each row.
    spikes_until: Vec<usize>,
}

/// Rows in tiles of [`ROWS`], and of those that are left.
fn tiles(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(ROWS).map(move |first| first..count.min(first + ROWS))
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
        self.steps.clear();
        self.zeros.clear();
        self.spikes.clear();
        self.spikes_until.clear();
        let (flip, taken) = if byte() == Byte::Signed { (0x80, 128) } else { (0, 0) };
        for tile in tiles(count) {
            let height = tile.len();
            for (at, values) in rows[tile.start * length..tile.end * length].chunks_exact(length).enumerate() {
                let grid = columns.grid(values);
                self.steps.push(grid.step);
                self.zeros.push(grid.zero - taken);
                let low = &mut self.low[tile.start * length..tile.end * length][at * FOUR..];
                let spikes = grid.has_spikes.then_some((&mut self.spikes, columns.wide()));
                write_low(values, grid, flip, low, height * FOUR, spikes);
                self.spikes_until.push(self.spikes.len());
                if !self.high.is_empty() {
                    let high = &mut self.high[tile.start * WIDE..tile.end * WIDE][at * FOUR..];
                    for (to, columns) in high.chunks_mut(height * FOUR).zip(columns.wide().chunks_exact(FOUR)) {
                        for (to, column) in to.iter_mut().zip(columns) {
                            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 65")]
                            let byte = ((grid.place(values[*column]) + RAISED) >> 8) as u8;
                            *to = byte;
                        }
                    }
                }
            }
        }
    }

    pub fn count(&self) -> usize {
        self.steps.len()
    }

    /// The spikes of some rows.
    fn spikes(&self, rows: Range<usize>) -> &[Spike] {
        let until = |row: usize| if row == 0 { 0 } else { self.spikes_until[row - 1] };
        &self.spikes[until(rows.start)..until(rows.end)]
    }
}

/// Writes the lower byte of each value, four to every `stride` bytes of `low`. Where it is not all that there is, and the column not among the wide
/// ones, notes the rest.
#[inline(always)]
fn write_low(
    values: &[f32],
    grid: Grid,
    flip: u8,
    low: &mut [u8],
    stride: usize,
    mut spikes: Option<(&mut Vec<Spike>, &[usize])>,
) {
    assert!(low.len() + stride > values.len() / FOUR * stride);
    let (factor, zero, flip) = (f32x4_splat(grid.factor), i32x4_splat(grid.zero), u8x16_splat(flip));
    for (index, chunk) in values.as_chunks::<STEP>().0.iter().enumerate() {
        // SAFETY: four vectors of f32 are read, and four times four bytes are written, of which `low` has been seen to have enough.
        let all = unsafe {
            let place = |i: usize| {
                let x = v128_load(chunk.as_ptr().add(4 * i).cast());
                i32x4_add(f32x4_add(f32x4_mul(x, factor), f32x4_splat(ROUND)), zero)
            };
            let q = [place(0), place(1), place(2), place(3)];
            let halves = |a, b| i8x16_shuffle::<0, 4, 8, 12, 16, 20, 24, 28, 0, 4, 8, 12, 16, 20, 24, 28>(a, b);
            let bytes = v128_xor(i64x2_shuffle::<0, 2>(halves(q[0], q[1]), halves(q[2], q[3])), flip);
            let to = low.as_mut_ptr().add(index * FOUR * stride);
            v128_store32_lane::<0>(bytes, to.cast());
            v128_store32_lane::<1>(bytes, to.add(stride).cast());
            v128_store32_lane::<2>(bytes, to.add(2 * stride).cast());
            v128_store32_lane::<3>(bytes, to.add(3 * stride).cast());
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

/// A matrix as products of bytes take it. What falls short of a whole tile of channels is 0.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// The weights, `[tiles, inputs / 4, 8 channels, 4]`, so that none of the sums has to be added up across lanes: a copy, if the matrix itself
    /// does not lie so.
    turned: Option<Vec<i8>>,
    /// The same of the wide columns: `[tiles, 4, 8 channels, 4]`.
    wide: Vec<i8>,
    /// The sum of each channel's weights.
    sums: Vec<i32>,
    /// [`RAISED`] times the sum of each channel's wide weights.
    raised: Vec<i32>,
}

impl Beside {
    pub fn of(weight: &[i8], columns: &Columns) -> Self {
        let inputs = columns.count();
        Self::new(Some(turn(weight, inputs)), channel_sums(weight, inputs), weight, columns)
    }

    /// As [`of`](Self::of), without a copy: turns the matrix itself, if whole tiles are all that it has.
    pub fn in_place(weight: &mut [i8], columns: &Columns) -> Option<Self> {
        let inputs = columns.count();
        if !weight.len().is_multiple_of(CHANNELS * inputs) {
            return None;
        }
        let sums = channel_sums(weight, inputs);
        for tile in weight.chunks_exact_mut(CHANNELS * inputs) {
            tile.copy_from_slice(&turn(tile, inputs));
        }
        Some(Self::new(None, sums, weight, columns))
    }

    fn new(turned: Option<Vec<i8>>, sums: Vec<i32>, weight: &[i8], columns: &Columns) -> Self {
        let mut beside = Self { turned, wide: Vec::new(), raised: vec![0; sums.len()], sums };
        beside.widen(weight, columns);
        beside
    }

    /// Where the matrix has a weight.
    fn place(&self, channel: usize, column: usize, inputs: usize) -> usize {
        if self.turned.is_some() {
            return channel * inputs + column;
        }
        let tile = channel / CHANNELS * CHANNELS * inputs;
        tile + column / FOUR * FOUR * CHANNELS + channel % CHANNELS * FOUR + column % FOUR
    }

    /// The matrix as it was, if it was turned.
    pub fn plain(&self, weight: &[i8], inputs: usize) -> Option<Vec<i8>> {
        let channel = |channel: usize| (0..inputs).map(move |column| weight[self.place(channel, column, inputs)]);
        self.turned.is_none().then(|| (0..weight.len() / inputs).flat_map(channel).collect())
    }

    /// Notes which columns of the same weights are wide.
    pub fn widen(&mut self, weight: &[i8], columns: &Columns) {
        if columns.wide().is_empty() {
            self.wide.clear();
            self.raised.fill(0);
            return;
        }
        let inputs = columns.count();
        let of = |channel: usize| columns.wide().iter().map(move |column| (channel, *column));
        let wide: Vec<i8> = (0..weight.len() / inputs)
            .flat_map(of)
            .map(|(channel, column)| weight[self.place(channel, column, inputs)])
            .collect();
        self.raised = channel_sums(&wide, WIDE).into_iter().map(|sum| RAISED * sum).collect();
        self.wide = turn(&wide, WIDE);
    }
}

/// The sum of each channel's weights, and 0 for what falls short of a whole tile.
fn channel_sums(weight: &[i8], inputs: usize) -> Vec<i32> {
    let mut sums: Vec<i32> =
        weight.chunks_exact(inputs).map(|channel| channel.iter().map(|w| i32::from(*w)).sum()).collect();
    sums.resize(sums.len().next_multiple_of(CHANNELS), 0);
    sums
}

/// Lays four weights of each channel of a tile side by side.
fn turn(weight: &[i8], inputs: usize) -> Vec<i8> {
    let outputs = weight.len() / inputs;
    let mut turned = vec![0; outputs.next_multiple_of(CHANNELS) * inputs];
    for (tile, channels) in turned.chunks_exact_mut(CHANNELS * inputs).zip(weight.chunks(CHANNELS * inputs)) {
        for (at, channel) in channels.chunks_exact(inputs).enumerate() {
            let places = tile.as_chunks_mut::<FOUR>().0.iter_mut().skip(at).step_by(CHANNELS);
            for (place, weights) in places.zip(channel.as_chunks::<FOUR>().0) {
                *place = *weights;
            }
        }
    }
    turned
}

/// `out = x W^T + bias`, as [`super::linear_int8`].
pub(super) fn linear(x: &ByteRows, weight: &[i8], beside: &Beside, scales: &[f32], bias: &[f32], out: &mut [f32]) {
    let (inputs, outputs, count) = (x.length, scales.len(), x.count());
    let padded = outputs.next_multiple_of(CHANNELS);
    assert!(inputs.is_multiple_of(STEP) && x.low.len() == count * inputs && x.zeros.len() == count);
    let turned = beside.turned.as_deref().unwrap_or(weight);
    assert!(turned.len() == padded * inputs && beside.sums.len() == padded && beside.raised.len() == padded);
    assert!(bias.len() == outputs && out.len() == count * outputs);
    assert!(x.high.is_empty() || (x.high.len() == count * WIDE && beside.wide.len() == padded * WIDE));
    let job = Job { x, turned, beside, scales, bias };
    let block = (BLOCK_BYTES / inputs / CHANNELS).max(1) * CHANNELS;
    for first in (0..outputs).step_by(block) {
        let channels = first..(first + block).min(outputs);
        for tile in tiles(count) {
            let (row, channels) = (tile.start, channels.clone());
            // SAFETY: all lengths were compared above.
            unsafe {
                match tile.len() {
                    1 => job.tiles::<1>(row, channels, out),
                    2 => job.tiles::<2>(row, channels, out),
                    3 => job.tiles::<3>(row, channels, out),
                    4 => job.tiles::<4>(row, channels, out),
                    5 => job.tiles::<5>(row, channels, out),
                    _ => job.tiles::<ROWS>(row, channels, out),
                }
            }
        }
    }
}

struct Job<'a> {
    x: &'a ByteRows,
    turned: &'a [i8],
    beside: &'a Beside,
    scales: &'a [f32],
    bias: &'a [f32],
}

impl Job<'_> {
    /// Computes `M` rows, a whole tile, of some channels.
    ///
    /// # Safety
    /// `linear` has compared the lengths; `row` begins a tile of `M` rows, and `channels` are among the outputs and begin a tile.
    // A function of its own: V8 keeps the sums in registers while it is small.
    #[inline(never)]
    unsafe fn tiles<const M: usize>(&self, row: usize, channels: Range<usize>, out: &mut [f32]) {
        let has_spikes = !self.x.spikes(row..row + M).is_empty();
        for channel in channels.step_by(CHANNELS) {
            // SAFETY: as above.
            unsafe { self.tile::<M>(row, channel, has_spikes, out) };
        }
    }

    /// Computes eight channels, or the last ones.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "rows and channels by their numbers")]
    unsafe fn tile<const M: usize>(&self, row: usize, channel: usize, has_spikes: bool, out: &mut [f32]) {
        let Self { x, turned, beside, scales, bias } = self;
        let (inputs, outputs) = (x.length, scales.len());
        // SAFETY: as above; a tile of rows, or of channels, lies where its first one would if they lay one after another.
        unsafe {
            let mut sums = [[i32x4_splat(0); M]; VECTORS];
            if !x.high.is_empty() {
                let wide = beside.wide.as_ptr().add(channel * WIDE);
                sums = add_products(sums, x.high.as_ptr().add(row * WIDE), wide, WIDE);
                for sum in sums.as_flattened_mut() {
                    *sum = i32x4_shl(*sum, 8);
                }
            }
            let weights = turned.as_ptr().add(channel * inputs);
            let mut sums = add_products(sums, x.low.as_ptr().add(row * inputs), weights, inputs);
            if has_spikes {
                for m in 0..M {
                    for spike in x.spikes(row + m..row + m + 1) {
                        let four = weights.add(spike.column / FOUR * FOUR * CHANNELS);
                        let above = u32::try_from(FOUR - 1 - spike.column % FOUR).unwrap_or_default() * u8::BITS;
                        for n in 0..VECTORS {
                            // The byte of this column, with its sign.
                            let weight = i32x4_shr(i32x4_shl(v128_load(four.add(n * STEP).cast()), above), 24);
                            sums[n][m] = i32x4_add(sums[n][m], i32x4_mul(weight, i32x4_splat(spike.lacking)));
                        }
                    }
                }
            }
            for n in 0..VECTORS {
                let channel = channel + n * FOUR;
                let weight_sums = v128_load(beside.sums.as_ptr().add(channel).cast());
                let raised = v128_load(beside.raised.as_ptr().add(channel).cast());
                let finish = |m: usize, scales: v128, bias: v128| {
                    let zero = v128_load32_splat(x.zeros.as_ptr().add(row + m).cast());
                    let step = v128_load32_splat(x.steps.as_ptr().add(row + m).cast());
                    let sum = i32x4_sub(sums[n][m], i32x4_add(i32x4_mul(zero, weight_sums), raised));
                    f32x4_add(f32x4_mul(f32x4_convert_i32x4(sum), f32x4_mul(step, scales)), bias)
                };
                if channel + FOUR <= outputs {
                    let scales = v128_load(scales.as_ptr().add(channel).cast());
                    let bias = v128_load(bias.as_ptr().add(channel).cast());
                    for m in 0..M {
                        let to = out.as_mut_ptr().add((row + m) * outputs + channel);
                        v128_store(to.cast(), finish(m, scales, bias));
                    }
                } else {
                    for channel in channel..outputs {
                        for m in 0..M {
                            let y = finish(m, f32x4_splat(scales[channel]), f32x4_splat(bias[channel]));
                            let mut lanes = [0.0; FOUR];
                            v128_store(lanes.as_mut_ptr().cast(), y);
                            out[(row + m) * outputs + channel] = lanes[channel % FOUR];
                        }
                    }
                }
            }
        }
    }
}

/// Adds the products of `M` turned rows with eight turned channels.
///
/// # Safety
/// `inputs` bytes of each can be read; they are a multiple of 16.
#[inline(always)]
#[expect(clippy::needless_range_loop, reason = "rows and channels by their numbers")]
unsafe fn add_products<const M: usize>(
    mut sums: [[v128; M]; VECTORS],
    mut rows: *const u8,
    mut channels: *const i8,
    inputs: usize,
) -> [[v128; M]; VECTORS] {
    // Not unrolled: the compiler would load more rows ahead than there are registers.
    for _ in 0..inputs / FOUR {
        // SAFETY: as above.
        unsafe {
            let weights: [v128; VECTORS] = core::array::from_fn(|n| v128_load(channels.add(n * STEP).cast()));
            for m in 0..M {
                let row = v128_load32_splat(rows.add(FOUR * m).cast());
                for n in 0..VECTORS {
                    sums[n][m] = i32x4_relaxed_dot_i8x16_i7x16_add(weights[n], row, sums[n][m]);
                }
            }
            rows = rows.add(FOUR * M);
            channels = channels.add(FOUR * CHANNELS);
        }
    }
    sums
}
