//! The tools that a model may call.

use std::borrow::Cow;

use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::failure::invalid;
use crate::object::{Object, array, flag};
use crate::text::Text;

/// A tool.
#[derive(Clone, Debug)]
pub enum Tool<'a> {
    /// A function of the application's.
    Function {
        /// Its name.
        name: Text<'a>,
        /// What it does.
        description: Option<Text<'a>>,
        /// The JSON schema of its arguments.
        parameters: Option<&'a RawValue>,
        /// Whether the arguments have to fit the schema exactly.
        strict: bool,
        /// Other members of the tool, such as `cache_control`.
        rest: Object<'a>,
    },
    /// A tool that OpenAI does not know; some provider may.
    Other {
        /// Its `type`.
        kind: Cow<'a, str>,
        /// The whole tool.
        value: &'a RawValue,
    },
}

/// Which tool the model has to call.
#[derive(Clone, Copy, Debug)]
pub enum ToolChoice<'a> {
    /// The model decides.
    Auto,
    /// None.
    None,
    /// Any, at least one.
    Required,
    /// The function of this name.
    Function(Text<'a>),
    /// A choice of another form, such as `allowed_tools`.
    Other(&'a RawValue),
}

/// Reads `tools`.
pub(crate) fn tools<'a>(value: Option<&'a RawValue>) -> Result<Vec<Tool<'a>>, Failure> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let items = array(value).ok_or_else(|| invalid("tools", "tools must be a list."))?;
    let mut tools = Vec::with_capacity(items.len());
    for (index, value) in items.into_iter().enumerate() {
        let tool = tool(value).ok_or_else(|| {
            let at = format!("tools[{index}]");
            invalid(&at, &format!("{at} must be an object with a `type`, a function with a name."))
        })?;
        tools.push(tool);
    }
    Ok(tools)
}

fn tool<'a>(value: &'a RawValue) -> Option<Tool<'a>> {
    let mut rest = Object::of(value)?;
    let kind = rest.take_text("type")?.decoded()?;
    if kind != "function" {
        return Some(Tool::Other { kind, value });
    }
    let mut function = rest.take("function").and_then(Object::of)?;
    Some(Tool::Function {
        name: function.take_text("name")?,
        description: function.take_text("description"),
        parameters: function.take("parameters"),
        strict: function.take("strict").and_then(flag).unwrap_or(false),
        rest,
    })
}

/// Reads `tool_choice`.
pub(crate) fn choice<'a>(value: Option<&'a RawValue>) -> Result<Option<ToolChoice<'a>>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    let wrong = || invalid("tool_choice", "tool_choice must be a word or name a function.");
    if let Some(word) = Text::of(value) {
        return match word.decoded().as_deref() {
            Some("auto") => Ok(Some(ToolChoice::Auto)),
            Some("none") => Ok(Some(ToolChoice::None)),
            Some("required") => Ok(Some(ToolChoice::Required)),
            _ => Err(wrong()),
        };
    }
    let choice = Object::of(value).ok_or_else(wrong)?;
    if choice.text("type").as_deref() != Some("function") {
        return Ok(Some(ToolChoice::Other(value)));
    }
    let name = choice.get("function").and_then(Object::of).and_then(|mut f| f.take_text("name"));
    name.map(|name| Some(ToolChoice::Function(name))).ok_or_else(wrong)
}
