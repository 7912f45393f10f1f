//! OpenAI's chat completions, with LiteLLM's members for reasoning that is carried back.

mod whole;

use std::collections::BTreeMap;

use bytes::BytesMut;
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

use super::extensions::Extensions;
use super::source::{chat_annotation, citation};
use super::{Subject, sse, usage};
use crate::finish::openai_finish_reason;
use crate::json::{Members, Text, object};

pub(super) use whole::whole;

const ID_PREFIX: &str = "chatcmpl-";

/// Writes chunks.
#[derive(Debug)]
pub(super) struct Writer {
    subject: Subject,
    id: String,
    /// Members that every chunk has.
    extensions: Extensions,
    /// Members that go with the choice's next chunk.
    pending: Extensions,
    current: u32,
    /// The choices that have begun, and the characters of their text.
    choices: BTreeMap<u32, u64>,
    usage: Option<Usage>,
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            id: subject.id(ID_PREFIX, None),
            subject,
            extensions: Extensions::default(),
            pending: Extensions::default(),
            current: 0,
            choices: BTreeMap::new(),
            usage: None,
        }
    }

    pub(super) fn event(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Id(id) => self.id = self.subject.id(ID_PREFIX, Some(id)),
            Event::Choice(index) => {
                self.flush(out);
                self.current = *index;
            }
            Event::Extension(Extension { name, value }) => self.extensions.set(name, value),
            Event::ChoiceExtension(Extension { name, value }) => self.pending.set(name, value),
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Document(_) => {}
            Event::Finish(reason) => self.chunk(&Members::new().end(), Some(*reason), out),
            Event::Citation(source) => {
                if let Some(delta) = self.citation(source) {
                    self.chunk(&delta, None, out);
                }
            }
            Event::Text(piece) => {
                self.chunk(&object! { "content": piece }, None, out);
                let characters = self.choices.entry(self.current).or_default();
                *characters += piece.chars().count() as u64;
            }
            Event::Reasoning(_)
            | Event::Signature(_)
            | Event::SealedReasoning(_)
            | Event::Refusal(_)
            | Event::ToolCall(_) => {
                let delta = delta(event);
                self.chunk(&delta, None, out);
            }
        }
    }

    pub(super) fn end(&mut self, out: &mut BytesMut) {
        self.flush(out);
        if let (Some(usage), true) = (self.usage, self.subject.usage_asked) {
            let mut chunk = self.head();
            chunk.put("choices", &Vec::<Text>::new());
            chunk.put("usage", &usage::openai(&usage));
            sse::data(out, &chunk.end());
        }
        out.extend_from_slice(sse::DONE);
    }

    /// Writes what waits for a chunk of the current choice.
    fn flush(&mut self, out: &mut BytesMut) {
        if !self.pending.is_empty() {
            self.chunk(&Members::new().end(), None, out);
        }
    }

    fn citation(&self, source: &str) -> Option<Text> {
        let end = self.choices.get(&self.current).copied().unwrap_or_default();
        match chat_annotation(source, end) {
            Some(annotation) => Some(object! { "annotations": [annotation] }),
            None => {
                let fields = object! { "citation": citation(source)? };
                Some(object! { "provider_specific_fields": fields })
            }
        }
    }

    /// A chunk of the current choice, after the chunk that opens the choice.
    fn chunk(&mut self, delta: &Text, finish: Option<FinishReason>, out: &mut BytesMut) {
        if !self.choices.contains_key(&self.current) {
            self.choices.insert(self.current, 0);
            let opening = object! { "role": "assistant", "content": "" };
            let choice = object! {
                "index": self.current, "delta": opening, "finish_reason": None::<&str>,
            };
            self.write(choice, out);
        }
        let mut choice = Members::new();
        choice.put("index", &self.current);
        choice.put("delta", delta);
        std::mem::take(&mut self.pending).put_into(&mut choice);
        choice.put("finish_reason", &finish.map(openai_finish_reason));
        self.write(choice.end(), out);
    }

    fn write(&self, choice: Text, out: &mut BytesMut) {
        let mut chunk = self.head();
        chunk.put("choices", &[choice]);
        sse::data(out, &chunk.end());
    }

    fn head(&self) -> Members {
        head(&self.subject, &self.id, "chat.completion.chunk", &self.extensions)
    }
}

/// The members that chunks and whole answers begin with.
pub(super) fn head(subject: &Subject, id: &str, object: &str, extensions: &Extensions) -> Members {
    let mut members = Members::new();
    members.put("id", id);
    members.put("created", &subject.created);
    members.put("model", &subject.model);
    members.put("object", object);
    extensions.put_into(&mut members);
    members
}

/// What events that stand for themselves add.
fn delta(event: &Event) -> Text {
    match event {
        Event::Reasoning(piece) => object! {
            "reasoning_content": piece,
            "thinking_blocks": [thinking(piece, None)],
        },
        Event::Signature(proof) => object! { "thinking_blocks": [thinking("", Some(proof))] },
        Event::SealedReasoning(data) => object! { "thinking_blocks": [sealed(data)] },
        Event::Refusal(piece) => object! { "refusal": piece },
        Event::ToolCall(call) => object! { "tool_calls": [tool_call_delta(call)] },
        _ => Members::new().end(),
    }
}

fn thinking(text: &str, signature: Option<&str>) -> Text {
    object! { "type": "thinking", "thinking": text, "signature": signature }
}

fn sealed(data: &str) -> Text {
    object! { "type": "redacted_thinking", "data": data }
}

fn tool_call_delta(call: &ToolCallDelta) -> Text {
    let mut function = Members::new();
    function.put_some("name", call.name.as_deref());
    function.put("arguments", &call.arguments);
    let mut piece = Members::new();
    piece.put("index", &call.index);
    if let Some(id) = &call.id {
        piece.put("id", id);
        piece.put("type", "function");
    }
    piece.put("function", &function.end());
    piece.end()
}
