//! The messages of a conversation, which are much like OpenAI's.

use tollgate_neutral::write::{ArrayWriter, ObjectWriter};
use tollgate_neutral::{
    Assistant, Loss, Message, Object, Part, Reasoning, Source, Text, ToolCall, ToolResult, invalid,
};
use tollgate_sdk::types::Failure;

/// A message whose parts Cohere takes.
#[derive(Debug)]
pub(super) enum Checked<'m, 'a> {
    /// Of the system or the person.
    Spoken(&'static str, Content<'m, 'a>),
    /// Of the model.
    Assistant(&'m Assistant<'a>, Content<'m, 'a>),
    /// Of a tool.
    Tool(&'m ToolResult<'a>, Content<'m, 'a>),
}

/// Checks the messages.
pub(super) fn check<'m, 'a>(
    messages: &'m [Message<'a>],
    loss: &mut Loss,
) -> Result<Vec<Checked<'m, 'a>>, Failure> {
    let mut checked = Vec::with_capacity(messages.len());
    for (index, message) in messages.iter().enumerate() {
        let (rest, content, takes_pictures) = match message {
            Message::System(turn) => (Some(&turn.rest), &turn.content, false),
            Message::User(turn) => (Some(&turn.rest), &turn.content, true),
            // Members of answers that clients carry back are no wishes of theirs.
            Message::Assistant(said) => (None, &said.content, false),
            Message::Tool(result) => (Some(&result.rest), &result.content, false),
        };
        for name in rest.into_iter().flat_map(members) {
            loss.drop(&format!("messages[].{name}"))?;
        }
        let content = Content::of(content, index, takes_pictures, loss)?;
        checked.push(match message {
            Message::System(_) => Checked::Spoken("system", content),
            Message::User(_) => Checked::Spoken("user", content),
            Message::Assistant(said) => Checked::Assistant(said, content),
            Message::Tool(result) => Checked::Tool(result, content),
        });
    }
    Ok(checked)
}

// === impl Checked ===

impl Checked<'_, '_> {
    /// Writes the members of the message.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        match self {
            Self::Spoken(role, content) => {
                o.text("role", role);
                content.write(o);
            }
            Self::Assistant(said, content) => write_assistant(said, content, o),
            Self::Tool(result, content) => {
                o.text("role", "tool");
                o.json("tool_call_id", result.call_id.json());
                content.write(o);
            }
        }
    }
}

/// What the model said. Its reasoning before calls of tools is what Cohere calls its plan.
fn write_assistant(said: &Assistant<'_>, content: &Content<'_, '_>, o: &mut ObjectWriter<'_>) {
    let reasoning = reasoning(said);
    let is_plan = !said.tool_calls.is_empty();
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
            content.parts.iter().for_each(|part| write_part(part, parts));
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

/// The members that are not null.
fn members<'o>(rest: &'o Object<'_>) -> impl Iterator<Item = &'o str> {
    rest.iter().filter(|(_, value)| value.get() != "null").map(|(name, _)| name)
}

/// A message's content. It holds what the client wrote and is written once, into the body: a picture
/// of some megabytes must not be copied on the way.
#[derive(Debug)]
pub(super) struct Content<'m, 'a> {
    parts: &'m [Part<'a>],
}

// === impl Content ===

impl<'m, 'a> Content<'m, 'a> {
    /// Checks that Cohere takes every part.
    fn of(
        parts: &'m [Part<'a>],
        message: usize,
        takes_pictures: bool,
        loss: &mut Loss,
    ) -> Result<Self, Failure> {
        for (index, part) in parts.iter().enumerate() {
            let rest = match part {
                Part::Text { rest, .. } => Some(rest),
                Part::Refusal { .. } => None,
                Part::Image { rest, .. } if takes_pictures => Some(rest),
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
        }
        Ok(Self { parts })
    }

    fn write(&self, o: &mut ObjectWriter<'_>) {
        match self.parts {
            [] => o.text("content", ""),
            [Part::Text { text, .. }] => o.json("content", text.json()),
            parts => o.array("content", |a| parts.iter().for_each(|part| write_part(part, a))),
        }
    }

    fn write_unless_empty(&self, o: &mut ObjectWriter<'_>) {
        match self.parts {
            [] => (),
            [Part::Text { text, .. }] if text.is_empty() => (),
            _ => self.write(o),
        }
    }
}

/// Writes a part that has been checked.
fn write_part(part: &Part<'_>, parts: &mut ArrayWriter<'_>) {
    match part {
        Part::Text { text, .. } | Part::Refusal { text } => text_part(*text, parts),
        Part::Image { source, detail, .. } => parts.object(|o| {
            o.text("type", "image_url");
            o.object("image_url", |o| {
                match source {
                    Source::Url(url) | Source::Id(url) => o.text("url", url),
                    Source::Data { media_type, base64 } => {
                        o.text_of("url", &["data:", media_type, ";base64,", base64]);
                    }
                }
                detail.iter().for_each(|detail| o.json("detail", detail.json()));
            });
        }),
        Part::Audio { .. } | Part::File { .. } | Part::Other { .. } => (),
    }
}

fn text_part(text: Text<'_>, parts: &mut ArrayWriter<'_>) {
    parts.object(|o| {
        o.text("type", "text");
        o.json("text", text.json());
    });
}
