//! Popularity: the same list for everybody.

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System};

/// Number of training positives.
pub(super) struct Popularity;

/// Number of training positives in the last days of the training part.
pub(super) struct RecentPopularity;

const SECONDS_PER_DAY: f64 = 86_400.0;

/// How many training positives each row has from a moment on.
pub(in crate::evaluation) fn counts(fold: &Fold, from: i64) -> Vec<f32> {
    let mut counts = vec![0.0; fold.is_candidate.len()];
    for event in fold.training.iter().flatten().filter(|event| event.timestamp >= from) {
        counts[event.item as usize] += 1.0;
    }
    counts
}

struct Counted<'a>(&'a Fold);

impl Method for Popularity {
    fn name(&self) -> &'static str {
        "popularity"
    }

    fn fit<'a>(&'a self, _corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Counted(fold)))
    }
}

impl Method for RecentPopularity {
    fn name(&self) -> &'static str {
        "popularity-recent"
    }

    fn default_setting(&self, situation: Situation) -> Setting {
        let days = if situation.protocol == Protocol::ColdUsers { 1000.0 } else { 365.0 };
        Setting::new(&[("days", days)])
    }

    fn grid(&self, _situation: Situation) -> Vec<Setting> {
        Setting::grid(&[("days", &[30.0, 90.0, 180.0, 365.0, 1000.0, 2000.0])])
    }

    fn fit<'a>(&'a self, _corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Counted(fold)))
    }
}

impl Fitted for Counted<'_> {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let days = setting.get("days");
        let latest = self.0.training.iter().flatten().map(|event| event.timestamp).max().unwrap_or(0);
        let from = if days > 0.0 { latest.saturating_sub((days * SECONDS_PER_DAY) as i64) } else { i64::MIN };
        let counts = counts(self.0, from);
        Ok(Box::new(move |_: &Known, scores: &mut [f32]| scores.copy_from_slice(&counts)))
    }
}
