//! Answers made into events: whole ones, streams of messages, and embeddings.

mod blocks;
mod embeddings;
mod stream;
mod whole;

use tollgate_neutral::{Object, malformed};
use tollgate_sdk::types::{Call, Event, Failure, FinishReason};

use self::embeddings::Embedded;
use self::stream::Stream;
use self::whole::Whole;
use crate::finish::{self, End};

/// The dialect whose answers are documents.
pub(crate) const EMBEDDINGS: &str = "openai-embeddings";

/// One answer.
pub(crate) enum Decoder {
    /// Converse's, as a whole.
    Whole(Whole),
    /// ConverseStream's.
    Stream(Stream),
    /// Of a model that embeds.
    Embed(Embedded),
}

// === impl Decoder ===

impl Decoder {
    /// Begins an answer to a call.
    pub(crate) fn new(call: &Call) -> Self {
        if call.dialect == EMBEDDINGS {
            Self::Embed(Embedded::new(&call.model))
        } else if call.streamed {
            Self::Stream(Stream::new())
        } else {
            Self::Whole(Whole::new())
        }
    }

    /// Adds the events of a frame.
    pub(crate) fn push(
        &mut self,
        name: Option<&str>,
        data: &[u8],
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        match self {
            Self::Stream(stream) => stream.push(name.unwrap_or_default(), data, events),
            Self::Whole(whole) => whole.push(&object(data)?, events),
            Self::Embed(embedded) => embedded.push(&object(data)?, events),
        }
    }

    /// The last events; a failure if the answer is not whole.
    pub(crate) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        match self {
            Self::Stream(stream) => stream.finish(),
            Self::Whole(whole) => whole.finish(),
            Self::Embed(embedded) => embedded.finish(),
        }
    }
}

/// The JSON object of a frame.
fn object(data: &[u8]) -> Result<Object<'_>, Failure> {
    let text = std::str::from_utf8(data).ok();
    text.and_then(Object::parse)
        .ok_or_else(|| malformed("The provider's answer cannot be understood."))
}

/// The finish of an answer. An answer that had to be given as the call of a tool is one like any
/// other, if no other tool was called.
fn ended(reason: &str, is_answer_only: bool) -> Result<FinishReason, Failure> {
    match finish::end(reason) {
        End::Complete(FinishReason::ToolCalls) if is_answer_only => Ok(FinishReason::Stop),
        End::Complete(finish) => Ok(finish),
        End::Broken => {
            let message = format!("The model ended with {reason}.");
            Err(Failure { code: Some(reason.into()), ..malformed(&message) })
        }
    }
}

#[cfg(test)]
mod tests;
