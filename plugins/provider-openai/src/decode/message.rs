//! What a message adds to its choice.

use serde_json::value::RawValue;
use tollgate_neutral::{Object, Text, malformed};
use tollgate_sdk::types::{Event, Extension, Failure};

use super::tools::Calls;

/// Names under which servers give reasoning; some give it under several of them.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "thinking"];

/// Members that have events of their own, or none.
const UNDERSTOOD: [&str; 8] = [
    "role",
    "content",
    "refusal",
    "tool_calls",
    "function_call",
    "annotations",
    "thinking_blocks",
    "provider_specific_fields",
];

/// Adds the events of a delta, or of a whole message, in the order in which a model speaks.
pub(super) fn push(
    message: Object<'_>,
    calls: &mut Calls,
    events: &mut Vec<Event>,
) -> Result<(), Failure> {
    for (name, value) in message.iter() {
        let is_understood = UNDERSTOOD.contains(&name) || REASONING.contains(&name);
        if !is_understood && value.get() != "null" {
            let (name, value) = (name.to_owned(), value.get().to_owned());
            events.push(Event::ChoiceExtension(Extension { name, value }));
        }
    }
    reasoning(&message, events)?;
    if let Some(content) = message.get("content") {
        content_of(content, events)?;
    }
    if let Some(refusal) = message.get("refusal").and_then(Text::of) {
        say(Event::Refusal, &characters(refusal)?, events);
    }
    for source in list(message.get("annotations")) {
        events.push(Event::Citation(source.get().to_owned()));
    }
    for call in list(message.get("tool_calls")) {
        calls.push(Object::of(call).ok_or_else(not_understood)?, events)?;
    }
    if let Some(call) = message.object("function_call") {
        calls.push_function(&call, events)?;
    }
    Ok(())
}

/// Blocks say more than the text beside them: they have what proves them.
fn reasoning(message: &Object<'_>, events: &mut Vec<Event>) -> Result<(), Failure> {
    let blocks = list(message.get("thinking_blocks"));
    if blocks.is_empty() {
        let text = REASONING.iter().find_map(|name| message.get(name).and_then(Text::of));
        return text.map_or(Ok(()), |text| {
            say(Event::Reasoning, &characters(text)?, events);
            Ok(())
        });
    }
    for block in blocks {
        let block = Object::of(block).ok_or_else(not_understood)?;
        if let Some(text) = block.text("thinking") {
            say(Event::Reasoning, &text, events);
        }
        if let Some(signature) = block.text("signature") {
            say(Event::Signature, &signature, events);
        }
        if let Some(sealed) = block.text("data") {
            say(Event::SealedReasoning, &sealed, events);
        }
    }
    Ok(())
}

/// A text, or a list of parts as some servers give it.
fn content_of(content: &RawValue, events: &mut Vec<Event>) -> Result<(), Failure> {
    if let Some(text) = Text::of(content) {
        say(Event::Text, &characters(text)?, events);
        return Ok(());
    }
    for part in list(Some(content)) {
        let part = Object::of(part).ok_or_else(not_understood)?;
        match part.text("type").as_deref() {
            Some("thinking") => {
                for piece in list(part.get("thinking")) {
                    let piece = Object::of(piece).ok_or_else(not_understood)?;
                    say(Event::Reasoning, &piece.text("text").unwrap_or_default(), events);
                }
            }
            Some("refusal") => {
                say(Event::Refusal, &part.text("refusal").unwrap_or_default(), events);
            }
            _ => say(Event::Text, &part.text("text").unwrap_or_default(), events),
        }
    }
    Ok(())
}

fn say(event: fn(String) -> Event, text: &str, events: &mut Vec<Event>) {
    if !text.is_empty() {
        events.push(event(text.to_owned()));
    }
}

/// The items of a list; none if it is absent or anything else.
fn list(value: Option<&RawValue>) -> Vec<&RawValue> {
    value.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

fn characters(text: Text<'_>) -> Result<std::borrow::Cow<'_, str>, Failure> {
    text.decoded().ok_or_else(not_understood)
}

fn not_understood() -> Failure {
    malformed("A message of the provider's answer cannot be understood.")
}
