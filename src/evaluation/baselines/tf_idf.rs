//! TF-IDF: items as weighed bags of words (Salton and Buckley 1988), compared with the history by cosine.

use super::content_nearest::Nearests;
use crate::error::Result;
use crate::evaluation::case::{Fold, Known};
use crate::evaluation::corpus::Corpus;
use crate::evaluation::dataset::Event;
use crate::evaluation::protocol::Protocol;
use crate::evaluation::system::{Fitted, Method, Setting, Situation, System, weighed};
use crate::lexical::LexicalIndex;

/// The mean of the history's vectors.
pub(super) struct TfIdfMean {
    pub name: &'static str,
    pub is_recent: bool,
}

/// The mean over the nearest items of the history.
pub(super) struct TfIdfNearest;

/// Terms of fewer texts say nothing about others.
const LEAST_TEXTS: usize = 2;

/// Sparse unit vectors, by row and by term.
struct Vectors {
    of_row: Vec<Vec<(u32, f32)>>,
    of_term: Vec<Vec<(u32, f32)>>,
}

impl Vectors {
    /// `(1 + ln tf) * (ln((1 + N) / (1 + df)) + 1)`, scaled to length 1.
    fn new(index: &LexicalIndex) -> Self {
        let mut of_row = vec![Vec::new(); index.len()];
        for term in 0..index.term_count() {
            let postings = index.postings(term);
            if postings.len() < LEAST_TEXTS {
                continue;
            }
            let idf = ((1.0 + index.len() as f32) / (1.0 + postings.len() as f32)).ln() + 1.0;
            for posting in postings {
                of_row[posting.row as usize].push((term as u32, (1.0 + (posting.count as f32).ln()) * idf));
            }
        }
        let mut of_term = vec![Vec::new(); index.term_count()];
        for (row, terms) in (0..).zip(&mut of_row) {
            let norm = terms.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
            for (term, weight) in terms {
                *weight /= norm;
                of_term[*term as usize].push((row, *weight));
            }
        }
        Self { of_row, of_term }
    }

    /// Dot products of all rows with a weighed sum of rows.
    fn dots(&self, rows: impl Iterator<Item = (usize, f32)>, scores: &mut [f32]) {
        let mut terms = vec![0.0; self.of_term.len()];
        for (row, weight) in rows {
            for (term, x) in &self.of_row[row] {
                terms[*term as usize] += weight * x;
            }
        }
        scores.fill(0.0);
        for (postings, weight) in self.of_term.iter().zip(terms).filter(|(_, weight)| *weight != 0.0) {
            for (row, x) in postings {
                scores[*row as usize] += weight * x;
            }
        }
    }
}

impl Method for TfIdfMean {
    fn name(&self) -> &'static str {
        self.name
    }

    fn default_setting(&self, situation: Situation<'_>) -> Setting {
        let recent = if situation.protocol == Protocol::TimeSplit { 0.7 } else { 0.8 };
        Setting::new(&[("gamma", if self.is_recent { recent } else { 1.0 })])
    }

    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        if self.is_recent {
            Setting::grid(&[("gamma", &[0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0])])
        } else {
            vec![self.default_setting(situation)]
        }
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, _fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(Vectors::new(&corpus.lexical)))
    }
}

impl Method for TfIdfNearest {
    fn name(&self) -> &'static str {
        "tf-idf-nearest"
    }

    fn default_setting(&self, Situation { protocol, condition, .. }: Situation<'_>) -> Setting {
        let (nearest, last) = match (protocol, condition) {
            (Protocol::ColdUsers, "k=3") | (Protocol::LeaveLastOut, _) => (3.0, 5.0),
            (Protocol::ColdUsers, _) => (1.0, 5.0),
            (Protocol::ColdItems | Protocol::ColdItemsAll, _) => (1.0, 20.0),
            (Protocol::TimeSplit, _) => (3.0, 20.0),
        };
        Setting::new(&[("nearest", nearest), ("last", last)])
    }

    fn grid(&self, _situation: Situation<'_>) -> Vec<Setting> {
        Setting::grid(&[("nearest", &[1.0, 3.0]), ("last", &[5.0, 20.0])])
    }

    fn fit<'a>(&'a self, corpus: &'a Corpus, _fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>> {
        Ok(Box::new(NearestVectors(Vectors::new(&corpus.lexical))))
    }
}

struct NearestVectors(Vectors);

impl Fitted for Vectors {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let gamma = setting.get("gamma");
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| self.dots(weighed(&known.history, gamma), scores)))
    }
}

impl Fitted for NearestVectors {
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>> {
        let (nearest, last) = (setting.get("nearest") as usize, setting.get("last") as usize);
        Ok(Box::new(move |known: &Known, scores: &mut [f32]| {
            let history: &[Event] = &known.history[known.history.len().saturating_sub(last)..];
            let mut best = Nearests::new(scores.len(), nearest);
            let mut cosines = vec![0.0; scores.len()];
            for event in history {
                self.0.dots(std::iter::once((event.item as usize, 1.0)), &mut cosines);
                best.offer(&cosines);
            }
            best.means(history.len(), scores);
        }))
    }
}
