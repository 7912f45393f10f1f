//! Contents of neutral messages.

use std::borrow::Cow;

use crate::json::{Json, Object, Text, object};

/// A part of a message's content.
#[derive(Debug)]
pub(super) enum Part<'a> {
    /// Text and nothing else.
    Plain(Cow<'a, str>),
    /// Anything else, as it is written in an array.
    Other(Text),
}

/// Parts of a content. One that is text alone is written as a string, which every server reads.
#[derive(Debug, Default)]
pub(super) struct Content<'a>(pub(super) Vec<Part<'a>>);

/// A data URL.
pub(super) fn data_url(media_type: &str, base64: &str) -> String {
    format!("data:{media_type};base64,{base64}")
}

/// A part with what is left of the block that it was made of.
pub(super) fn with_rest(mut part: crate::json::Members, rest: &Object<'_>) -> Part<'static> {
    part.put_all(rest.rest());
    Part::Other(part.end())
}

impl Content<'_> {
    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Json for Part<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Plain(text) => object! { "type": "text", "text": text }.write(out),
            Self::Other(part) => part.write(out),
        }
    }
}

impl Json for Content<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self.0.as_slice() {
            [] => "".write(out),
            [Part::Plain(text)] => text.write(out),
            parts => parts.write(out),
        }
    }
}
