//! An item from named values, as a site's list or a page's script states them.

use std::collections::HashSet;

use serde_json::Value;

use super::item::Item;
use crate::error::{Error, Result as CrateResult};

/// The values of one item by their names.
pub(crate) type Fields = serde_json::Map<String, Value>;

/// Reads a JSON list of objects, every one of which must be an item of its own id. Fields are those of a site's JSON Lines.
///
/// # Errors
/// [`Error::InvalidInput`], naming the first that is none.
pub fn items_from_json(json: &str) -> CrateResult<Vec<Item>> {
    let lists: Vec<Fields> = serde_json::from_str(json)
        .map_err(|e| Error::invalid("items", e.to_string(), "a list of objects with id, title, text"))?;
    let mut ids = HashSet::new();
    let read = |(index, fields): (usize, &Fields)| {
        let item = item_of(fields).and_then(|item| {
            if ids.insert(item.id.clone()) { Ok(item) } else { Err(format!("the id \"{}\" was used before", item.id)) }
        });
        item.map_err(|reason| Error::invalid(format!("item {index}"), reason, "an id, and a title or a text"))
    };
    lists.iter().enumerate().map(read).collect()
}

/// Makes an item of named values; says why where they make none.
pub(crate) fn item_of(fields: &Fields) -> Result<Item, String> {
    let text_of = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.trim().to_owned()).filter(|s| !s.is_empty())),
        Some(Value::Number(n)) => Ok(Some(n.to_string())),
        Some(other) => Err(format!("\"{name}\" is {}, expected a string", kind_of(other))),
    };
    let id = text_of("id")?.ok_or("it has no id")?;
    let (title, text) = (text_of("title")?, text_of("text")?);
    let text = text.or_else(|| title.clone()).ok_or("its text is empty")?;
    let title = title.unwrap_or_else(|| shorten(&text));
    Ok(Item {
        id,
        title,
        text,
        url: text_of("url")?,
        image: text_of("image")?,
        tags: tags_of(fields)?,
        popularity: popularity_of(fields.get("popularity"))?,
    })
}

fn tags_of(fields: &Fields) -> Result<Vec<String>, String> {
    let found = ["tags", "categories", "genres"].iter().find_map(|name| fields.get(*name));
    let mut tags: Vec<String> = match found {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(joined)) => joined.split(['|', ';']).map(str::to_owned).collect(),
        Some(Value::Array(list)) => list
            .iter()
            .map(|tag| {
                tag.as_str().map(str::to_owned).ok_or_else(|| format!("a tag is {}, expected a string", kind_of(tag)))
            })
            .collect::<Result<_, _>>()?,
        Some(other) => return Err(format!("tags are {}, expected a list of strings", kind_of(other))),
    };
    for tag in &mut tags {
        *tag = tag.trim().to_owned();
    }
    let mut seen = HashSet::new();
    tags.retain(|tag| !tag.is_empty() && seen.insert(tag.clone()));
    Ok(tags)
}

#[expect(clippy::cast_possible_truncation, reason = "only the order of magnitude of popularity matters")]
fn popularity_of(value: Option<&Value>) -> Result<f32, String> {
    let number = match value {
        None | Some(Value::Null) => return Ok(0.0),
        Some(Value::Number(n)) => n.as_f64(),
        Some(Value::String(s)) => s.trim().parse().ok(),
        Some(_) => None,
    };
    let number = number.map(|n| n as f32).filter(|n| n.is_finite() && *n >= 0.0);
    number.ok_or_else(|| {
        let found = match value {
            Some(Value::Number(n)) => n.to_string(),
            Some(Value::String(s)) => format!("\"{s}\""),
            other => other.map_or("missing", kind_of).to_owned(),
        };
        format!("popularity is {found}, expected a finite number of at least 0")
    })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The start of a text, cut at a word, to stand in for a missing title.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST).collect();
    let end = cut.rfind(char::is_whitespace).unwrap_or(cut.len());
    format!("{}…", cut[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_a_whole_or_not_at_all() {
        let items =
            items_from_json(r#"[{"id": 3, "title": "T", "genres": "a|b"}, {"id": "x", "text": "One"}]"#).unwrap();
        assert_eq!((items[0].id.as_str(), items[0].tags.len(), items[1].title.as_str()), ("3", 2, "One"));
        for (json, problem) in [
            (r#"[{"id": 1, "text": "a"}, {"id": 1, "text": "b"}]"#, "item 1: found the id \"1\" was used before"),
            (r#"[{"text": "no id"}]"#, "item 0: found it has no id"),
            (r#"[{"id": 1, "text": "x", "popularity": -1}]"#, "popularity is -1"),
            ("{}", "items: found"),
        ] {
            let error = items_from_json(json).unwrap_err();
            assert_eq!(error.code(), "invalid_input");
            assert!(error.to_string().contains(problem), "{error}");
        }
    }
}
