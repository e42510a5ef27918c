//! Cleaning: which interactions count, and why the others do not.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::dataset::{Dataset, Event, Rating};
use super::interactions::{RawInteraction, ReadInteractions};
use super::item_order::{ItemOrder, compare_ids};
use crate::error::{Error, Result};

/// What counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleaningRules {
    /// Ratings from here on are positive. Lower ones say nothing: they are neither history nor excluded from lists.
    pub positive_rating: f32,
}

impl Default for CleaningRules {
    fn default() -> Self {
        Self { positive_rating: 4.0 }
    }
}

/// What cleaning did. Every row of the file is in exactly one of the first seven counts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CleaningReport {
    /// Rows that were kept: the latest of each user with each item.
    pub kept: usize,
    /// Lines that could not be read.
    pub unreadable: usize,
    /// Rows without a user, an item, or a rating or time where there is such a column.
    pub missing: usize,
    /// Rows whose rating or time is no finite number.
    pub not_a_number: usize,
    /// Rows whose item is not in the catalog.
    pub unknown_item: usize,
    /// Ratings beyond the far fences, three interquartile ranges outside the quartiles (Tukey 1977), and times before 1970 or after 2100.
    pub outliers: usize,
    /// Earlier interactions of the same user with the same item.
    pub duplicates: usize,
    /// The first lines that could not be read, with the reason.
    pub examples: Vec<String>,
    /// Users with something that was kept.
    pub users: usize,
    /// Items with something that was kept.
    pub items: usize,
    /// Interactions that count as positive.
    pub positives: usize,
    /// Whether the file has ratings; without, everything is positive.
    pub has_rating: bool,
    /// Whether the file has times; without, its order stands for time.
    pub has_timestamp: bool,
}

/// 2100-01-01 in seconds.
const FAR_FUTURE: i64 = 4_102_444_800;
/// Times beyond this are milliseconds: in seconds it would be the year 5138.
const LEAST_MILLISECONDS: i64 = 100_000_000_000;
/// Lines named in the report.
const EXAMPLES: usize = 5;

struct Parsed<'a> {
    user: &'a str,
    item: u32,
    rating: Option<f32>,
    timestamp: i64,
}

/// Puts interactions on the rows of `item_ids` and leaves out what cannot be used.
///
/// # Errors
/// [`Error::InvalidInput`] if nothing positive is left.
pub fn clean(
    source: &str,
    read: &ReadInteractions,
    item_ids: &[String],
    rules: CleaningRules,
) -> Result<(Dataset, CleaningReport)> {
    let mut report = CleaningReport {
        unreadable: read.unreadable.len(),
        examples: read.unreadable.iter().take(EXAMPLES).map(|(line, why)| format!("line {line}: {why}")).collect(),
        has_rating: read.has_rating,
        has_timestamp: read.has_timestamp,
        ..CleaningReport::default()
    };
    let rows: HashMap<&str, u32> = item_ids.iter().zip(0..).map(|(id, row)| (id.as_str(), row)).collect();
    let mut parsed = Vec::new();
    for (place, raw) in (0..).zip(&read.rows) {
        parsed.extend(parse(raw, place, read, &rows, &mut report));
    }
    drop_outliers(&mut parsed, &mut report);
    let kept = keep_latest(parsed, &mut report);
    let dataset = dataset_of(kept, item_ids, rules, &mut report);
    if report.positives == 0 {
        let expected = if report.kept == 0 && report.unknown_item > 0 {
            "ids of the catalog's items".to_owned()
        } else {
            format!("some of at least {}; say where the likes begin", rules.positive_rating)
        };
        return Err(Error::invalid(
            format!("interactions of {source}"),
            format!("no positive one among {} usable ({} with unknown items)", report.kept, report.unknown_item),
            expected,
        ));
    }
    Ok((dataset, report))
}

fn parse<'a>(
    raw: &'a RawInteraction,
    place: i64,
    read: &ReadInteractions,
    rows: &HashMap<&str, u32>,
    report: &mut CleaningReport,
) -> Option<Parsed<'a>> {
    let (Some(user), Some(item)) = (raw.user.as_deref(), raw.item.as_deref()) else {
        report.missing += 1;
        return None;
    };
    if (read.has_rating && raw.rating.is_none()) || (read.has_timestamp && raw.timestamp.is_none()) {
        report.missing += 1;
        return None;
    }
    let rating = raw.rating.as_deref().map(|r| r.parse::<f32>().ok().filter(|r| r.is_finite()));
    let timestamp = raw.timestamp.as_deref().map_or(Some(place), seconds);
    let (Some(timestamp), false) = (timestamp, rating == Some(None)) else {
        report.not_a_number += 1;
        return None;
    };
    // An id that came through a column of floats ("12.0") is the same id.
    let row = rows.get(item).or_else(|| rows.get(item.strip_suffix(".0")?));
    let Some(item) = row.copied() else {
        report.unknown_item += 1;
        return None;
    };
    Some(Parsed { user, item, rating: rating.flatten(), timestamp })
}

/// A time in seconds, whole or not, or in milliseconds.
fn seconds(text: &str) -> Option<i64> {
    let time = text.parse::<i64>().ok().or_else(|| {
        let seconds = text.parse::<f64>().ok().filter(|s| s.is_finite())?;
        Some(seconds.floor() as i64)
    })?;
    Some(if time.abs() >= LEAST_MILLISECONDS { time.div_euclid(1000) } else { time })
}

fn drop_outliers(parsed: &mut Vec<Parsed<'_>>, report: &mut CleaningReport) {
    let mut ratings: Vec<f32> = parsed.iter().filter_map(|p| p.rating).collect();
    ratings.sort_by(f32::total_cmp);
    let quartile = |share: usize| ratings.get(ratings.len() * share / 4).copied().unwrap_or(0.0);
    let (low, high) = (quartile(1), quartile(3));
    let reach = 3.0 * (high - low);
    let before = parsed.len();
    parsed.retain(|p| {
        // Where half of all ratings are equal there is no scale to be outside of.
        let is_on_scale = reach <= 0.0 || p.rating.is_none_or(|r| r >= low - reach && r <= high + reach);
        is_on_scale && (!report.has_timestamp || (0..FAR_FUTURE).contains(&p.timestamp))
    });
    report.outliers = before - parsed.len();
}

fn keep_latest<'a>(parsed: Vec<Parsed<'a>>, report: &mut CleaningReport) -> Vec<Parsed<'a>> {
    let mut latest: BTreeMap<(&str, u32), Parsed<'a>> = BTreeMap::new();
    let before = parsed.len();
    for row in parsed {
        let key = (row.user, row.item);
        if latest.get(&key).is_none_or(|known| known.timestamp <= row.timestamp) {
            latest.insert(key, row);
        }
    }
    report.duplicates = before - latest.len();
    report.kept = latest.len();
    latest.into_values().collect()
}

fn dataset_of(
    kept: Vec<Parsed<'_>>,
    item_ids: &[String],
    rules: CleaningRules,
    report: &mut CleaningReport,
) -> Dataset {
    let order = ItemOrder::new(item_ids);
    let mut users: Vec<&str> = kept.iter().map(|p| p.user).collect();
    users.dedup();
    users.sort_by(|a, b| compare_ids(a, b));
    let index: HashMap<&str, u32> = users.iter().zip(0..).map(|(user, index)| (*user, index)).collect();
    let mut positives = vec![Vec::new(); users.len()];
    let mut ratings = Vec::new();
    let mut is_used = vec![false; item_ids.len()];
    for Parsed { user, item, rating, timestamp } in kept {
        let user = index[user];
        is_used[item as usize] = true;
        if let Some(value) = rating {
            ratings.push(Rating { user, item, value, timestamp });
        }
        if rating.is_none_or(|r| r >= rules.positive_rating) {
            positives[user as usize].push(Event { item, timestamp });
        }
    }
    for sequence in &mut positives {
        sequence.sort_by_key(|event| (event.timestamp, order.id(event.item as usize)));
    }
    ratings.sort_by_key(|r| (r.user, r.timestamp, order.id(r.item as usize)));
    report.users = users.len();
    report.items = is_used.iter().filter(|used| **used).count();
    report.positives = positives.iter().map(Vec::len).sum();
    let users = users.into_iter().map(str::to_owned).collect();
    Dataset { users, items: item_ids.to_vec(), order, positives, ratings }
}

#[cfg(test)]
mod tests {
    use super::super::read_interactions;
    use super::*;

    fn cleaned(csv: &str) -> Result<(Dataset, CleaningReport)> {
        let ids = ["1", "2", "10", "x"].map(str::to_owned);
        clean("test.csv", &read_interactions("test.csv", csv.as_bytes())?, &ids, CleaningRules::default())
    }

    #[test]
    fn every_row_is_counted_once() {
        let csv = concat!(
            "user,item,rating,timestamp\n",
            "9,10,5,100\n9,2,4,100\n9,1,4.5,50\n", // kept: in the order 1, 2, 10
            "9,1,5,40\n",                          // an earlier duplicate
            "10,x,3,7\n",                          // kept, not positive
            ",1,5,1\n8,1,,1\n8,1,5,\n",            // missing
            "8,1,NaN,1\n8,1,good,1\n8,1,5,noon\n", // no numbers
            "8,99,5,1\n",                          // unknown item
            "8,1,5,-1\n8,1,500,3\n",               // outliers
            "short\n",
        );
        let (data, report) = cleaned(csv).unwrap();
        let counts = [report.kept, report.duplicates, report.missing, report.not_a_number, report.unknown_item];
        assert_eq!(counts, [4, 1, 3, 3, 1]);
        assert_eq!((report.outliers, report.unreadable, report.positives), (2, 1, 3));
        assert_eq!(report.examples, ["line 16: found 1 fields, expected 4"]);
        assert_eq!(data.users, ["9", "10"]);
        assert_eq!(data.positives[0].iter().map(|e| e.item).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(data.positives[1].is_empty());
        assert_eq!(data.ratings.len(), 4);
    }

    #[test]
    fn without_ratings_and_times_everything_is_positive_in_file_order() {
        let (data, report) = cleaned("user,item\na,x\na,1.0\n").unwrap();
        assert_eq!(data.positives[0].iter().map(|e| e.item).collect::<Vec<_>>(), [3, 0]);
        assert!(!report.has_rating && !report.has_timestamp && data.ratings.is_empty());
    }

    #[test]
    fn milliseconds_and_fractions_are_times() {
        assert_eq!(["1260759108", "1260759108.7", "1260759108123"].map(seconds), [Some(1_260_759_108); 3]);
    }

    #[test]
    fn nothing_positive_is_an_error_that_says_why() {
        let error = cleaned("user,item,rating\n1,1,2\n1,2,3\n").unwrap_err().to_string();
        assert!(error.contains("at least 4"), "{error}");
        let error = cleaned("user,item,rating\n1,77,5\n").unwrap_err().to_string();
        assert!(error.contains("1 with unknown items") && error.contains("ids of the catalog"), "{error}");
    }
}
