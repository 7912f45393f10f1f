//! Turns of an Anthropic conversation as neutral messages. A turn of the user that holds tool
//! results becomes one message for each of them, and one for the rest.

use super::parts;
use crate::json::{Kind, Members, Object, Raw, Text, array, boolean, kind, object};
use crate::place::{Place, Unreadable};
use crate::request::content::Content;
use crate::request::draft::Draft;

/// Adds the messages of one turn.
pub(super) fn turn(
    text: &str,
    place: &Place<'_>,
    messages: &mut Vec<Text>,
    draft: &mut Draft,
) -> Result<(), Unreadable> {
    let mut turn = Object::parse(text, place)?;
    let role = turn.need_string("role", place)?;
    let here = place.member("content");
    let content = turn.take("content").ok_or_else(|| here.must_be("a string or an array"))?;
    if kind(content) != Kind::Array {
        let content = parts::content(content, &here, draft)?;
        messages.push(message(&role, &content, &turn));
        return Ok(());
    }
    let blocks = array(content, &here)?;
    if role == "assistant" {
        let mut answer = Answer::default();
        for (at, block) in blocks.into_iter().enumerate() {
            answer.block(block, &here.index(at), draft)?;
        }
        messages.push(answer.message(&turn));
        return Ok(());
    }
    let before = messages.len();
    let mut rest = Some(turn);
    let mut content = Content::default();
    for (at, block) in blocks.into_iter().enumerate() {
        let here = here.index(at);
        let mut members = Object::parse(block, &here)?;
        if members.take_string("type", &here)?.as_deref() == Some("tool_result") {
            flush(&role, &mut content, &mut rest, messages);
            messages.push(tool_result(members, &here, draft)?);
        } else {
            let members = Object::parse(block, &here)?;
            parts::push((block, members), &here, &mut content, draft)?;
        }
    }
    flush(&role, &mut content, &mut rest, messages);
    match rest {
        Some(rest) if messages.len() == before => messages.push(message(&role, &content, &rest)),
        // Results of tools have no place for them.
        Some(rest) => draft.drop_rest(&rest, place),
        None => {}
    }
    Ok(())
}

/// Adds what was gathered as a message. The turn's other members go with the first one only.
fn flush(
    role: &str,
    content: &mut Content<'_>,
    rest: &mut Option<Object<'_>>,
    messages: &mut Vec<Text>,
) {
    let content = std::mem::take(content);
    if !content.is_empty() {
        messages.push(message(role, &content, &rest.take().unwrap_or_default()));
    }
}

fn message(role: &str, content: &Content<'_>, rest: &Object<'_>) -> Text {
    let mut members = Members::new();
    members.put("role", role);
    members.put("content", content);
    members.put_all(rest.rest());
    members.end()
}

fn tool_result(
    mut block: Object<'_>,
    place: &Place<'_>,
    draft: &mut Draft,
) -> Result<Text, Unreadable> {
    let mut message = Members::new();
    message.put("role", "tool");
    message.put("tool_call_id", &block.need_string("tool_use_id", place)?);
    match block.take("content") {
        Some(text) => {
            let content = parts::content(text, &place.member("content"), draft)?;
            message.put("content", &content);
        }
        None => message.put("content", ""),
    }
    if let Some(text) = block.take("is_error")
        && boolean(text, &place.member("is_error"))?
    {
        message.put("is_error", &true);
    }
    message.put_all(block.rest());
    Ok(message.end())
}

/// A turn of the assistant.
#[derive(Default)]
struct Answer<'a> {
    content: Content<'a>,
    thinking: Vec<Raw<'a>>,
    tool_calls: Vec<Text>,
}

impl<'a> Answer<'a> {
    fn block(
        &mut self,
        text: &'a str,
        place: &Place<'_>,
        draft: &mut Draft,
    ) -> Result<(), Unreadable> {
        let mut block = Object::parse(text, place)?;
        match block.need_string("type", place)?.as_ref() {
            "text" | "image" | "document" => {
                let members = Object::parse(text, place)?;
                parts::push((text, members), place, &mut self.content, draft)?;
            }
            "thinking" | "redacted_thinking" => self.thinking.push(Raw(text)),
            "tool_use" => self.tool_calls.push(tool_call(block, place)?),
            // What Anthropic's servers did themselves.
            _ => draft.drop(place.to_string()),
        }
        Ok(())
    }

    fn message(self, rest: &Object<'_>) -> Text {
        let mut message = Members::new();
        message.put("role", "assistant");
        let silent = self.content.is_empty();
        match silent && !self.tool_calls.is_empty() {
            true => message.put("content", &None::<&str>),
            false if silent => message.put("content", ""),
            false => message.put("content", &self.content),
        }
        if !self.tool_calls.is_empty() {
            message.put("tool_calls", &self.tool_calls);
        }
        if !self.thinking.is_empty() {
            message.put("thinking_blocks", &self.thinking);
        }
        message.put_all(rest.rest());
        message.end()
    }
}

fn tool_call(mut block: Object<'_>, place: &Place<'_>) -> Result<Text, Unreadable> {
    let id = block.need_string("id", place)?;
    let name = block.need_string("name", place)?;
    let input = block.take("input").unwrap_or("{}");
    let mut call = Members::new();
    call.put("id", &id);
    call.put("type", "function");
    call.put("function", &object! { "name": name, "arguments": input });
    call.put_all(block.rest());
    Ok(call.end())
}
