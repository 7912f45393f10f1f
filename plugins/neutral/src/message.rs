//! The messages of a conversation.

use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::failure::invalid;
use crate::object::{Object, array};
use crate::part::{Part, content};
use crate::text::Text;

/// A message. `rest` holds the members that a type does not name, such as `name`.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// From the application: `system` or `developer`.
    System(Turn<'a>),
    /// From the person.
    User(Turn<'a>),
    /// From the model.
    Assistant(Assistant<'a>),
    /// From a tool that the model has called.
    Tool(ToolResult<'a>),
}

/// What somebody other than the model says.
#[derive(Clone, Debug)]
pub struct Turn<'a> {
    /// What is said.
    pub content: Vec<Part<'a>>,
    /// Other members.
    pub rest: Object<'a>,
}

/// What the model has said before.
#[derive(Clone, Debug)]
pub struct Assistant<'a> {
    /// What was said.
    pub content: Vec<Part<'a>>,
    /// Its words of refusal.
    pub refusal: Option<Text<'a>>,
    /// Its reasoning in blocks, with what proves them.
    pub reasoning: Vec<Reasoning<'a>>,
    /// Its reasoning as words only.
    pub reasoning_content: Option<Text<'a>>,
    /// Its calls of tools.
    pub tool_calls: Vec<ToolCall<'a>>,
    /// Other members.
    pub rest: Object<'a>,
}

/// A block of reasoning, as `thinking_blocks` carries it.
#[derive(Clone, Debug)]
pub enum Reasoning<'a> {
    /// Words.
    Open {
        /// The words.
        text: Text<'a>,
        /// What proves them to the provider that made them.
        signature: Option<Text<'a>>,
    },
    /// A block that only the provider can read.
    Sealed {
        /// Its data.
        data: Text<'a>,
    },
}

/// A call of a function.
#[derive(Clone, Debug)]
pub struct ToolCall<'a> {
    /// Its id.
    pub id: Text<'a>,
    /// The function's name.
    pub name: Text<'a>,
    /// The arguments: a JSON text of JSON.
    pub arguments: Text<'a>,
    /// Other members of the call, such as `extra_content`.
    pub rest: Object<'a>,
}

/// What a tool gave.
#[derive(Clone, Debug)]
pub struct ToolResult<'a> {
    /// The id of the call.
    pub call_id: Text<'a>,
    /// What it gave.
    pub content: Vec<Part<'a>>,
    /// Other members.
    pub rest: Object<'a>,
}

/// Reads `messages`.
pub(crate) fn messages<'a>(value: Option<&'a RawValue>) -> Result<Vec<Message<'a>>, Failure> {
    let items = value
        .and_then(array)
        .filter(|items| !items.is_empty())
        .ok_or_else(|| invalid("messages", "messages must be a list with at least one message."))?;
    let mut messages = Vec::with_capacity(items.len());
    for (index, value) in items.into_iter().enumerate() {
        messages.push(message(value, &format!("messages[{index}]"))?);
    }
    Ok(messages)
}

fn message<'a>(value: &'a RawValue, at: &str) -> Result<Message<'a>, Failure> {
    let wrong = |wanted: &str| invalid(at, &format!("{at} must be {wanted}."));
    let mut rest = Object::of(value).ok_or_else(|| wrong("an object"))?;
    let role = rest.take_text("role").and_then(Text::decoded);
    let role = role.ok_or_else(|| wrong("an object with a `role`"))?;
    let content = content(rest.take("content"), &format!("{at}.content"))?;
    match role.as_ref() {
        "system" | "developer" => Ok(Message::System(Turn { content, rest })),
        "user" => Ok(Message::User(Turn { content, rest })),
        "assistant" => assistant(content, rest, at).map(Message::Assistant),
        "tool" => {
            let call_id = rest.take_text("tool_call_id");
            let call_id = call_id.ok_or_else(|| wrong("a result with a `tool_call_id`"))?;
            Ok(Message::Tool(ToolResult { call_id, content, rest }))
        }
        role => Err(wrong(&format!(
            "of the role `system`, `developer`, `user`, `assistant` or `tool`, not `{role}`"
        ))),
    }
}

fn assistant<'a>(
    content: Vec<Part<'a>>,
    mut rest: Object<'a>,
    at: &str,
) -> Result<Assistant<'a>, Failure> {
    let reasoning = list(rest.take("thinking_blocks"), reasoning).map_err(|index| {
        let at = format!("{at}.thinking_blocks[{index}]");
        invalid(&at, &format!("{at} must be a block of `thinking` or `redacted_thinking`."))
    })?;
    let tool_calls = list(rest.take("tool_calls"), tool_call).map_err(|index| {
        let at = format!("{at}.tool_calls[{index}]");
        invalid(&at, &format!("{at} must be a call of a function with `id`, `name`, `arguments`."))
    })?;
    Ok(Assistant {
        content,
        refusal: rest.take_text("refusal"),
        reasoning,
        reasoning_content: rest.take_text("reasoning_content"),
        tool_calls,
        rest,
    })
}

/// Reads a list's items. An error is the index of the one that cannot be read.
fn list<'a, T>(
    value: Option<&'a RawValue>,
    read: fn(&'a RawValue) -> Option<T>,
) -> Result<Vec<T>, usize> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    let items = array(value).ok_or(0_usize)?;
    items.into_iter().enumerate().map(|(index, item)| read(item).ok_or(index)).collect()
}

fn reasoning<'a>(value: &'a RawValue) -> Option<Reasoning<'a>> {
    let mut block = Object::of(value)?;
    match block.text("type")?.as_ref() {
        "thinking" => Some(Reasoning::Open {
            text: block.take_text("thinking")?,
            signature: block.take_text("signature").filter(|text| !text.is_empty()),
        }),
        "redacted_thinking" => Some(Reasoning::Sealed { data: block.take_text("data")? }),
        _ => None,
    }
}

fn tool_call<'a>(value: &'a RawValue) -> Option<ToolCall<'a>> {
    let mut rest = Object::of(value)?;
    rest.take("index");
    let kind = rest.take_text("type").and_then(Text::decoded);
    if kind.is_some_and(|kind| kind != "function") {
        return None;
    }
    let mut function = rest.take("function").and_then(Object::of)?;
    Some(ToolCall {
        id: rest.take_text("id")?,
        name: function.take_text("name")?,
        arguments: function.take_text("arguments")?,
        rest,
    })
}
