//! How an answer is held to a form.

use tollgate_neutral::{ResponseFormat, Text};

use super::schema;
use crate::model::Model;

/// The tool through whose arguments a model answers that cannot be held to a schema. The decoder
/// makes the answer's text of them again.
pub(crate) const ANSWER_TOOL: &str = "json_tool_call";

/// What is asked of a model in words: there is no switch for it.
pub(super) const OBJECT_WISH: &str =
    "Answer with exactly one valid JSON object and nothing else: no prose, no code fence.";

/// The form of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnswerFormat {
    /// Any text.
    Text,
    /// A JSON object, which the system's text asks for.
    Object,
    /// JSON that fits this schema; the model sees to it.
    Schema(String),
    /// JSON that fits this schema, as the arguments of [`ANSWER_TOOL`].
    Tool {
        /// The tool as JSON.
        tool: String,
    },
}

/// Plans how the answer gets its form.
pub(super) fn plan(model: Model, format: &ResponseFormat<'_>) -> AnswerFormat {
    match *format {
        ResponseFormat::Text => AnswerFormat::Text,
        ResponseFormat::JsonObject => AnswerFormat::Object,
        ResponseFormat::JsonSchema { schema, .. } if model.follows_schemas() => {
            AnswerFormat::Schema(schema::closed(schema))
        }
        ResponseFormat::JsonSchema { name, description, schema, .. } => AnswerFormat::Tool {
            tool: tool(name, description, &schema::of_arguments(Some(schema))),
        },
    }
}

fn tool(name: Option<Text<'_>>, description: Option<Text<'_>>, schema: &str) -> String {
    let named = name.and_then(Text::decoded).unwrap_or_default();
    tollgate_neutral::write::object(|o| {
        o.text("name", ANSWER_TOOL);
        match description {
            Some(description) => o.json("description", description.json()),
            None => o.text("description", &format!("Gives the answer {named}.")),
        }
        o.json("input_schema", schema);
    })
}
