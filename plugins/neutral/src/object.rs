//! JSON objects and lists of which every member is kept as it was written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::text::Text;

/// A JSON object: its members in their order, each value as JSON text.
///
/// Members are taken out by those who understand them; what remains is what nobody knew.
#[derive(Clone, Debug, Default)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

/// A member's name, borrowed unless it is written with escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct ObjectVisitor;

// === impl Object ===

impl<'a> Object<'a> {
    /// Reads a JSON text. None if it is not an object.
    pub fn parse(json: &'a str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }

    /// Reads a value. None if it is not an object.
    pub fn of(value: &'a RawValue) -> Option<Self> {
        Self::parse(value.get())
    }

    /// The value of a member, the last one if it occurs twice. None if it is absent or null.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.members.iter().rfind(|(known, _)| known == name)?;
        Some(*value).filter(|value| value.get() != "null")
    }

    /// Takes a member out, null or not, and gives its value as [`Self::get`] does.
    pub fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let value = self.get(name);
        self.members.retain(|(known, _)| known != name);
        value
    }

    /// Takes a text out. None if the member is absent or no text; it is gone in both cases.
    pub fn take_text(&mut self, name: &str) -> Option<Text<'a>> {
        self.take(name).and_then(Text::of)
    }

    /// The characters of a text member. None if it is absent or no text.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(Text::of)?.decoded()
    }

    /// The object that a member is. None if it is absent or anything else.
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name).and_then(Object::of)
    }

    /// The members' names in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_ref())
    }

    /// The members in their order, nulls included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// Takes out every member that is null or has one of the values, listed as JSON texts, under
    /// which it has no effect.
    pub fn without_effect(&mut self, table: &[(&str, &[&str])]) {
        self.members.retain(|(name, value)| {
            let idle = table.iter().find(|(known, _)| known == name);
            value.get() != "null" && !idle.is_some_and(|(_, texts)| same_value(value, texts))
        });
    }

    /// Takes out every member that is null or has none of these names.
    pub fn keep(&mut self, names: &[&str]) {
        self.members
            .retain(|(name, value)| value.get() != "null" && names.iter().any(|kept| kept == name));
    }

    /// Whether it has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

// === impl ObjectVisitor ===

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            members.push((name, value));
        }
        Ok(Object { members })
    }
}

/// The items of a list. None if the value is no list.
pub fn array(value: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(value.get()).ok()
}

/// A whole number that is not negative. None if the value is anything else.
pub fn count(value: &RawValue) -> Option<u64> {
    value.get().parse().ok()
}

/// A number. None if the value is anything else, or not finite.
pub fn number(value: &RawValue) -> Option<f64> {
    serde_json::from_str(value.get()).ok().filter(|number: &f64| number.is_finite())
}

/// True or false. None if the value is anything else.
pub fn flag(value: &RawValue) -> Option<bool> {
    match value.get() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether a value is one of these JSON texts, without regard to white space inside `{}` and `[]`
/// or to how a number is written.
pub fn same_value(value: &RawValue, texts: &[&str]) -> bool {
    let bare: String = value.get().chars().filter(|c| !c.is_ascii_whitespace()).take(16).collect();
    let numeric = bare.parse::<f64>().ok();
    texts.iter().any(|text| *text == bare || (numeric.is_some() && text.parse().ok() == numeric))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_kept_in_order_and_as_written() {
        let object = Object::parse(r#"{"b":1e2,"a\n":[ 1 ],"c":null}"#).unwrap();
        let members: Vec<_> = object.iter().map(|(name, value)| (name, value.get())).collect();
        assert_eq!(members, [("b", "1e2"), ("a\n", "[ 1 ]"), ("c", "null")]);
        assert!(object.get("c").is_none());
        assert!(object.get("d").is_none());
    }

    #[test]
    fn the_last_of_two_members_counts_and_taking_takes_both() {
        let mut object = Object::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(object.take("a").map(RawValue::get), Some("3"));
        assert_eq!(object.names().collect::<Vec<_>>(), ["b"]);
        assert!(object.take("a").is_none());
    }

    #[test]
    fn only_named_members_are_kept() {
        let mut object = Object::parse(r#"{"a":1,"b":null,"c":3,"d":4}"#).unwrap();
        object.keep(&["b", "c", "e"]);
        assert_eq!(object.names().collect::<Vec<_>>(), ["c"]);
    }

    #[test]
    fn what_is_no_object_is_none() {
        for text in ["", "1", "[]", "null", "{", r#"{"a":}"#, "{} x"] {
            assert!(Object::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(Object::parse(&deep).unwrap().get("a").unwrap().get().len(), 400_000);
    }

    #[test]
    fn values_without_effect_are_recognised_however_they_are_written() {
        let object = Object::parse(r#"{"n":1.0,"z":0.00,"o":{ },"t":"1","f":false}"#).unwrap();
        let same = |name: &str, texts: &[&str]| same_value(object.get(name).unwrap(), texts);
        assert!(same("n", &["1"]) && same("z", &["0"]) && same("o", &["{}"]));
        assert!(same("f", &["false"]) && !same("t", &["1"]) && !same("n", &["0", "{}"]));
    }
}
