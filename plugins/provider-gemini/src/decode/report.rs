//! What an answer reports beside its text: probabilities and sources.

use tollgate_neutral::write;
use tollgate_sdk::types::{Event, Extension};

use super::part::Parts;
use super::wire::{
    CitationMetadata, GroundingMetadata, LogprobsCandidate, LogprobsResult, Segment,
};

/// Sources of an answer that are handed on. A search gives some dozens.
const SOURCES_MAX: usize = 256;

/// The probabilities in OpenAI's form.
pub(super) fn logprobs(result: &LogprobsResult<'_>) -> Option<Event> {
    let chosen = result.chosen_candidates.as_deref().filter(|chosen| !chosen.is_empty())?;
    let top = result.top_candidates.as_deref().unwrap_or_default();
    let value = write::object(|logprobs| {
        logprobs.array("content", |list| {
            for (position, token) in chosen.iter().enumerate() {
                let others = top.get(position).and_then(|top| top.candidates.as_deref());
                list.object(|entry| {
                    put_token(entry, token);
                    entry.array("top_logprobs", |list| {
                        for other in others.unwrap_or_default() {
                            list.object(|entry| put_token(entry, other));
                        }
                    });
                });
            }
        });
        logprobs.json("refusal", "null");
    });
    Some(Event::ChoiceExtension(Extension { name: "logprobs".into(), value }))
}

fn put_token(entry: &mut write::ObjectWriter<'_>, token: &LogprobsCandidate<'_>) {
    entry.text("token", &token.token);
    entry.json("logprob", token.log_probability.map_or("0", |value| value.get()));
    entry.array("bytes", |list| {
        token.token.bytes().for_each(|byte| list.json(&byte.to_string()));
    });
}

/// The sources of a search. Each support names the sources of a stretch of the text; without any,
/// the sources are for the whole.
pub(super) fn grounding(metadata: &GroundingMetadata<'_>, parts: &Parts, events: &mut Vec<Event>) {
    let chunks = metadata.grounding_chunks.as_deref().unwrap_or_default();
    let source = |index: usize| {
        let web = chunks.get(index)?.web.as_ref()?;
        Some((web.uri.as_deref()?, web.title.as_deref()))
    };
    let mut found = Vec::new();
    for support in metadata.grounding_supports.iter().flatten() {
        for index in support.grounding_chunk_indices.iter().flatten().take(SOURCES_MAX) {
            found.extend(source(*index).map(|source| (source, support.segment)));
        }
    }
    if found.is_empty() {
        found.extend((0..chunks.len()).filter_map(|index| Some((source(index)?, None))));
    }
    for ((url, title), segment) in found.into_iter().take(SOURCES_MAX) {
        events.push(citation(url, title, segment.filter(|_| parts.is_plain())));
    }
}

/// Sources that the model has recited.
pub(super) fn citations(metadata: &CitationMetadata<'_>, parts: &Parts, events: &mut Vec<Event>) {
    for cited in metadata.citations.iter().flatten().take(SOURCES_MAX) {
        let Some(url) = cited.uri.as_deref() else { continue };
        let segment = Segment { start_index: cited.start_index, end_index: cited.end_index };
        let segment = Some(segment).filter(|_| parts.is_plain());
        events.push(citation(url, cited.title.as_deref(), segment));
    }
}

/// A source as OpenAI annotates one. Gemini counts places in bytes and OpenAI in characters: where
/// they differ, the place is left out.
fn citation(url: &str, title: Option<&str>, segment: Option<Segment>) -> Event {
    Event::Citation(write::object(|annotation| {
        annotation.text("type", "url_citation");
        annotation.object("url_citation", |citation| {
            citation.text("url", url);
            citation.text("title", title.unwrap_or_default());
            if let Some(segment) = segment {
                citation.count("start_index", segment.start_index);
                citation.count("end_index", segment.end_index);
            }
        });
    }))
}
