//! Embeddings of Titan's and Cohere's models as OpenAI's document.

use serde_json::value::RawValue;
use tollgate_neutral::embeddings::{Encoding, document};
use tollgate_neutral::{Object, array, count, malformed};
use tollgate_sdk::types::{Event, Failure};

use crate::usage::of_input;

/// The answer to a request for embeddings: one frame.
pub(crate) struct Embedded {
    model: String,
    is_whole: bool,
}

// === impl Embedded ===

impl Embedded {
    pub(super) fn new(model: &str) -> Self {
        Self { model: model.into(), is_whole: false }
    }

    pub(super) fn push(
        &mut self,
        answer: &Object<'_>,
        events: &mut Vec<Event>,
    ) -> Result<(), Failure> {
        let vectors = vectors(answer).filter(|vectors| !vectors.is_empty() && !self.is_whole);
        let vectors =
            vectors.ok_or_else(|| malformed("The provider's embeddings cannot be understood."))?;
        self.is_whole = true;
        // Cohere's models tell what they used in a header only.
        let input = answer.get("inputTextTokenCount").and_then(count);
        // The decoder is not told which encoding the client wants: numbers are one that all read.
        let document = document(&self.model, &vectors, Encoding::Float, input.unwrap_or(0))?;
        events.push(Event::Document(document));
        events.extend(input.map(|input| Event::Usage(of_input(input))));
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        if self.is_whole {
            Ok(Vec::new())
        } else {
            Err(malformed("The provider's answer has no embeddings."))
        }
    }
}

/// Titan's one vector; or Cohere's list, which is inside an object if types were asked for.
fn vectors<'a>(answer: &Object<'a>) -> Option<Vec<&'a RawValue>> {
    if let Some(vector) = answer.get("embedding") {
        return Some(vec![vector]);
    }
    let list = answer.get("embeddings")?;
    array(list).or_else(|| array(Object::of(list)?.get("float")?))
}
