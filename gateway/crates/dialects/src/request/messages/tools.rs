//! Anthropic's tools as functions.

use crate::json::{Members, Object, Raw, Text, array, boolean, object};
use crate::place::{Place, Unreadable};
use crate::request::draft::Draft;

/// Moves the tools, and which of them may or must be called.
pub(super) fn tools(request: &mut Object<'_>, draft: &mut Draft) -> Result<(), Unreadable> {
    if let Some(text) = request.take("tools") {
        let place = Place::of("tools");
        let mut tools = Vec::new();
        for (at, tool) in array(text, &place)?.into_iter().enumerate() {
            let place = place.index(at);
            match function(tool, &place)? {
                Some(function) => tools.push(function),
                None => draft.drop(place.to_string()),
            }
        }
        if !tools.is_empty() {
            draft.put("tools", &tools);
        }
    }
    match request.take("tool_choice") {
        Some(text) => choice(text, draft),
        None => Ok(()),
    }
}

/// A tool of the client's. None for those that Anthropic's servers or models bring along.
fn function(text: &str, place: &Place<'_>) -> Result<Option<Text>, Unreadable> {
    let mut tool = Object::parse(text, place)?;
    if tool.take_string("type", place)?.is_some_and(|kind| kind != "custom") {
        return Ok(None);
    }
    let mut function = Members::new();
    function.put("name", &tool.need_string("name", place)?);
    function.put_some("description", tool.take("description").map(Raw));
    function.put_some("parameters", tool.take("input_schema").map(Raw));
    function.put_some("strict", tool.take("strict").map(Raw));
    let mut members = Members::new();
    members.put("type", "function");
    members.put("function", &function.end());
    members.put_all(tool.rest());
    Ok(Some(members.end()))
}

fn choice(text: &str, draft: &mut Draft) -> Result<(), Unreadable> {
    let place = Place::of("tool_choice");
    let mut choice = Object::parse(text, &place)?;
    match choice.need_string("type", &place)?.as_ref() {
        "auto" => draft.put("tool_choice", "auto"),
        "any" => draft.put("tool_choice", "required"),
        "none" => draft.put("tool_choice", "none"),
        "tool" => {
            let function = object! { "name": choice.need_string("name", &place)? };
            draft.put("tool_choice", &object! { "type": "function", "function": function });
        }
        _ => return Err(place.member("type").must_be("'auto', 'any', 'tool' or 'none'")),
    }
    if let Some(text) = choice.take("disable_parallel_tool_use") {
        let one = boolean(text, &place.member("disable_parallel_tool_use"))?;
        draft.put("parallel_tool_calls", &!one);
    }
    draft.drop_rest(&choice, &place);
    Ok(())
}
