//! A message of the assistant: parts of text or refusal.

use bytes::BytesMut;

use super::{Events, Place};
use crate::answer::source::response_annotation;
use crate::json::{Members, Text, object};

/// The message so far.
#[derive(Debug)]
pub(crate) struct Message {
    place: Place,
    done: Vec<Text>,
    part: Option<Part>,
}

/// The part that may still grow.
#[derive(Debug)]
enum Part {
    Text { text: String, characters: u64, annotations: Vec<Text>, logprobs: Vec<Text> },
    Refusal(String),
}

impl Message {
    pub(crate) fn added(index: u64, id: String, to: &mut Events, out: &mut BytesMut) -> Self {
        let place = Place { index, id };
        let message = Self { place, done: Vec::new(), part: None };
        message.place.told("response.output_item.added", &message.item("in_progress"), to, out);
        message
    }

    /// Adds text, and what is known of the probabilities of its tokens.
    pub(crate) fn text(
        &mut self,
        piece: &str,
        more: Vec<Text>,
        to: &mut Events,
        out: &mut BytesMut,
    ) {
        self.begin(Part::empty_text, to, out);
        let mut members = self.members();
        members.put("delta", piece);
        members.put("logprobs", &more);
        to.write("response.output_text.delta", members, out);
        if let Some(Part::Text { text, characters, logprobs, .. }) = &mut self.part {
            text.push_str(piece);
            *characters += piece.chars().count() as u64;
            logprobs.extend(more);
        }
    }

    pub(crate) fn refusal(&mut self, piece: &str, to: &mut Events, out: &mut BytesMut) {
        self.begin(|| Part::Refusal(String::new()), to, out);
        let mut members = self.members();
        members.put("delta", piece);
        to.write("response.refusal.delta", members, out);
        if let Some(Part::Refusal(text)) = &mut self.part {
            text.push_str(piece);
        }
    }

    pub(crate) fn source(&mut self, source: &str, to: &mut Events, out: &mut BytesMut) {
        self.begin(Part::empty_text, to, out);
        let Some(Part::Text { characters, annotations, .. }) = &self.part else { return };
        let number = annotations.len() as u64;
        let Some(annotation) = response_annotation(source, *characters) else { return };
        let mut members = self.members();
        members.put("annotation_index", &number);
        members.put("annotation", &annotation);
        to.write("response.output_text.annotation.added", members, out);
        if let Some(Part::Text { annotations, .. }) = &mut self.part {
            annotations.push(annotation);
        }
    }

    pub(super) fn done(
        mut self,
        status: &str,
        to: &mut Events,
        out: &mut BytesMut,
    ) -> (Place, Text) {
        self.close(to, out);
        let item = self.item(status);
        (self.place, item)
    }

    /// Makes sure that a part of the wanted kind is open.
    fn begin(&mut self, wanted: impl FnOnce() -> Part, to: &mut Events, out: &mut BytesMut) {
        let wanted = wanted();
        let same = |open: &Part| std::mem::discriminant(open) == std::mem::discriminant(&wanted);
        if self.part.as_ref().is_some_and(same) {
            return;
        }
        self.close(to, out);
        let mut members = self.members();
        members.put("part", &wanted.whole());
        to.write("response.content_part.added", members, out);
        self.part = Some(wanted);
    }

    fn close(&mut self, to: &mut Events, out: &mut BytesMut) {
        let Some(part) = self.part.take() else { return };
        let mut members = self.members();
        match &part {
            Part::Text { text, logprobs, .. } => {
                members.put("text", text);
                members.put("logprobs", logprobs);
                to.write("response.output_text.done", members, out);
            }
            Part::Refusal(text) => {
                members.put("refusal", text);
                to.write("response.refusal.done", members, out);
            }
        }
        let whole = part.whole();
        let mut members = self.members();
        members.put("part", &whole);
        to.write("response.content_part.done", members, out);
        self.done.push(whole);
    }

    /// The members that say which part an event is about.
    fn members(&self) -> Members {
        let mut members = self.place.members();
        members.put("content_index", &(self.done.len() as u64));
        members
    }

    fn item(&self, status: &str) -> Text {
        object! {
            "id": self.place.id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": self.done,
        }
    }
}

impl Part {
    fn empty_text() -> Self {
        let (annotations, logprobs) = (Vec::new(), Vec::new());
        Self::Text { text: String::new(), characters: 0, annotations, logprobs }
    }

    fn whole(&self) -> Text {
        match self {
            Self::Text { text, annotations, logprobs, .. } => object! {
                "type": "output_text",
                "text": text,
                "annotations": annotations,
                "logprobs": logprobs,
            },
            Self::Refusal(text) => object! { "type": "refusal", "refusal": text },
        }
    }
}
