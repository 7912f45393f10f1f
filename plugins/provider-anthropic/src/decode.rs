//! Anthropic's answers as events: whole ones, and streams of events.

mod block;
mod message;
mod source;

use tollgate_neutral::{Object, malformed};
use tollgate_sdk::types::{Event, Failure, FailureKind};

use crate::bindings::exports::tollgate::policy::translation::Frame;
use crate::explain;
use message::Message;

/// Decodes one answer.
#[derive(Debug)]
pub(crate) struct Decoder {
    form: Form,
    stage: Stage,
}

/// What the frames are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One frame with the whole answer.
    Whole,
    /// One event of a stream in each.
    Events,
}

/// How far the answer is.
#[derive(Debug)]
enum Stage {
    /// Nothing of the message has come.
    Awaited,
    /// It has begun.
    Open(Message),
    /// It is complete.
    Complete,
    /// It failed after events that had to be given first.
    Failed(Failure),
}

// === impl Decoder ===

impl Decoder {
    /// Nothing has come yet.
    pub(crate) fn new(streamed: bool) -> Self {
        let form = if streamed { Form::Events } else { Form::Whole };
        Self { form, stage: Stage::Awaited }
    }

    /// The events of the next frames. A failure after events waits until they are given, so that
    /// an answer reads the same however its frames are grouped.
    pub(crate) fn push(&mut self, frames: &[Frame]) -> Result<Vec<Event>, Failure> {
        let mut events = Vec::new();
        for frame in frames {
            let Err(failure) = self.frame(&frame.data, &mut events) else {
                continue;
            };
            if events.is_empty() {
                return Err(failure);
            }
            self.stage = Stage::Failed(failure);
            break;
        }
        Ok(events)
    }

    /// The answer is at its end.
    pub(crate) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        match &self.stage {
            Stage::Complete => Ok(Vec::new()),
            Stage::Failed(failure) => Err(failure.clone()),
            Stage::Awaited | Stage::Open(_) => Err(cut()),
        }
    }

    fn frame(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<(), Failure> {
        if let Stage::Failed(failure) = &self.stage {
            return Err(failure.clone());
        }
        let object = std::str::from_utf8(data).ok().and_then(Object::parse);
        let object =
            object.ok_or_else(|| malformed("The provider's answer is not a JSON object."))?;
        match self.form {
            Form::Whole => self.whole(&object, events),
            Form::Events => self.event(&object, events),
        }
    }

    fn whole(&mut self, answer: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Failure> {
        if answer.text("type").as_deref() == Some("error") {
            return Err(explain::event(answer));
        }
        let mut message = Message::begin(answer, events);
        message.all_blocks(answer, events)?;
        message.end_of(answer, events);
        message.complete(events)?;
        self.stage = Stage::Complete;
        Ok(())
    }

    /// Events of a kind that is not known are skipped: Anthropic adds some without a new version.
    fn event(&mut self, event: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Failure> {
        let kind = event.text("type").unwrap_or_default();
        match (kind.as_ref(), &mut self.stage) {
            ("error", _) => return Err(explain::event(event)),
            ("message_start", Stage::Awaited) => {
                let message = event.object("message").unwrap_or_default();
                self.stage = Stage::Open(Message::begin(&message, events).reported(events));
            }
            ("content_block_start", Stage::Open(message)) => {
                message.open(&event.object("content_block").unwrap_or_default(), events)?;
            }
            ("content_block_delta", Stage::Open(message)) => {
                message.delta(&event.object("delta").unwrap_or_default(), events)?;
            }
            ("content_block_stop", Stage::Open(message)) => message.close(events),
            ("message_delta", Stage::Open(message)) => {
                message.stop(&event.object("delta").unwrap_or_default(), events);
                message.report(&event.object("usage").unwrap_or_default(), events);
            }
            ("message_stop", Stage::Open(message)) => {
                message.complete(events)?;
                self.stage = Stage::Complete;
            }
            (kind, Stage::Awaited) if kind.starts_with("content_block") => {
                return Err(malformed("The provider's stream has content before its start."));
            }
            _ => (),
        }
        Ok(())
    }
}

/// What is said of an answer that breaks off.
fn cut() -> Failure {
    Failure {
        kind: FailureKind::Unavailable,
        message: "The provider's answer broke off before its end.".into(),
        param: None,
        code: None,
    }
}
