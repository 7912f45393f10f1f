//! JSON schemas as Anthropic wants them.

use serde_json::value::RawValue;
use tollgate_neutral::{Object, array, write};

/// Depth to which a schema is gone through: a component has a stack of 16 KiB. What is deeper is
/// handed on as it is, and Anthropic says what it thinks of it.
const DEPTH_MAX: u32 = 8;

/// The schema of a tool that takes no arguments.
pub(super) const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// A schema in which every object is closed: Anthropic holds answers to closed objects only, and
/// OpenAI's strict schemas are closed anyway. Where an object says itself what more it may have,
/// it stays so.
pub(super) fn closed(schema: &RawValue) -> String {
    close(schema, DEPTH_MAX)
}

fn close(schema: &RawValue, depth: u32) -> String {
    let Some(object) = Object::of(schema).filter(|_| depth > 0) else {
        return schema.get().to_owned();
    };
    let is_object = object.get("type").is_some_and(|kind| kind.get().contains("\"object\""))
        || object.get("properties").is_some();
    write::object(|o| {
        for (name, value) in object.iter() {
            match name {
                "properties" | "$defs" | "definitions" => o.json(name, &each_member(value, depth)),
                "anyOf" | "allOf" | "oneOf" | "prefixItems" => {
                    o.json(name, &each_item(value, depth));
                }
                "items" | "not" => o.json(name, &close(value, depth - 1)),
                _ => o.raw(name, value),
            }
        }
        if is_object && object.get("additionalProperties").is_none() {
            o.flag("additionalProperties", false);
        }
    })
}

fn each_member(value: &RawValue, depth: u32) -> String {
    let Some(members) = Object::of(value) else {
        return value.get().to_owned();
    };
    write::object(|o| {
        members.iter().for_each(|(name, schema)| o.json(name, &close(schema, depth - 1)));
    })
}

fn each_item(value: &RawValue, depth: u32) -> String {
    let Some(items) = array(value) else {
        return value.get().to_owned();
    };
    write::array(|a| items.into_iter().for_each(|schema| a.json(&close(schema, depth - 1))))
}

/// A tool's schema, which has to be one of an object.
pub(super) fn of_arguments(schema: Option<&RawValue>) -> String {
    let Some((schema, object)) = schema.and_then(|raw| Some((raw, Object::of(raw)?))) else {
        return NO_ARGUMENTS.into();
    };
    if object.get("type").is_some() {
        return schema.get().to_owned();
    }
    write::object(|o| {
        o.text("type", "object");
        let rest = object.iter().filter(|(name, _)| *name != "type");
        rest.for_each(|(name, value)| o.raw(name, value));
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn every_object_is_closed_once() {
        let schema = r#"{"type":"object","properties":{"a":{"type":["object","null"],"properties":{}},
            "b":{"type":"array","items":{"properties":{"c":{"type":"string"}}}},
            "d":{"anyOf":[{"type":"object"},{"type":"object","additionalProperties":{"type":"number"}}]}},
            "$defs":{"e":{"type":"object"}}}"#;
        let closed = closed(raw(schema));
        assert_eq!(closed.matches(r#""additionalProperties":false"#).count(), 5, "{closed}");
        assert_eq!(super::closed(raw(&closed)), closed);
    }

    #[test]
    fn what_is_no_schema_is_handed_on() {
        for json in ["true", "7", "[]", r#"{"properties":7,"anyOf":{},"items":[1]}"#] {
            let closed = closed(raw(json));
            assert!(serde_json::from_str::<&RawValue>(&closed).is_ok(), "{closed}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let deep = format!("{}7{}", r#"{"items":"#.repeat(5000), "}".repeat(5000));
        assert_eq!(closed(raw(&deep)), deep);
    }

    #[test]
    fn arguments_are_an_object() {
        assert_eq!(of_arguments(None), NO_ARGUMENTS);
        assert_eq!(of_arguments(Some(raw("7"))), NO_ARGUMENTS);
        assert_eq!(of_arguments(Some(raw("{}"))), r#"{"type":"object"}"#);
        assert_eq!(of_arguments(Some(raw(r#"{"type":"x"}"#))), r#"{"type":"x"}"#);
    }
}
