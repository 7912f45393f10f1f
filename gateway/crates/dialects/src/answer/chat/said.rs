//! What a choice has said so far, as far as its next pieces depend on it. Items of lists are numbered
//! in every piece: clients' libraries put them together by their `index`.

use tollgate_domain::{Event, ToolCallDelta};

use crate::answer::source::{chat_annotation, citation};
use crate::json::{Members, Text, object};

/// One choice.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Characters of its text.
    characters: u64,
    annotations: u64,
    /// Blocks of reasoning that are complete.
    blocks: u64,
    /// Whether another block of reasoning has begun.
    in_block: bool,
    /// The tool calls that have begun.
    tools: Vec<u32>,
}

// === impl Said ===

impl Said {
    /// What an event adds to the choice, if it adds anything. `call` is the gateway's id.
    pub(super) fn delta(&mut self, event: &Event, call: &str) -> Option<Text> {
        Some(match event {
            Event::Text(piece) => {
                self.characters += piece.chars().count() as u64;
                object! { "content": piece }
            }
            Event::Refusal(piece) => object! { "refusal": piece },
            Event::Citation(source) => return self.citation(source),
            Event::Reasoning(piece) => {
                self.in_block = true;
                let block = numbered(self.blocks, thinking(piece, None));
                object! { "reasoning_content": piece, "thinking_blocks": [block] }
            }
            Event::Signature(proof) => {
                let block = numbered(self.blocks, thinking("", Some(proof)));
                self.end_block();
                object! { "thinking_blocks": [block] }
            }
            Event::SealedReasoning(data) => {
                if self.in_block {
                    self.end_block();
                }
                let block = numbered(self.blocks, sealed(data));
                self.end_block();
                object! { "thinking_blocks": [block] }
            }
            Event::ToolCall(piece) => object! { "tool_calls": [self.tool_call(piece, call)] },
            _ => return None,
        })
    }

    fn end_block(&mut self) {
        self.blocks += 1;
        self.in_block = false;
    }

    fn citation(&mut self, source: &str) -> Option<Text> {
        match chat_annotation(source, self.characters) {
            Some(annotation) => {
                let annotation = numbered(self.annotations, annotation);
                self.annotations += 1;
                Some(object! { "annotations": [annotation] })
            }
            None => {
                let fields = object! { "citation": citation(source)? };
                Some(object! { "provider_specific_fields": fields })
            }
        }
    }

    /// A piece of a call. The first one has an id, whether its provider gave one or not.
    fn tool_call(&mut self, piece: &ToolCallDelta, call: &str) -> Text {
        let mut function = Members::new();
        function.put_some("name", piece.name.as_deref());
        function.put("arguments", &piece.arguments);
        let mut members = Members::new();
        members.put("index", &piece.index);
        if !self.tools.contains(&piece.index) {
            self.tools.push(piece.index);
            members.put("id", &tool_call_id(piece, call));
            members.put("type", "function");
        }
        members.put("function", &function.end());
        members.end()
    }
}

/// An item with its place in the list.
fn numbered(index: u64, item: Text) -> Text {
    let mut members = Members::new();
    members.put("index", &index);
    members.append(item.into_members());
    members.end()
}

/// The id of a call, or one that is made of the gateway's.
pub(super) fn tool_call_id(piece: &ToolCallDelta, call: &str) -> String {
    let given = piece.id.clone().filter(|id| !id.is_empty());
    given.unwrap_or_else(|| format!("call_{call}_{}", piece.index))
}

/// A block of reasoning, or a piece of one.
pub(super) fn thinking(text: &str, signature: Option<&str>) -> Text {
    let mut members = Members::new();
    members.put("type", "thinking");
    members.put("thinking", text);
    members.put_some("signature", signature);
    members.end()
}

/// A block of reasoning that only its provider can read.
pub(super) fn sealed(data: &str) -> Text {
    object! { "type": "redacted_thinking", "data": data }
}
