//! Items of a response's output as they grow.

mod message;

use bytes::BytesMut;
use tollgate_domain::ToolCallDelta;

use super::Events;
use crate::json::{Members, Text, object};
use crate::request::SEALED_PREFIX;
pub(super) use message::Message;

/// An item that may still grow.
#[derive(Debug)]
pub(super) enum Item {
    Message(Message),
    Reasoning(Reasoning),
    Tool(Tool),
}

/// Where an item stands in the output, and its id.
#[derive(Debug)]
pub(super) struct Place {
    index: u64,
    id: String,
}

/// Reasoning, shown as its summary.
#[derive(Debug)]
pub(super) struct Reasoning {
    place: Place,
    text: String,
    /// What the provider needs to believe it on the next turn.
    encrypted: Option<String>,
}

/// A call of a function.
#[derive(Debug)]
pub(super) struct Tool {
    place: Place,
    /// The provider's own number of the call.
    number: u32,
    call_id: String,
    name: String,
    arguments: String,
}

// === impl Place ===

impl Place {
    /// The members that say which item an event is about.
    fn members(&self) -> Members {
        let mut members = Members::new();
        members.put("item_id", &self.id);
        members.put("output_index", &self.index);
        members
    }

    /// Writes that the item is added, or done.
    fn told(&self, kind: &str, item: &Text, to: &mut Events, out: &mut BytesMut) {
        let mut members = Members::new();
        members.put("output_index", &self.index);
        members.put("item", item);
        to.write(kind, members, out);
    }
}

// === impl Item ===

impl Item {
    /// Ends the item, `whole` or cut. Gives it as it is in the response's output.
    pub(super) fn done(self, whole: bool, to: &mut Events, out: &mut BytesMut) -> Text {
        let status = if whole { "completed" } else { "incomplete" };
        let (place, item) = match self {
            Self::Message(message) => message.done(status, to, out),
            Self::Reasoning(reasoning) => reasoning.done(to, out),
            Self::Tool(tool) => tool.done(status, to, out),
        };
        place.told("response.output_item.done", &item, to, out);
        item
    }
}

// === impl Reasoning ===

impl Reasoning {
    pub(super) fn added(index: u64, id: String, to: &mut Events, out: &mut BytesMut) -> Self {
        let place = Place { index, id };
        let reasoning = Self { place, text: String::new(), encrypted: None };
        reasoning.place.told("response.output_item.added", &reasoning.item(), to, out);
        reasoning
    }

    pub(super) fn text(&mut self, piece: &str, to: &mut Events, out: &mut BytesMut) {
        if piece.is_empty() {
            return;
        }
        if self.text.is_empty() {
            let mut members = self.summary();
            members.put("part", &summary_text(""));
            to.write("response.reasoning_summary_part.added", members, out);
        }
        self.text.push_str(piece);
        let mut members = self.summary();
        members.put("delta", piece);
        to.write("response.reasoning_summary_text.delta", members, out);
    }

    pub(super) fn prove(&mut self, proof: &str) {
        self.encrypted = Some(proof.to_owned());
    }

    pub(super) fn seal(&mut self, data: &str) {
        self.encrypted = Some(format!("{SEALED_PREFIX}{data}"));
    }

    fn summary(&self) -> Members {
        let mut members = self.place.members();
        members.put("summary_index", &0_u64);
        members
    }

    fn item(&self) -> Text {
        let parts = match self.text.is_empty() {
            true => Vec::new(),
            false => vec![summary_text(&self.text)],
        };
        let mut members = Members::new();
        members.put("id", &self.place.id);
        members.put("type", "reasoning");
        members.put("summary", &parts);
        members.put_some("encrypted_content", self.encrypted.as_deref());
        members.end()
    }

    fn done(self, to: &mut Events, out: &mut BytesMut) -> (Place, Text) {
        if !self.text.is_empty() {
            let mut members = self.summary();
            members.put("text", &self.text);
            to.write("response.reasoning_summary_text.done", members, out);
            let mut members = self.summary();
            members.put("part", &summary_text(&self.text));
            to.write("response.reasoning_summary_part.done", members, out);
        }
        let item = self.item();
        (self.place, item)
    }
}

fn summary_text(text: &str) -> Text {
    object! { "type": "summary_text", "text": text }
}

// === impl Tool ===

impl Tool {
    pub(super) fn added(
        (index, id): (u64, String),
        call: &ToolCallDelta,
        to: &mut Events,
        out: &mut BytesMut,
    ) -> Self {
        let call_id = call.id.clone().filter(|id| !id.is_empty());
        let tool = Self {
            number: call.index,
            call_id: call_id.unwrap_or_else(|| format!("call_{id}")),
            name: call.name.clone().unwrap_or_default(),
            arguments: String::new(),
            place: Place { index, id },
        };
        tool.place.told("response.output_item.added", &tool.item("in_progress"), to, out);
        tool
    }

    pub(super) fn is(&self, number: u32) -> bool {
        self.number == number
    }

    pub(super) fn arguments(&mut self, piece: &str, to: &mut Events, out: &mut BytesMut) {
        if piece.is_empty() {
            return;
        }
        self.arguments.push_str(piece);
        let mut members = self.place.members();
        members.put("delta", piece);
        to.write("response.function_call_arguments.delta", members, out);
    }

    fn item(&self, status: &str) -> Text {
        object! {
            "id": self.place.id,
            "type": "function_call",
            "status": status,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": self.arguments,
        }
    }

    fn done(self, status: &str, to: &mut Events, out: &mut BytesMut) -> (Place, Text) {
        let mut members = self.place.members();
        members.put("name", &self.name);
        members.put("arguments", &self.arguments);
        to.write("response.function_call_arguments.done", members, out);
        let item = self.item(status);
        (self.place, item)
    }
}
