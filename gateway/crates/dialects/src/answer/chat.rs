//! OpenAI's chat completions, with LiteLLM's members for reasoning that is carried back.

mod said;
mod whole;

use std::collections::BTreeMap;

use bytes::BytesMut;
use tollgate_domain::{Event, Extension, FinishReason, Usage};

use super::extensions::Extensions;
use super::{Subject, sse, usage};
use crate::finish::openai_finish_reason;
use crate::json::{Members, Text, object};

use said::Said;
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
    /// The choices that have begun.
    choices: BTreeMap<u32, Said>,
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
            Event::Text(_)
            | Event::Citation(_)
            | Event::Reasoning(_)
            | Event::Signature(_)
            | Event::SealedReasoning(_)
            | Event::Refusal(_)
            | Event::ToolCall(_) => self.said(event, out),
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

    fn said(&mut self, event: &Event, out: &mut BytesMut) {
        self.open(out);
        let said = self.choices.entry(self.current).or_default();
        if let Some(delta) = said.delta(event, &self.subject.call) {
            self.chunk(&delta, None, out);
        }
    }

    /// Writes the chunk with which the current choice begins, once.
    fn open(&mut self, out: &mut BytesMut) {
        if self.choices.contains_key(&self.current) {
            return;
        }
        self.choices.insert(self.current, Said::default());
        let opening = object! { "role": "assistant", "content": "" };
        let choice =
            object! { "index": self.current, "delta": opening, "finish_reason": None::<&str> };
        self.write(choice, out);
    }

    /// A chunk of the current choice, after the chunk that opens the choice.
    fn chunk(&mut self, delta: &Text, finish: Option<FinishReason>, out: &mut BytesMut) {
        self.open(out);
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
