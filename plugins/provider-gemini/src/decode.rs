//! Answers made into events. An answer ends when the upstream closes it: some models give a finish
//! reason with every chunk.

mod answer;
mod embeddings;
mod part;
mod report;
pub(crate) mod wire;

use tollgate_neutral::malformed;
use tollgate_sdk::types::{Call, Event, Failure};

use self::answer::Answer;
use self::embeddings::Embedded;
use crate::explain;

/// The dialect whose answers are documents.
pub(crate) const EMBEDDINGS: &str = "openai-embeddings";

/// One answer.
pub(crate) enum Decoder {
    /// Of a model that talks.
    Talk(Answer),
    /// Embeddings.
    Embed(Embedded),
}

// === impl Decoder ===

impl Decoder {
    /// Begins an answer to a call.
    pub(crate) fn new(call: &Call) -> Self {
        if call.dialect == EMBEDDINGS {
            Self::Embed(Embedded::new(&call.model))
        } else {
            Self::Talk(Answer::new(&call.id))
        }
    }

    /// Adds the events of a frame.
    pub(crate) fn push(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<(), Failure> {
        match self {
            Self::Talk(answer) => {
                let chunk: wire::Chunk<'_> = text(data)
                    .and_then(|text| serde_json::from_str(text).ok())
                    .ok_or_else(|| malformed("The provider's answer cannot be understood."))?;
                if let Some(error) = chunk.error {
                    return Err(explain::error(200, Some(error.get())));
                }
                answer.push(&chunk, events)
            }
            Self::Embed(embedded) => embedded.push(data, events),
        }
    }

    /// The last events; a failure if the answer is not whole.
    pub(crate) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        match self {
            Self::Talk(answer) => answer.finish(),
            Self::Embed(embedded) => embedded.finish(),
        }
    }
}

/// A frame as text. JSON is read from texts everywhere: one reader is enough for a component.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

#[cfg(test)]
mod tests;
