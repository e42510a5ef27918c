//! Which parts are learned.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::learned::Blend;

/// The learned parts of a score that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// What is chosen together.
    pub collaborative: bool,
    /// What is chosen next.
    pub sequence: bool,
    /// Popularity, and its prediction for items that nobody has chosen.
    pub popularity: bool,
}

/// The name of one of [`Parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`Parts::collaborative`].
    Collaborative,
    /// [`Parts::sequence`].
    Sequence,
    /// [`Parts::popularity`].
    Popularity,
}

impl Default for Parts {
    /// All of them.
    fn default() -> Self {
        Self { collaborative: true, sequence: true, popularity: true }
    }
}

impl Parts {
    /// All but some.
    #[must_use]
    pub fn without(parts: &[Part]) -> Self {
        Self {
            collaborative: !parts.contains(&Part::Collaborative),
            sequence: !parts.contains(&Part::Sequence),
            popularity: !parts.contains(&Part::Popularity),
        }
    }

    /// The blend with no weight for what is not wanted.
    #[must_use]
    pub(crate) fn of(self, mut blend: Blend) -> Blend {
        for weights in blend.known.iter_mut().chain([&mut blend.new]) {
            weights.collaborative *= f32::from(u8::from(self.collaborative));
            weights.sequence *= f32::from(u8::from(self.sequence));
            weights.popularity *= f32::from(u8::from(self.popularity));
        }
        blend
    }
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "collaborative" => Ok(Self::Collaborative),
            "sequence" => Ok(Self::Sequence),
            "popularity" => Ok(Self::Popularity),
            other => Err(Error::invalid("learned part", other, "collaborative, sequence or popularity")),
        }
    }
}
