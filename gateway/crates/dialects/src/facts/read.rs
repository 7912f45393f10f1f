//! Single members of a body, of the types that they must have.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_domain::Document;

use crate::json::{Kind, kind};
use crate::place::Unreadable;

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// A member that is there and not null.
pub(super) fn present<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.member(name).filter(|text| *text != "null")
}

/// A member that must be there.
pub(super) fn needed<'a>(
    document: &'a Document,
    route: &str,
    name: &str,
) -> Result<&'a str, Unreadable> {
    present(document, name).ok_or_else(|| Unreadable::missing(route, name))
}

/// A member of a type, if it is there.
pub(super) fn read<'a, T: Deserialize<'a>>(
    document: &'a Document,
    name: &str,
    expected: &str,
) -> Result<Option<T>, Unreadable> {
    let Some(text) = present(document, name) else { return Ok(None) };
    let wrong = |_| Unreadable::about(name, format!("'{name}' must be {expected}."));
    serde_json::from_str(text).map(Some).map_err(wrong)
}

/// A number of tokens.
pub(super) fn whole_number(document: &Document, name: &str) -> Result<Option<u64>, Unreadable> {
    read(document, name, "a whole number of 0 or more")
}

/// Whether the answer is to be a stream.
pub(super) fn stream_flag(document: &Document) -> Result<bool, Unreadable> {
    Ok(read(document, "stream", "true or false")?.unwrap_or(false))
}

/// Whether the stream is to show its usage.
pub(super) fn options(document: &Document) -> Result<bool, Unreadable> {
    let options: Option<StreamOptions> = read(document, "stream_options", "an object")?;
    Ok(options.and_then(|options| options.include_usage).unwrap_or(false))
}

/// How many prompts a text completion has: a string or an array of tokens is one.
pub(super) fn prompts(text: &str) -> Result<u64, Unreadable> {
    let wrong = || {
        let message = "'prompt' must be a string, an array of strings, or an array of tokens.";
        Unreadable::about("prompt", message)
    };
    match kind(text) {
        Kind::String => Ok(1),
        Kind::Array => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| wrong())?;
            match items.first().map(|first| kind(first.get())) {
                Some(Kind::String | Kind::Array) => Ok(items.len() as u64),
                Some(Kind::Number) => Ok(1),
                _ => Err(wrong()),
            }
        }
        _ => Err(wrong()),
    }
}
