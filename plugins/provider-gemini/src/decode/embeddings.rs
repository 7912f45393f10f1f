//! Embeddings, from either API, as OpenAI's document.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_neutral::embeddings::{Encoding, document};
use tollgate_neutral::malformed;
use tollgate_sdk::types::{Event, Failure, Usage};

use super::wire::UsageMetadata;
use crate::compact::compact;
use crate::explain;

/// The answer of `batchEmbedContents`, or of Vertex AI's `predict`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    embeddings: Option<Vec<Values<'a>>>,
    #[serde(borrow, default)]
    predictions: Option<Vec<Prediction<'a>>>,
    #[serde(default)]
    usage_metadata: Option<UsageMetadata>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(borrow)]
    embeddings: Values<'a>,
}

#[derive(Deserialize)]
struct Values<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
    #[serde(default)]
    statistics: Option<Statistics>,
}

#[derive(Clone, Copy, Deserialize)]
struct Statistics {
    #[serde(default)]
    token_count: f64,
}

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

    pub(super) fn push(&mut self, data: &[u8], events: &mut Vec<Event>) -> Result<(), Failure> {
        let unreadable = || malformed("The provider's embeddings cannot be understood.");
        let wire: Option<Wire<'_>> =
            super::text(data).and_then(|text| serde_json::from_str(text).ok());
        let wire = wire.ok_or_else(unreadable)?;
        if let Some(error) = wire.error {
            return Err(explain::error(200, Some(error.get())));
        }
        let predicted = wire.predictions.into_iter().flatten().map(|one| one.embeddings);
        let vectors: Vec<_> = wire.embeddings.into_iter().flatten().chain(predicted).collect();
        if vectors.is_empty() || self.is_whole {
            return Err(unreadable());
        }
        self.is_whole = true;
        let input = match wire.usage_metadata {
            Some(usage) => Some(usage.prompt_token_count),
            None => counted(&vectors),
        };
        let values: Vec<_> = vectors.iter().map(|vector| vector.values).collect();
        // The decoder is not told which encoding the client wants: numbers are one that all read.
        let document = document(&self.model, &values, Encoding::Float, input.unwrap_or(0))?;
        events.push(Event::Document(compact(&document)));
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

/// The tokens that Vertex AI counts for each text. None if it counts none.
fn counted(vectors: &[Values<'_>]) -> Option<u64> {
    let counts = vectors.iter().map(|vector| vector.statistics.map(|known| known.token_count));
    let sum: f64 = counts.sum::<Option<f64>>()?;
    // Counts come as decimals; a number of tokens is far below where those get imprecise.
    format!("{:.0}", sum.max(0.0)).parse().ok()
}

fn of_input(input: u64) -> Usage {
    Usage {
        input,
        output: 0,
        cached_input: 0,
        cache_write: 0,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
    }
}
