//! The form that an answer must have.

use serde_json::value::RawValue;
use tollgate_neutral::{ResponseFormat, Text, write};

use crate::family::Family;

/// The tool whose call is the answer, where nothing else holds a model to a schema.
pub(crate) const ANSWER_TOOL: &str = "json_tool_call";

/// How the form is asked for.
pub(super) enum AnswerFormat {
    /// Any text.
    Free,
    /// In words: an object, whatever is in it.
    Told,
    /// By Bedrock's own means; the `outputConfig`.
    Schema(String),
    /// As the call of a tool with this schema.
    Tool(String),
}

/// What a model is told that has to answer with an object.
pub(super) const INSTRUCTION: &str =
    "Answer with one JSON object and nothing else: no words around it, no code fence.";

// === impl AnswerFormat ===

impl AnswerFormat {
    /// Bedrock takes schemas that say what is left out of them; OpenAI calls those strict.
    pub(super) fn plan(family: Family, wanted: &ResponseFormat<'_>) -> Self {
        match wanted {
            ResponseFormat::Text => Self::Free,
            ResponseFormat::JsonObject => Self::Told,
            ResponseFormat::JsonSchema { name, description, schema, strict: true }
                if family.follows_schemas() =>
            {
                Self::Schema(output_config(*name, *description, schema))
            }
            ResponseFormat::JsonSchema { schema, .. } => Self::Tool(schema.get().to_owned()),
        }
    }
}

fn output_config(
    name: Option<Text<'_>>,
    description: Option<Text<'_>>,
    schema: &RawValue,
) -> String {
    write::object(|config| {
        config.object("textFormat", |format| {
            format.text("type", "json_schema");
            format.object("structure", |structure| {
                structure.object("jsonSchema", |definition| {
                    // Here a schema is a text with JSON in it.
                    definition.text("schema", schema.get());
                    if let Some(name) = name {
                        definition.json("name", name.json());
                    }
                    if let Some(description) = description {
                        definition.json("description", description.json());
                    }
                });
            });
        });
    })
}
