//! Anthropic's answers as events: whole ones, and streams of events.

mod block;
mod message;
mod source;

use tollgate_neutral::{Object, Progress, Reader, malformed};
use tollgate_sdk::types::{Event, Failure};

use crate::explain;
use message::Message;

/// Reads the frames of an answer.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// The only frame has the whole answer.
    Whole,
    /// Each frame has an event of a stream, of which nothing has come.
    Awaiting,
    /// Each frame has an event of a stream, which has begun.
    Streaming(Message),
}

// === impl Decoder ===

impl Decoder {
    /// Nothing has come yet.
    pub(crate) fn new(streamed: bool) -> Self {
        if streamed { Self::Awaiting } else { Self::Whole }
    }

    /// Events of a kind that is not known are skipped: Anthropic adds some without a new version.
    fn event(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        let kind = event.text("type").unwrap_or_default();
        match (kind.as_ref(), self) {
            ("error", _) => return Err(explain::event(event)),
            ("message_start", decoder @ Self::Awaiting) => {
                let message = event.object("message").unwrap_or_default();
                *decoder = Self::Streaming(Message::begin(&message, events).reported(events));
            }
            ("content_block_start", Self::Streaming(message)) => {
                message.open(&event.object("content_block").unwrap_or_default(), events)?;
            }
            ("content_block_delta", Self::Streaming(message)) => {
                message.delta(&event.object("delta").unwrap_or_default(), events)?;
            }
            ("content_block_stop", Self::Streaming(message)) => message.close(events),
            ("message_delta", Self::Streaming(message)) => {
                message.stop(&event.object("delta").unwrap_or_default(), events);
                message.report(&event.object("usage").unwrap_or_default(), events);
            }
            ("message_stop", Self::Streaming(message)) => {
                message.complete(events)?;
                return Ok(Progress::Complete);
            }
            (kind, Self::Awaiting) if kind.starts_with("content_block") => {
                return Err(malformed("The provider's stream has content before its start."));
            }
            _ => (),
        }
        Ok(Progress::Partial)
    }
}

impl Reader for Decoder {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        let object = Object::parse(data)
            .ok_or_else(|| malformed("The provider's answer is not a JSON object."))?;
        match self {
            Self::Whole => whole(&object, events),
            Self::Awaiting | Self::Streaming(_) => self.event(&object, events),
        }
    }
}

fn whole(answer: &Object<'_>, events: &mut Vec<Event>) -> Result<Progress, Failure> {
    if answer.text("type").as_deref() == Some("error") {
        return Err(explain::event(answer));
    }
    let mut message = Message::begin(answer, events);
    message.all_blocks(answer, events)?;
    message.end_of(answer, events);
    message.complete(events)?;
    Ok(Progress::Complete)
}
