//! The message that an answer is.

use tollgate_neutral::{Object, array, malformed};
use tollgate_sdk::types::{Event, Extension, Failure, FinishReason, Usage};

use super::block::{Block, Calls};
use crate::{finish, usage};

/// A message that has begun.
#[derive(Debug)]
pub(crate) struct Message {
    usage: Usage,
    block: Block,
    calls: Calls,
    ending: Ending,
}

/// Whether it is known why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Open,
    Known(FinishReason),
}

// === impl Message ===

impl Message {
    /// Begins with what a message says of itself, `usage` included.
    pub(super) fn begin(message: &Object<'_>, events: &mut Vec<Event>) -> Self {
        if let Some(id) = message.text("id") {
            events.push(Event::Id(id.into_owned()));
        }
        let reported = message.object(usage::MEMBER).unwrap_or_default();
        if let Some(tier) = reported.get("service_tier") {
            let extension = Extension { name: "service_tier".into(), value: tier.get().into() };
            events.push(Event::Extension(extension));
        }
        Self {
            usage: usage::read(&reported).unwrap_or(usage::NOTHING),
            block: Block::None,
            calls: Calls::default(),
            ending: Ending::Open,
        }
    }

    /// Tells at once what has been used: a stream may be left before its end.
    pub(super) fn reported(self, events: &mut Vec<Event>) -> Self {
        events.push(Event::Usage(self.usage));
        self
    }

    /// Opens a block. One that was left open is closed.
    pub(super) fn open(
        &mut self,
        block: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        self.close(events);
        self.block = Block::open(block, &mut self.calls, events)?;
        Ok(())
    }

    /// Adds to the open block.
    pub(super) fn delta(
        &mut self,
        delta: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        self.block.delta(delta, &mut self.calls, events)
    }

    /// Closes the open block, if there is one.
    pub(super) fn close(&mut self, events: &mut Vec<Event>) {
        std::mem::replace(&mut self.block, Block::None).close(&mut self.calls, events);
    }

    /// The blocks of a whole answer.
    pub(super) fn all_blocks(
        &mut self,
        answer: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let blocks = answer.get("content").and_then(array);
        let blocks =
            blocks.ok_or_else(|| malformed("The provider's answer has no list of content."))?;
        for block in blocks {
            self.open(&Object::of(block).unwrap_or_default(), events)?;
        }
        self.close(events);
        Ok(())
    }

    /// The end of a whole answer.
    pub(super) fn end_of(&mut self, answer: &Object<'_>, events: &mut Vec<Event>) {
        self.stop(answer, events);
        events.push(Event::Usage(self.usage));
    }

    /// Why the model stopped, with what it says of a refusal.
    pub(super) fn stop(&mut self, said: &Object<'_>, events: &mut Vec<Event>) {
        self.close(events);
        if let Some(stop_reason) = said.text("stop_reason") {
            self.ending = Ending::Known(finish::reason(&stop_reason));
        }
        let details = said.object("stop_details").unwrap_or_default();
        if let Some(explanation) = details.text("explanation") {
            events.push(Event::Refusal(explanation.into_owned()));
        }
    }

    /// Joins a report of what was used with those before.
    pub(super) fn report(&mut self, reported: &Object<'_>, events: &mut Vec<Event>) {
        if let Some(reported) = usage::read(reported) {
            self.usage = usage::joined(self.usage, reported);
            events.push(Event::Usage(self.usage));
        }
    }

    /// Ends the message. An answer that was made through the tool for answers called no tool.
    pub(super) fn complete(&mut self, events: &mut Vec<Event>) -> Result<(), Failure> {
        self.close(events);
        let Ending::Known(reason) = self.ending else {
            return Err(malformed("The provider's answer does not say why it stopped."));
        };
        let answered = reason == FinishReason::ToolCalls && self.calls.is_answer_only();
        events.push(Event::Finish(if answered { FinishReason::Stop } else { reason }));
        Ok(())
    }
}
