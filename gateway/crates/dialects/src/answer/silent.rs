//! Dialects that do not talk: the provider's document is the answer.

use bytes::{Bytes, BytesMut};
use tollgate_domain::{Document, Edit, Event};

use super::Subject;
use super::fold::Folded;
use crate::json::{Json, Text, compact};

/// Writes documents.
#[derive(Debug)]
pub(super) struct Writer {
    subject: Subject,
}

impl Writer {
    pub(super) fn new(subject: Subject) -> Self {
        Self { subject }
    }

    pub(super) fn event(&mut self, event: &Event, out: &mut BytesMut) {
        if let Event::Document(document) = event
            && let Some(text) = compact(document)
        {
            out.extend_from_slice(&named(&self.subject, &text));
        }
    }
}

/// The document, under the model's name that the client knows.
pub(super) fn whole(subject: &Subject, folded: &Folded) -> Bytes {
    folded.document.as_ref().map_or_else(|| Bytes::from_static(b"{}"), |text| named(subject, text))
}

fn named(subject: &Subject, text: &Text) -> Bytes {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let Ok(document) = Document::parse(bytes.clone()) else { return bytes };
    if document.member("model").is_none() {
        return bytes;
    }
    let mut model = Vec::new();
    subject.model.write(&mut model);
    let model = String::from_utf8_lossy(&model);
    document.edited(&[Edit::set("model", model)]).unwrap_or(bytes)
}
