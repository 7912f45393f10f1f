//! Chunks and answers of OpenAI's chat and text completions.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use tollgate_domain::Document;

use super::{Count, Kind};

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u64,
    /// What a chunk adds, or the message of a whole answer.
    #[serde(default, borrow, alias = "message")]
    delta: Option<&'a RawValue>,
    #[serde(default, borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct Delta<'a> {
    #[serde(default, borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(default, borrow, alias = "reasoning")]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    refusal: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    tool_calls: Option<Vec<ToolCall<'a>>>,
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(default, borrow)]
    function: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(default, borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    arguments: Option<Cow<'a, str>>,
}

/// Counts a chunk, or a whole answer.
pub(super) fn event(document: &Document, count: &mut Count) -> Kind {
    let there = |name: &str| document.member(name).is_some_and(|value| value != "null");
    let choices: Vec<Choice<'_>> = match document.member("choices").map(serde_json::from_str) {
        Some(Ok(choices)) => choices,
        // A form that nobody knows passes, and is counted as one token.
        Some(Err(_)) => {
            count.began = true;
            count.piece(1);
            return Kind::Part;
        }
        None => Vec::new(),
    };
    for choice in &choices {
        count.choice(choice);
    }
    if choices.is_empty() && there("error") {
        Kind::Error
    } else if there("usage") && choices.iter().all(Choice::says_nothing) {
        Kind::UsageOnly
    } else {
        Kind::Part
    }
}

impl Choice<'_> {
    /// A choice that stands in a chunk only because some gateways always put one there.
    fn says_nothing(&self) -> bool {
        let empty = |delta: &&RawValue| matches!(delta.get(), "{}" | "null");
        self.delta.as_ref().is_none_or(empty) && self.text.is_none() && self.finish_reason.is_none()
    }
}

impl Count {
    fn choice(&mut self, choice: &Choice<'_>) {
        if choice.says_nothing() {
            return;
        }
        self.began = true;
        if choice.finish_reason.is_some() {
            self.finished = true;
            self.open_choices.retain(|open| *open != choice.index);
        } else if !self.open_choices.contains(&choice.index) {
            self.open_choices.push(choice.index);
        }
        self.piece(choice.text.as_ref().map_or(0, |text| text.len()));
        let Some(delta) = choice.delta else { return };
        let delta: Delta<'_> = serde_json::from_str(delta.get()).unwrap_or_default();
        for text in [&delta.content, &delta.reasoning_content, &delta.refusal] {
            self.piece(text.as_ref().map_or(0, |text| text.len()));
        }
        for function in delta.tool_calls.into_iter().flatten().filter_map(|call| call.function) {
            for text in [&function.name, &function.arguments] {
                self.piece(text.as_ref().map_or(0, |text| text.len()));
            }
        }
    }
}
