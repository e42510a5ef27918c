//! Content: the mean of the history's vectors, compared with every item by cosine.

use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::{Corpus, Space};
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System, weighed};

pub(super) struct ContentMean {
    pub name: &'static str,
    /// Whether the catalog's mean vector is taken away first.
    pub is_centered: bool,
    /// Whether later items of a history weigh more.
    pub is_recent: bool,
}

impl Method for ContentMean {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let gamma = match (protocol, condition) {
            _ if !self.is_recent => 1.0,
            (Protocol::ColdUsers, "k=3" | "k=5") => 0.98,
            _ => 0.8,
        };
        Setting::new(&[("gamma", gamma)])
    }

    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        if self.is_recent {
            Setting::grid(&[("gamma", &[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0])])
        } else {
            vec![self.default_setting(situation)]
        }
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, _fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(corpus.space(self.is_centered)))
    }
}

impl Fitted for &Space {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let gamma = setting.get("gamma");
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            let mut sum = vec![0.0; self.dimensions];
            for (row, weight) in weighed(&known.history, gamma) {
                for (sum, x) in sum.iter_mut().zip(self.row(row)) {
                    *sum += weight * x;
                }
            }
            self.dots(&sum, scores);
        }))
    }
}
