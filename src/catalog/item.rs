//! Items: as a site hands them in, and as a catalog shows them.

use std::fmt;

use serde::Serialize;

/// One item as a site describes it, checked: the id is not empty and the text is not blank.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Unique in the catalog.
    pub id: String,
    /// What people see; the start of the text where the site gave none.
    pub title: String,
    /// What is embedded.
    pub text: String,
    /// Where the item lives.
    pub url: Option<String>,
    /// Its picture.
    pub image: Option<String>,
    /// Tags or categories, for filters.
    pub tags: Vec<String>,
    /// Any count of uses: views, sales, likes. At least 0; only its order of magnitude matters.
    pub popularity: f32,
}

impl Item {
    /// The text that the encoder sees: the title leads, unless the text already starts with it (as it does where the title is its cut start).
    #[must_use]
    pub fn embedding_text(&self) -> String {
        if self.text.starts_with(self.title.trim_end_matches('…')) || self.title.starts_with(&self.text) {
            self.text.clone()
        } else {
            format!("{}. {}", self.title, self.text)
        }
    }

    /// What a catalog shows of it.
    #[must_use]
    pub fn shown(&self) -> ItemRef<'_> {
        ItemRef {
            id: &self.id,
            title: &self.title,
            url: self.url.as_deref(),
            image: self.image.as_deref(),
            tags: self.tags.iter().map(String::as_str).collect(),
            popularity: self.popularity,
        }
    }
}

/// What a catalog shows of one item; borrows from the catalog.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemRef<'a> {
    /// The site's id.
    pub id: &'a str,
    /// What people see.
    pub title: &'a str,
    /// Where the item lives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<&'a str>,
    /// Its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<&'a str>,
    /// Tags or categories.
    pub tags: Vec<&'a str>,
    /// The site's count of uses.
    pub popularity: f32,
}

/// One line of an item file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemProblem {
    /// Line number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// All problems of an item file. Displays the first few with their line numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemProblems {
    /// Where the items came from.
    pub source: String,
    /// The problems, in line order.
    pub problems: Vec<ItemProblem>,
    /// Lines that are fine.
    pub usable: usize,
}

impl fmt::Display for ItemProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        if self.problems.is_empty() {
            return write!(f, "{}: found no items, expected at least one", self.source);
        }
        write!(
            f,
            "{}: {} of {} items cannot be used:",
            self.source,
            self.problems.len(),
            self.problems.len() + self.usable
        )?;
        for problem in self.problems.iter().take(SHOWN) {
            write!(f, "\n  line {}: {}", problem.line, problem.reason)?;
        }
        if self.problems.len() > SHOWN {
            write!(f, "\n  ... and {} more", self.problems.len() - SHOWN)?;
        }
        Ok(())
    }
}
