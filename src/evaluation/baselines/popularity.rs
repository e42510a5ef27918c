//! Popularity: the same list for everybody.

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System};

/// Number of training positives.
pub(super) struct Popularity;

/// Number of training positives in the days before the request; all-time popularity among equals.
pub(super) struct RecentPopularity;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// How many training positives each row has.
pub(in crate::evaluation) fn counts(fold: &Fold) -> Vec<f32> {
    let mut counts = vec![0.0; fold.is_candidate.len()];
    for event in fold.training.iter().flatten() {
        counts[event.item as usize] += 1.0;
    }
    counts
}

struct Counted(Vec<f32>);

struct Recent {
    all_time: Vec<f32>,
    /// Time and row of every training positive, by time.
    events: Vec<(i64, u32)>,
}

impl Method for Popularity {
    fn name(&self) -> &'static str {
        "popularity"
    }

    fn fit<'a>(&'a self, _corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Counted(counts(fold))))
    }
}

impl Method for RecentPopularity {
    fn name(&self) -> &'static str {
        "popularity-recent"
    }

    fn default_setting(&self, situation: Situation<'_>) -> Setting {
        let days = if situation.protocol == Protocol::ColdUsers { 1000.0 } else { 365.0 };
        Setting::new(&[("days", days)])
    }

    fn grid(&self, _situation: Situation<'_>) -> Vec<Setting> {
        Setting::grid(&[("days", &[30.0, 90.0, 365.0, 1000.0])])
    }

    fn fit<'a>(&'a self, _corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        let mut events: Vec<(i64, u32)> = fold.training.iter().flatten().map(|e| (e.timestamp, e.item)).collect();
        events.sort_unstable();
        Ok(Box::new(Recent { all_time: counts(fold), events }))
    }
}

impl Fitted for Counted {
    fn system(&self, _setting: &Setting) -> Result<Box<dyn System + '_>> {
        Ok(Box::new(|_: &Known, scores: &mut [f32]| scores.copy_from_slice(&self.0)))
    }
}

impl Fitted for Recent {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        // So little that all-time popularity decides among equals only.
        let share = 0.5 / self.all_time.iter().fold(1.0, |most, count| count.max(most));
        let seconds = (setting.get("days") * SECONDS_PER_DAY) as i64;
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            let from = self.events.partition_point(|(time, _)| *time <= known.now.saturating_sub(seconds));
            let until = self.events.partition_point(|(time, _)| *time <= known.now);
            for (score, count) in scores.iter_mut().zip(&self.all_time) {
                *score = count * share;
            }
            for (_, row) in &self.events[from..until] {
                scores[*row as usize] += 1.0;
            }
        }))
    }
}
