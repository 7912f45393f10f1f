//! Converse's answer.

use tollgate_neutral::{Object, Text, array, malformed};
use tollgate_sdk::types::{Event, Failure, FinishReason};

use super::blocks::{self, Tools};
use super::ended;
use crate::usage;

/// An answer that comes as one frame.
pub(crate) struct Whole(State);

enum State {
    /// Nothing has come.
    Waiting,
    /// It has come, and ended so.
    Come(Result<FinishReason, Failure>),
}

// === impl Whole ===

impl Whole {
    pub(super) fn new() -> Self {
        Self(State::Waiting)
    }

    pub(super) fn push(
        &mut self,
        answer: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let unreadable = || malformed("The provider's answer has no message.");
        if matches!(self.0, State::Come(_)) {
            return Err(malformed("The provider has answered twice."));
        }
        let message = answer.object("output").and_then(|output| output.object("message"));
        let content = message.and_then(|message| message.get("content"));
        let content = content.and_then(array).ok_or_else(unreadable)?;
        let reason = answer.text("stopReason").ok_or_else(unreadable)?;
        let mut tools = Tools::default();
        for (index, block) in (0..).zip(content) {
            let block = Object::of(block).ok_or_else(unreadable)?;
            push_block(&block, index, &mut tools, events).ok_or_else(unreadable)?;
        }
        events.extend(answer.object("usage").as_ref().and_then(usage::usage).map(Event::Usage));
        self.0 = State::Come(ended(&reason, tools.is_answer_only()));
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        match std::mem::replace(&mut self.0, State::Waiting) {
            State::Waiting => Err(malformed("The provider's answer is empty.")),
            State::Come(end) => end.map(|finish| vec![Event::Finish(finish)]),
        }
    }
}

/// Adds a block's events. A block of a kind that nobody knows is passed over; none for one that is
/// broken.
fn push_block(
    block: &Object<'_>,
    index: u64,
    tools: &mut Tools,
    events: &mut Vec<Event>,
) -> Option<()> {
    if let Some(text) = block.get("text") {
        push_text(Text::of(text)?, events)?;
    } else if let Some(tool) = block.get("toolUse") {
        let tool = Object::of(tool)?;
        let (kind, first) = tools.begin(&tool)?;
        let input = tool.get("input").map_or("{}", |input| input.get());
        match (kind, first) {
            (_, Some(Event::ToolCall(mut call))) => {
                call.arguments = input.to_owned();
                events.push(Event::ToolCall(call));
            }
            (kind, _) => events.push(kind.piece(input.to_owned())),
        }
    } else if let Some(reasoning) = block.object("reasoningContent") {
        push_reasoning(&reasoning, events)?;
    } else if let Some(cited) = block.object("citationsContent") {
        for part in cited.get("content").and_then(array).unwrap_or_default() {
            push_text(Object::of(part)?.take_text("text")?, events)?;
        }
        let sources = cited.get("citations").and_then(array).unwrap_or_default();
        events.extend(sources.into_iter().filter_map(blocks::citation));
    } else if let Some(image) = block.object("image") {
        events.extend(blocks::image(&image, index));
    }
    Some(())
}

fn push_text(text: Text<'_>, events: &mut Vec<Event>) -> Option<()> {
    events.push(Event::Text(text.decoded()?.into_owned()));
    Some(())
}

fn push_reasoning(reasoning: &Object<'_>, events: &mut Vec<Event>) -> Option<()> {
    if let Some(sealed) = reasoning.text("redactedContent") {
        events.push(Event::SealedReasoning(sealed.into_owned()));
        return Some(());
    }
    let words = reasoning.object("reasoningText")?;
    events.push(Event::Reasoning(words.text("text")?.into_owned()));
    let signature = words.text("signature").filter(|text| !text.is_empty());
    events.extend(signature.map(|text| Event::Signature(text.into_owned())));
    Some(())
}
