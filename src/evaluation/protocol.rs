//! The five protocols: which interactions are held out, and for whom.

use std::fmt;
use std::str::FromStr;

use super::case::Fold;
use super::dataset::Dataset;
use super::split;
use crate::error::{Error, Result};

/// How interactions are divided into training and held-out cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The last positive of every user with at least five.
    LeaveLastOut,
    /// Everything from the time on at which 90 % of all positives have happened.
    TimeSplit,
    /// A fifth of the items, chosen by a hash of their ids, as if they were new.
    ColdItems,
    /// Every fifth of the items in turn, with default settings: five times the cases, for differences that one fifth is too coarse for.
    ColdItemsAll,
    /// A fifth of the users at a time, chosen by a hash of their ids, known by their first 1, 3 or 5 positives.
    ColdUsers,
}

/// All folds of a protocol.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Names of the conditions that every fold has cases for: one without a name, or `k=1`, `k=3`, `k=5` for cold users.
    pub conditions: Vec<&'static str>,
    /// Where settings are chosen; where there is none, they are the defaults.
    pub validation: Vec<Fold>,
    /// What is reported; the cases of all folds together.
    pub test: Vec<Fold>,
}

impl Protocol {
    /// All protocols.
    pub const ALL: [Self; 5] =
        [Self::LeaveLastOut, Self::TimeSplit, Self::ColdItems, Self::ColdItemsAll, Self::ColdUsers];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LeaveLastOut => "leave-last-out",
            Self::TimeSplit => "time-split",
            Self::ColdItems => "cold-items",
            Self::ColdItemsAll => "cold-items-all",
            Self::ColdUsers => "cold-users",
        }
    }

    /// Divides a data set.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if no user has enough positives for a case.
    pub fn plan(self, data: &Dataset) -> Result<Plan> {
        let of_cold_items = "a user with at least 5 warm positives and a cold one";
        let (plan, needs) = match self {
            Self::LeaveLastOut => (split::leave_last_out(data), "a user with at least 5 positives"),
            Self::TimeSplit => (split::time_split(data), "a user with positives before and after nine tenths of all"),
            Self::ColdItems => (split::cold_items(data), of_cold_items),
            Self::ColdItemsAll => (split::cold_items_all(data), of_cold_items),
            Self::ColdUsers => (split::cold_users(data), "a user with at least 10 positives"),
        };
        if plan.test.iter().all(|fold| fold.cases.iter().all(Vec::is_empty)) {
            let found = format!("none among {} users", data.users.len());
            return Err(Error::invalid(format!("cases for {}", self.name()), found, needs));
        }
        Ok(plan)
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name() == name)
            .ok_or_else(|| Error::invalid("protocol", name, Self::ALL.map(Self::name).join(", ")))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
