//! Events that name their type: of Anthropic's messages, of OpenAI's responses, and the like.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_domain::Document;

use super::{Count, Kind};

/// What a block of Anthropic's grows by.
#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(default, borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    thinking: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    partial_json: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    stop_reason: Option<&'a RawValue>,
}

fn kind_of<'a>(document: &'a Document) -> Cow<'a, str> {
    let text = document.member("type").unwrap_or("\"\"");
    #[derive(Deserialize)]
    struct Word<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_str::<Word<'a>>(text).map_or(Cow::Borrowed(""), |Word(word)| word)
}

/// An event of Anthropic's messages.
pub(super) fn messages_event(document: &Document, count: &mut Count) -> Kind {
    let delta: Option<Delta<'_>> =
        document.member("delta").and_then(|delta| serde_json::from_str(delta).ok());
    match kind_of(document).as_ref() {
        "message_start" => count.began = true,
        "content_block_delta" => {
            count.began = true;
            for text in delta.into_iter().flat_map(|it| [it.text, it.thinking, it.partial_json]) {
                count.piece(text.map_or(0, |text| text.len()));
            }
        }
        "message_delta" => {
            count.finished |= delta.is_some_and(|delta| delta.stop_reason.is_some());
        }
        "message_stop" => {
            count.finished = true;
            return Kind::Last;
        }
        "error" => return Kind::Error,
        _ => {}
    }
    Kind::Part
}

/// A block or item of a whole answer, or a part of one.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(default, borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default, borrow, alias = "refusal")]
    thinking: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    arguments: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    input: Option<&'a RawValue>,
    #[serde(default, borrow)]
    content: Option<&'a RawValue>,
    #[serde(default, borrow)]
    summary: Option<&'a RawValue>,
}

/// Counts a whole answer whose blocks are in this member.
pub(super) fn whole(document: &Document, member: &str, count: &mut Count) {
    let Some(text) = document.member(member) else { return };
    count.began = true;
    count.finished = true;
    blocks(text, count);
}

fn blocks(text: &str, count: &mut Count) {
    // What is no list of blocks counts nothing.
    for block in serde_json::from_str::<Vec<Block<'_>>>(text).unwrap_or_default() {
        for text in [&block.text, &block.thinking, &block.arguments] {
            count.piece(text.as_ref().map_or(0, |text| text.len()));
        }
        count.piece(block.input.map_or(0, |input| input.get().len()));
        for list in [block.content, block.summary].into_iter().flatten() {
            parts(list.get(), count);
        }
    }
}

fn parts(text: &str, count: &mut Count) {
    for part in serde_json::from_str::<Vec<Block<'_>>>(text).unwrap_or_default() {
        for text in [part.text, part.thinking].into_iter().flatten() {
            count.piece(text.len());
        }
    }
}

/// An event of OpenAI's responses.
pub(super) fn responses_event(document: &Document, count: &mut Count) -> Kind {
    match kind_of(document).as_ref() {
        "response.completed" | "response.incomplete" => {
            count.began = true;
            count.finished = true;
            return Kind::Last;
        }
        "response.failed" | "error" => return Kind::Error,
        kind if kind.ends_with(".delta") => {
            count.began = true;
            // The quotes are not text.
            count.piece(document.member("delta").map_or(0, |delta| delta.len().saturating_sub(2)));
        }
        // A response that was created and failed has cost nothing.
        _ => {}
    }
    Kind::Part
}

/// An event of a dialect whose output is not counted in text.
pub(super) fn silent_event(document: &Document, count: &mut Count) -> Kind {
    count.began = true;
    let there = |name: &str| document.member(name).is_some_and(|value| value != "null");
    match kind_of(document).as_ref() {
        "error" => Kind::Error,
        _ if there("error") => Kind::Error,
        kind if kind.ends_with(".done") || kind.ends_with(".completed") => {
            count.finished = true;
            Kind::Last
        }
        _ => Kind::Part,
    }
}
