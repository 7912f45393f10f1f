//! One level of a JSON text at a time.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::place::{Place, Unreadable};

/// Kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

/// The members of an object in their order, with their values as text. Taking a member leaves the
/// ones that nobody asked for.
#[derive(Debug, Default)]
pub(crate) struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
}

#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

/// The kind of a value, which is known to be JSON.
pub(crate) fn kind(text: &str) -> Kind {
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => Kind::Object,
        Some(b'[') => Kind::Array,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'n') => Kind::Null,
        _ => Kind::Number,
    }
}

/// The items of an array.
pub(crate) fn array<'a>(text: &'a str, place: &Place<'_>) -> Result<Vec<&'a str>, Unreadable> {
    let items: Vec<&RawValue> =
        serde_json::from_str(text).map_err(|_| place.must_be("an array"))?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// The characters of a string.
pub(crate) fn string<'a>(text: &'a str, place: &Place<'_>) -> Result<Cow<'a, str>, Unreadable> {
    let Word(word) = serde_json::from_str(text).map_err(|_| place.must_be("a string"))?;
    Ok(word)
}

/// True or false.
pub(crate) fn boolean(text: &str, place: &Place<'_>) -> Result<bool, Unreadable> {
    serde_json::from_str(text).map_err(|_| place.must_be("true or false"))
}

// === impl Object ===

impl<'a> Object<'a> {
    /// Reads one level.
    pub(crate) fn parse(text: &'a str, place: &Place<'_>) -> Result<Self, Unreadable> {
        serde_json::from_str(text).map_err(|_| place.must_be("an object"))
    }

    /// Reads one level of a whole body.
    pub(crate) fn of_body(text: &'a [u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(text).map_err(|error| {
            Unreadable::about("request_body", format!("Invalid JSON payload: {error}"))
        })
    }

    /// Takes a member out. If it occurs twice the last one counts, as with most parsers; null is
    /// the same as absent.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a str> {
        let mut found = None;
        self.members.retain(|(member, value)| {
            let other = member != name;
            if !other {
                found = Some(*value);
            }
            other
        });
        found.filter(|value| *value != "null")
    }

    /// Takes a string out.
    pub(crate) fn take_string(
        &mut self,
        name: &str,
        place: &Place<'_>,
    ) -> Result<Option<Cow<'a, str>>, Unreadable> {
        self.take(name).map(|text| string(text, &place.member(name))).transpose()
    }

    /// Takes a string out that must be there.
    pub(crate) fn need_string(
        &mut self,
        name: &str,
        place: &Place<'_>,
    ) -> Result<Cow<'a, str>, Unreadable> {
        self.take_string(name, place)?.ok_or_else(|| place.member(name).must_be("a string"))
    }

    /// What is left, in its order.
    pub(crate) fn rest(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(Word(name)) = map.next_key()? {
                    members.push((name, map.next_value::<&RawValue>()?.get()));
                }
                Ok(Object { members })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_taken_and_the_rest_keeps_its_order() {
        let text = r#"{"z":1.50,"a":{"y":1,"x":2},"n":null,"z":2e0,"b":"\u0062"}"#;
        let place = Place::of("it");
        let mut object = Object::parse(text, &place).unwrap();
        assert_eq!(object.take("z"), Some("2e0"));
        assert_eq!(object.take("n"), None);
        assert_eq!(object.take_string("b", &place).unwrap().as_deref(), Some("b"));
        assert_eq!(object.rest().collect::<Vec<_>>(), [("a", r#"{"y":1,"x":2}"#)]);
    }

    #[test]
    fn other_kinds_are_told_with_their_place() {
        let place = Place::of("it");
        assert_eq!(Object::parse("[]", &place).unwrap_err().message, "'it' must be an object.");
        let mut object = Object::parse(r#"{"a":1}"#, &place).unwrap();
        let error = object.need_string("a", &place).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("it.a"));
        assert!(array("{}", &place).is_err());
        assert_eq!(kind(" [1]"), Kind::Array);
    }
}
