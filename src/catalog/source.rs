//! Reading a site's items from JSON Lines or CSV (native only).

use std::collections::HashSet;
use std::io::{BufRead, Read};

use serde_json::Value;

use super::fields::{Fields, item_of};
use super::item::{Item, ItemProblem, ItemProblems};
use crate::error::{Error, Result};

/// How an item file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemFormat {
    /// One JSON object a line.
    JsonLines,
    /// Comma-separated values with a header line.
    Csv,
}

impl ItemFormat {
    /// By the file's ending: `.csv` is CSV, anything else JSON Lines.
    #[must_use]
    pub fn of(path: &std::path::Path) -> Self {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) { Self::Csv } else { Self::JsonLines }
    }
}

/// What reading an item file found.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadItems {
    /// The usable items, in file order.
    pub items: Vec<Item>,
    /// The lines that cannot be used.
    pub report: ItemReport,
}

/// The lines of an item file that cannot be used, in line order.
pub type ItemReport = Vec<ItemProblem>;

/// Reads items. Known fields: `id`, `title`, `text`, `url`, `image`, `tags` (or `categories`, `genres`; a list, or one string
/// separated by `|` or `;`), `popularity`; others are ignored. Ids may be numbers or strings. A missing title is the start of the
/// text; a missing text is the title.
///
/// A line that cannot be read, has no id, repeats an id, has neither title nor text, or has a popularity that is no number of at
/// least 0 is a problem: with `skip_invalid` it is left out and reported (the first of two equal ids stays), otherwise nothing is built.
///
/// # Errors
/// [`Error::InvalidItems`] with every problem (without `skip_invalid`) or if no usable item is left.
pub fn read_items(source: &str, reader: impl BufRead, format: ItemFormat, skip_invalid: bool) -> Result<ReadItems> {
    let mut collected = Collected::default();
    match format {
        ItemFormat::JsonLines => read_json_lines(reader, &mut collected),
        ItemFormat::Csv => read_csv(reader, &mut collected),
    }
    let Collected { items, problems, .. } = collected;
    if items.is_empty() || (!problems.is_empty() && !skip_invalid) {
        return Err(Error::InvalidItems(ItemProblems { source: source.to_owned(), problems, usable: items.len() }));
    }
    Ok(ReadItems { items, report: problems })
}

#[derive(Default)]
struct Collected {
    items: Vec<Item>,
    problems: Vec<ItemProblem>,
    ids: HashSet<String>,
}

impl Collected {
    fn add(&mut self, line: u64, fields: Result<Fields, String>) {
        let item = fields.and_then(|fields| item_of(&fields)).and_then(|item| {
            if self.ids.insert(item.id.clone()) {
                Ok(item)
            } else {
                Err(format!("the id \"{}\" was used before", item.id))
            }
        });
        match item {
            Ok(item) => self.items.push(item),
            Err(reason) => self.problems.push(ItemProblem { line, reason }),
        }
    }
}

fn read_json_lines(mut reader: impl BufRead, collected: &mut Collected) {
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) => return collected.add(line, Err(format!("cannot be read: {e}"))),
        }
        let text = if line == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
        if text.trim_ascii().is_empty() {
            continue;
        }
        let parsed = serde_json::from_slice(text).map_err(|e| format!("not a JSON object: {e}"));
        collected.add(line, parsed);
    }
}

fn read_csv(mut reader: impl Read, collected: &mut Collected) {
    // Spreadsheet programs put a byte order mark before the header; it would become part of the first column's name.
    let mut start = [0; 3];
    let mut read = 0;
    while read < 3 {
        match reader.read(&mut start[read..]) {
            Ok(0) | Err(_) => break,
            Ok(n) => read += n,
        }
    }
    let start: &[u8] = if start[..read] == *b"\xef\xbb\xbf" { &[] } else { &start[..read] };
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(start.chain(reader));
    let header: Vec<String> = match csv.headers() {
        Ok(header) => header.iter().map(|h| h.trim().to_lowercase()).collect(),
        Err(e) => return collected.add(1, Err(format!("the header cannot be read: {e}"))),
    };
    let mut record = csv::StringRecord::new();
    loop {
        let line = csv.position().line();
        match csv.read_record(&mut record) {
            Ok(false) => return,
            Ok(true) if record.len() != header.len() => {
                collected.add(line, Err(format!("found {} fields, expected {}", record.len(), header.len())));
            }
            Ok(true) => {
                let filled = header.iter().zip(&record).filter(|(_, value)| !value.is_empty());
                collected.add(line, Ok(filled.map(|(name, value)| (name.clone(), Value::from(value))).collect()));
            }
            Err(e) => {
                collected.add(line, Err(format!("cannot be read: {e}")));
                if e.is_io_error() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, format: ItemFormat, skip: bool) -> Result<ReadItems> {
        read_items("items", text.as_bytes(), format, skip)
    }

    #[test]
    fn numbers_and_strings_are_ids_and_titles_are_optional() {
        let lines = "{\"id\": 7, \"text\": \"A film\"}\n\n{\"id\":\"x\",\"title\":\"T\",\"genres\":[\"A\",\" \",\"A\"],\"popularity\":3}\n";
        let items = read(lines, ItemFormat::JsonLines, false).unwrap().items;
        assert_eq!((items[0].id.as_str(), items[0].title.as_str()), ("7", "A film"));
        assert_eq!(
            (items[1].text.as_str(), items[1].tags.clone(), items[1].popularity),
            ("T", vec!["A".to_owned()], 3.0)
        );
    }

    #[test]
    fn a_missing_title_is_the_start_of_the_text_and_is_not_encoded_twice() {
        let text = "word ".repeat(40);
        let items = read(&format!("{{\"id\": 1, \"text\": \"{text}\"}}"), ItemFormat::JsonLines, false).unwrap().items;
        assert!(items[0].title.ends_with("word…") && items[0].title.chars().count() <= 81, "{}", items[0].title);
        assert_eq!(items[0].embedding_text(), text.trim());
    }

    #[test]
    fn every_unusable_line_is_reported_with_its_number() {
        let lines = concat!(
            "{\"id\":1,\"text\":\"fine\"}\n",
            "{\"id\":1,\"text\":\"same id\"}\n",
            "not json\n",
            "{\"id\":2,\"text\":\"  \"}\n",
            "{\"text\":\"no id\"}\n",
            "{\"id\":3,\"text\":\"x\",\"popularity\":\"NaN\"}\n",
            "{\"id\":4,\"text\":\"x\",\"popularity\":-1}\n",
            "{\"id\":5,\"text\":[1]}\n",
            "{\"id\":6,\"text\":\"x\",\"tags\":[1]}\n"
        );
        let Err(Error::InvalidItems(problems)) = read(lines, ItemFormat::JsonLines, false) else { panic!("refused") };
        assert_eq!(problems.problems.iter().map(|p| p.line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(problems.to_string().contains("line 2: the id \"1\" was used before"), "{problems}");
        let skipped = read(lines, ItemFormat::JsonLines, true).unwrap();
        assert_eq!((skipped.items.len(), skipped.items[0].text.as_str(), skipped.report.len()), (1, "fine", 8));
    }

    #[test]
    fn bytes_that_are_no_text_are_reported_not_fatal() {
        let lines = b"{\"id\":1,\"text\":\"\xff\"}\n{\"id\":2,\"text\":\"fine\"}".as_slice();
        let found = read_items("items", lines, ItemFormat::JsonLines, true).unwrap();
        assert_eq!((found.items[0].id.as_str(), found.report[0].line), ("2", 1));
    }

    #[test]
    fn csv_with_byte_order_mark_quotes_and_short_rows() {
        let csv = "\u{feff}id,Title,text,tags,popularity\n1,A,\"one, two\",x|y,2\n2,B\n3,C,,,\n";
        let found = read(csv, ItemFormat::Csv, true).unwrap();
        assert_eq!(found.items[0].text, "one, two");
        assert_eq!(found.items[0].tags, ["x", "y"]);
        assert_eq!((found.items[1].id.as_str(), found.items[1].text.as_str()), ("3", "C"));
        assert_eq!((found.report[0].line, found.report[0].reason.as_str()), (3, "found 2 fields, expected 5"));
    }

    #[test]
    fn an_empty_file_is_an_error_not_an_empty_catalog() {
        for format in [ItemFormat::JsonLines, ItemFormat::Csv] {
            let error = read("", format, true).unwrap_err();
            assert_eq!(error.code(), "invalid_input");
            assert!(error.to_string().contains("found no items"), "{error}");
        }
    }
}
