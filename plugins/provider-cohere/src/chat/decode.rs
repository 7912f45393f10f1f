//! Chat's answers as events: whole ones, and streams of events.

use std::borrow::Cow;

use tollgate_neutral::{Object, Progress, Reader, array, malformed, write};
use tollgate_sdk::types::{Event, Failure, ToolCallDelta};

use crate::finish::{self, Ending};
use crate::{explain, usage};

/// What ends the streams of servers that are like OpenAI's; some of Cohere's have it, too.
const DONE: &str = "[DONE]";

/// Reads the frames of an answer.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// The only frame has the whole answer.
    Whole,
    /// Each frame has an event of a stream.
    Streaming(Calls),
}

/// The calls of tools so far.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// How many have begun.
    begun: u32,
    /// The one that has begun last.
    last: Call,
}

/// A call of a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    /// There is none, or it is at its end.
    #[default]
    Closed,
    /// Its arguments have not begun.
    Bare,
    /// They have.
    WithArguments,
}

// === impl Decoder ===

impl Decoder {
    /// Nothing has come yet.
    pub(crate) fn new(streamed: bool) -> Self {
        if streamed { Self::Streaming(Calls::default()) } else { Self::Whole }
    }
}

impl Reader for Decoder {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        if data == DONE {
            return Ok(Progress::Partial);
        }
        let object = Object::parse(data)
            .ok_or_else(|| malformed("The provider's answer is not a JSON object."))?;
        match self {
            Self::Whole => whole(&object, events),
            Self::Streaming(calls) => calls.event(&object, events),
        }
    }
}

fn whole(answer: &Object<'_>, events: &mut Vec<Event>) -> Result<Progress, Failure> {
    let Some(message) = answer.object("message") else {
        return Err(explain::broken(answer));
    };
    events.extend(answer.text("id").map(owned(Event::Id)));
    events.extend(message.text("tool_plan").and_then(said(Event::Reasoning)));
    for part in message.get("content").and_then(array).unwrap_or_default() {
        content(&Object::of(part).unwrap_or_default(), events);
    }
    for source in message.get("citations").and_then(array).unwrap_or_default() {
        cite(&Object::of(source).unwrap_or_default(), events);
    }
    let mut calls = Calls::default();
    for call in message.get("tool_calls").and_then(array).unwrap_or_default() {
        calls.begin(&Object::of(call).unwrap_or_default(), events);
        calls.end(events);
    }
    end(answer, events)
}

/// The end of an answer: what was used, and why it stopped.
fn end(told: &Object<'_>, events: &mut Vec<Event>) -> Result<Progress, Failure> {
    let used = told.object("usage").and_then(|used| usage::read(&used));
    events.extend(used.map(Event::Usage));
    let reason = told.text("finish_reason");
    let reason =
        reason.ok_or_else(|| malformed("The provider's answer does not say why it stopped."))?;
    match finish::ending(&reason) {
        Ending::Complete(reason) => {
            events.push(Event::Finish(reason));
            Ok(Progress::Complete)
        }
        Ending::Failed => Err(explain::broken(told)),
    }
}

/// A part of the content, or the beginning or next piece of one.
fn content(part: &Object<'_>, events: &mut Vec<Event>) {
    events.extend(part.text("thinking").and_then(said(Event::Reasoning)));
    events.extend(part.text("text").and_then(said(Event::Text)));
}

/// A source of the text. It stays Cohere's own object, which is told by its `type`.
fn cite(source: &Object<'_>, events: &mut Vec<Event>) {
    if source.is_empty() {
        return;
    }
    events.push(Event::Citation(write::object(|o| {
        if source.get("type").is_none() {
            o.text("type", "TEXT_CONTENT");
        }
        source.iter().for_each(|(name, value)| o.raw(name, value));
    })));
}

fn owned(event: fn(String) -> Event) -> impl Fn(Cow<'_, str>) -> Event {
    move |text| event(text.into_owned())
}

fn said(event: fn(String) -> Event) -> impl Fn(Cow<'_, str>) -> Option<Event> {
    move |text| (!text.is_empty()).then(|| event(text.into_owned()))
}

// === impl Calls ===

impl Calls {
    /// Events of a kind that is not known are skipped.
    fn event(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        let delta = event.object("delta").unwrap_or_default();
        let message = || delta.object("message").unwrap_or_default();
        match event.text("type").unwrap_or_default().as_ref() {
            "message-start" => events.extend(event.text("id").map(owned(Event::Id))),
            "content-start" | "content-delta" => {
                content(&message().object("content").unwrap_or_default(), events);
            }
            "tool-plan-delta" => {
                events.extend(message().text("tool_plan").and_then(said(Event::Reasoning)));
            }
            "tool-call-start" => {
                self.begin(&message().object("tool_calls").unwrap_or_default(), events);
            }
            "tool-call-delta" => {
                let call = message().object("tool_calls").unwrap_or_default();
                let function = call.object("function").unwrap_or_default();
                self.add(function.text("arguments").unwrap_or_default(), events);
            }
            "tool-call-end" => self.end(events),
            "citation-start" => {
                cite(&message().object("citations").unwrap_or_default(), events);
            }
            "message-end" => {
                self.end(events);
                return end(&delta, events);
            }
            // An error that comes in place of an event has no type.
            "" if event.get("message").is_some() => return Err(explain::broken(event)),
            _ => (),
        }
        Ok(Progress::Partial)
    }

    /// A call begins, with all of its arguments or none of them yet.
    fn begin(&mut self, call: &Object<'_>, events: &mut Vec<Event>) {
        self.end(events);
        let function = call.object("function").unwrap_or_default();
        events.push(Event::ToolCall(ToolCallDelta {
            index: self.begun,
            id: call.text("id").map(Cow::into_owned),
            name: function.text("name").map(Cow::into_owned),
            arguments: String::new(),
        }));
        self.begun = self.begun.saturating_add(1);
        self.last = Call::Bare;
        self.add(function.text("arguments").unwrap_or_default(), events);
    }

    /// The next piece of its arguments.
    fn add(&mut self, arguments: Cow<'_, str>, events: &mut Vec<Event>) {
        if self.last == Call::Closed || arguments.is_empty() {
            return;
        }
        self.last = Call::WithArguments;
        events.push(Event::ToolCall(ToolCallDelta {
            index: self.begun.saturating_sub(1),
            id: None,
            name: None,
            arguments: arguments.into_owned(),
        }));
    }

    /// The call is at its end. One without arguments has none of them, not no JSON.
    fn end(&mut self, events: &mut Vec<Event>) {
        if self.last == Call::Bare {
            self.add(Cow::Borrowed("{}"), events);
        }
        self.last = Call::Closed;
    }
}
