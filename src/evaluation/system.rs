//! What is compared: systems that score all items for a case, and the methods that make them from a training part.

use std::fmt;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::case::{Fold, Known};
use super::corpus::Corpus;
use super::dataset::Event;
use super::protocol::{Plan, Protocol};
use crate::error::Result;

/// Named numbers that a method can be set to, in a fixed order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Setting(Vec<(&'static str, f64)>);

impl Setting {
    pub(super) fn new(values: &[(&'static str, f64)]) -> Self {
        Self(values.to_vec())
    }

    /// The value of a name; 0 for a name that it does not have.
    #[must_use]
    pub fn get(&self, name: &str) -> f64 {
        self.0.iter().find(|(n, _)| *n == name).map_or(0.0, |(_, value)| *value)
    }

    /// Every combination of the values.
    pub(super) fn grid(axes: &[(&'static str, &[f64])]) -> Vec<Self> {
        axes.iter().fold(vec![Self::default()], |settings, (name, values)| {
            let with = |setting: &Self, value: f64| {
                let mut setting = setting.clone();
                setting.0.push((name, value));
                setting
            };
            settings.iter().flat_map(|setting| values.iter().map(move |value| with(setting, *value))).collect()
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (name, value)) in self.0.iter().enumerate() {
            write!(f, "{}{name} {value}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Serialize for Setting {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What a default setting may depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation<'a> {
    pub protocol: Protocol,
    /// The condition's name, as in [`Plan::conditions`](super::Plan::conditions).
    pub condition: &'static str,
    /// The setting that was chosen for [`Method::base`].
    pub base: Option<&'a Setting>,
}

/// A way to make systems: one kind of model with a grid of settings.
pub(super) trait Method: Sync {
    /// The name in reports.
    fn name(&self) -> &'static str;

    /// The method that this one refines: it is run before, and its setting is known in [`Situation::base`].
    fn base(&self) -> Option<&'static str> {
        None
    }

    /// The setting that is used without tuning: what validation chose on `MovieLens` small.
    fn default_setting(&self, _situation: Situation<'_>) -> Setting {
        Setting::default()
    }

    /// The settings that validation chooses from.
    fn grid(&self, situation: Situation<'_>) -> Vec<Setting> {
        vec![self.default_setting(situation)]
    }

    /// Chooses on validation what no grid of settings can tell.
    fn prepare(&self, _corpus: &Corpus, _plan: &Plan) -> Result<()> {
        Ok(())
    }

    /// Learns what all settings share.
    fn fit<'a>(&'a self, corpus: &'a Corpus, fold: &'a Fold) -> Result<Box<dyn Fitted + 'a>>;
}

/// A method that has seen a training part.
pub(super) trait Fitted: Sync {
    /// The system at one setting.
    fn system(&self, setting: &Setting) -> Result<Box<dyn System + '_>>;
}

/// Fills in one score for every row of the catalog; higher is better.
pub(super) type Scorer<'a> = Box<dyn FnMut(&Known, &mut [f32]) -> Result<()> + 'a>;

/// Scores items for cases. Not told what is relevant.
pub(super) trait System: Sync {
    /// A scorer for one thread, with its scratch memory.
    fn scorer(&self) -> Scorer<'_>;
}

/// A function of a case is a system.
impl<F: Fn(&Known, &mut [f32]) + Sync> System for F {
    fn scorer(&self) -> Scorer<'_> {
        Box::new(move |known, scores| {
            self(known, scores);
            Ok(())
        })
    }
}

/// The rows of a history with `gamma^age` for each: the last one weighs 1.
pub(super) fn weighed(history: &[Event], gamma: f64) -> impl Iterator<Item = (usize, f32)> {
    let ages = (0..history.len()).rev();
    history.iter().zip(ages).map(move |(event, age)| (event.item as usize, gamma.powi(age as i32) as f32))
}
