//! The messages of a conversation as Anthropic orders them: the system's words apart, then turns of
//! the person and the model one after the other.

use serde_json::value::RawValue;
use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{
    Assistant, Loss, Message, Object, Part, Reasoning, Text, ToolCall, ToolResult, invalid,
};
use tollgate_sdk::types::Failure;

use super::blocks::{self, Block, Given, Kind};
use super::format::{AnswerFormat, OBJECT_WISH};
use super::parts::{self, Place};

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// The system's words.
    pub(super) system: Vec<Block<'a>>,
    /// The turns; no two neighbours are of the same speaker.
    pub(super) turns: Vec<Turn<'a>>,
}

/// What one speaker says until the other one does.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    speaker: Speaker,
    blocks: Vec<Block<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    User,
    Assistant,
}

/// Builds the conversation.
pub(super) fn build<'a>(
    messages: &[Message<'a>],
    format: &AnswerFormat,
    loss: &mut Loss,
) -> Result<Conversation<'a>, Failure> {
    let mut conversation = Conversation::default();
    for (index, message) in messages.iter().enumerate() {
        conversation.add(index, message, loss)?;
    }
    if *format == AnswerFormat::Object {
        conversation.system.push(Block::of(Kind::Wish(OBJECT_WISH)));
    }
    if conversation.turns.is_empty() {
        let message = "Anthropic wants at least one message that is not the system's.";
        return Err(invalid("messages", message));
    }
    Ok(conversation)
}

// === impl Conversation ===

impl<'a> Conversation<'a> {
    /// Whether a block names a file that was uploaded before.
    pub(super) fn names_files(&self) -> bool {
        self.turns.iter().flat_map(|turn| &turn.blocks).any(Block::names_file)
    }

    fn add(&mut self, index: usize, message: &Message<'a>, loss: &mut Loss) -> Result<(), Failure> {
        match message {
            Message::System(turn) => {
                let not_text = |part: &Part<'_>| !matches!(part, Part::Text { .. });
                if let Some(part) = turn.content.iter().position(not_text) {
                    let place = Place { message: index, part };
                    return Err(place.refuse("text in a message of the system"));
                }
                let cache = cache_control(&turn.rest, loss)?;
                let blocks = parts::blocks(&turn.content, index, loss)?;
                self.system.extend(cached(blocks, cache));
            }
            Message::User(turn) => {
                let cache = cache_control(&turn.rest, loss)?;
                let blocks = parts::blocks(&turn.content, index, loss)?;
                self.say(Speaker::User, cached(blocks, cache));
            }
            Message::Assistant(said) => {
                let blocks = assistant(said, index, loss)?;
                self.say(Speaker::Assistant, cached(blocks, said.rest.get(blocks::CACHE_CONTROL)));
            }
            Message::Tool(result) => {
                let block = tool_result(result, index, loss)?;
                self.say(Speaker::User, vec![block]);
            }
        }
        Ok(())
    }

    /// Adds blocks to the speaker's turn, or begins one.
    fn say(&mut self, speaker: Speaker, blocks: Vec<Block<'a>>) {
        match self.turns.last_mut() {
            _ if blocks.is_empty() => (),
            Some(turn) if turn.speaker == speaker => turn.blocks.extend(blocks),
            _ => self.turns.push(Turn { speaker, blocks }),
        }
    }
}

// === impl Turn ===

impl Turn<'_> {
    /// Writes the members of a message.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        let role = match self.speaker {
            Speaker::User => "user",
            Speaker::Assistant => "assistant",
        };
        o.text("role", role);
        o.array("content", |a| {
            self.blocks.iter().for_each(|block| a.object(|o| block.write(o)));
        });
    }
}

/// Puts what a message says of caching into its last block.
fn cached<'a>(mut blocks: Vec<Block<'a>>, cache: Option<&'a RawValue>) -> Vec<Block<'a>> {
    if let Some(last) = blocks.last_mut() {
        last.cache = cache.or(last.cache);
    }
    blocks
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
) -> Result<Vec<Block<'a>>, Failure> {
    let reasoning = said.reasoning.iter().filter_map(|block| match block {
        // What nothing proves is not taken back.
        Reasoning::Open { text, signature } => {
            signature.map(|signature| Kind::Thinking { text: *text, signature })
        }
        Reasoning::Sealed { data } => Some(Kind::Sealed(*data)),
    });
    let mut blocks: Vec<_> = reasoning.map(Block::of).collect();
    blocks.extend(parts::blocks(&said.content, index, loss)?);
    blocks.extend(said.refusal.and_then(parts::words).map(Block::of));
    for (call_index, call) in said.tool_calls.iter().enumerate() {
        let place = format!("messages[{index}].tool_calls[{call_index}].function.arguments");
        blocks.push(tool_use(call, &place)?);
    }
    Ok(blocks)
}

fn tool_use<'a>(call: &ToolCall<'a>, place: &str) -> Result<Block<'a>, Failure> {
    let arguments = call.arguments.decoded().unwrap_or_default();
    let input = if arguments.trim().is_empty() { "{}" } else { arguments.as_ref() };
    if Object::parse(input).is_none() {
        return Err(invalid(place, &format!("{place} must be the JSON text of an object.")));
    }
    let kind = Kind::ToolUse { id: id(call.id), name: call.name, input: input.to_owned() };
    Ok(Block { cache: call.rest.get(blocks::CACHE_CONTROL), ..Block::of(kind) })
}

/// What a tool gave. A text stays one; parts become blocks.
fn tool_result<'a>(
    result: &ToolResult<'a>,
    index: usize,
    loss: &mut Loss,
) -> Result<Block<'a>, Failure> {
    let content = match result.content.as_slice() {
        [Part::Text { text, rest }] if rest.is_empty() => Given::Words(*text),
        parts => match parts::blocks(parts, index, loss)? {
            blocks if blocks.is_empty() => Given::Nothing,
            blocks => Given::Blocks(blocks),
        },
    };
    let mut rest = result.rest.clone();
    let cache = rest.take(blocks::CACHE_CONTROL);
    rest.keep(&["is_error"]);
    let kind = Kind::ToolResult { id: id(result.call_id), content };
    Ok(Block { kind, rest, cache })
}

/// The id of a tool's call. Anthropic takes letters, digits, `_` and `-`; another provider that a
/// conversation was with before may have used more.
fn id(id: Text<'_>) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let id = id.decoded().unwrap_or_default();
    id.chars().map(|c| if allowed(c) { c } else { '_' }).collect()
}
