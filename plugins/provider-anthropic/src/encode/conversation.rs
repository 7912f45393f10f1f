//! The messages of a conversation as Anthropic orders them: the system's words apart, then turns of
//! the person and the model one after the other.

use serde_json::value::RawValue;
use tollgate_neutral::write::{self, ObjectWriter};
use tollgate_neutral::{
    Assistant, Loss, Message, Object, Part, Reasoning, ToolCall, ToolResult, invalid,
};
use tollgate_sdk::types::Failure;

use super::blocks::{self, Blocks, Place};
use super::format::{AnswerFormat, OBJECT_WISH};

/// A conversation, its blocks written.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    /// The system's words, as blocks.
    pub(super) system: Vec<String>,
    /// The turns; no two neighbours are of the same speaker.
    pub(super) turns: Vec<Turn>,
    /// Whether a block names a file that was uploaded before.
    pub(super) names_files: bool,
}

/// What one speaker says until the other one does.
#[derive(Debug)]
pub(super) struct Turn {
    speaker: Speaker,
    blocks: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    User,
    Assistant,
}

/// Builds the conversation.
pub(super) fn build(
    messages: &[Message<'_>],
    format: &AnswerFormat,
    loss: &mut Loss,
) -> Result<Conversation, Failure> {
    let mut conversation = Conversation::default();
    for (index, message) in messages.iter().enumerate() {
        conversation.add(index, message, loss)?;
    }
    if *format == AnswerFormat::Object {
        conversation.system.push(blocks::text(&write::text(OBJECT_WISH), None));
    }
    if conversation.turns.is_empty() {
        let message = "Anthropic wants at least one message that is not the system's.";
        return Err(invalid("messages", message));
    }
    Ok(conversation)
}

// === impl Conversation ===

impl Conversation {
    fn add(&mut self, index: usize, message: &Message<'_>, loss: &mut Loss) -> Result<(), Failure> {
        match message {
            Message::System(turn) => {
                let cache = cache_control(&turn.rest, loss)?;
                let mut blocks = Blocks::new(cache);
                for (part, place) in placed(&turn.content, index) {
                    if !matches!(part, Part::Text { .. }) {
                        return Err(place.refuse("text in a message of the system"));
                    }
                    blocks.part(part, place, loss)?;
                }
                self.system.extend(blocks.into_written());
            }
            Message::User(turn) => {
                let cache = cache_control(&turn.rest, loss)?;
                let mut blocks = Blocks::new(cache);
                for (part, place) in placed(&turn.content, index) {
                    blocks.part(part, place, loss)?;
                }
                self.say(Speaker::User, blocks);
            }
            Message::Assistant(said) => {
                let blocks = assistant(said, index, loss)?;
                self.say(Speaker::Assistant, blocks);
            }
            Message::Tool(result) => {
                let blocks = tool_result(result, index, loss)?;
                self.say(Speaker::User, blocks);
            }
        }
        Ok(())
    }

    /// Adds blocks to the speaker's turn, or begins one.
    fn say(&mut self, speaker: Speaker, blocks: Blocks<'_>) {
        self.names_files |= blocks.names_files();
        let blocks = blocks.into_written();
        match self.turns.last_mut() {
            _ if blocks.is_empty() => (),
            Some(turn) if turn.speaker == speaker => turn.blocks.extend(blocks),
            _ => self.turns.push(Turn { speaker, blocks }),
        }
    }
}

// === impl Turn ===

impl Turn {
    /// Writes the members of a message.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        let role = match self.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        o.text("role", role);
        o.array("content", |blocks| self.blocks.iter().for_each(|block| blocks.json(block)));
    }
}

fn placed<'p, 'a>(
    parts: &'p [Part<'a>],
    message: usize,
) -> impl Iterator<Item = (&'p Part<'a>, Place)> {
    parts.iter().enumerate().map(move |(part, value)| (value, Place { message, part }))
}

/// Where a message may be cached up to. Its other members have no place at Anthropic.
fn cache_control<'a>(rest: &Object<'a>, loss: &mut Loss) -> Result<Option<&'a RawValue>, Failure> {
    for (name, value) in rest.iter() {
        if name != blocks::CACHE_CONTROL && value.get() != "null" {
            loss.drop(&format!("messages[].{name}"))?;
        }
    }
    Ok(rest.get(blocks::CACHE_CONTROL))
}

/// What the model said: its reasoning, its words, its calls. Members of answers that clients carry
/// back beside these are no wishes of theirs, and stay here.
fn assistant<'a>(
    said: &Assistant<'a>,
    index: usize,
    loss: &mut Loss,
) -> Result<Blocks<'a>, Failure> {
    let mut blocks = Blocks::new(said.rest.get(blocks::CACHE_CONTROL));
    for block in &said.reasoning {
        match block {
            Reasoning::Open { text, signature: Some(signature) } => {
                blocks.push(write::object(|o| {
                    o.text("type", "thinking");
                    o.json("thinking", text.json());
                    o.json("signature", signature.json());
                }))
            }
            // What nothing proves is not taken back.
            Reasoning::Open { signature: None, .. } => (),
            Reasoning::Sealed { data } => blocks.push(write::object(|o| {
                o.text("type", "redacted_thinking");
                o.json("data", data.json());
            })),
        }
    }
    for (part, place) in placed(&said.content, index) {
        blocks.part(part, place, loss)?;
    }
    if let Some(refusal) = said.refusal {
        blocks.words(refusal, &Object::default());
    }
    for (call_index, call) in said.tool_calls.iter().enumerate() {
        let place = format!("messages[{index}].tool_calls[{call_index}].function.arguments");
        blocks.push(tool_use(call, &place)?);
    }
    Ok(blocks)
}

fn tool_use(call: &ToolCall<'_>, place: &str) -> Result<String, Failure> {
    let arguments = call.arguments.decoded().unwrap_or_default();
    let input = if arguments.trim().is_empty() { "{}" } else { arguments.as_ref() };
    if Object::parse(input).is_none() {
        return Err(invalid(place, &format!("{place} must be the JSON text of an object.")));
    }
    Ok(write::object(|o| {
        o.text("type", "tool_use");
        o.text("id", &blocks::id(call.id));
        o.json("name", call.name.json());
        o.json("input", input);
        let cache = call.rest.iter().filter(|(name, _)| *name == blocks::CACHE_CONTROL);
        cache.for_each(|(name, value)| o.raw(name, value));
    }))
}

/// What a tool gave. A text stays one; parts become blocks.
fn tool_result<'a>(
    result: &ToolResult<'a>,
    index: usize,
    loss: &mut Loss,
) -> Result<Blocks<'a>, Failure> {
    let mut inner = Blocks::new(None);
    for (part, place) in placed(&result.content, index) {
        inner.part(part, place, loss)?;
    }
    let mut blocks = Blocks::new(None);
    blocks.note_files(inner.names_files());
    let inner = inner.into_written();
    blocks.push(write::object(|o| {
        o.text("type", "tool_result");
        o.text("tool_use_id", &blocks::id(result.call_id));
        match result.content.as_slice() {
            [Part::Text { text, rest }] if rest.is_empty() => o.json("content", text.json()),
            _ if inner.is_empty() => (),
            _ => o.array("content", |a| inner.iter().for_each(|block| a.json(block))),
        }
        for name in ["is_error", blocks::CACHE_CONTROL] {
            if let Some(value) = result.rest.get(name) {
                o.raw(name, value);
            }
        }
    }));
    Ok(blocks)
}
