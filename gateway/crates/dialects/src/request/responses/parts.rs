//! Parts of a response's contents as parts of neutral ones.

use crate::json::{Kind, Members, Object, Raw, Text, array, kind, object, string};
use crate::place::{Place, Unreadable};
use crate::request::content::{Content, Part, with_rest};

/// A content: a string, or parts.
pub(super) fn content<'a>(text: &'a str, place: &Place<'_>) -> Result<Content<'a>, Unreadable> {
    match kind(text) {
        Kind::String => Ok(Content(vec![Part::Plain(string(text, place)?)])),
        Kind::Array => {
            let parts = array(text, place)?.into_iter().enumerate();
            let parts: Result<_, _> = parts.map(|(at, it)| part(it, &place.index(at))).collect();
            Ok(Content(parts?))
        }
        _ => Err(place.must_be("a string or an array")),
    }
}

/// A part of a kind that is not known stays as it is: whoever cannot carry it will say so.
fn part<'a>(text: &'a str, place: &Place<'_>) -> Result<Part<'a>, Unreadable> {
    let mut part = Object::parse(text, place)?;
    match part.need_string("type", place)?.as_ref() {
        "input_text" | "output_text" | "text" | "summary_text" | "reasoning_text" => {
            words(part, place)
        }
        "refusal" => {
            let refusal = part.need_string("refusal", place)?;
            let mut members = Members::new();
            members.put("type", "refusal");
            members.put("refusal", &refusal);
            Ok(with_rest(members, &part))
        }
        "input_image" => image(part, place),
        "input_file" => file(part, place),
        _ => Ok(Part::Other(Text::of_json(text))),
    }
}

fn words<'a>(mut part: Object<'a>, place: &Place<'_>) -> Result<Part<'a>, Unreadable> {
    let text = part.need_string("text", place)?;
    // What an earlier answer said about its text; it asks for nothing.
    let _echoed = (part.take("annotations"), part.take("logprobs"));
    if part.is_empty() {
        return Ok(Part::Plain(text));
    }
    let mut members = Members::new();
    members.put("type", "text");
    members.put("text", &text);
    Ok(with_rest(members, &part))
}

fn image(mut part: Object<'_>, place: &Place<'_>) -> Result<Part<'static>, Unreadable> {
    let mut members = Members::new();
    match part.take("image_url") {
        Some(url) => {
            let mut image = Members::new();
            image.put("url", &string(url, &place.member("image_url"))?);
            image.put_some("detail", part.take("detail").map(Raw));
            members.put("type", "image_url");
            members.put("image_url", &image.end());
        }
        None => {
            let id = part.need_string("file_id", place)?;
            members.put("type", "file");
            members.put("file", &object! { "file_id": id });
        }
    }
    Ok(with_rest(members, &part))
}

fn file(mut part: Object<'_>, place: &Place<'_>) -> Result<Part<'static>, Unreadable> {
    let mut file = Members::new();
    let mut found = false;
    for name in ["file_id", "file_data", "file_url"] {
        if let Some(value) = part.take_string(name, place)? {
            file.put(name, &value);
            found = true;
        }
    }
    if !found {
        return Err(place.must_be("a file with 'file_id', 'file_data' or 'file_url'"));
    }
    file.put_some("filename", part.take_string("filename", place)?);
    let mut members = Members::new();
    members.put("type", "file");
    members.put("file", &file.end());
    Ok(with_rest(members, &part))
}
