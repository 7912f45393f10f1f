//! Compares an answer with what a case expects, and keeps the values that the case gives names.
//!
//! `<any>`; `<z>` and `<offset>`: a time in one of LiteLLM's two forms; `<key>`: a new key;
//! `<hash>`; `<uuid>`; `<has:TEXT>`: a text with this part. With `=name` behind it the value is
//! kept, and `{name}` stands for it in later steps.

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) type Names = BTreeMap<String, String>;

/// Puts kept values in their places.
pub(crate) fn fill(value: &Value, names: &Names) -> Value {
    match value {
        Value::String(text) => {
            Value::String(names.iter().fold(text.clone(), |text, (name, kept)| {
                text.replace(&format!("{{{name}}}"), kept)
            }))
        }
        Value::Array(list) => list.iter().map(|element| fill(element, names)).collect(),
        Value::Object(object) => {
            object.iter().map(|(name, value)| (name.clone(), fill(value, names))).collect()
        }
        other => other.clone(),
    }
}

/// Says where the answer differs.
pub(crate) fn check(expected: &Value, found: &Value, names: &mut Names) -> Result<(), String> {
    match (expected, found) {
        (Value::String(text), found) if text.starts_with('<') && text.ends_with('>') => {
            placeholder(&text[1..text.len() - 1], found, names)
        }
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected.iter().filter(|(name, _)| *name != "...") {
                let found = found.get(name).ok_or_else(|| format!("{name} is missing"))?;
                check(value, found, names).map_err(|what| format!("{name}: {what}"))?;
            }
            let more = found.keys().find(|name| !expected.contains_key(*name));
            match more.filter(|_| !expected.contains_key("...")) {
                Some(name) => Err(format!("{name} was not expected")),
                None => Ok(()),
            }
        }
        (Value::Array(expected), Value::Array(list)) if expected.len() == list.len() => expected
            .iter()
            .zip(list)
            .try_for_each(|(expected, found)| check(expected, found, names)),
        (expected, found) if expected == found => Ok(()),
        (expected, found) => Err(format!("expected {expected}, found {found}")),
    }
}

fn placeholder(text: &str, found: &Value, names: &mut Names) -> Result<(), String> {
    let (kind, name) = match text.split_once('=') {
        Some((kind, name)) => (kind, Some(name)),
        None => (text, None),
    };
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = found.as_str().unwrap_or_default();
    let fits = match kind {
        "any" => true,
        "z" => is_time(shown.strip_suffix('Z')),
        "offset" => is_time(shown.strip_suffix("+00:00")),
        "key" => shown.len() == 25 && shown.starts_with("sk-"),
        "hash" => shown.len() == 64 && is_hex(shown),
        "uuid" => shown.len() == 36 && is_hex(&shown.replace('-', "")),
        other => other.strip_prefix("has:").is_some_and(|part| shown.contains(part)),
    };
    if !fits {
        return Err(format!("{found} is no <{kind}>"));
    }
    if let Some(name) = name {
        names.insert(name.to_owned(), shown.to_owned());
    }
    Ok(())
}

/// Such as `2026-11-22T18:48:27.774730`.
fn is_time(text: Option<&str>) -> bool {
    text.is_some_and(|text| {
        text.len() == 26
            && text.replace(|c: char| c.is_ascii_digit(), "0") == "0000-00-00T00:00:00.000000"
    })
}
