//! Splitting into words as in BERT: at white space, and every punctuation character is a word of its own.

use unicode_categories::UnicodeCategories;

/// The words of a normalized text, none of them empty.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end = if is_punctuation(first) {
            first.len_utf8()
        } else {
            rest.find(|c: char| c.is_whitespace() || is_punctuation(c)).unwrap_or(rest.len())
        };
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(word)
    })
}

/// Unicode's punctuation, and all of ASCII that is neither letter, digit nor space (`$`, `+`, `~` and others are symbols).
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_punctuation() } else { c.is_punctuation() }
}
