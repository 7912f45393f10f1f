//! The conversation: `system` and `messages`.

use tollgate_neutral::{
    Assistant, ChatRequest, Loss, Message, Object, Part, Reasoning, Text, ToolCall, ToolResult,
    flag, invalid, write,
};
use tollgate_sdk::types::Failure;

use super::format::{AnswerFormat, INSTRUCTION};
use super::media;
use super::tools::plain_id;
use crate::family::Family;

/// The conversation as JSON texts.
pub(super) struct Conversation {
    pub(super) system: Vec<String>,
    pub(super) turns: Vec<String>,
    /// Names of tools that were called in it, as JSON texts.
    pub(super) called: Vec<String>,
}

/// Makes the conversation. Bedrock wants turns of user and model one after the other: messages of
/// one role that follow each other become one.
pub(super) fn conversation(
    request: &ChatRequest<'_>,
    family: Family,
    format: &AnswerFormat,
    loss: &mut Loss,
) -> Result<Conversation, Failure> {
    let mut writer = Writer { family, loss, documents: 0, called: Vec::new() };
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<String>)> = Vec::new();
    for (index, message) in request.messages.iter().enumerate() {
        let (role, blocks) = match message {
            Message::System(turn) => {
                system.extend(writer.turn(&turn.content, &turn.rest)?);
                continue;
            }
            Message::User(turn) => {
                if turn.rest.get("name").is_some() {
                    writer.loss.drop("messages.name")?;
                }
                ("user", writer.turn(&turn.content, &turn.rest)?)
            }
            Message::Assistant(said) => ("assistant", writer.assistant(said, index)?),
            Message::Tool(result) => ("user", writer.result(result)?),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    turns.retain(|(_, blocks)| !blocks.is_empty());
    if turns.is_empty() {
        // Somebody has to say something: without anybody else it is the application.
        turns.push(("user", std::mem::take(&mut system)));
    }
    if matches!(format, AnswerFormat::Told) {
        system.push(write::object(|block| block.text("text", INSTRUCTION)));
    }
    let turn = |(role, blocks): &(&str, Vec<String>)| {
        write::object(|turn| {
            turn.text("role", role);
            turn.array("content", |list| blocks.iter().for_each(|block| list.json(block)));
        })
    };
    Ok(Conversation { system, turns: turns.iter().map(turn).collect(), called: writer.called })
}

/// Writes blocks, and remembers what later ones depend on.
struct Writer<'l> {
    family: Family,
    loss: &'l mut Loss,
    documents: usize,
    called: Vec<String>,
}

// === impl Writer ===

impl Writer<'_> {
    fn turn(&mut self, content: &[Part<'_>], rest: &Object<'_>) -> Result<Vec<String>, Failure> {
        let mut blocks = self.parts(content)?;
        blocks.extend(self.cache_point(rest));
        Ok(blocks)
    }

    fn parts(&mut self, content: &[Part<'_>]) -> Result<Vec<String>, Failure> {
        let mut blocks = Vec::new();
        for part in content {
            match part {
                Part::Text { text, rest } => {
                    blocks.extend(words(*text));
                    blocks.extend(self.cache_point(rest));
                }
                Part::Refusal { text } => blocks.extend(words(*text)),
                Part::Image { source, rest, .. } => {
                    match media::block(source, None, 0) {
                        Some(block) => blocks.push(block),
                        None => self.loss.drop("messages.content.image_url")?,
                    }
                    blocks.extend(self.cache_point(rest));
                }
                Part::File { source, name, rest } => {
                    self.documents += 1;
                    let name = name.and_then(Text::decoded);
                    match media::block(source, name.as_deref(), self.documents) {
                        Some(block) => blocks.push(block),
                        None => self.loss.drop("messages.content.file")?,
                    }
                    blocks.extend(self.cache_point(rest));
                }
                Part::Audio { .. } => self.loss.drop("messages.content.input_audio")?,
                Part::Other { .. } => self.loss.drop("messages.content")?,
            }
        }
        Ok(blocks)
    }

    /// A mark behind what is to be cached. It changes no answer: models that cache nothing go
    /// without.
    fn cache_point(&self, rest: &Object<'_>) -> Option<String> {
        let control = rest.object("cache_control").filter(|_| self.family.caches())?;
        Some(cache_point(&control))
    }

    fn assistant(&mut self, said: &Assistant<'_>, index: usize) -> Result<Vec<String>, Failure> {
        // Reasoning without proof is no model's own: those that want it back refuse it so.
        let mut blocks: Vec<String> = said.reasoning.iter().filter_map(reasoning).collect();
        blocks.extend(self.parts(&said.content)?);
        blocks.extend(said.refusal.and_then(words));
        for (position, call) in said.tool_calls.iter().enumerate() {
            let at = format!("messages[{index}].tool_calls[{position}]");
            blocks.push(tool_use(call, &at)?);
            self.called.push(call.name.json().to_owned());
        }
        blocks.extend(self.cache_point(&said.rest));
        Ok(blocks)
    }

    fn result(&mut self, result: &ToolResult<'_>) -> Result<Vec<String>, Failure> {
        let content = self.parts(&result.content)?;
        let is_error = result.rest.get("is_error").and_then(flag) == Some(true);
        let (points, content): (Vec<_>, Vec<_>) =
            content.into_iter().partition(|block| block.starts_with(r#"{"cachePoint""#));
        let block = write::object(|block| {
            block.object("toolResult", |given| {
                given.text("toolUseId", &plain_id(result.call_id));
                given.array("content", |list| content.iter().for_each(|block| list.json(block)));
                if is_error {
                    given.text("status", "error");
                }
            });
        });
        // Marks stand behind results, not in them.
        let mut blocks = vec![block];
        blocks.extend(points);
        blocks.extend(self.cache_point(&result.rest));
        Ok(blocks)
    }
}

/// A mark, with the client's wish how long it lasts.
pub(super) fn cache_point(control: &Object<'_>) -> String {
    write::object(|block| {
        block.object("cachePoint", |point| {
            point.text("type", "default");
            if let Some(life) = control.get("ttl").and_then(Text::of) {
                point.json("ttl", life.json());
            }
        });
    })
}

/// Bedrock refuses blocks without anything to be seen in them.
fn words(text: Text<'_>) -> Option<String> {
    let is_blank = text.decoded().is_some_and(|words| words.trim().is_empty());
    (!is_blank).then(|| write::object(|block| block.json("text", text.json())))
}

fn reasoning(block: &Reasoning<'_>) -> Option<String> {
    let content = match block {
        Reasoning::Open { text, signature } => {
            let signature = (*signature)?;
            write::object(|content| {
                content.object("reasoningText", |words| {
                    words.json("text", text.json());
                    words.json("signature", signature.json());
                });
            })
        }
        Reasoning::Sealed { data } => {
            write::object(|content| content.json("redactedContent", data.json()))
        }
    };
    Some(write::object(|block| block.json("reasoningContent", &content)))
}

fn tool_use(call: &ToolCall<'_>, at: &str) -> Result<String, Failure> {
    let arguments = call.arguments.decoded().unwrap_or_default();
    let arguments = if arguments.trim().is_empty() { "{}" } else { arguments.trim() };
    let Some(_) = Object::parse(arguments) else {
        return Err(invalid(at, &format!("{at}.function.arguments must be a JSON object.")));
    };
    Ok(write::object(|block| {
        block.object("toolUse", |tool| {
            tool.text("toolUseId", &plain_id(call.id));
            tool.json("name", call.name.json());
            tool.json("input", arguments);
        });
    }))
}
