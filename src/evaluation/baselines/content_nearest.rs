//! Content: an item is as good as it is close to the nearest items of the history.

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::{Corpus, Space};
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System};

pub(super) struct ContentNearest {
    pub name: &'static str,
    /// Whether the catalog's mean vector is taken away first.
    pub is_centered: bool,
    /// Whether more than the single nearest item is tried.
    pub is_tuned: bool,
}

struct Nearest<'a>(&'a Space);

/// A history without an end.
const ALL: f64 = 1e9;

impl Method for ContentNearest {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let (nearest, last) = match (protocol, condition) {
            _ if !self.is_tuned => (1.0, ALL),
            (Protocol::ColdUsers, "k=1") => (1.0, 5.0),
            (Protocol::ColdItems | Protocol::ColdItemsAll, _) => (3.0, ALL),
            (Protocol::TimeSplit, _) => (3.0, 20.0),
            _ => (3.0, 5.0),
        };
        Setting::new(&[("nearest", nearest), ("last", last)])
    }

    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        if self.is_tuned {
            Setting::grid(&[("nearest", &[1.0, 3.0, 5.0]), ("last", &[5.0, 20.0, ALL])])
        } else {
            vec![self.default_setting(situation)]
        }
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, _fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Nearest(corpus.space(self.is_centered))))
    }
}

impl Fitted for Nearest<'_> {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let (nearest, last) = (setting.get("nearest") as usize, setting.get("last") as usize);
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            let history = &known.history[known.history.len().saturating_sub(last)..];
            let mut cosines = vec![0.0; scores.len()];
            let mut best = Nearests::new(scores.len(), nearest);
            for event in history {
                self.0.cosines(event.item as usize, &mut cosines);
                best.offer(&cosines);
            }
            best.means(history.len(), scores);
        }))
    }
}

/// The greatest few values seen of every row.
pub(super) struct Nearests {
    kept: usize,
    /// `kept` values a row, descending.
    values: Vec<f32>,
}

impl Nearests {
    pub fn new(rows: usize, kept: usize) -> Self {
        Self { kept, values: vec![f32::NEG_INFINITY; rows * kept] }
    }

    pub fn offer(&mut self, values: &[f32]) {
        for (kept, value) in self.values.chunks_exact_mut(self.kept).zip(values) {
            let mut value = *value;
            for place in kept {
                if value > *place {
                    std::mem::swap(place, &mut value);
                }
            }
        }
    }

    /// The mean of what was kept of each row, after `offered` offers.
    pub fn means(&self, offered: usize, out: &mut [f32]) {
        let count = self.kept.min(offered);
        for (kept, mean) in self.values.chunks_exact(self.kept).zip(out) {
            *mean = if count == 0 { 0.0 } else { kept[..count].iter().sum::<f32>() / count as f32 };
        }
    }
}
