//! What blocks of an answer have in common, whole or in pieces.

use serde_json::value::RawValue;
use tollgate_neutral::{Object, write};
use tollgate_sdk::types::{Event, Extension, ToolCallDelta};

use crate::encode::ANSWER_TOOL;

/// Tools that an answer calls, counted.
#[derive(Default)]
pub(super) struct Tools {
    next: u32,
    has_answer: bool,
}

/// What a tool's block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    /// A call, at this position among the calls.
    Call(u32),
    /// The answer itself, which had to be given as the call of a tool.
    Answer,
}

// === impl Tools ===

impl Tools {
    /// Begins a block; gives its first event, if it has one.
    pub(super) fn begin(&mut self, tool: &Object<'_>) -> Option<(Tool, Option<Event>)> {
        let name = tool.text("name")?;
        if name == ANSWER_TOOL {
            self.has_answer = true;
            return Some((Tool::Answer, None));
        }
        let index = self.next;
        self.next += 1;
        let delta = ToolCallDelta {
            index,
            id: Some(tool.text("toolUseId")?.into_owned()),
            name: Some(name.into_owned()),
            arguments: String::new(),
        };
        Some((Tool::Call(index), Some(Event::ToolCall(delta))))
    }

    /// Whether the only tool that was called is the answer.
    pub(super) fn is_answer_only(&self) -> bool {
        self.has_answer && self.next == 0
    }
}

// === impl Tool ===

impl Tool {
    /// The next piece of the arguments.
    pub(super) fn piece(self, arguments: String) -> Event {
        match self {
            Self::Call(index) => {
                Event::ToolCall(ToolCallDelta { index, id: None, name: None, arguments })
            }
            Self::Answer => Event::Text(arguments),
        }
    }
}

/// Where a text is from: OpenAI's annotation for a page on the web, else Bedrock's own object.
pub(super) fn citation(value: &RawValue) -> Option<Event> {
    let own = Object::of(value)?;
    let url = own.object("location").and_then(|place| place.object("web")?.take_text("url"));
    let title = own.text("title").unwrap_or_default();
    Some(Event::Citation(match url {
        Some(url) => write::object(|annotation| {
            annotation.text("type", "url_citation");
            annotation.object("url_citation", |citation| {
                citation.json("url", url.json());
                citation.text("title", &title);
            });
        }),
        None => write::object(|annotation| {
            annotation.text("type", "document_citation");
            annotation.raw("document_citation", value);
        }),
    }))
}

/// A picture in the form that clients of gateways know.
pub(super) fn image(image: &Object<'_>, index: u64) -> Option<Event> {
    let format = image.text("format")?;
    let bytes = image.object("source")?.take_text("bytes")?.decoded()?;
    let url = format!("data:image/{format};base64,{bytes}");
    let value = write::array(|list| {
        list.object(|image| {
            image.text("type", "image_url");
            image.count("index", index);
            image.object("image_url", |address| address.text("url", &url));
        });
    });
    Some(Event::ChoiceExtension(Extension { name: "images".into(), value }))
}
