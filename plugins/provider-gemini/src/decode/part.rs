//! The parts of a choice.

use tollgate_neutral::write;
use tollgate_sdk::types::{Event, Extension, ToolCallDelta};

use super::wire::{Blob, FunctionCall, Part};
use crate::compact::compact;

/// What has come of a choice so far, as far as later parts depend on it.
#[derive(Default)]
pub(super) struct Parts {
    tool_calls: u32,
    images: u32,
    text_bytes: u64,
    text_chars: u64,
}

// === impl Parts ===

impl Parts {
    /// Adds a part's events. `new_id` makes an id for a tool call that has none.
    pub(super) fn push(
        &mut self,
        part: &Part<'_>,
        new_id: &mut dyn FnMut() -> String,
        events: &mut Vec<Event>,
    ) {
        let signature = part.thought_signature.as_deref().filter(|text| !text.is_empty());
        let signature = signature.map(|text| Event::Signature(text.into()));
        if part.thought {
            let words = part.text.as_deref().filter(|words| !words.is_empty());
            events.extend(words.map(|words| Event::Reasoning(words.into())));
            events.extend(signature);
            return;
        }
        // What proves the reasoning comes with what followed from it.
        events.extend(signature);
        if let Some(words) = part.text.as_deref() {
            self.text(words, events);
        }
        if let Some(call) = &part.function_call {
            events.push(self.tool_call(call, new_id));
        }
        if let Some(blob) = &part.inline_data {
            events.push(self.blob(blob));
        }
        if let Some(code) = &part.executable_code {
            let language = code.language.to_ascii_lowercase();
            self.text(&format!("\n```{language}\n{}\n```\n", code.code), events);
        }
        if let Some(result) = &part.code_execution_result {
            self.text(&format!("\n```\n{}\n```\n", result.output), events);
        }
    }

    /// Whether the choice asks for tools to be called.
    pub(super) fn has_tool_calls(&self) -> bool {
        self.tool_calls > 0
    }

    /// Whether places in the text that are counted in bytes are the same in characters.
    pub(super) fn is_plain(&self) -> bool {
        self.text_bytes == self.text_chars
    }

    fn text(&mut self, words: &str, events: &mut Vec<Event>) {
        if words.is_empty() {
            return;
        }
        self.text_bytes += words.len() as u64;
        self.text_chars += words.chars().count() as u64;
        events.push(Event::Text(words.into()));
    }

    fn tool_call(&mut self, call: &FunctionCall<'_>, new_id: &mut dyn FnMut() -> String) -> Event {
        let index = self.tool_calls;
        self.tool_calls += 1;
        let id = call.id.as_deref().filter(|id| !id.is_empty()).map(str::to_owned);
        Event::ToolCall(ToolCallDelta {
            index,
            id: Some(id.unwrap_or_else(new_id)),
            name: Some(call.name.clone().into_owned()),
            arguments: call.args.map_or_else(|| "{}".into(), |args| compact(args.get())),
        })
    }

    /// A picture in the form that clients of gateways know; other data under the name `audio`.
    fn blob(&mut self, blob: &Blob<'_>) -> Event {
        let (name, value) = if blob.mime_type.starts_with("image/") {
            let url = format!("data:{};base64,{}", blob.mime_type, blob.data);
            let image = write::array(|list| {
                list.object(|image| {
                    image.text("type", "image_url");
                    image.count("index", u64::from(self.images));
                    image.object("image_url", |address| address.text("url", &url));
                });
            });
            self.images += 1;
            ("images", image)
        } else {
            let sound = write::object(|sound| {
                sound.text("data", &blob.data);
                sound.text("mime_type", &blob.mime_type);
            });
            ("audio", sound)
        };
        Event::ChoiceExtension(Extension { name: name.into(), value })
    }
}
