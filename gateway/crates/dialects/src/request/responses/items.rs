//! Items of a response's input as neutral messages. What the assistant thought, said and called
//! in a row is one message.

use std::borrow::Cow;

use super::parts;
use crate::json::{Kind, Members, Object, Raw, Text, array, kind, object};
use crate::place::{Place, Unreadable};
use crate::request::content::Content;
use crate::request::draft::Draft;

/// Marks reasoning that only its provider can read, among proofs of reasoning.
pub(crate) const SEALED_PREFIX: &str = "sealed:";

/// The messages so far, and the assistant's message that may still grow.
#[derive(Default)]
pub(super) struct Conversation<'a> {
    messages: Vec<Text>,
    open: Option<Answer<'a>>,
}

/// A message of the assistant.
#[derive(Default)]
struct Answer<'a> {
    content: Content<'a>,
    reasoning: String,
    thinking: Vec<Text>,
    tool_calls: Vec<Text>,
    rest: Vec<(String, &'a str)>,
}

// === impl Conversation ===

impl<'a> Conversation<'a> {
    /// Adds a message as it is.
    pub(super) fn add(&mut self, message: Text) {
        self.close();
        self.messages.push(message);
    }

    /// All messages.
    pub(super) fn end(mut self) -> Vec<Text> {
        self.close();
        self.messages
    }

    fn close(&mut self) {
        if let Some(answer) = self.open.take() {
            self.messages.push(answer.message());
        }
    }

    /// Adds an item.
    pub(super) fn item(
        &mut self,
        text: &'a str,
        place: &Place<'_>,
        draft: &mut Draft,
    ) -> Result<(), Unreadable> {
        let mut item = Object::parse(text, place)?;
        let kind = item.take_string("type", place)?.unwrap_or(Cow::Borrowed("message"));
        // Where the item stood in an earlier answer.
        let _echoed = (item.take("id"), item.take("status"));
        match kind.as_ref() {
            "message" => self.message(item, place)?,
            "function_call" => self.function_call(item, place)?,
            "function_call_output" => {
                let output = tool_output(item, place)?;
                self.add(output);
            }
            "reasoning" => self.reasoning(item, place, draft)?,
            "item_reference" => {
                return Err(place.must_be(
                    "a whole item: the provider of this model keeps no items to refer to",
                ));
            }
            _ => draft.drop(place.to_string()),
        }
        Ok(())
    }

    fn message(&mut self, mut item: Object<'a>, place: &Place<'_>) -> Result<(), Unreadable> {
        let role = item.need_string("role", place)?;
        let here = place.member("content");
        let text = item.take("content").ok_or_else(|| here.must_be("a string or an array"))?;
        let content = parts::content(text, &here)?;
        if role == "assistant" {
            // Text after tool calls cannot go before them.
            if self.open.as_ref().is_some_and(|open| !open.tool_calls.is_empty()) {
                self.close();
            }
            let open = self.open.get_or_insert_default();
            open.content.0.extend(content.0);
            let rest = item.rest().map(|(name, value)| (name.to_owned(), value));
            open.rest.extend(rest.filter(|(name, _)| name != "phase"));
            return Ok(());
        }
        let mut message = Members::new();
        message.put("role", &role);
        message.put("content", &content);
        message.put_all(item.rest());
        self.add(message.end());
        Ok(())
    }

    fn function_call(&mut self, mut item: Object<'_>, place: &Place<'_>) -> Result<(), Unreadable> {
        let id = item.need_string("call_id", place)?;
        let name = item.need_string("name", place)?;
        let arguments = item.need_string("arguments", place)?;
        let mut call = Members::new();
        call.put("id", &id);
        call.put("type", "function");
        call.put("function", &object! { "name": name, "arguments": arguments });
        call.put_all(item.rest());
        self.open.get_or_insert_default().tool_calls.push(call.end());
        Ok(())
    }

    fn reasoning(
        &mut self,
        mut item: Object<'_>,
        place: &Place<'_>,
        draft: &mut Draft,
    ) -> Result<(), Unreadable> {
        if self.open.as_ref().is_some_and(|open| !open.tool_calls.is_empty()) {
            self.close();
        }
        let mut text = String::new();
        for name in ["summary", "content"] {
            let here = place.member(name);
            let Some(list) = item.take(name) else { continue };
            for (at, part) in array(list, &here)?.into_iter().enumerate() {
                let here = here.index(at);
                let mut part = Object::parse(part, &here)?;
                let _summary_or_not = part.take("type");
                text.push_str(&part.need_string("text", &here)?);
                draft.drop_rest(&part, &here);
            }
        }
        let proof = item.take_string("encrypted_content", place)?;
        draft.drop_rest(&item, place);
        let open = self.open.get_or_insert_default();
        match proof {
            None => open.reasoning.push_str(&text),
            Some(proof) => open.thinking.push(match proof.strip_prefix(SEALED_PREFIX) {
                Some(data) => object! { "type": "redacted_thinking", "data": data },
                None => object! { "type": "thinking", "thinking": text, "signature": proof },
            }),
        }
        Ok(())
    }
}

fn tool_output(mut item: Object<'_>, place: &Place<'_>) -> Result<Text, Unreadable> {
    let mut message = Members::new();
    message.put("role", "tool");
    message.put("tool_call_id", &item.need_string("call_id", place)?);
    let here = place.member("output");
    let output = item.take("output").ok_or_else(|| here.must_be("a string or an array"))?;
    match kind(output) {
        Kind::String => message.put("content", &Raw(output)),
        _ => message.put("content", &parts::content(output, &here)?),
    }
    message.put_all(item.rest());
    Ok(message.end())
}

// === impl Answer ===

impl Answer<'_> {
    fn message(self) -> Text {
        let mut message = Members::new();
        message.put("role", "assistant");
        match self.content.0.as_slice() {
            [] if self.tool_calls.is_empty() => message.put("content", ""),
            [] => message.put("content", &None::<&str>),
            _ => message.put("content", &self.content),
        }
        if !self.tool_calls.is_empty() {
            message.put("tool_calls", &self.tool_calls);
        }
        if !self.reasoning.is_empty() {
            message.put("reasoning_content", &self.reasoning);
        }
        if !self.thinking.is_empty() {
            message.put("thinking_blocks", &self.thinking);
        }
        for (name, value) in &self.rest {
            message.put(name, &Raw(value));
        }
        message.end()
    }
}
