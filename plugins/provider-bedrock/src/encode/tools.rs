//! The tools that the model may use, and which it has to.

use std::borrow::Cow;

use tollgate_neutral::{ChatRequest, Loss, Text, Tool, ToolChoice, write};
use tollgate_sdk::types::Failure;

use super::format::{ANSWER_TOOL, AnswerFormat};
use super::messages::cache_point;
use crate::family::Family;

/// Characters of an id that Bedrock takes.
const ID_CHARS_MAX: usize = 64;

/// The schema of a tool that takes anything.
const ANYTHING: &str = r#"{"type":"object","properties":{}}"#;

/// What tools depend on.
pub(super) struct Wanted<'a> {
    pub(super) family: Family,
    pub(super) format: &'a AnswerFormat,
    /// Claude, when it thinks, cannot be made to call a tool.
    pub(super) is_thinking: bool,
}

/// The `toolConfig`, and what of it Claude is told in its own words.
pub(super) struct Tools {
    pub(super) config: Option<String>,
    pub(super) field: Option<(String, String)>,
}

/// Which tool has to be called.
#[derive(Clone)]
enum Choice {
    Unsaid,
    Auto,
    None,
    Any,
    /// The one of this name, as JSON text.
    One(String),
}

/// An id of the characters that Bedrock takes, the same for a call and its result.
pub(super) fn plain_id(id: Text<'_>) -> String {
    let id = id.decoded().unwrap_or(Cow::Borrowed("_"));
    let kept = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
    id.chars().map(kept).take(ID_CHARS_MAX).collect()
}

/// Makes both. `called` are the names of tools that were called before, as JSON texts.
pub(super) fn tools(
    request: &ChatRequest<'_>,
    wanted: &Wanted<'_>,
    called: &[String],
    loss: &mut Loss,
) -> Result<Tools, Failure> {
    let mut list = listed(request, wanted.family, loss)?;
    let has_functions = !list.is_empty();
    let mut choice = chosen(request, loss)?;
    if let AnswerFormat::Tool(schema) = wanted.format {
        let name = write::text(ANSWER_TOOL);
        list.push(spec(&name, Some("\"Gives the answer.\""), schema));
        choice = match choice {
            Choice::Unsaid | Choice::Auto | Choice::Any if has_functions => Choice::Any,
            other @ Choice::One(_) => other,
            _ => Choice::One(name),
        };
    }
    if matches!(choice, Choice::None) && called.is_empty() {
        // Bedrock has no word for it: without tools none is called.
        return Ok(Tools { config: None, field: None });
    }
    if list.is_empty() {
        // A conversation in which tools were called needs them, though none may be called now.
        let mut names: Vec<&String> = Vec::new();
        for name in called {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        list.extend(names.into_iter().map(|name| spec(name, None, ANYTHING)));
        if wanted.family.is_claude() {
            choice = Choice::None;
        }
    }
    if list.is_empty() {
        return Ok(Tools { config: None, field: None });
    }
    let is_forced = matches!(choice, Choice::Any | Choice::One(_));
    if is_forced && wanted.is_thinking && wanted.family.is_claude() {
        choice = Choice::Auto;
    }
    let one_at_a_time = request.parallel_tool_calls == Some(false) && has_functions;
    let field = claudes(&choice, one_at_a_time, wanted.family, loss)?;
    let named = if field.is_some() { None } else { choice.json() };
    let config = write::object(|config| {
        config.array("tools", |tools| list.iter().for_each(|tool| tools.json(tool)));
        if let Some(choice) = named {
            config.json("toolChoice", &choice);
        }
    });
    Ok(Tools { config: Some(config), field })
}

fn listed(
    request: &ChatRequest<'_>,
    family: Family,
    loss: &mut Loss,
) -> Result<Vec<String>, Failure> {
    let mut list = Vec::new();
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, rest, .. } => {
                // An empty description is refused.
                let description = description.filter(|text| !text.is_empty()).map(Text::json);
                let schema = parameters.map_or(ANYTHING, |schema| schema.get());
                list.push(spec(name.json(), description, schema));
                let control = rest.object("cache_control").filter(|_| family.caches());
                list.extend(control.as_ref().map(cache_point));
            }
            Tool::Other { .. } => loss.drop("tools")?,
        }
    }
    Ok(list)
}

/// A tool; name and description are JSON texts.
fn spec(name: &str, description: Option<&str>, schema: &str) -> String {
    write::object(|tool| {
        tool.object("toolSpec", |spec| {
            spec.json("name", name);
            if let Some(description) = description {
                spec.json("description", description);
            }
            spec.object("inputSchema", |input| input.json("json", schema));
        });
    })
}

fn chosen(request: &ChatRequest<'_>, loss: &mut Loss) -> Result<Choice, Failure> {
    Ok(match request.tool_choice {
        None => Choice::Unsaid,
        Some(ToolChoice::Auto) => Choice::Auto,
        Some(ToolChoice::None) => Choice::None,
        Some(ToolChoice::Required) => Choice::Any,
        Some(ToolChoice::Function(name)) => Choice::One(name.json().to_owned()),
        Some(ToolChoice::Other(_)) => {
            loss.drop("tool_choice")?;
            Choice::Unsaid
        }
    })
}

/// What Converse has no words for, but Claude has: no tool at all, or one at a time.
fn claudes(
    choice: &Choice,
    one_at_a_time: bool,
    family: Family,
    loss: &mut Loss,
) -> Result<Option<(String, String)>, Failure> {
    let is_none = matches!(choice, Choice::None);
    if !is_none && !one_at_a_time {
        return Ok(None);
    }
    if !family.is_claude() {
        loss.drop(if is_none { "tool_choice" } else { "parallel_tool_calls" })?;
        return Ok(None);
    }
    let value = write::object(|value| {
        let kind = match choice {
            Choice::None => "none",
            Choice::Any => "any",
            Choice::One(_) => "tool",
            Choice::Unsaid | Choice::Auto => "auto",
        };
        value.text("type", kind);
        if let Choice::One(name) = choice {
            value.json("name", name);
        }
        if !is_none {
            value.flag("disable_parallel_tool_use", true);
        }
    });
    Ok(Some(("tool_choice".to_owned(), value)))
}

// === impl Choice ===

impl Choice {
    /// Converse's word.
    fn json(&self) -> Option<String> {
        match self {
            Self::Unsaid | Self::None => None,
            Self::Auto => Some(r#"{"auto":{}}"#.to_owned()),
            Self::Any => Some(r#"{"any":{}}"#.to_owned()),
            Self::One(name) => Some(write::object(|choice| {
                choice.object("tool", |tool| tool.json("name", name));
            })),
        }
    }
}
