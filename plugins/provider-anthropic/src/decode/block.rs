//! The blocks that a message is made of.

use tollgate_neutral::{Object, array, malformed};
use tollgate_sdk::types::{Event, Failure, ToolCallDelta};

use super::source;
use crate::encode::ANSWER_TOOL;

/// The block that is open.
#[derive(Debug)]
pub(super) enum Block {
    /// None is.
    None,
    /// Words, with the sources that were named for them.
    Text {
        /// Where in the choice's text it begins, in characters.
        start: u64,
        /// The sources, as Anthropic's JSON.
        sources: Vec<String>,
    },
    /// Reasoning, with the pieces of its proof.
    Reasoning {
        /// The proof so far.
        signature: String,
    },
    /// A call of a tool.
    Call {
        /// Its position among the calls.
        index: u32,
        /// Its arguments.
        input: Input,
    },
    /// The call that stands for the answer's text.
    Answer {
        /// Its arguments.
        input: Input,
    },
    /// Something that no event is for, such as a search that the provider made by itself.
    Other,
}

/// The arguments of a call.
#[derive(Debug)]
pub(super) enum Input {
    /// No piece has come; this is what the call's beginning had.
    Awaited(String),
    /// Pieces have come.
    Begun,
}

/// What has been said and called so far.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// Characters of text.
    characters: u64,
    /// Calls of tools.
    calls: u32,
    /// Whether the tool for answers was called.
    answered: bool,
}

// === impl Calls ===

impl Calls {
    /// Whether the only tool that was called is the one for answers.
    pub(super) fn is_answer_only(&self) -> bool {
        self.answered && self.calls == 0
    }

    fn say(&mut self, text: String, events: &mut Vec<Event>) {
        if !text.is_empty() {
            let characters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            self.characters = self.characters.saturating_add(characters);
            events.push(Event::Text(text));
        }
    }
}

// === impl Block ===

impl Block {
    /// Opens a block with what it has from the beginning: nothing in a stream, all in a whole
    /// answer.
    pub(super) fn open(
        block: &Object<'_>,
        calls: &mut Calls,
        events: &mut Vec<Event>,
    ) -> Result<Self, Failure> {
        let owned = |name| block.text(name).unwrap_or_default().into_owned();
        match block.text("type").unwrap_or_default().as_ref() {
            "text" => {
                let start = calls.characters;
                calls.say(owned("text"), events);
                let sources = block.get("citations").and_then(array).unwrap_or_default();
                let sources = sources.into_iter().map(|source| source.get().to_owned()).collect();
                Ok(Self::Text { start, sources })
            }
            "thinking" => {
                reason(owned("thinking"), events);
                Ok(Self::Reasoning { signature: owned("signature") })
            }
            "redacted_thinking" => {
                events.push(Event::SealedReasoning(owned("data")));
                Ok(Self::Other)
            }
            "tool_use" => Self::call(block, calls, events),
            _ => Ok(Self::Other),
        }
    }

    fn call(
        block: &Object<'_>,
        calls: &mut Calls,
        events: &mut Vec<Event>,
    ) -> Result<Self, Failure> {
        let name = block.text("name");
        let name = name.ok_or_else(|| malformed("The provider calls a tool without a name."))?;
        let input = block.get("input").map_or("{}", |input| input.get()).to_owned();
        let input = Input::Awaited(input);
        if name == ANSWER_TOOL {
            calls.answered = true;
            return Ok(Self::Answer { input });
        }
        let index = calls.calls;
        calls.calls = index.saturating_add(1);
        events.push(Event::ToolCall(ToolCallDelta {
            index,
            id: block.text("id").map(|id| id.into_owned()),
            name: Some(name.into_owned()),
            arguments: String::new(),
        }));
        Ok(Self::Call { index, input })
    }

    /// Adds to the block. Pieces of a kind that is not known are skipped.
    pub(super) fn delta(
        &mut self,
        delta: &Object<'_>,
        calls: &mut Calls,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let owned = |name| delta.text(name).unwrap_or_default().into_owned();
        match (delta.text("type").unwrap_or_default().as_ref(), self) {
            ("text_delta", Self::Text { .. }) => calls.say(owned("text"), events),
            ("citations_delta", Self::Text { sources, .. }) => {
                sources.extend(delta.get("citation").map(|source| source.get().to_owned()));
            }
            ("thinking_delta", Self::Reasoning { .. }) => reason(owned("thinking"), events),
            ("signature_delta", Self::Reasoning { signature }) => {
                signature.push_str(&owned("signature"));
            }
            ("input_json_delta", Self::Call { index, input }) => {
                let piece = owned("partial_json");
                if !piece.is_empty() {
                    *input = Input::Begun;
                    events.push(arguments(*index, piece));
                }
            }
            ("input_json_delta", Self::Answer { input }) => {
                let piece = owned("partial_json");
                if !piece.is_empty() {
                    *input = Input::Begun;
                    calls.say(piece, events);
                }
            }
            ("text_delta" | "thinking_delta" | "input_json_delta", Self::None) => {
                return Err(malformed("The provider's stream has a piece of no block."));
            }
            _ => (),
        }
        Ok(())
    }

    /// Closes the block: what has been kept until all of it is known is given.
    pub(super) fn close(self, calls: &mut Calls, events: &mut Vec<Event>) {
        match self {
            Self::None | Self::Other => (),
            Self::Text { start, sources } => {
                let end = calls.characters;
                let cited = sources.iter().map(|json| source::citation(json, start, end));
                events.extend(cited.map(Event::Citation));
            }
            Self::Reasoning { signature } if signature.is_empty() => (),
            Self::Reasoning { signature } => events.push(Event::Signature(signature)),
            Self::Call { index, input: Input::Awaited(input) } => {
                events.push(arguments(index, input));
            }
            Self::Answer { input: Input::Awaited(input) } => calls.say(input, events),
            Self::Call { input: Input::Begun, .. } | Self::Answer { input: Input::Begun } => (),
        }
    }
}

fn reason(text: String, events: &mut Vec<Event>) {
    if !text.is_empty() {
        events.push(Event::Reasoning(text));
    }
}

fn arguments(index: u32, arguments: String) -> Event {
    Event::ToolCall(ToolCallDelta { index, id: None, name: None, arguments })
}
