//! Answers from neutral events, in each client's dialect: as a stream, or at once.

mod chat;
mod completions;
mod extensions;
mod fold;
mod logprobs;
mod messages;
mod responses;
mod silent;
mod source;
mod sse;
mod usage;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Dialect, Document, Event};

use crate::fault::Fault;
use fold::Folded;

/// What an answer says of itself beside its events.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The gateway's id of the call, from which ids of the answer are made.
    pub call: String,
    /// The model's name as the client wrote it.
    pub model: String,
    /// When the answer began, in seconds since the Unix epoch.
    pub created: u64,
    /// Whether a stream shows its usage, in dialects where that is asked for.
    pub usage_asked: bool,
    /// The client's request, parts of which some answers repeat.
    pub request: Option<Arc<Document>>,
    /// Bytes that may be kept of an answer. OpenAI's responses repeat at the end of a stream what
    /// they said before; of Anthropic's messages only tool calls are kept that wait for another.
    pub kept_bytes_max: usize,
}

/// An answer is longer than may be kept, in a dialect that has to keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is larger than {0} bytes")]
pub struct AnswerTooLarge(pub usize);

/// Writes the events of one answer as a stream in the client's dialect.
#[derive(Debug)]
pub struct Writer(State);

#[derive(Debug)]
enum State {
    Chat(chat::Writer),
    Completions(completions::Writer),
    Messages(messages::Writer),
    Responses(Box<responses::Writer>),
    Silent(silent::Writer),
}

/// A whole answer.
pub fn whole(dialect: Dialect, subject: &Subject, events: &[Event]) -> Bytes {
    if dialect == Dialect::OpenaiResponses {
        return responses::whole(subject, events);
    }
    let folded = Folded::of(events);
    match dialect {
        Dialect::OpenaiChat => chat::whole(subject, &folded),
        Dialect::OpenaiCompletions => completions::whole(subject, &folded),
        Dialect::AnthropicMessages => messages::whole(subject, &folded),
        Dialect::OpenaiResponses
        | Dialect::AnthropicCountTokens
        | Dialect::OpenaiEmbeddings
        | Dialect::Rerank
        | Dialect::OpenaiModerations
        | Dialect::OpenaiImages
        | Dialect::OpenaiSpeech
        | Dialect::OpenaiTranscriptions => silent::whole(subject, &folded),
    }
}

// === impl Subject ===

impl Subject {
    /// An answer to a call, whose stream shows no usage unless the dialect always does.
    pub fn new(call: impl Into<String>, model: impl Into<String>, created: u64) -> Self {
        Self {
            call: call.into(),
            model: model.into(),
            created,
            usage_asked: false,
            request: None,
            kept_bytes_max: 32 << 20,
        }
    }

    /// The provider's id if it has the dialect's form, else one made of the call's.
    fn id(&self, prefix: &str, provided: Option<&str>) -> String {
        match provided {
            Some(id) if id.starts_with(prefix) => id.to_owned(),
            _ => format!("{prefix}{}", self.call),
        }
    }
}

// === impl Writer ===

impl Writer {
    /// The stream of one answer.
    pub fn new(dialect: Dialect, subject: Subject) -> Self {
        Self(match dialect {
            Dialect::OpenaiChat => State::Chat(chat::Writer::new(subject)),
            Dialect::OpenaiCompletions => State::Completions(completions::Writer::new(subject)),
            Dialect::AnthropicMessages => State::Messages(messages::Writer::new(subject)),
            Dialect::OpenaiResponses => State::Responses(Box::new(responses::Writer::new(subject))),
            Dialect::AnthropicCountTokens
            | Dialect::OpenaiEmbeddings
            | Dialect::Rerank
            | Dialect::OpenaiModerations
            | Dialect::OpenaiImages
            | Dialect::OpenaiSpeech
            | Dialect::OpenaiTranscriptions => State::Silent(silent::Writer::new(subject)),
        })
    }

    /// Writes what an event adds to the stream; often one event of the dialect, sometimes none or
    /// several.
    pub fn event(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), AnswerTooLarge> {
        match &mut self.0 {
            State::Chat(writer) => writer.event(event, out),
            State::Completions(writer) => writer.event(event, out),
            State::Messages(writer) => return writer.event(event, out),
            State::Responses(writer) => return writer.event(event, out),
            State::Silent(writer) => writer.event(event, out),
        }
        Ok(())
    }

    /// Writes the end of a stream that is whole: the usage and the dialect's last words.
    pub fn end(&mut self, out: &mut BytesMut) {
        match &mut self.0 {
            State::Chat(writer) => writer.end(out),
            State::Completions(writer) => writer.end(out),
            State::Messages(writer) => writer.end(out),
            State::Responses(writer) => writer.end(out),
            State::Silent(_) => {}
        }
    }

    /// Writes the end of a stream that has failed after it began.
    pub fn fail(&mut self, fault: &Fault, out: &mut BytesMut) {
        match &mut self.0 {
            State::Chat(_) | State::Completions(_) | State::Silent(_) => {
                sse::data(out, &crate::json::object! { "error": crate::fault::openai(fault) });
            }
            State::Messages(_) => sse::named(out, "error", &crate::fault::anthropic(fault)),
            State::Responses(writer) => writer.fail(fault, out),
        }
    }
}

/// The error event of a stream that passes through, in the client's dialect.
pub fn error_event(dialect: Dialect, fault: &Fault) -> Bytes {
    let mut out = BytesMut::new();
    Writer::new(dialect, Subject::new("", "", 0)).fail(fault, &mut out);
    out.freeze()
}
