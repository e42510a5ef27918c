//! A sparse matrix of rows to rows: for each item a few others and how strongly it speaks for them.

use crate::error::{Error, Result};

/// For every row of a catalog, the rows that it speaks for, with 8-bit weights above 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Neighbors {
    /// `rows[starts[r]..starts[r + 1]]` are the neighbors of row r, in ascending order.
    starts: Vec<u32>,
    rows: Vec<u32>,
    /// A weight is `weights[i] * scales[r]`.
    weights: Vec<u8>,
    scales: Vec<f32>,
}

impl Neighbors {
    /// Of each row the `limit` heaviest neighbors (ties: smaller row first), with weights rounded to 255ths of the heaviest. Neighbors whose
    /// weight is not above 0, or rounds to 0, are left out.
    ///
    /// # Panics
    /// If there are 2^32 neighbors or rows.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
    pub fn new(lists: impl IntoIterator<Item = Vec<(u32, f32)>>, limit: usize) -> Self {
        let mut neighbors = Self { starts: vec![0], ..Self::default() };
        for mut list in lists {
            list.retain(|(_, weight)| *weight > 0.0 && weight.is_finite());
            list.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            list.truncate(limit);
            let scale = list.first().map_or(0.0, |(_, heaviest)| heaviest / 255.0);
            list.sort_by_key(|(row, _)| *row);
            for (row, weight) in list {
                let weight = libm::roundf(weight / scale).clamp(0.0, 255.0) as u8;
                if weight > 0 {
                    neighbors.rows.push(row);
                    neighbors.weights.push(weight);
                }
            }
            neighbors.scales.push(scale);
            neighbors.starts.push(neighbors.rows.len() as u32);
        }
        neighbors
    }

    /// Puts stored parts together.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] if they do not fit each other or name a row that is not below `items`.
    pub fn from_parts(
        starts: Vec<u32>,
        rows: Vec<u32>,
        weights: Vec<u8>,
        scales: Vec<f32>,
        items: usize,
    ) -> Result<Self> {
        let is_sound = starts.len() == items + 1
            && scales.len() == items
            && rows.len() == weights.len()
            && starts.first() == Some(&0)
            && starts.last().is_some_and(|end| *end as usize == rows.len())
            && starts.windows(2).all(|pair| pair[0] <= pair[1])
            && rows.iter().all(|row| (*row as usize) < items)
            && scales.iter().all(|scale| scale.is_finite() && *scale >= 0.0);
        if !is_sound {
            return Err(Error::invalid("neighbors", "parts that do not fit", format!("those of {items} items")));
        }
        Ok(Self { starts, rows, weights, scales })
    }

    /// `(starts, rows, weights, scales)`, as [`from_parts`](Self::from_parts) takes them.
    #[must_use]
    pub fn parts(&self) -> (&[u32], &[u32], &[u8], &[f32]) {
        (&self.starts, &self.rows, &self.weights, &self.scales)
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// The neighbors of a row with their weights; none for a row that is not there.
    pub fn of(&self, row: usize) -> impl Iterator<Item = (usize, f32)> + '_ {
        let range = match (self.starts.get(row), self.starts.get(row + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        };
        let scale = self.scales.get(row).copied().unwrap_or(0.0);
        let weights = self.weights[range.clone()].iter();
        self.rows[range].iter().zip(weights).map(move |(row, weight)| (*row as usize, f32::from(*weight) * scale))
    }

    /// The weight that `from` has for `to`; 0 where it is no neighbor.
    #[must_use]
    pub fn weight(&self, from: usize, to: usize) -> f32 {
        self.of(from).find(|(row, _)| *row == to).map_or(0.0, |(_, weight)| weight)
    }

    /// The same rows in another catalog: row i there is `kept[i]` here, and those after them have no neighbors yet.
    #[must_use]
    pub fn renumbered(&self, kept: &[usize], total: usize) -> Self {
        let mut places = vec![u32::MAX; self.len()];
        for (place, row) in (0..).zip(kept) {
            places[*row] = place;
        }
        let lists = (0..total).map(|row| {
            let old = kept.get(row).copied().unwrap_or(usize::MAX);
            let moved = self.of(old).map(|(to, weight)| (places[to], weight));
            moved.filter(|(to, _)| *to != u32::MAX).collect::<Vec<_>>()
        });
        Self::new(lists, usize::MAX)
    }

    /// The same with lists for the rows from `first` on, which have none yet.
    #[must_use]
    pub fn with_lists(self, first: usize, lists: Vec<Vec<(u32, f32)>>, limit: usize) -> Self {
        let added = Self::new(lists, limit);
        let mut all = self;
        all.starts.truncate(first + 1);
        all.scales.truncate(first);
        let end = all.rows.len() as u32;
        all.starts.extend(added.starts[1..].iter().map(|start| start + end));
        all.rows.extend(added.rows);
        all.weights.extend(added.weights);
        all.scales.extend(added.scales);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_heaviest_stay_and_ties_go_to_the_smaller_row() {
        let lists = vec![vec![(3, 1.0), (1, 0.5), (2, 0.5), (0, -1.0)], vec![], vec![(0, 0.001), (1, 10.0)]];
        let neighbors = Neighbors::new(lists, 2);
        assert_eq!(neighbors.of(0).map(|(row, _)| row).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(neighbors.of(1).count() + neighbors.of(99).count(), 0);
        assert_eq!(neighbors.of(2).map(|(row, _)| row).collect::<Vec<_>>(), [1], "what rounds to 0 is left out");
        assert!((neighbors.weight(0, 3) - 1.0).abs() < 1e-6 && neighbors.weight(0, 2).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn weights_are_kept_to_half_a_step(weights in prop::collection::vec(0.0_f32..1.0, 1..40)) {
            let heaviest = weights.iter().copied().fold(0.0, f32::max);
            let neighbors = Neighbors::new([(0..).zip(weights.iter().copied()).collect()], 100);
            for (row, weight) in weights.iter().enumerate() {
                prop_assert!((neighbors.weight(0, row) - weight).abs() <= heaviest / 255.0 * 0.501);
            }
        }

        #[test]
        fn parts_come_back_and_damage_is_refused(lists in prop::collection::vec(prop::collection::vec((0_u32..6, 0.01_f32..1.0), 0..4), 6)) {
            let neighbors = Neighbors::new(lists, 3);
            let (starts, rows, weights, scales) = neighbors.parts();
            let back = Neighbors::from_parts(starts.into(), rows.into(), weights.into(), scales.into(), 6).unwrap();
            prop_assert_eq!(&back, &neighbors);
            prop_assert!(Neighbors::from_parts(starts.into(), rows.into(), weights.into(), scales.into(), 5).is_err());
            let mut cut = starts.to_vec();
            cut[3] = u32::MAX;
            prop_assert!(Neighbors::from_parts(cut, rows.into(), weights.into(), scales.into(), 6).is_err());
        }

        #[test]
        fn renumbering_keeps_weights_between_the_rows_that_stay(lists in prop::collection::vec(prop::collection::vec((0_u32..6, 0.01_f32..1.0), 0..4), 6)) {
            let neighbors = Neighbors::new(lists, 10);
            let kept = [5, 0, 3];
            let moved = neighbors.renumbered(&kept, 4);
            prop_assert_eq!((moved.len(), moved.of(3).count()), (4, 0));
            for (from, old_from) in kept.iter().enumerate() {
                for (to, old_to) in kept.iter().enumerate() {
                    let heaviest = neighbors.of(*old_from).map(|(_, weight)| weight).fold(0.0, f32::max);
                    prop_assert!((moved.weight(from, to) - neighbors.weight(*old_from, *old_to)).abs() <= heaviest / 250.0);
                }
            }
        }
    }
}
