//! Rows of f32, quantized on the fly to the integers that products take.

use super::ROUND;
use super::tiles::widen;

/// The largest magnitude of an int8 weight.
pub(crate) const MAX_INT8: usize = 127;

/// The largest magnitude of a value with 14 bits.
pub(super) const MAX: usize = 8191;

/// Columns of a layer's inputs that may have 14 bits in every row: what one vector of bytes holds.
pub(super) const WIDE: usize = 16;

/// Steps between the least and the largest value of 8 bits: one less than there are, so that rounding twice stays among them.
const STEPS: usize = 254;

/// A row's values are looked at in so many lanes, half of them for each half of the row.
const REACHES: usize = 32;

/// One lane of so many columns may reach further than 8 bits, if the step of all others, times this, still falls short of the furthest.
const COLUMNS_A_SPIKE: usize = 192;
const WORTH_A_SPIKE: f32 = 1.2;

/// Not more lanes than these may.
const MOST_SPIKES: usize = REACHES / 4;

/// Rows of more columns have no spikes: their sums could overflow.
const LONGEST_WITH_SPIKES: usize = 4096;

/// Steps that are smaller have no factor that f32 can hold; such a row is zero for all that follows.
const NEXT_TO_NOTHING: f32 = 1e-30;

/// How the columns of a layer's inputs are quantized: with 8 bits, or, where they reach further in every text, with 14.
#[derive(Debug, Clone)]
pub(crate) struct Columns {
    /// None, or [`WIDE`], ascending.
    wide: Vec<usize>,
    /// For each column: 0 if it is wide, else 1.
    narrow: Vec<f32>,
}

impl Columns {
    /// So many columns, all with 8 bits.
    pub fn alike(count: usize) -> Self {
        Self { wide: Vec::new(), narrow: vec![1.0; count] }
    }

    /// As many columns as `reaches` has values; those that reach furthest are wide. Of equals, the first are.
    pub fn by_reach(reaches: &[f32]) -> Self {
        let mut columns = Self::alike(reaches.len());
        while reaches.len() > WIDE && columns.wide.len() < WIDE {
            let (mut furthest, mut reach) = (0, -1.0);
            for (column, x) in reaches.iter().enumerate() {
                if columns.narrow[column] > 0.0 && *x > reach {
                    (furthest, reach) = (column, *x);
                }
            }
            columns.narrow[furthest] = 0.0;
            columns.wide.push(furthest);
        }
        columns.wide.sort_unstable();
        columns
    }

    /// Number of columns.
    pub fn count(&self) -> usize {
        self.narrow.len()
    }

    /// Those with 14 bits, ascending.
    #[cfg(any(test, all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
    pub(super) fn wide(&self) -> &[usize] {
        &self.wide
    }

    /// The grid for a row: as fine as its values allow, but for the wide ones and for a few spikes.
    #[expect(clippy::cast_precision_loss, reason = "small integers")]
    #[expect(clippy::cast_possible_truncation, reason = "the zero is among the steps")]
    pub(super) fn grid(&self, row: &[f32]) -> Grid {
        let half = self.count() / 2;
        let halves = [extremes(&row[..half], &self.narrow[..half]), extremes(&row[half..], &self.narrow[half..])];
        let reaches = halves.map(|[lows, highs]| widen([lows, highs], &lows, &[-1.0; REACHES / 2])[1]);
        let spikes =
            if self.count() > LONGEST_WITH_SPIKES { 0 } else { (self.count() / COLUMNS_A_SPIKE).min(MOST_SPIKES) };
        // The furthest, in order.
        let mut order = [0.0; MOST_SPIKES + 1];
        for reach in reaches.into_iter().flatten() {
            if reach > order[spikes] {
                let mut at = spikes;
                while at > 0 && order[at - 1] < reach {
                    order[at] = order[at - 1];
                    at -= 1;
                }
                order[at] = reach;
            }
        }
        let (furthest, next) = (order[0], order[spikes]);
        let has_spikes = furthest > WORTH_A_SPIKE * next;
        let bound = if has_spikes { next } else { furthest };
        let [half, [lows, highs]] = halves;
        let [lows, highs] = widen(widen(half, &lows, &[1.0; REACHES / 2]), &highs, &[1.0; REACHES / 2]);
        let low = lows.into_iter().fold(0.0, f32::min).max(-bound);
        let high = highs.into_iter().fold(0.0, f32::max).min(bound);
        let widest = self.wide.iter().map(|column| row[*column].abs()).fold(furthest, f32::max);
        let steps = STEPS.min((i32::MAX as usize - MAX_INT8 * MAX * WIDE) / (MAX_INT8 * self.count()) - 1);
        let step = ((high - low) / steps as f32).max(widest / MAX as f32);
        if step < NEXT_TO_NOTHING {
            return Grid { factor: 0.0, step: 0.0, zero: 0, has_spikes: false };
        }
        let factor = 1.0 / step;
        Grid { factor, step, zero: (0.5 - low * factor) as i32, has_spikes }
    }
}

/// The least and the largest values of part of a row, and 0, by lanes; what has no weight is passed over.
#[inline(always)]
fn extremes(values: &[f32], weights: &[f32]) -> [[f32; REACHES / 2]; 2] {
    const LANES: usize = REACHES / 2;
    let whole = values.len() - values.len() % LANES;
    let extremes = widen([[0.0; LANES]; 2], &values[..whole], &weights[..whole]);
    let (mut last, mut last_weights) = ([0.0; LANES], [0.0; LANES]);
    last[..values.len() - whole].copy_from_slice(&values[whole..]);
    last_weights[..values.len() - whole].copy_from_slice(&weights[whole..]);
    widen(extremes, &last, &last_weights)
}

/// Where the values of a row lie: `x = (q - zero) * step`. `q` is a byte, but in wide columns and at spikes.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(target_feature = "relaxed-simd"), allow(dead_code, reason = "words need factor and step alone"))]
pub(super) struct Grid {
    pub factor: f32,
    pub step: f32,
    pub zero: i32,
    /// Whether `q` may be no byte in a column that is not wide.
    pub has_spikes: bool,
}

impl Grid {
    /// `q - zero` of a value.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits hold the rounded value")]
    pub fn level(&self, x: f32) -> i16 {
        (x * self.factor + ROUND).to_bits() as i16
    }

    /// `q` of a value.
    #[cfg(any(test, all(target_arch = "wasm32", target_feature = "relaxed-simd")))]
    pub fn place(&self, x: f32) -> i32 {
        i32::from(self.level(x)) + self.zero
    }
}

/// Rows of f32, quantized: `x = values * scale`, off by at most half a step, `scale / 2`, that is `max|x| / 16,382`; three roundings to f32 (of the
/// factor, the product and the scale) can add 0.0015 steps.
#[derive(Debug, Default)]
pub(crate) struct QuantizedRows {
    pub(super) length: usize,
    pub(super) values: Vec<i16>,
    pub(super) scales: Vec<f32>,
}

impl QuantizedRows {
    /// The largest magnitude that values of such rows may have, so that sums of products with weights of at most `largest_weight` fit into i32.
    pub fn limit(length: usize, largest_weight: usize) -> usize {
        MAX.min(i32::MAX as usize / (largest_weight * length))
    }

    /// Quantizes rows of `length` finite values to at most `limit`. The buffers are reused.
    #[expect(clippy::cast_precision_loss, reason = "at most 8191")]
    #[expect(clippy::cast_possible_truncation, reason = "the low 16 bits hold the rounded value")]
    pub fn quantize(&mut self, rows: &[f32], length: usize, limit: usize) {
        self.length = length;
        self.values.clear();
        self.values.resize(rows.len(), 0);
        self.scales.clear();
        let limit = limit as f32;
        for (row, values) in rows.chunks_exact(length).zip(self.values.chunks_exact_mut(length)) {
            let max = row.iter().fold(0.0_f32, |max, x| if x.abs() > max { x.abs() } else { max });
            // Below this the factor would overflow; such a row is zero for all that follows.
            let factor = if max > 1e-30 { limit / max } else { 0.0 };
            for (value, x) in values.iter_mut().zip(row) {
                *value = (x * factor + ROUND).to_bits() as i16;
            }
            self.scales.push(if factor > 0.0 { max / limit } else { 0.0 });
        }
    }

    /// Quantizes rows to the grids of their columns.
    pub fn quantize_to_grids(&mut self, rows: &[f32], columns: &Columns) {
        self.length = columns.count();
        self.values.clear();
        self.values.resize(rows.len(), 0);
        self.scales.clear();
        for (row, values) in rows.chunks_exact(self.length).zip(self.values.chunks_exact_mut(self.length)) {
            let grid = columns.grid(row);
            for (value, x) in values.iter_mut().zip(row) {
                *value = grid.level(*x);
            }
            self.scales.push(grid.step);
        }
    }

    /// Number of rows.
    pub fn count(&self) -> usize {
        self.scales.len()
    }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, reason = "small test data")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows as layers have them: most values small, a few large.
    fn row_with_spikes() -> impl Strategy<Value = Vec<f32>> {
        let value = (-1.0_f32..1.0, 0_u32..20).prop_map(|(x, kind)| if kind == 0 { x * 100.0 } else { x });
        prop::collection::vec(value, 1..2000)
    }

    proptest! {
        #[test]
        fn quantized_rows_are_within_half_a_step(row in prop::collection::vec(-100.0_f32..100.0, 1..500)) {
            let mut x = QuantizedRows::default();
            x.quantize(&row, row.len(), QuantizedRows::limit(row.len(), MAX_INT8));
            for (value, q) in row.iter().zip(&x.values) {
                // Reckoned in f64, so that only the three roundings of `quantize` count: each is off by at most 2^-24 of up to 8191 steps.
                let bound = 0.5 + 3.0 * MAX as f64 * 2.0_f64.powi(-24);
                let scale = f64::from(x.scales[0]);
                prop_assert!((f64::from(*value) - f64::from(*q) * scale).abs() <= scale * bound);
            }
        }


        #[test]
        fn values_on_a_grid_are_within_half_a_step_and_bytes_but_for_a_few(row in row_with_spikes(), is_wide in any::<bool>()) {
            let columns = if is_wide { Columns::by_reach(&row.iter().map(|x| x.abs()).collect::<Vec<_>>()) } else { Columns::alike(row.len()) };
            let grid = columns.grid(&row);
            let mut spikes = 0;
            for (column, x) in row.iter().enumerate() {
                let level = grid.level(*x);
                prop_assert!(level.unsigned_abs() as usize <= MAX);
                // As above: three roundings to f32.
                let bound = f64::from(grid.step) * (0.5 + 3.0 * MAX as f64 * 2.0_f64.powi(-24));
                prop_assert!((f64::from(*x) - f64::from(level) * f64::from(grid.step)).abs() <= bound);
                if !(0..=255).contains(&grid.place(*x)) && !columns.wide().contains(&column) {
                    spikes += 1;
                }
            }
            let lanes = (row.len() / COLUMNS_A_SPIKE).min(MOST_SPIKES);
            prop_assert!(spikes <= lanes * (row.len().div_ceil(REACHES) + 1));
            prop_assert!(grid.has_spikes || spikes == 0);
        }
    }

    #[test]
    fn the_largest_inputs_do_not_overflow() {
        for length in [16, 384, 1536, 4096, 4097, 65536, 200_000] {
            // As many as may be spikes, all others as large as they can be beside them, and wide columns.
            let row: Vec<f32> = (0..length).map(|i| if i % (length / 2) % 16 < 4 { 1.0 } else { 0.031 }).collect();
            for columns in [Columns::alike(length), Columns::by_reach(&row)] {
                let grid = columns.grid(&row);
                let sum: i64 = row.iter().map(|x| i64::from(grid.level(*x)).abs() * 127_i64).sum();
                assert!(sum <= i64::from(i32::MAX), "{length}: {sum}");
                let flat = vec![-1.0; length];
                let sum: i64 = flat.iter().map(|x| i64::from(columns.grid(&flat).level(*x)).abs() * 127_i64).sum();
                assert!(sum <= i64::from(i32::MAX), "{length}: {sum}");
            }
        }
    }

    #[test]
    fn a_row_of_zeros_or_of_next_to_nothing_is_zero() {
        let mut x = QuantizedRows::default();
        x.quantize(&[0.0, 0.0, 1e-38, -1e-38], 2, MAX);
        assert_eq!((x.values.as_slice(), x.scales.as_slice()), ([0_i16; 4].as_slice(), [0.0_f32; 2].as_slice()));
    }

    #[test]
    fn a_row_of_next_to_nothing_is_zero_on_a_grid() {
        let grid = Columns::alike(2).grid(&[1e-38, -1e-38]);
        assert_eq!((grid.level(1e-38), grid.step), (0, 0.0));
    }
}
