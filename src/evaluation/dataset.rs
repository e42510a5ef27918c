//! Clean interactions: what every protocol divides.

use super::item_order::ItemOrder;

/// A positive interaction of one user with the item of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The item's row in the catalog.
    pub item: u32,
    /// Seconds since the Unix epoch; places in the file where it has no times.
    pub timestamp: i64,
}

/// What one user said of one item, in the units of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rating {
    /// Index into [`Dataset::users`].
    pub user: u32,
    /// The item's row.
    pub item: u32,
    /// The value.
    pub value: f32,
    /// Seconds since the Unix epoch.
    pub timestamp: i64,
}

/// Interactions after cleaning, on the rows of a catalog.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// User ids: numbers by value, then strings.
    pub users: Vec<String>,
    /// Item ids, one a row of the catalog.
    pub items: Vec<String>,
    /// The order among equals.
    pub order: ItemOrder,
    /// Each user's positives by (time, id); may be empty.
    pub positives: Vec<Vec<Event>>,
    /// All ratings, good and bad, by (user, time, id); empty where the file has none.
    pub ratings: Vec<Rating>,
}

impl Dataset {
    /// Number of items in the catalog.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.items.len()
    }
}
