//! The tools that a model may call, and which of them it has to.

use tollgate_neutral::write::{self, ObjectWriter};
use tollgate_neutral::{ChatRequest, Loss, Text, Tool, ToolChoice, invalid};
use tollgate_sdk::types::Failure;

use super::format::{ANSWER_TOOL, AnswerFormat};
use super::schema;
use super::thinking::Plan;
use crate::model::Model;

/// The member `tools`. A tool of a type that OpenAI does not know is Anthropic's own.
pub(super) fn list(
    tools: &[Tool<'_>],
    format: &AnswerFormat,
    model: Model,
    loss: &mut Loss,
) -> Result<Option<String>, Failure> {
    let mut list = Vec::with_capacity(tools.len() + 1);
    for tool in tools {
        list.push(written(tool, model, loss)?);
    }
    if let AnswerFormat::Tool { tool } = format {
        list.push(tool.clone());
    }
    let json = || write::array(|a| list.iter().for_each(|tool| a.json(tool)));
    Ok((!list.is_empty()).then(json))
}

fn written(tool: &Tool<'_>, model: Model, loss: &mut Loss) -> Result<String, Failure> {
    let (name, description, parameters, strict, rest) = match tool {
        Tool::Other { value, .. } => return Ok(value.get().to_owned()),
        Tool::Function { name, description, parameters, strict, rest } => {
            (name, description, parameters, strict, rest)
        }
    };
    if name.decoded().as_deref() == Some(ANSWER_TOOL) {
        return Err(invalid("tools", &format!("The name {ANSWER_TOOL} is taken.")));
    }
    let strict = *strict && model.follows_schemas() || {
        if *strict {
            loss.drop("tools[].function.strict")?;
        }
        false
    };
    let schema = match parameters {
        Some(parameters) if strict => schema::closed(parameters),
        parameters => schema::of_arguments(*parameters),
    };
    Ok(write::object(|o| {
        o.text("type", "custom");
        o.json("name", name.json());
        if let Some(description) = description {
            o.json("description", description.json());
        }
        o.json("input_schema", &schema);
        if strict {
            o.flag("strict", true);
        }
        rest.iter().for_each(|(name, value)| o.raw(name, value));
    }))
}

/// What the model has to do with its tools.
#[derive(Clone, Copy)]
enum Choice<'a> {
    Auto,
    Any,
    None,
    Tool(&'a str),
}

/// The member `tool_choice`.
pub(super) fn choice(
    request: &ChatRequest<'_>,
    format: &AnswerFormat,
    thinking: &Plan<'_>,
    loss: &mut Loss,
) -> Result<Option<String>, Failure> {
    let own = own_choice(request, loss)?;
    let answer_tool = write::text(ANSWER_TOOL);
    let choice = match (format, own) {
        // While it thinks, a model cannot be made to call a tool.
        (AnswerFormat::Tool { .. }, None | Some(Choice::Auto)) if thinking.is_on() => None,
        (AnswerFormat::Tool { .. }, None | Some(Choice::Auto)) if !request.tools.is_empty() => {
            Some(Choice::Any)
        }
        (AnswerFormat::Tool { .. }, None | Some(Choice::Auto | Choice::None)) => {
            Some(Choice::Tool(&answer_tool))
        }
        (_, own) => own,
    };
    let single = request.parallel_tool_calls == Some(false) && !request.tools.is_empty();
    let choice = choice.or(single.then_some(Choice::Auto));
    Ok(choice.map(|choice| write::object(|o| choice.write(single, o))))
}

fn own_choice<'a>(
    request: &ChatRequest<'a>,
    loss: &mut Loss,
) -> Result<Option<Choice<'a>>, Failure> {
    if request.tools.is_empty() {
        // Nothing to choose from, so `auto` and `none` say nothing.
        if matches!(request.tool_choice, Some(ToolChoice::Required | ToolChoice::Function(_))) {
            return Err(invalid("tool_choice", "tool_choice asks for a tool, but there is none."));
        }
        return Ok(None);
    }
    Ok(match request.tool_choice {
        None => None,
        Some(ToolChoice::Auto) => Some(Choice::Auto),
        Some(ToolChoice::None) => Some(Choice::None),
        Some(ToolChoice::Required) => Some(Choice::Any),
        Some(ToolChoice::Function(name)) => Some(Choice::Tool(Text::json(name))),
        Some(ToolChoice::Other(_)) => {
            loss.drop("tool_choice")?;
            None
        }
    })
}

// === impl Choice ===

impl Choice<'_> {
    fn write(self, single: bool, o: &mut ObjectWriter<'_>) {
        let word = match self {
            Self::Auto => "auto",
            Self::Any => "any",
            Self::None => "none",
            Self::Tool(_) => "tool",
        };
        o.text("type", word);
        if let Self::Tool(name) = self {
            o.json("name", name);
        }
        if single && !matches!(self, Self::None) {
            o.flag("disable_parallel_tool_use", true);
        }
    }
}
