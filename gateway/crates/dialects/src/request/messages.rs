//! Anthropic's messages in the neutral dialect.

mod parts;
mod tools;
mod turns;

use super::draft::Draft;
use super::{Neutral, effort};
use crate::json::{Members, Object, Raw, array, object};
use crate::place::{Place, Unreadable};

/// Members about things that only Anthropic's own servers keep or do, and counts of choices.
const NO_PLACE: [&str; 5] =
    ["container", "context_management", "mcp_servers", "inference_geo", "n"];

/// Puts a request into the neutral dialect.
pub(super) fn to_chat(body: &[u8]) -> Result<Neutral, Unreadable> {
    let mut request = Object::of_body(body)?;
    let mut draft = Draft::new();
    let mut messages = Vec::new();
    if let Some(system) = request.take("system") {
        let content = parts::content(system, &Place::of("system"), &mut draft)?;
        messages.push(object! { "role": "system", "content": content });
    }
    let place = Place::of("messages");
    let turns = request.take("messages").ok_or_else(|| place.must_be("an array"))?;
    for (at, turn) in array(turns, &place)?.into_iter().enumerate() {
        turns::turn(turn, &place.index(at), &mut messages, &mut draft)?;
    }
    draft.put("messages", &messages);
    tools::tools(&mut request, &mut draft)?;
    draft.put_some("stop", request.take("stop_sequences").map(Raw));
    metadata(&mut request, &mut draft)?;
    reasoning(&mut request, &mut draft)?;
    service_tier(&mut request, &mut draft)?;
    draft.drop_members(&mut request, &NO_PLACE);
    Ok(draft.end(&request))
}

/// `user_id` is the caller's user; what else there is stays metadata.
fn metadata(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let place = Place::of("metadata");
    let Some(text) = request.take("metadata") else { return Ok(()) };
    let mut metadata = Object::parse(text, &place)?;
    draft.put_some("user", metadata.take_string("user_id", &place)?);
    if !metadata.is_empty() {
        let mut members = Members::new();
        members.put_all(metadata.rest());
        draft.put("metadata", &members.end());
    }
    Ok(())
}

/// Thinking, effort and the form of the answer.
fn reasoning(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let mut effort = None;
    if let Some(text) = request.take("thinking") {
        let place = Place::of("thinking");
        let mut thinking = Object::parse(text, &place)?;
        if let Some(budget) = thinking.take("budget_tokens") {
            let tokens = serde_json::from_str(budget)
                .map_err(|_| place.member("budget_tokens").must_be("a whole number"))?;
            effort = Some(effort::of_budget(tokens).into());
        }
        draft.put("thinking", &Raw(text));
    }
    let mut format = request.take("output_format");
    if let Some(text) = request.take("output_config") {
        let place = Place::of("output_config");
        let mut config = Object::parse(text, &place)?;
        effort = config.take_string("effort", &place)?.or(effort);
        format = config.take("format").or(format);
        draft.drop_rest(&config, &place);
    }
    draft.put_some("reasoning_effort", effort);
    if let Some(format) = format {
        draft.put("response_format", &response_format(format)?);
    }
    Ok(())
}

fn response_format(text: &str) -> Result<crate::json::Text, Unreadable> {
    let place = Place::of("output_format");
    let mut format = Object::parse(text, &place)?;
    let kind = format.need_string("type", &place)?;
    if kind != "json_schema" {
        return Err(place.member("type").must_be("'json_schema'"));
    }
    let mut schema = Members::new();
    schema.put("name", &format.take_string("name", &place)?.unwrap_or("answer".into()));
    schema.put_some("schema", format.take("schema").map(Raw));
    schema.put("strict", &true);
    schema.put_all(format.rest());
    Ok(object! { "type": "json_schema", "json_schema": schema.end() })
}

fn service_tier(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    let Some(text) = request.take("service_tier") else { return Ok(()) };
    let tier = crate::json::string(text, &Place::of("service_tier"))?;
    let tier = if tier == "standard_only" { "default".into() } else { tier };
    draft.put("service_tier", &tier);
    Ok(())
}
