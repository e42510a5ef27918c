//! The tags of many items, each name once.

use std::collections::HashMap;

use super::ItemRef;
use crate::error::{Error, Result};

/// Tags as a catalog keeps them, in memory and in its file.
#[derive(Debug)]
pub(crate) struct TagLists<'a> {
    /// In the order of their first item.
    pub names: Vec<&'a str>,
    /// `tags[offsets[row]..offsets[row + 1]]` are a row's tags, as indices into `names`.
    pub offsets: Vec<u32>,
    pub tags: Vec<u32>,
}

impl<'a> TagLists<'a> {
    /// # Errors
    /// [`Error::InvalidInput`] for 2^32 tags and more.
    pub fn of(items: &[ItemRef<'a>]) -> Result<Self> {
        let mut lists = Self { names: Vec::new(), offsets: vec![0], tags: Vec::new() };
        let mut known = HashMap::new();
        let narrow = |n: usize| u32::try_from(n).map_err(|_| Error::invalid("tags", n, "fewer than 2^32"));
        for item in items {
            for tag in &item.tags {
                let index = *known.entry(*tag).or_insert_with(|| {
                    lists.names.push(tag);
                    lists.names.len() - 1
                });
                lists.tags.push(narrow(index)?);
            }
            lists.offsets.push(narrow(lists.tags.len())?);
        }
        Ok(lists)
    }
}
