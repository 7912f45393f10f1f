//! OpenAI's text completions. They have no place for reasoning or tool calls; a refusal is text.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Event, Extension, FinishReason, Usage};

use super::chat::head;
use super::extensions::Extensions;
use super::fold::{Block, Choice, Folded};
use super::{Subject, logprobs, sse, usage};
use crate::finish::openai_finish_reason;
use crate::json::{Members, Raw, Text};

const ID_PREFIX: &str = "cmpl-";

/// Writes chunks.
#[derive(Debug)]
pub(super) struct Writer {
    subject: Subject,
    id: String,
    extensions: Extensions,
    pending: Extensions,
    current: u32,
    /// Characters of each choice's text.
    written: BTreeMap<u32, usize>,
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
            written: BTreeMap::new(),
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
            Event::Text(piece) | Event::Refusal(piece) => self.chunk(piece, None, out),
            Event::Finish(reason) => self.chunk("", Some(*reason), out),
            Event::Reasoning(_)
            | Event::Signature(_)
            | Event::SealedReasoning(_)
            | Event::Citation(_)
            | Event::ToolCall(_)
            | Event::Document(_) => {}
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
            self.chunk("", None, out);
        }
    }

    fn chunk(&mut self, text: &str, finish: Option<FinishReason>, out: &mut BytesMut) {
        let offset = self.written.entry(self.current).or_default();
        let probabilities = self.pending.take("logprobs");
        let choice = choice(self.current, text, probabilities.as_ref(), *offset);
        *offset += text.chars().count();
        let mut chunk = self.head();
        chunk.put("choices", &[finished(choice, &std::mem::take(&mut self.pending), finish)]);
        sse::data(out, &chunk.end());
    }

    fn head(&self) -> Members {
        head(&self.subject, &self.id, "text_completion", &self.extensions)
    }
}

fn choice(index: u32, text: &str, probabilities: Option<&Text>, offset: usize) -> Members {
    let mut choice = Members::new();
    choice.put("index", &index);
    choice.put("text", text);
    let older = probabilities.map(|text| logprobs::older(text, offset).to_string());
    choice.put("logprobs", &older.as_deref().map(Raw));
    choice
}

fn finished(mut choice: Members, others: &Extensions, finish: Option<FinishReason>) -> Text {
    others.put_into(&mut choice);
    choice.put("finish_reason", &finish.map(openai_finish_reason));
    choice.end()
}

/// The whole answer.
pub(super) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    let id = subject.id(ID_PREFIX, folded.id.as_deref());
    let mut answer = head(subject, &id, "text_completion", &folded.extensions);
    let choices: Vec<Text> = folded.choices.values().map(whole_choice).collect();
    answer.put("choices", &choices);
    answer.put_some("usage", folded.usage.as_ref().map(usage::openai));
    answer.end().into_bytes().into()
}

fn whole_choice(folded: &Choice) -> Text {
    let mut text = String::new();
    for block in &folded.blocks {
        if let Block::Text { text: piece, .. } | Block::Refusal(piece) = block {
            text.push_str(piece);
        }
    }
    let mut members = choice(folded.index, &text, folded.extensions.get("logprobs"), 0);
    folded.extensions.put_others_into("logprobs", &mut members);
    let finish = folded.finish.unwrap_or(FinishReason::Stop);
    members.put("finish_reason", openai_finish_reason(finish));
    members.end()
}
