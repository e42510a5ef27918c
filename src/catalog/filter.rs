//! Filters by tag.

use serde::{Deserialize, Serialize};

use super::Catalog;

/// Which items may be recommended, by tag. Tags compare exactly; a tag that the catalog does not know matches nothing.
/// Empty lists do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct TagFilter {
    /// At least one of these.
    pub any_of: Vec<String>,
    /// All of these.
    pub all_of: Vec<String>,
    /// None of these.
    pub none_of: Vec<String>,
}

/// A [`TagFilter`] with the tags looked up once.
pub(crate) struct ResolvedFilter {
    any: Option<Vec<u32>>,
    /// `None`: a tag that must be there is unknown, so nothing passes.
    all: Option<Vec<u32>>,
    none: Vec<u32>,
}

impl ResolvedFilter {
    pub fn new(filter: &TagFilter, catalog: &Catalog) -> Self {
        let names: Vec<&str> = catalog.tag_names().collect();
        let find = |name: &String| names.iter().position(|n| n == name).and_then(|i| u32::try_from(i).ok());
        Self {
            any: (!filter.any_of.is_empty()).then(|| filter.any_of.iter().filter_map(find).collect()),
            all: filter.all_of.iter().map(find).collect(),
            none: filter.none_of.iter().filter_map(find).collect(),
        }
    }

    pub fn accepts(&self, tags: &[u32]) -> bool {
        self.any.as_ref().is_none_or(|any| any.iter().any(|t| tags.contains(t)))
            && self.all.as_ref().is_some_and(|all| all.iter().all(|t| tags.contains(t)))
            && !self.none.iter().any(|t| tags.contains(t))
    }
}
