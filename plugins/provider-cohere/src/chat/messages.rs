//! The messages of a conversation, which are much like OpenAI's.

use tollgate_neutral::write::{self, ArrayWriter, ObjectWriter};
use tollgate_neutral::{
    Assistant, Loss, Message, Object, Part, Reasoning, Source, Text, ToolCall, ToolResult, invalid,
};
use tollgate_sdk::types::Failure;

/// The messages, each as JSON.
pub(super) fn list(messages: &[Message<'_>], loss: &mut Loss) -> Result<Vec<String>, Failure> {
    let mut list = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        list.push(match message {
            Message::System(turn) => spoken("system", &turn.content, &turn.rest, index, loss)?,
            Message::User(turn) => spoken("user", &turn.content, &turn.rest, index, loss)?,
            Message::Assistant(said) => assistant(said, index, loss)?,
            Message::Tool(result) => tool(result, index, loss)?,
        });
    }
    Ok(list)
}

fn spoken(
    role: &str,
    content: &[Part<'_>],
    rest: &Object<'_>,
    index: usize,
    loss: &mut Loss,
) -> Result<String, Failure> {
    for name in members(rest) {
        loss.drop(&format!("messages[].{name}"))?;
    }
    let content = Content::of(content, index, role == "user", loss)?;
    Ok(write::object(|o| {
        o.text("role", role);
        content.write(o);
    }))
}

/// What the model said. Its reasoning before calls of tools is what Cohere calls its plan. Members
/// of answers that clients carry back beside these are no wishes of theirs, and stay here.
fn assistant(said: &Assistant<'_>, index: usize, loss: &mut Loss) -> Result<String, Failure> {
    let content = Content::of(&said.content, index, false, loss)?;
    let reasoning = reasoning(said);
    let is_plan = !said.tool_calls.is_empty();
    Ok(write::object(|o| {
        o.text("role", "assistant");
        match &reasoning {
            Some(reasoning) if is_plan => {
                o.text("tool_plan", reasoning);
                content.write_unless_empty(o);
            }
            Some(reasoning) => o.array("content", |parts| {
                parts.object(|o| {
                    o.text("type", "thinking");
                    o.text("thinking", reasoning);
                });
                content.parts.iter().for_each(|part| parts.json(part));
                said.refusal.iter().for_each(|refusal| text_part(*refusal, parts));
            }),
            None => match said.refusal {
                Some(refusal) if content.parts.is_empty() => o.json("content", refusal.json()),
                _ if is_plan => content.write_unless_empty(o),
                _ => content.write(o),
            },
        }
        if is_plan {
            o.array("tool_calls", |calls| {
                said.tool_calls.iter().for_each(|call| calls.object(|o| write_call(call, o)));
            });
        }
    }))
}

/// The words of the reasoning, all blocks together.
fn reasoning(said: &Assistant<'_>) -> Option<String> {
    if let Some(text) = said.reasoning_content.and_then(Text::decoded) {
        return Some(text.into_owned()).filter(|text| !text.is_empty());
    }
    let words = said.reasoning.iter().filter_map(|block| match block {
        Reasoning::Open { text, .. } => text.decoded(),
        Reasoning::Sealed { .. } => None,
    });
    Some(words.collect::<String>()).filter(|text| !text.is_empty())
}

fn write_call(call: &ToolCall<'_>, o: &mut ObjectWriter<'_>) {
    o.json("id", call.id.json());
    o.text("type", "function");
    o.object("function", |o| {
        o.json("name", call.name.json());
        o.json("arguments", call.arguments.json());
    });
}

fn tool(result: &ToolResult<'_>, index: usize, loss: &mut Loss) -> Result<String, Failure> {
    for name in members(&result.rest) {
        loss.drop(&format!("messages[].{name}"))?;
    }
    let content = Content::of(&result.content, index, false, loss)?;
    Ok(write::object(|o| {
        o.text("role", "tool");
        o.json("tool_call_id", result.call_id.json());
        content.write(o);
    }))
}

/// The members that are not null.
fn members<'o>(rest: &'o Object<'_>) -> impl Iterator<Item = &'o str> {
    rest.iter().filter(|(_, value)| value.get() != "null").map(|(name, _)| name)
}

/// A message's content: its parts as JSON, and its text if it is nothing else.
struct Content<'a> {
    parts: Vec<String>,
    only: Option<Text<'a>>,
}

// === impl Content ===

impl<'a> Content<'a> {
    fn of(
        content: &[Part<'a>],
        message: usize,
        takes_pictures: bool,
        loss: &mut Loss,
    ) -> Result<Self, Failure> {
        let mut parts = Vec::with_capacity(content.len());
        for (index, part) in content.iter().enumerate() {
            let (written, rest) = match part {
                Part::Text { text, rest } => (write::object(|o| put_text(*text, o)), Some(rest)),
                Part::Refusal { text } => (write::object(|o| put_text(*text, o)), None),
                Part::Image { source, detail, rest } if takes_pictures => {
                    (picture(source, *detail), Some(rest))
                }
                _ => {
                    let at = format!("messages[{message}].content[{index}]");
                    let taken = if takes_pictures { "text and pictures" } else { "text" };
                    let words =
                        format!("Cohere takes only {taken} here, so {at} cannot be carried.");
                    return Err(invalid(&at, &words));
                }
            };
            for name in rest.into_iter().flat_map(members) {
                loss.drop(&format!("messages[].content[].{name}"))?;
            }
            parts.push(written);
        }
        let only = match content {
            [Part::Text { text, .. }] => Some(*text),
            _ => None,
        };
        Ok(Self { parts, only })
    }

    fn write(&self, o: &mut ObjectWriter<'_>) {
        match self.only {
            Some(text) => o.json("content", text.json()),
            None if self.parts.is_empty() => o.text("content", ""),
            None => o.array("content", |a| self.parts.iter().for_each(|part| a.json(part))),
        }
    }

    fn write_unless_empty(&self, o: &mut ObjectWriter<'_>) {
        if !self.parts.is_empty() && !self.only.is_some_and(Text::is_empty) {
            self.write(o);
        }
    }
}

fn put_text(text: Text<'_>, o: &mut ObjectWriter<'_>) {
    o.text("type", "text");
    o.json("text", text.json());
}

fn text_part(text: Text<'_>, parts: &mut ArrayWriter<'_>) {
    parts.object(|o| put_text(text, o));
}

fn picture(source: &Source<'_>, detail: Option<Text<'_>>) -> String {
    let url = match source {
        Source::Url(url) | Source::Id(url) => url.clone().into_owned(),
        Source::Data { media_type, base64 } => format!("data:{media_type};base64,{base64}"),
    };
    write::object(|o| {
        o.text("type", "image_url");
        o.object("image_url", |o| {
            o.text("url", &url);
            if let Some(detail) = detail {
                o.json("detail", detail.json());
            }
        });
    })
}
