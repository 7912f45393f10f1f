//! Tools of a response as functions of a chat.

use crate::json::{Kind, Members, Object, Raw, Text, array, kind, object};
use crate::place::{Place, Unreadable};
use crate::request::draft::Draft;

/// Members of a function.
const FUNCTION: [&str; 4] = ["name", "description", "parameters", "strict"];

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
        Some(text) if kind(text) == Kind::String => draft.put("tool_choice", &Raw(text)),
        Some(text) => choice(text, draft)?,
        None => {}
    }
    Ok(())
}

/// A function of the client's. None for tools that OpenAI's servers bring along.
fn function(text: &str, place: &Place<'_>) -> Result<Option<Text>, Unreadable> {
    let mut tool = Object::parse(text, place)?;
    if tool.need_string("type", place)? != "function" {
        return Ok(None);
    }
    let mut function = Members::new();
    for name in FUNCTION {
        function.put_some(name, tool.take(name).map(Raw));
    }
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
        "function" => {
            let function = object! { "name": choice.need_string("name", &place)? };
            draft.put("tool_choice", &object! { "type": "function", "function": function });
        }
        "allowed_tools" => {
            let mode = choice.take("mode").map(Raw);
            let allowed = object! { "mode": mode, "tools": allowed(&mut choice, &place, draft)? };
            draft
                .put("tool_choice", &object! { "type": "allowed_tools", "allowed_tools": allowed });
        }
        _ => {
            draft.drop("tool_choice");
            return Ok(());
        }
    }
    draft.drop_rest(&choice, &place);
    Ok(())
}

fn allowed(
    choice: &mut Object<'_>,
    place: &Place<'_>,
    draft: &mut Draft,
) -> Result<Vec<Text>, Unreadable> {
    let here = place.member("tools");
    let tools = choice.take("tools").ok_or_else(|| here.must_be("an array"))?;
    let mut names = Vec::new();
    for (at, tool) in array(tools, &here)?.into_iter().enumerate() {
        let here = here.index(at);
        let mut tool = Object::parse(tool, &here)?;
        let kind = tool.need_string("type", &here)?;
        if kind != "function" {
            draft.drop(here.to_string());
            continue;
        }
        let name = tool.need_string("name", &here)?;
        draft.drop_rest(&tool, &here);
        names.push(object! { "type": "function", "function": object! { "name": name } });
    }
    Ok(names)
}
