//! The order of items that does not depend on the catalog's: ties go by a hash of the id, sequences by the id itself.

use std::cmp::Ordering;

/// The 32-bit FNV-1a hash (Fowler, Noll and Vo) of a string's UTF-8 bytes.
#[must_use]
pub fn fnv1a32(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Where each item of a catalog stands among equals.
#[derive(Debug, Clone)]
pub struct ItemOrder {
    tie: Vec<u32>,
    id: Vec<u32>,
}

impl ItemOrder {
    /// The orders of `ids`, one a row.
    #[must_use]
    pub fn new(ids: &[String]) -> Self {
        let hashes: Vec<u32> = ids.iter().map(|id| fnv1a32(id)).collect();
        let places = |mut rows: Vec<usize>, compare: &dyn Fn(&usize, &usize) -> Ordering| {
            rows.sort_by(compare);
            let mut places = vec![0; ids.len()];
            for (place, row) in rows.into_iter().enumerate() {
                places[row] = place as u32;
            }
            places
        };
        let rows: Vec<usize> = (0..ids.len()).collect();
        Self {
            tie: places(rows.clone(), &|a, b| hashes[*a].cmp(&hashes[*b]).then_with(|| ids[*a].cmp(&ids[*b]))),
            id: places(rows, &|a, b| compare_ids(&ids[*a], &ids[*b])),
        }
    }

    /// The place of a row among rows of equal score: by FNV-1a-32 of the id, then by the id as a string.
    #[must_use]
    pub fn tie(&self, row: usize) -> u32 {
        self.tie[row]
    }

    /// The place of a row among rows of the same moment: by the id as a number, or else as a string after all numbers.
    #[must_use]
    pub fn id(&self, row: usize) -> u32 {
        self.id[row]
    }
}

/// Numbers by value, before all other ids, which go as strings.
pub(super) fn compare_ids(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(x), Ok(y)) => x.cmp(&y).then_with(|| a.cmp(b)),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_has_the_published_values() {
        assert_eq!([fnv1a32(""), fnv1a32("a"), fnv1a32("foobar")], [0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968]);
    }

    #[test]
    fn ids_that_are_numbers_go_by_value() {
        let ids = ["10", "9", "x", "a"].map(str::to_owned);
        let order = ItemOrder::new(&ids);
        assert_eq!([0, 1, 2, 3].map(|row| order.id(row)), [1, 0, 3, 2]);
        let mut ties = [0, 1, 2, 3].map(|row| order.tie(row));
        ties.sort_unstable();
        assert_eq!(ties, [0, 1, 2, 3]);
    }
}
