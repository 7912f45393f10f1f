//! JSON schemas in the subset that Gemini's own `Schema` has. What is outside goes upstream as the
//! JSON schema that it is, in the member that takes one.

use serde_json::value::RawValue;
use tollgate_neutral::{Object, Text, array, same_value, write};

/// Schemas may be nested so deep to be brought into the subset: each level is a call, and a
/// component's stack is small.
const DEPTH_MAX: u8 = 6;

/// Where a schema goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Into Gemini's `Schema`, nothing lost.
    Subset(String),
    /// As a JSON schema.
    Json(String),
    /// It asks for an object without members: there is nothing to say.
    Empty,
}

/// Brings a schema into the subset, if it can be said there.
pub(crate) fn schema(value: &RawValue) -> Schema {
    let Some(object) = Object::of(value) else { return Schema::Json(value.get().into()) };
    let no_members = object.object("properties").is_none_or(|members| members.is_empty());
    let is_object = object.text("type").is_none_or(|kind| kind == "object");
    let says_more =
        ["anyOf", "oneOf", "allOf", "$ref", "additionalProperties", "patternProperties"]
            .into_iter()
            .filter_map(|name| object.get(name))
            .any(|value| value.get() != "false");
    if is_object && no_members && !says_more {
        return Schema::Empty;
    }
    match subset(&object, DEPTH_MAX) {
        Some(subset) => Schema::Subset(subset),
        None => Schema::Json(value.get().into()),
    }
}

fn subset(object: &Object<'_>, depth: u8) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let kind = Kind::of(object)?;
    let mut members = Vec::new();
    for (name, value) in object.iter() {
        if let Some((name, value)) = member(name, value, &kind, depth)? {
            members.push((name, value));
        }
    }
    Some(write::object(|schema| {
        if let Some(name) = kind.name {
            schema.json("type", name.json());
        }
        if kind.is_nullable {
            schema.flag("nullable", true);
        }
        members.iter().for_each(|(name, value)| schema.json(name, value));
    }))
}

/// The `type`, which may be a list with `null` in it.
struct Kind<'a> {
    name: Option<Text<'a>>,
    is_nullable: bool,
}

// === impl Kind ===

impl<'a> Kind<'a> {
    fn of(object: &Object<'a>) -> Option<Self> {
        let Some(value) = object.get("type") else {
            return Some(Self { name: None, is_nullable: false });
        };
        if let Some(name) = Text::of(value) {
            return (name.json() != r#""null""#)
                .then_some(Self { name: Some(name), is_nullable: false });
        }
        let names: Vec<Text<'a>> =
            array(value)?.into_iter().map(Text::of).collect::<Option<_>>()?;
        let (nulls, others): (Vec<_>, Vec<_>) =
            names.into_iter().partition(|name| name.json() == r#""null""#);
        match others.as_slice() {
            [only] => Some(Self { name: Some(*only), is_nullable: !nulls.is_empty() }),
            _ => None,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.name.and_then(Text::decoded).is_some_and(|known| known == name)
    }
}

/// What becomes of a member: its new name and value, or nothing. None: it is outside the subset.
fn member(
    name: &str,
    value: &RawValue,
    kind: &Kind<'_>,
    depth: u8,
) -> Option<Option<(String, String)>> {
    let same = || Some(Some((name.to_owned(), value.get().to_owned())));
    let as_is = |json: String| Some(Some((name.to_owned(), json)));
    match name {
        "type" | "$schema" | "$id" | "$comment" | "deprecated" | "readOnly" | "writeOnly" => {
            Some(None)
        }
        "title" | "description" | "nullable" | "default" | "example" | "required"
        | "propertyOrdering" | "minimum" | "maximum" | "minItems" | "maxItems" | "minLength"
        | "maxLength" | "minProperties" | "maxProperties" | "pattern" => same(),
        "format" if kind.is("string") => {
            if same_value(value, &[r#""date-time""#, r#""enum""#]) {
                same()
            } else {
                None
            }
        }
        "format" => same(),
        "enum" if kind.is("string") => {
            array(value)?.into_iter().map(Text::of).collect::<Option<Vec<_>>>().and_then(|_| same())
        }
        "const" if kind.is("string") => {
            let only = Text::of(value)?;
            Some(Some(("enum".to_owned(), format!("[{}]", only.json()))))
        }
        "additionalProperties" if !value.get().starts_with('{') => Some(None),
        "properties" => as_is(properties(value, depth)?),
        "items" => as_is(subset(&Object::of(value)?, depth)?),
        "anyOf" => as_is(any_of(value, depth)?),
        _ => None,
    }
}

fn properties(value: &RawValue, depth: u8) -> Option<String> {
    let properties = Object::of(value)?;
    let mut schemas = Vec::new();
    for (name, value) in properties.iter() {
        schemas.push((name, subset(&Object::of(value)?, depth)?));
    }
    // An object without members cannot be said in the subset.
    if schemas.is_empty() {
        return None;
    }
    Some(write::object(|members| {
        schemas.iter().for_each(|(name, schema)| members.json(name, schema));
    }))
}

fn any_of(value: &RawValue, depth: u8) -> Option<String> {
    let mut schemas = Vec::new();
    for value in array(value)? {
        schemas.push(subset(&Object::of(value)?, depth)?);
    }
    Some(write::array(|list| schemas.iter().for_each(|schema| list.json(schema))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> Schema {
        schema(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_the_subset_can_say_is_said_in_it() {
        let json = r#"{"$schema":"x","type":"object","description":"d","additionalProperties":false,
            "properties":{"a":{"type":["string","null"],"enum":["x","y"]},
                "b":{"type":"array","items":{"type":"integer","format":"int32","minimum":1}},
                "c":{"anyOf":[{"type":"number"},{"type":"boolean"}]},
                "d":{"type":"string","const":"k"},"e\"":{"type":"string","format":"date-time"}},
            "required":["a"]}"#;
        let expected = concat!(
            r#"{"type":"object","description":"d","properties":{"#,
            r#""a":{"type":"string","nullable":true,"enum":["x","y"]},"#,
            r#""b":{"type":"array","items":{"type":"integer","format":"int32","minimum":1}},"#,
            r#""c":{"anyOf":[{"type":"number"},{"type":"boolean"}]},"#,
            r#""d":{"type":"string","enum":["k"]},"e\"":{"type":"string","format":"date-time"}},"#,
            r#""required":["a"]}"#,
        );
        assert_eq!(of(json), Schema::Subset(expected.into()));
    }

    #[test]
    fn what_it_cannot_say_stays_a_json_schema() {
        for json in [
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/x"}},"$defs":{"x":{}}}"##,
            r#"{"type":"object","properties":{"a":{"type":["string","integer"]}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"string","format":"email"}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"integer","enum":[1,2]}}}"#,
            r#"{"type":"object","properties":{"a":{"type":"object"}},"oneOf":[]}"#,
            r#"{"type":"object","properties":{"a":{"type":"object","properties":{}}}}"#,
            r#"{"type":"object","additionalProperties":{"type":"string"}}"#,
            r#"{"type":"object","properties":{"a":true}}"#,
            r#"{"type":"object","properties":{"a":{"not":{}}}}"#,
            r#"{"type":"null"}"#,
            "true",
        ] {
            assert_eq!(of(json), Schema::Json(json.into()));
        }
    }

    #[test]
    fn an_object_without_members_is_not_said_at_all() {
        for json in
            ["{}", r#"{"type":"object"}"#, r#"{"properties":{},"additionalProperties":false}"#]
        {
            assert_eq!(of(json), Schema::Empty, "{json}");
        }
        assert_ne!(of(r#"{"type":"string"}"#), Schema::Empty);
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| {
            let open = r#"{"type":"array","items":"#.repeat(levels);
            format!(r#"{open}{{"type":"string"}}{}"#, "}".repeat(levels))
        };
        assert!(matches!(of(&nested(5)), Schema::Subset(_)));
        assert!(matches!(of(&nested(6)), Schema::Json(_)));
        assert!(matches!(of(&nested(100_000)), Schema::Json(_)));
    }
}
