//! One choice of an answer.

use tollgate_neutral::{Object, malformed};
use tollgate_sdk::types::{Event, Extension, Failure, FinishReason};

use super::message;
use super::tools::Calls;

/// Members of a choice that have events of their own.
const UNDERSTOOD: [&str; 4] = ["index", "delta", "message", "finish_reason"];

/// A choice under way.
pub(crate) struct Choice {
    /// Its index in the answer.
    pub(crate) index: u32,
    state: State,
}

enum State {
    /// More may come. The tool calls that came so far.
    Open(Calls),
    /// It had its finish reason; what comes now is repetition.
    Finished,
}

// === impl Choice ===

impl Choice {
    pub(crate) fn new(index: u32) -> Self {
        Self { index, state: State::Open(Calls::default()) }
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished)
    }

    /// Adds the events of what came for this choice.
    pub(crate) fn push(
        &mut self,
        choice: Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let State::Open(calls) = &mut self.state else { return Ok(()) };
        // Before the text that they belong to.
        for (name, value) in choice.iter() {
            if !UNDERSTOOD.contains(&name) && value.get() != "null" {
                let (name, value) = (name.to_owned(), value.get().to_owned());
                events.push(Event::ChoiceExtension(Extension { name, value }));
            }
        }
        if let Some(message) = choice.get("delta").or_else(|| choice.get("message")) {
            let message = Object::of(message)
                .ok_or_else(|| malformed("A message of the provider's answer is not an object."))?;
            message::push(message, calls, events)?;
        }
        if let Some(word) = choice.text("finish_reason") {
            events.push(Event::Finish(reason(&word, !calls.are_none())));
            self.state = State::Finished;
        }
        Ok(())
    }
}

/// The word's meaning. Some servers say `stop` where they want tools to be called.
fn reason(word: &str, has_calls: bool) -> FinishReason {
    match word {
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "safety" | "refusal" => FinishReason::ContentFilter,
        _ if has_calls => FinishReason::ToolCalls,
        _ => FinishReason::Stop,
    }
}
