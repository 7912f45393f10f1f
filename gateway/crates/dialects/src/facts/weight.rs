//! Tokens that parts of an input can cost beyond their bytes: images, files.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::place::Unreadable;

/// Above what any provider bills for one image.
pub(super) const IMAGE_TOKENS_MAX: u64 = 16_384;
/// A file named by id, or a conversation that a server keeps, can be as long as a context window.
pub(super) const CONTEXT_TOKENS_MAX: u64 = 1_000_000;

/// The most tokens that the parts within a value cost beyond one for each byte.
pub(super) fn weight(text: &str, member: &str) -> Result<u64, Unreadable> {
    if text.is_empty() {
        return Ok(0);
    }
    let found: Found = serde_json::from_str(text).map_err(|error| {
        Unreadable::about(member, format!("'{member}' cannot be read: {error}"))
    })?;
    Ok(found.weight)
}

/// What a value weighs, and what the object weighs of which it is the type.
#[derive(Clone, Copy, Default)]
struct Found {
    weight: u64,
    as_type: u64,
}

fn of_type(name: &str) -> u64 {
    match name {
        "image_url" | "input_image" | "image" => IMAGE_TOKENS_MAX,
        "file" | "input_file" | "document" | "item_reference" | "container_upload" => {
            CONTEXT_TOKENS_MAX
        }
        _ => 0,
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Weigh)
    }
}

struct Weigh;

impl<'de> Visitor<'de> for Weigh {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Found, E> {
        Ok(Found { weight: 0, as_type: of_type(text) })
    }

    fn visit_unit<E: Error>(self) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Found, E> {
        Ok(Found::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let mut sum = Found::default();
        while let Some(item) = items.next_element::<Found>()? {
            sum.weight = sum.weight.saturating_add(item.weight);
        }
        Ok(sum)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        let mut sum = Found::default();
        while let Some(Name(name)) = members.next_key()? {
            if matches!(name.as_ref(), "text" | "arguments" | "data" | "url") {
                // Long, and never an object with a type.
                let _text: IgnoredAny = members.next_value()?;
                continue;
            }
            let value: Found = members.next_value()?;
            let own = if name == "type" { value.as_type } else { 0 };
            sum.weight = sum.weight.saturating_add(value.weight).saturating_add(own);
        }
        Ok(sum)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_weigh_wherever_they_are() {
        let image = r#"{"type":"image","source":{"type":"base64","data":"x"}}"#;
        assert_eq!(weight(image, "x").unwrap(), IMAGE_TOKENS_MAX);
        let nested = format!(r#"[{{"type":"tool_result","content":[{image},{image}]}}]"#);
        assert_eq!(weight(&nested, "x").unwrap(), 2 * IMAGE_TOKENS_MAX);
        let escaped = r#"[{"ty\u0070e":"fil\u0065","n":[1,-1,1.5,true,null]}]"#;
        assert_eq!(weight(escaped, "x").unwrap(), CONTEXT_TOKENS_MAX);
        assert_eq!(weight(r#""image""#, "x").unwrap(), 0);
    }

    #[test]
    fn what_is_nested_too_deeply_is_an_error() {
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(weight(&deep, "input").unwrap_err().param.as_deref(), Some("input"));
    }
}
