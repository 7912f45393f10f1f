//! Anthropic's messages: blocks that begin, grow and stop.

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

use super::extensions::Extensions;
use super::fold::{Block, Choice, Folded};
use super::source::anthropic_citation;
use super::{Subject, sse, usage};
use crate::finish::anthropic_stop_reason;
use crate::json::{Members, Text, compact, object};

const ID_PREFIX: &str = "msg_";

/// Writes events.
#[derive(Debug)]
pub(super) struct Writer {
    subject: Subject,
    id: String,
    stage: Stage,
    /// Events of other choices than the first have no place.
    current: u32,
    /// Tool calls that have begun: their index, and that of their block.
    tools: Vec<(u32, u32)>,
    ending: Ending,
    usage: Usage,
    extensions: Extensions,
}

/// Where the stream stands.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing is written.
    Silent,
    /// No block is open; the next one gets this index.
    Between(u32),
    /// The block of this index is open.
    Open(u32, Kind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// Text whose sources were named: more text is another block.
    CitedText,
    /// Text of a refusal, a block of its own.
    Refusal,
    Thinking,
    Tool,
}

/// What is known of the end.
#[derive(Debug, Default)]
struct Ending {
    finish: Option<FinishReason>,
    refused: bool,
    /// The stop sequence that was met, as JSON text.
    stop_sequence: Option<Text>,
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            id: subject.id(ID_PREFIX, None),
            subject,
            stage: Stage::Silent,
            current: 0,
            tools: Vec::new(),
            ending: Ending::default(),
            usage: Usage::default(),
            extensions: Extensions::default(),
        }
    }

    pub(super) fn event(&mut self, event: &Event, out: &mut BytesMut) {
        match event {
            Event::Id(id) => self.id = self.subject.id(ID_PREFIX, Some(id)),
            Event::Choice(index) => self.current = *index,
            Event::Usage(usage) => self.usage = *usage,
            Event::Extension(Extension { name, value }) => self.extensions.set(name, value),
            Event::Document(_) => {}
            _ if self.current > 0 => {}
            Event::ChoiceExtension(Extension { name, value }) if name == "stop_sequence" => {
                self.ending.stop_sequence = compact(value);
            }
            Event::ChoiceExtension(_) => {}
            Event::Finish(reason) => {
                self.ending.finish = Some(*reason);
                self.close(out);
            }
            Event::Text(piece) => self.text(Kind::Text, piece, out),
            Event::Refusal(piece) => {
                self.ending.refused = true;
                self.text(Kind::Refusal, piece, out);
            }
            Event::Citation(source) => self.citation(source, out),
            Event::Reasoning(piece) => {
                let index = self.thinking(out);
                delta(index, &object! { "type": "thinking_delta", "thinking": piece }, out);
            }
            Event::Signature(proof) => {
                let index = self.thinking(out);
                delta(index, &object! { "type": "signature_delta", "signature": proof }, out);
                self.close(out);
            }
            Event::SealedReasoning(data) => {
                self.open(Kind::Thinking, &sealed(data), out);
                self.close(out);
            }
            Event::ToolCall(call) => self.tool(call, out),
        }
    }

    pub(super) fn end(&mut self, out: &mut BytesMut) {
        self.begin(out);
        self.close(out);
        let (reason, sequence) = self.ending.told();
        let change = object! { "stop_reason": reason, "stop_sequence": sequence };
        let event = object! {
            "type": "message_delta",
            "delta": change,
            "usage": usage::anthropic(&self.usage, None),
        };
        sse::named(out, "message_delta", &event);
        sse::named(out, "message_stop", &object! { "type": "message_stop" });
    }

    /// Writes the first event if it is not written. Gives the index of the next block.
    fn begin(&mut self, out: &mut BytesMut) {
        if !matches!(self.stage, Stage::Silent) {
            return;
        }
        let started = Usage { output: 0, ..self.usage };
        let used = usage::anthropic(&started, self.extensions.get("service_tier"));
        let mut message = head(&self.subject, &self.id);
        message.put("content", &Vec::<Text>::new());
        message.put("stop_reason", &None::<&str>);
        message.put("stop_sequence", &None::<&str>);
        message.put("usage", &used);
        let event = object! { "type": "message_start", "message": message.end() };
        sse::named(out, "message_start", &event);
        self.stage = Stage::Between(0);
    }

    /// Stops the open block. Gives the index of the next one.
    fn close(&mut self, out: &mut BytesMut) -> u32 {
        match self.stage {
            Stage::Silent => 0,
            Stage::Between(next) => next,
            Stage::Open(index, _) => {
                let event = object! { "type": "content_block_stop", "index": index };
                sse::named(out, "content_block_stop", &event);
                self.stage = Stage::Between(index + 1);
                index + 1
            }
        }
    }

    fn open(&mut self, kind: Kind, block: &Text, out: &mut BytesMut) -> u32 {
        self.begin(out);
        let index = self.close(out);
        let event =
            object! { "type": "content_block_start", "index": index, "content_block": block };
        sse::named(out, "content_block_start", &event);
        self.stage = Stage::Open(index, kind);
        index
    }

    fn text(&mut self, kind: Kind, piece: &str, out: &mut BytesMut) {
        let index = match self.stage {
            Stage::Open(index, open) if open == kind => index,
            _ if piece.is_empty() => return,
            _ => self.open(kind, &object! { "type": "text", "text": "" }, out),
        };
        delta(index, &object! { "type": "text_delta", "text": piece }, out);
    }

    fn citation(&mut self, source: &str, out: &mut BytesMut) {
        let Some(source) = anthropic_citation(source) else { return };
        let index = match self.stage {
            Stage::Open(index, Kind::Text | Kind::CitedText) => index,
            _ => self.open(Kind::Text, &object! { "type": "text", "text": "" }, out),
        };
        self.stage = Stage::Open(index, Kind::CitedText);
        delta(index, &object! { "type": "citations_delta", "citation": source }, out);
    }

    fn thinking(&mut self, out: &mut BytesMut) -> u32 {
        match self.stage {
            Stage::Open(index, Kind::Thinking) => index,
            _ => {
                let block = object! { "type": "thinking", "thinking": "", "signature": "" };
                self.open(Kind::Thinking, &block, out)
            }
        }
    }

    fn tool(&mut self, call: &ToolCallDelta, out: &mut BytesMut) {
        let known = self.tools.iter().find(|(index, _)| *index == call.index);
        let block = match known {
            Some((_, block)) => *block,
            None => {
                let begun = tool_use(&self.subject, call, &Members::new().end());
                let block = self.open(Kind::Tool, &begun, out);
                self.tools.push((call.index, block));
                block
            }
        };
        if !call.arguments.is_empty() {
            let piece = object! { "type": "input_json_delta", "partial_json": call.arguments };
            delta(block, &piece, out);
        }
    }
}

// === impl Ending ===

impl Ending {
    /// The stop reason and the stop sequence.
    fn told(&self) -> (&'static str, Option<&Text>) {
        let reason = self.finish.unwrap_or(FinishReason::Stop);
        match (reason, &self.stop_sequence) {
            (FinishReason::Stop, _) if self.refused => ("refusal", None),
            (FinishReason::Stop, Some(met)) => ("stop_sequence", Some(met)),
            _ => (anthropic_stop_reason(reason), None),
        }
    }
}

fn delta(index: u32, delta: &Text, out: &mut BytesMut) {
    let event = object! { "type": "content_block_delta", "index": index, "delta": delta };
    sse::named(out, "content_block_delta", &event);
}

fn head(subject: &Subject, id: &str) -> Members {
    let mut members = Members::new();
    members.put("id", id);
    members.put("type", "message");
    members.put("role", "assistant");
    members.put("model", &subject.model);
    members
}

fn sealed(data: &str) -> Text {
    object! { "type": "redacted_thinking", "data": data }
}

fn tool_use(subject: &Subject, call: &ToolCallDelta, input: &Text) -> Text {
    let made = || format!("toolu_{}_{}", subject.call, call.index);
    let id = call.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(made);
    let name = call.name.as_deref().unwrap_or_default();
    object! { "type": "tool_use", "id": id, "name": name, "input": input }
}

/// The whole answer.
pub(super) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    let mut ending = Ending::default();
    let mut content = Vec::new();
    if let Some(choice) = folded.first() {
        ending = Ending {
            finish: choice.finish,
            refused: choice.refusal().is_some(),
            stop_sequence: choice.extensions.get("stop_sequence").cloned(),
        };
        content = blocks(subject, choice);
    }
    let (reason, sequence) = ending.told();
    let used = folded.usage.unwrap_or_default();
    let mut message = head(subject, &subject.id(ID_PREFIX, folded.id.as_deref()));
    message.put("content", &content);
    message.put("stop_reason", reason);
    message.put("stop_sequence", &sequence);
    message.put("usage", &usage::anthropic(&used, folded.extensions.get("service_tier")));
    folded.extensions.put_others_into("service_tier", &mut message);
    message.end().into_bytes().into()
}

fn blocks(subject: &Subject, choice: &Choice) -> Vec<Text> {
    let block = |block: &Block| match block {
        Block::Text { text, sources } if text.is_empty() && sources.is_empty() => None,
        Block::Text { text, sources } => {
            let mut members = Members::new();
            members.put("type", "text");
            members.put("text", text);
            let citations: Vec<Text> =
                sources.iter().filter_map(|it| anthropic_citation(it)).collect();
            if !citations.is_empty() {
                members.put("citations", &citations);
            }
            Some(members.end())
        }
        Block::Refusal(text) => Some(object! { "type": "text", "text": text }),
        Block::Reasoning { text, signature } => Some(object! {
            "type": "thinking",
            "thinking": text,
            "signature": signature.as_deref().unwrap_or_default(),
        }),
        Block::Sealed(data) => Some(sealed(data)),
        Block::Tool(call) => Some(tool_use(subject, call, &input(&call.arguments))),
    };
    choice.blocks.iter().filter_map(block).collect()
}

/// Arguments as an object. What is none, such as arguments that were cut by the output cap, is
/// wrapped as Anthropic advises, so that it is not lost.
fn input(arguments: &str) -> Text {
    if arguments.trim().is_empty() {
        return Members::new().end();
    }
    match compact(arguments).filter(|text| text.as_bytes().starts_with(b"{")) {
        Some(input) => input,
        None => object! { "INVALID_JSON": arguments },
    }
}
