//! Reading interactions from CSV: values as they stand, and the lines that cannot be read.

use std::io::Read;
use std::path::Path;

use crate::error::{Error, Result};

/// How an interaction file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InteractionFormat {
    /// Comma-separated values with a header line.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl InteractionFormat {
    /// By the file's ending: `.parquet` (or `.pq`) is Parquet, anything else CSV.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let is_parquet = |e: &std::ffi::OsStr| e.eq_ignore_ascii_case("parquet") || e.eq_ignore_ascii_case("pq");
        if path.extension().is_some_and(is_parquet) { Self::Parquet } else { Self::Csv }
    }
}

/// One row as the file has it; `None` where a value is missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawInteraction {
    /// Who.
    pub user: Option<String>,
    /// With which item.
    pub item: Option<String>,
    /// How much they liked it.
    pub rating: Option<String>,
    /// When.
    pub timestamp: Option<String>,
}

/// What reading an interaction file found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadInteractions {
    /// The rows in file order.
    pub rows: Vec<RawInteraction>,
    /// Whether there is a rating column. Without it every interaction is a positive one.
    pub has_rating: bool,
    /// Whether there is a time column. Without it the order of the file stands for time.
    pub has_timestamp: bool,
    /// Lines that cannot be read, with the reason.
    pub unreadable: Vec<(u64, String)>,
}

/// The names under which the columns are known, in lower case and without `_`.
const USER: [&str; 4] = ["user", "userid", "reader", "visitor"];
const ITEM: [&str; 6] = ["item", "itemid", "movieid", "productid", "articleid", "asin"];
const RATING: [&str; 3] = ["rating", "score", "stars"];
const TIMESTAMP: [&str; 4] = ["timestamp", "time", "ts", "unixtime"];

/// Where the columns are.
pub(super) struct Columns {
    user: usize,
    item: usize,
    rating: Option<usize>,
    timestamp: Option<usize>,
}

impl Columns {
    /// Finds the columns among a file's header.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] with the columns found, if there is no user or no item.
    pub fn find(source: &str, header: &[String]) -> Result<Self> {
        let find = |names: &[&str]| {
            header.iter().position(|column| {
                let name: String = column.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
                names.contains(&name.as_str())
            })
        };
        let require = |names: &[&str], what: &str| {
            find(names).ok_or_else(|| {
                Error::invalid(
                    format!("columns of {source}"),
                    if header.is_empty() { "none".to_owned() } else { header.join(", ") },
                    format!("a column \"{what}\" (and \"user\", \"item\", optionally \"rating\", \"timestamp\")"),
                )
            })
        };
        Ok(Self {
            user: require(&USER, "user")?,
            item: require(&ITEM, "item")?,
            rating: find(&RATING),
            timestamp: find(&TIMESTAMP),
        })
    }

    pub fn empty_table(&self) -> ReadInteractions {
        ReadInteractions {
            has_rating: self.rating.is_some(),
            has_timestamp: self.timestamp.is_some(),
            ..ReadInteractions::default()
        }
    }

    /// The row whose column `i` is `value(i)`; blank values are missing.
    pub fn row(&self, value: impl Fn(usize) -> Option<String>) -> RawInteraction {
        let value = |column| value(column).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        RawInteraction {
            user: value(self.user),
            item: value(self.item),
            rating: self.rating.and_then(value),
            timestamp: self.timestamp.and_then(value),
        }
    }
}

/// Reads CSV with a header line: columns `user`, `item`, and optionally `rating` and `timestamp` (also known as `user_id`, `itemId`,
/// `movieId`, `score`, `time` and the like); others are ignored. Lines of the wrong length or of no text are listed, not fatal.
///
/// # Errors
/// [`Error::InvalidInput`] if a column is missing, [`Error::Io`] if the file cannot be read.
pub fn read_interactions(source: &str, reader: impl Read) -> Result<ReadInteractions> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let io = |e: csv::Error| Error::Io { path: source.to_owned(), source: e.into() };
    let header: Vec<String> =
        csv.headers().map_err(io)?.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_owned()).collect();
    let columns = Columns::find(source, &header)?;
    let mut table = columns.empty_table();
    let mut record = csv::StringRecord::new();
    loop {
        let line = csv.position().line();
        match csv.read_record(&mut record) {
            Ok(false) => return Ok(table),
            Ok(true) if record.len() != header.len() => {
                let reason = format!("found {} fields, expected {}", record.len(), header.len());
                table.unreadable.push((line, reason));
            }
            Ok(true) => table.rows.push(columns.row(|i| record.get(i).map(str::to_owned))),
            Err(e) if e.is_io_error() => return Err(io(e)),
            Err(e) => table.unreadable.push((line, e.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_their_usual_names_and_bad_lines_listed() {
        let csv = b"\xef\xbb\xbfuserId,movieId,Rating,time,extra\n1,10, 4.0 ,5,x\n2,20\n\xff,30,,,\n3,40,5,,y\n";
        let read = read_interactions("test.csv", csv.as_slice()).unwrap();
        assert_eq!(read.rows.len(), 2);
        assert_eq!(read.rows[0].rating.as_deref(), Some("4.0"));
        assert_eq!((read.rows[1].user.as_deref(), read.rows[1].timestamp.as_deref()), (Some("3"), None));
        assert!(read.has_rating && read.has_timestamp);
        assert_eq!(read.unreadable.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_missing_column_is_named_with_those_that_are_there() {
        for (csv, found) in [("user,film\n1,2\n", "found user, film"), ("", "found none")] {
            let error = read_interactions("test.csv", csv.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(found) && error.contains("test.csv"), "{error}");
        }
    }
}
