//! The items that models are solved for.

use faer::Mat;

use crate::evaluation::Event;
use crate::learned::Neighbors;

/// Rows with enough positives, in ascending order, and their places among each other.
pub(super) struct Active {
    pub rows: Vec<u32>,
    places: Vec<u32>,
}

/// An item chosen once tells little of the others, and half of a catalog is such items.
const LEAST_POSITIVES: u32 = 2;
/// Systems are solved for at most this many items, the most popular ones: time grows with the cube, memory with the square (64 MB a matrix).
const LARGEST: usize = 4000;

impl Active {
    pub fn of(training: &[Vec<Event>], items: usize) -> Self {
        let mut counts = vec![0_u32; items];
        for event in training.iter().flatten() {
            counts[event.item as usize] += 1;
        }
        let mut rows: Vec<u32> = (0..items as u32).filter(|row| counts[*row as usize] >= LEAST_POSITIVES).collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(counts[*row as usize]), *row));
        rows.truncate(LARGEST);
        rows.sort_unstable();
        let mut places = vec![u32::MAX; items];
        for (place, row) in (0..).zip(&rows) {
            places[*row as usize] = place;
        }
        Self { rows, places }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The places of a sequence's items, those left out that are not active.
    pub fn places(&self, sequence: &[Event]) -> Vec<usize> {
        let place = |event: &Event| Some(self.places[event.item as usize]).filter(|place| *place != u32::MAX);
        sequence.iter().filter_map(place).map(|place| place as usize).collect()
    }

    /// A matrix over active items, from row to column, as neighbors over all rows of the catalog.
    pub fn spread(&self, matrix: Mat<f32>, limit: usize) -> Neighbors {
        let list = |row: usize| -> Vec<(u32, f32)> {
            let place = self.places[row];
            if place == u32::MAX {
                return Vec::new();
            }
            let weights = matrix.row(place as usize).iter().enumerate();
            let others = weights.filter(|(to, weight)| *to != place as usize && **weight > 0.0);
            others.map(|(to, weight)| (self.rows[to], *weight)).collect()
        };
        Neighbors::new((0..self.places.len()).map(list), limit)
    }
}
