//! OpenAI's responses: items that are added, grow part by part, and are done. Their streams repeat
//! at the end what they said before, so this is the one writer that keeps the answer, up to a bound.

mod items;
mod response;

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Event, Extension, FinishReason, ToolCallDelta, Usage};

use super::{AnswerTooLarge, Subject, logprobs, sse};
use crate::fault::{Fault, openai, response_code};
use crate::finish::incomplete_reason;
use crate::json::{Members, Text, compact, object};
use items::{Item, Message, Reasoning, Tool};
use response::{Status, response};

const ID_PREFIX: &str = "resp_";

/// Writes events.
#[derive(Debug)]
pub(super) struct Writer {
    subject: Subject,
    id: String,
    begun: bool,
    numbered: Events,
    /// Events of other choices than the first have no place.
    current: u32,
    /// What may still grow: nothing, one item, or tool calls side by side.
    open: Vec<Item>,
    /// Probabilities that go with the text that comes next.
    pending: Vec<Text>,
    /// Items that are done.
    output: Vec<Text>,
    kept_bytes: usize,
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    service_tier: Option<String>,
}

/// Counts what goes out.
#[derive(Debug, Default)]
pub(super) struct Events {
    next: u64,
}

// === impl Events ===

impl Events {
    /// Writes an event of these members.
    pub(super) fn write(&mut self, kind: &str, members: Members, out: &mut BytesMut) {
        let mut event = Members::new();
        event.put("type", kind);
        event.put("sequence_number", &self.next);
        event.append(members);
        self.next += 1;
        sse::named(out, kind, &event.end());
    }
}

// === impl Writer ===

impl Writer {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            id: subject.id(ID_PREFIX, None),
            subject,
            begun: false,
            numbered: Events::default(),
            current: 0,
            open: Vec::new(),
            pending: Vec::new(),
            output: Vec::new(),
            kept_bytes: 0,
            finish: None,
            usage: None,
            service_tier: None,
        }
    }

    pub(super) fn event(
        &mut self,
        event: &Event,
        out: &mut BytesMut,
    ) -> Result<(), AnswerTooLarge> {
        self.keep(event)?;
        match event {
            Event::Id(id) => self.id = self.subject.id(ID_PREFIX, Some(id)),
            Event::Choice(index) => self.current = *index,
            Event::Usage(usage) => self.usage = Some(*usage),
            Event::Extension(Extension { name, value }) if name == "service_tier" => {
                self.service_tier = serde_json::from_str(value).ok();
            }
            Event::Extension(_) | Event::Document(_) => {}
            _ if self.current > 0 => {}
            Event::Finish(reason) => {
                self.finish = Some(*reason);
                self.close(out);
            }
            Event::Text(piece) if piece.is_empty() => {}
            Event::Text(piece) => {
                let more = std::mem::take(&mut self.pending);
                self.message(out, |message, to, out| message.text(piece, more, to, out));
            }
            Event::Refusal(piece) => {
                self.message(out, |message, to, out| message.refusal(piece, to, out));
            }
            Event::Citation(source) => {
                self.message(out, |message, to, out| message.source(source, to, out));
            }
            Event::ChoiceExtension(Extension { name, value }) if name == "logprobs" => {
                let entries = compact(value).map(|text| logprobs::entries(&text));
                self.pending.extend(entries.unwrap_or_default());
            }
            Event::ChoiceExtension(_) => {}
            Event::Reasoning(piece) => {
                self.reasoning(out, |reasoning, to, out| reasoning.text(piece, to, out));
            }
            Event::Signature(proof) => {
                self.reasoning(out, |reasoning, _, _| reasoning.prove(proof));
                self.close(out);
            }
            Event::SealedReasoning(data) => {
                self.close(out);
                self.reasoning(out, |reasoning, _, _| reasoning.seal(data));
                self.close(out);
            }
            Event::ToolCall(call) => self.tool(call, out),
        }
        Ok(())
    }

    pub(super) fn end(&mut self, out: &mut BytesMut) {
        self.begin(out);
        self.close(out);
        let status = Status::of(self.finish);
        self.told(status.event(), &status, out);
    }

    pub(super) fn fail(&mut self, fault: &Fault, out: &mut BytesMut) {
        self.begin(out);
        // Nothing is said to be done: half of a tool call must not be taken for one.
        let next = self.numbered.next;
        self.close_as(false, &mut BytesMut::new());
        self.numbered.next = next;
        let code = response_code(fault.status);
        let error = object! { "code": code, "message": fault.message };
        self.told("response.failed", &Status::Failed(error), out);
        let mut members = Members::new();
        members.put("code", code);
        members.put("message", &fault.message);
        members.put("param", &fault.param);
        members.put("error", &openai(fault));
        self.numbered.write("error", members, out);
    }

    fn begin(&mut self, out: &mut BytesMut) {
        if !std::mem::replace(&mut self.begun, true) {
            self.told("response.created", &Status::InProgress, out);
            self.told("response.in_progress", &Status::InProgress, out);
        }
    }

    /// Writes an event that holds the response as it stands.
    fn told(&mut self, kind: &str, status: &Status, out: &mut BytesMut) {
        let mut members = Members::new();
        members.put("response", &self.response(status));
        self.numbered.write(kind, members, out);
    }

    fn response(&self, status: &Status) -> Text {
        let head = response::Head {
            id: &self.id,
            subject: &self.subject,
            service_tier: self.service_tier.as_deref(),
        };
        response(&head, status, &self.output, self.usage.as_ref())
    }

    /// Counts the bytes that an event adds to what is kept.
    fn keep(&mut self, event: &Event) -> Result<(), AnswerTooLarge> {
        let bytes = match event {
            Event::Text(piece)
            | Event::Refusal(piece)
            | Event::Citation(piece)
            | Event::Reasoning(piece)
            | Event::Signature(piece)
            | Event::SealedReasoning(piece)
            | Event::ChoiceExtension(Extension { value: piece, .. }) => piece.len(),
            Event::ToolCall(call) => call.arguments.len(),
            _ => 0,
        };
        self.kept_bytes = self.kept_bytes.saturating_add(bytes);
        let max = self.subject.kept_bytes_max;
        if self.kept_bytes > max { Err(AnswerTooLarge(max)) } else { Ok(()) }
    }

    /// Ends what may still grow.
    fn close(&mut self, out: &mut BytesMut) {
        self.close_as(self.finish.and_then(incomplete_reason).is_none(), out);
    }

    fn close_as(&mut self, whole: bool, out: &mut BytesMut) {
        for item in std::mem::take(&mut self.open) {
            self.output.push(item.done(whole, &mut self.numbered, out));
        }
    }

    /// The place of an item that is about to be added, and the start of its id.
    fn place(&self, prefix: &str) -> (u64, String) {
        let index = (self.output.len() + self.open.len()) as u64;
        (index, format!("{prefix}_{}_{index}", self.subject.call))
    }

    fn message(
        &mut self,
        out: &mut BytesMut,
        act: impl FnOnce(&mut Message, &mut Events, &mut BytesMut),
    ) {
        self.begin(out);
        if !matches!(self.open.as_slice(), [Item::Message(_)]) {
            self.close(out);
            let (index, id) = self.place("msg");
            let message = Message::added(index, id, &mut self.numbered, out);
            self.open.push(Item::Message(message));
        }
        if let Some(Item::Message(message)) = self.open.last_mut() {
            act(message, &mut self.numbered, out);
        }
    }

    fn reasoning(
        &mut self,
        out: &mut BytesMut,
        act: impl FnOnce(&mut Reasoning, &mut Events, &mut BytesMut),
    ) {
        self.begin(out);
        if !matches!(self.open.as_slice(), [Item::Reasoning(_)]) {
            self.close(out);
            let (index, id) = self.place("rs");
            let reasoning = Reasoning::added(index, id, &mut self.numbered, out);
            self.open.push(Item::Reasoning(reasoning));
        }
        if let Some(Item::Reasoning(reasoning)) = self.open.last_mut() {
            act(reasoning, &mut self.numbered, out);
        }
    }

    /// Tool calls stay open side by side: a provider may send their pieces in turns.
    fn tool(&mut self, call: &ToolCallDelta, out: &mut BytesMut) {
        self.begin(out);
        if !matches!(self.open.first(), None | Some(Item::Tool(_))) {
            self.close(out);
        }
        let known = self.open.iter_mut().find_map(|item| match item {
            Item::Tool(tool) if tool.is(call.index) => Some(tool),
            _ => None,
        });
        match known {
            Some(tool) => tool.arguments(&call.arguments, &mut self.numbered, out),
            None => {
                let (index, id) = self.place("fc");
                let mut tool = Tool::added((index, id), call, &mut self.numbered, out);
                tool.arguments(&call.arguments, &mut self.numbered, out);
                self.open.push(Item::Tool(tool));
            }
        }
    }
}

/// The whole answer: what a stream would say at its end.
pub(super) fn whole(subject: &Subject, events: &[Event]) -> Bytes {
    let subject = Subject { kept_bytes_max: usize::MAX, ..subject.clone() };
    let mut writer = Writer::new(subject);
    let mut unsent = BytesMut::new();
    for event in events {
        // Nothing is too large without a bound.
        let _kept = writer.event(event, &mut unsent);
        unsent.clear();
    }
    writer.close(&mut unsent);
    writer.response(&Status::of(writer.finish)).into_bytes().into()
}
