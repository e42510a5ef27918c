//! When each item was chosen: popularity at any moment, fading with time.

use crate::error::{Error, Result};

/// How often each row was chosen in each week, so that popularity can be told for any present.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trend {
    /// Seconds since the Unix epoch: where week 0 begins, and the last event.
    origin: i64,
    until: i64,
    /// `weeks[starts[r]..starts[r + 1]]` are the weeks in which row r was chosen, ascending.
    starts: Vec<u32>,
    weeks: Vec<u16>,
    /// 255 stands for all higher counts, too.
    counts: Vec<u8>,
    /// The sum of each row's counts, which every request asks for.
    totals: Vec<u32>,
}

const SECONDS_PER_WEEK: i64 = 7 * 86_400;
/// Popularity halves in so many weeks (a year).
const HALF_LIFE_WEEKS: f32 = 365.0 / 7.0;

impl Trend {
    /// Counts events, `(row, seconds since the Unix epoch)`, of `items` rows.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    pub fn new(events: impl IntoIterator<Item = (usize, i64)>, items: usize) -> Self {
        let events: Vec<(usize, i64)> = events.into_iter().collect();
        let origin = events.iter().map(|(_, time)| *time).min().unwrap_or(0);
        let until = events.iter().map(|(_, time)| *time).max().unwrap_or(0);
        let mut by_row = vec![std::collections::BTreeMap::<u16, u8>::new(); items];
        for (row, time) in events {
            let week = (time.saturating_sub(origin) / SECONDS_PER_WEEK).clamp(0, i64::from(u16::MAX)) as u16;
            let count = by_row[row].entry(week).or_default();
            *count = count.saturating_add(1);
        }
        Self::of([origin, until], by_row)
    }

    /// Rows of weeks and counts, in order.
    fn of(span: [i64; 2], rows: impl IntoIterator<Item = impl IntoIterator<Item = (u16, u8)>>) -> Self {
        let (mut starts, mut weeks, mut counts) = (vec![0], Vec::new(), Vec::new());
        for row in rows {
            for (week, count) in row {
                weeks.push(week);
                counts.push(count);
            }
            starts.push(weeks.len() as u32);
        }
        Self::with_totals(span, starts, weeks, counts)
    }

    fn with_totals([origin, until]: [i64; 2], starts: Vec<u32>, weeks: Vec<u16>, counts: Vec<u8>) -> Self {
        let total = |ends: &[u32]| counts[ends[0] as usize..ends[1] as usize].iter().map(|n| u32::from(*n)).sum();
        let totals = starts.windows(2).map(total).collect();
        Self { origin, until, starts, weeks, counts, totals }
    }

    /// Puts stored parts together.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if they do not fit each other.
    pub fn from_parts(
        span: [i64; 2],
        starts: Vec<u32>,
        weeks: Vec<u16>,
        counts: Vec<u8>,
        items: usize,
    ) -> Result<Self> {
        let is_sound = starts.len() == items + 1
            && weeks.len() == counts.len()
            && starts.first() == Some(&0)
            && starts.last().is_some_and(|end| *end as usize == weeks.len())
            && starts.windows(2).all(|pair| pair[0] <= pair[1]);
        if !is_sound {
            return Err(Error::invalid("trend", "parts that do not fit", format!("those of {items} items")));
        }
        Ok(Self::with_totals(span, starts, weeks, counts))
    }

    /// `([origin, until], starts, weeks, counts)`, as [`from_parts`](Self::from_parts) takes them.
    #[must_use]
    pub fn parts(&self) -> ([i64; 2], &[u32], &[u16], &[u8]) {
        ([self.origin, self.until], &self.starts, &self.weeks, &self.counts)
    }

    /// How often a row was chosen at any time.
    #[must_use]
    pub fn count(&self, row: usize) -> u32 {
        self.totals[row]
    }

    /// How often each row was chosen before `now_ms`, each choice halved for every year since. Weeks that are not over count from their end
    /// on only, so that the past is not told the future. A present of 0 or below stands for the last event.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "weeks and counts are small")]
    pub fn at(&self, now_ms: i64) -> Vec<f32> {
        let now = if now_ms <= 0 { self.until } else { now_ms.div_euclid(1000).min(self.until) };
        let ended = |week: u16| {
            let end = self.origin.saturating_add((i64::from(week) + 1).saturating_mul(SECONDS_PER_WEEK));
            end.min(self.until) <= now
        };
        let present = now.saturating_sub(self.origin) as f32 / SECONDS_PER_WEEK as f32;
        // One factor a week instead of one an entry.
        let last = self.weeks.iter().copied().max().unwrap_or(0);
        let factors: Vec<f32> = (0..=last)
            .map(|week| {
                let age = (present - (f32::from(week) + 0.5)).max(0.0);
                if ended(week) { libm::exp2f(-age / HALF_LIFE_WEEKS) } else { 0.0 }
            })
            .collect();
        let row = |row: usize| -> f32 {
            self.range(row).map(|at| f32::from(self.counts[at]) * factors[usize::from(self.weeks[at])]).sum()
        };
        (0..self.starts.len().saturating_sub(1)).map(row).collect()
    }

    /// The same rows in another catalog: row i there is `kept[i]` here; those after them were never chosen.
    #[must_use]
    pub fn renumbered(&self, kept: &[usize], total: usize) -> Self {
        let entries = |row: usize| {
            let range = kept.get(row).map_or(0..0, |old| self.range(*old));
            range.map(|at| (self.weeks[at], self.counts[at]))
        };
        Self::of([self.origin, self.until], (0..total).map(entries))
    }

    fn range(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row] as usize..self.starts[row + 1] as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn popularity_fades_by_half_a_year_and_knows_no_future() {
        let start = 1_000_000_000;
        let trend = Trend::new([(0, start), (0, start + DAY), (1, start + 800 * DAY)], 3);
        assert_eq!([trend.count(0), trend.count(1), trend.count(2)], [2, 1, 0]);
        let at = |days: i64| trend.at((start + days * DAY) * 1000);
        assert_eq!(at(5), [0.0; 3], "the first week is not over");
        let early = at(15);
        assert!(early[0] > 1.9 && early[1] == 0.0);
        let later = at(15 + 365);
        assert!((later[0] / early[0] - 0.5).abs() < 0.01 && later[1] == 0.0);
        let last = trend.at(0);
        assert!(last[1] > 0.9 && last[0] < 0.6);
        assert_eq!(at(5000), last, "after the last event nothing fades: nothing new is known");
    }

    #[test]
    fn parts_come_back_and_rows_move() {
        let trend = Trend::new([(0, 5), (2, 9), (2, 9 + 40 * DAY)], 3);
        let (times, starts, weeks, counts) = trend.parts();
        let back = Trend::from_parts(times, starts.into(), weeks.into(), counts.into(), 3).unwrap();
        assert_eq!(back, trend);
        assert!(Trend::from_parts(times, starts.into(), weeks.into(), counts.into(), 2).is_err());
        let moved = trend.renumbered(&[2], 2);
        assert_eq!([moved.count(0), moved.count(1)], [2, 0]);
        assert_eq!(Trend::new([], 2).at(0), [0.0; 2]);
    }
}
