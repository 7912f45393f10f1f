//! OpenAI's responses in the neutral dialect.

mod items;
mod parts;
mod tools;

use super::Neutral;
use super::draft::Draft;
use crate::json::{Kind, Members, Object, Raw, Text, array, boolean, kind, object, string};
use crate::place::{Place, Unreadable};
pub(crate) use items::SEALED_PREFIX;

/// Members that stand for what only OpenAI's servers keep: without it the answer would be about
/// something else.
const KEPT_BY_SERVERS: [&str; 3] = ["previous_response_id", "conversation", "prompt"];
/// Members that ask for what only OpenAI's own servers do, and counts of choices.
const NO_PLACE: [&str; 3] = ["max_tool_calls", "context_management", "n"];

/// Puts a request into the neutral dialect.
pub(super) fn to_chat(body: &[u8]) -> Result<Neutral, Unreadable> {
    let mut request = Object::of_body(body)?;
    for name in KEPT_BY_SERVERS {
        if request.take(name).is_some() {
            let message = format!(
                "'{name}' refers to what the provider of this model does not keep. Send the whole \
                 input instead."
            );
            return Err(Unreadable::about(name, message));
        }
    }
    let mut draft = Draft::new();
    let messages = messages(&mut request, &mut draft)?;
    draft.put("messages", &messages);
    tools::tools(&mut request, &mut draft)?;
    draft.put_some("max_completion_tokens", request.take("max_output_tokens").map(Raw));
    text(&mut request, &mut draft)?;
    reasoning(&mut request, &mut draft)?;
    include(&mut request, &mut draft)?;
    settings(&mut request, &mut draft)?;
    draft.drop_members(&mut request, &NO_PLACE);
    Ok(draft.end(&request))
}

fn messages(request: &mut Object<'_>, draft: &mut Draft) -> Result<Vec<Text>, Unreadable> {
    let mut conversation = items::Conversation::default();
    if let Some(text) = request.take("instructions") {
        let content = string(text, &Place::of("instructions"))?;
        conversation.add(object! { "role": "system", "content": content });
    }
    let place = Place::of("input");
    let input = request.take("input").ok_or_else(|| place.must_be("a string or an array"))?;
    match kind(input) {
        Kind::String => conversation.add(object! { "role": "user", "content": Raw(input) }),
        _ => {
            for (at, item) in array(input, &place)?.into_iter().enumerate() {
                conversation.item(item, &place.index(at), draft)?;
            }
        }
    }
    Ok(conversation.end())
}

/// The form of the text.
fn text(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let place = Place::of("text");
    let Some(text) = request.take("text") else { return Ok(()) };
    let mut text = Object::parse(text, &place)?;
    draft.put_some("verbosity", text.take("verbosity").map(Raw));
    if let Some(format) = text.take("format") {
        draft.put("response_format", &response_format(format, &place.member("format"))?);
    }
    draft.drop_rest(&text, &place);
    Ok(())
}

fn response_format(text: &str, place: &Place<'_>) -> Result<Text, Unreadable> {
    let mut format = Object::parse(text, place)?;
    let kind = format.need_string("type", place)?;
    let mut members = Members::new();
    members.put("type", &kind);
    if kind == "json_schema" {
        let mut schema = Members::new();
        schema.put_all(format.rest());
        members.put("json_schema", &schema.end());
    } else {
        members.put_all(format.rest());
    }
    Ok(members.end())
}

/// How much to think. Which summary of it is shown makes no difference: all of it is.
fn reasoning(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let place = Place::of("reasoning");
    let Some(text) = request.take("reasoning") else { return Ok(()) };
    let mut reasoning = Object::parse(text, &place)?;
    draft.put_some("reasoning_effort", reasoning.take("effort").map(Raw));
    let _shown = (reasoning.take("summary"), reasoning.take("generate_summary"));
    draft.drop_rest(&reasoning, &place);
    Ok(())
}

/// What the answer is to include: sealed reasoning always is.
fn include(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let place = Place::of("include");
    let Some(text) = request.take("include") else { return Ok(()) };
    for (at, item) in array(text, &place)?.into_iter().enumerate() {
        let here = place.index(at);
        match string(item, &here)?.as_ref() {
            "reasoning.encrypted_content" => {}
            "message.output_text.logprobs" => draft.put("logprobs", &true),
            _ => draft.drop(here.to_string()),
        }
    }
    Ok(())
}

/// Settings whose usual value changes nothing.
fn settings(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    for name in ["store", "background"] {
        if let Some(text) = request.take(name)
            && boolean(text, &Place::of(name))?
        {
            draft.drop(name);
        }
    }
    if let Some(text) = request.take("truncation")
        && string(text, &Place::of("truncation"))? != "disabled"
    {
        draft.drop("truncation");
    }
    if let Some(text) = request.take("stream_options") {
        let place = Place::of("stream_options");
        let mut options = Object::parse(text, &place)?;
        // Padding against eavesdroppers says nothing.
        let _padding = options.take("include_obfuscation");
        draft.drop_rest(&options, &place);
    }
    Ok(())
}
