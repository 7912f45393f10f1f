//! OpenAI's chat completions, with LiteLLM's members for reasoning that is carried back.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

use super::extensions::Extensions;
use super::fold::{Block, Choice, Folded};
use super::source::{chat_annotation, citation};
use super::{Subject, sse, usage};
use crate::finish::openai_finish_reason;
use crate::json::{Members, Text, object};

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
            Event::Choice(index) => self.current = *index,
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
        if let (Some(usage), true) = (self.usage, self.subject.usage_asked) {
            let mut chunk = self.head();
            chunk.put("choices", &Vec::<Text>::new());
            chunk.put("usage", &usage::openai(&usage));
            sse::data(out, &chunk.end());
        }
        out.extend_from_slice(sse::DONE);
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

/// The whole answer.
pub(super) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    let id = subject.id(ID_PREFIX, folded.id.as_deref());
    let mut answer = head(subject, &id, "chat.completion", &folded.extensions);
    let choices: Vec<Text> = folded.choices.values().map(whole_choice).collect();
    answer.put("choices", &choices);
    answer.put_some("usage", folded.usage.as_ref().map(usage::openai));
    answer.end().into_bytes().into()
}

fn whole_choice(choice: &Choice) -> Text {
    let mut members = Members::new();
    let finish = choice.finish.unwrap_or(FinishReason::Stop);
    members.put("finish_reason", openai_finish_reason(finish));
    members.put("index", &choice.index);
    members.put("message", &message(choice));
    choice.extensions.put_into(&mut members);
    members.end()
}

fn message(choice: &Choice) -> Text {
    let (text, refusal) = (choice.text(), choice.refusal());
    let tools: Vec<Text> = choice.tools().map(whole_tool_call).collect();
    let silent = text.is_empty() && (!tools.is_empty() || refusal.is_some());
    let mut message = Members::new();
    message.put("role", "assistant");
    message.put("content", &(!silent).then_some(text));
    message.put_some("refusal", refusal);
    if !tools.is_empty() {
        message.put("tool_calls", &tools);
    }
    put_reasoning(choice, &mut message);
    put_sources(choice, &mut message);
    message.end()
}

/// Reasoning is one block up to its proof, whatever stands between its pieces.
fn put_reasoning(choice: &Choice, message: &mut Members) {
    let (mut text, mut blocks) = (String::new(), Vec::new());
    let mut unproved = String::new();
    for block in &choice.blocks {
        match block {
            Block::Reasoning { text: piece, signature } => {
                text.push_str(piece);
                unproved.push_str(piece);
                if signature.is_some() {
                    let whole = std::mem::take(&mut unproved);
                    blocks.push(thinking(&whole, signature.as_deref()));
                }
            }
            Block::Sealed(data) => {
                if !unproved.is_empty() {
                    blocks.push(thinking(&std::mem::take(&mut unproved), None));
                }
                blocks.push(sealed(data));
            }
            Block::Text { .. } | Block::Refusal(_) | Block::Tool(_) => {}
        }
    }
    if !unproved.is_empty() {
        blocks.push(thinking(&unproved, None));
    }
    if !text.is_empty() {
        message.put("reasoning_content", &text);
    }
    if !blocks.is_empty() {
        message.put("thinking_blocks", &blocks);
    }
}

fn put_sources(choice: &Choice, message: &mut Members) {
    let (mut annotations, mut citations) = (Vec::new(), Vec::new());
    let mut end = 0;
    for block in &choice.blocks {
        let Block::Text { text, sources } = block else { continue };
        end += text.chars().count() as u64;
        annotations.extend(sources.iter().filter_map(|source| chat_annotation(source, end)));
        citations.extend(sources.iter().filter_map(|source| citation(source)));
    }
    if !annotations.is_empty() {
        message.put("annotations", &annotations);
    }
    if !citations.is_empty() {
        message.put("provider_specific_fields", &object! { "citations": citations });
    }
}

fn whole_tool_call(call: &ToolCallDelta) -> Text {
    object! {
        "id": call.id,
        "type": "function",
        "function": object! { "name": call.name, "arguments": call.arguments },
    }
}
