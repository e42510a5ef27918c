//! Printing to standard output, with write errors as values.

use std::fmt::Display;
use std::io::Write;

use inglenook::{Error, Result};
use serde::Serialize;

/// Prints a line.
pub fn line(text: impl Display) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").map_err(failed)
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(value).map_err(|e| failed(e.into()))?;
    line(text)
}

/// Prints a value as indented JSON.
pub fn pretty_json(value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(|e| failed(e.into()))?;
    line(text)
}

fn failed(source: std::io::Error) -> Error {
    Error::Io { path: "standard output".into(), source }
}
