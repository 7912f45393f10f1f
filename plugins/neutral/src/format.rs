//! The form that an answer must have.

use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::failure::invalid;
use crate::object::{Object, flag};
use crate::text::Text;

/// A `response_format`.
#[derive(Clone, Copy, Debug)]
pub enum ResponseFormat<'a> {
    /// Any text.
    Text,
    /// Some JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name.
        name: Option<Text<'a>>,
        /// What it is for.
        description: Option<Text<'a>>,
        /// The schema.
        schema: &'a RawValue,
        /// Whether the answer has to fit exactly.
        strict: bool,
    },
}

/// Reads `response_format`.
pub(crate) fn format<'a>(value: Option<&'a RawValue>) -> Result<ResponseFormat<'a>, Failure> {
    const PARAM: &str = "response_format";
    let Some(value) = value else {
        return Ok(ResponseFormat::Text);
    };
    let wrong = || {
        invalid(
            PARAM,
            "response_format must be of the type `text`, `json_object` or `json_schema`.",
        )
    };
    let mut format = Object::of(value).ok_or_else(wrong)?;
    match format.text("type").as_deref() {
        Some("text") => Ok(ResponseFormat::Text),
        Some("json_object") => Ok(ResponseFormat::JsonObject),
        Some("json_schema") => format
            .take("json_schema")
            .and_then(Object::of)
            .and_then(schema)
            .ok_or_else(|| invalid(PARAM, "response_format.json_schema must have a `schema`.")),
        _ => Err(wrong()),
    }
}

fn schema<'a>(mut format: Object<'a>) -> Option<ResponseFormat<'a>> {
    Some(ResponseFormat::JsonSchema {
        name: format.take_text("name"),
        description: format.take_text("description"),
        schema: format.take("schema").filter(|schema| schema.get().starts_with('{'))?,
        strict: format.take("strict").and_then(flag).unwrap_or(false),
    })
}
