//! Sources that a model names for its text.

use serde_json::Value;

use crate::json::{Text, compact, object};

/// A source that is not on the web, in one line as its provider tells it, if it is JSON.
pub(super) fn citation(text: &str) -> Option<Text> {
    match web(text, 0) {
        Some(_) => None,
        None => compact(text),
    }
}

/// A source as a citation of Anthropic's.
pub(super) fn anthropic_citation(text: &str) -> Option<Text> {
    match web(text, 0) {
        Some(web) if web.is_annotation => Some(object! {
            "type": "web_search_result_location",
            "url": web.url,
            "title": web.title,
            "cited_text": "",
            "encrypted_index": "",
        }),
        _ => location(text),
    }
}

/// A place in a document. Clients refuse kinds that they do not know, so another provider's kind
/// is told as characters of a document, and stays beside as its provider tells it.
fn location(text: &str) -> Option<Text> {
    let value: Value = serde_json::from_str(text).ok()?;
    let object = value.as_object()?;
    let word = |name: &str| object.get(name).and_then(Value::as_str);
    if word("type").is_some_and(|kind| kind.ends_with("_location")) {
        let mut citation = compact(text)?.into_members();
        let in_document = object.contains_key("document_index");
        if in_document && !object.contains_key("document_title") {
            citation.put("document_title", &None::<&str>);
        }
        return Some(citation.end());
    }
    let number = |name: &str| object.get(name).and_then(Value::as_u64).unwrap_or_default();
    Some(object! {
        "type": "char_location",
        "cited_text": word("cited_text").or(word("text")).unwrap_or_default(),
        "document_index": number("document_index"),
        "document_title": word("document_title").or(word("title")),
        "start_char_index": number("start"),
        "end_char_index": number("end"),
        "citation": compact(text),
    })
}

/// A source on the web as an annotation of OpenAI's chat: `url_citation`, about the text that ends
/// at this character.
pub(super) fn chat_annotation(text: &str, end: u64) -> Option<Text> {
    let inner = web(text, end)?;
    Some(object! { "type": "url_citation", "url_citation": inner.members })
}

/// A source as an annotation of OpenAI's responses. One that is not on the web is in a file, and
/// stays beside as its provider tells it.
pub(super) fn response_annotation(text: &str, end: u64) -> Option<Text> {
    match web(text, end) {
        Some(web) => Some(object! {
            "type": "url_citation",
            "url": web.url,
            "title": web.title,
            "start_index": web.start,
            "end_index": web.end,
        }),
        None => file(text),
    }
}

fn file(text: &str) -> Option<Text> {
    let value: Value = serde_json::from_str(text).ok()?;
    let word = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some(object! {
        "type": "file_citation",
        "file_id": word("file_id"),
        "filename": word("document_title"),
        "index": value.get("document_index").and_then(Value::as_u64).unwrap_or_default(),
        "citation": compact(text),
    })
}

/// A source on the web.
struct Web {
    /// Whether it is told in OpenAI's form.
    is_annotation: bool,
    url: String,
    title: String,
    start: u64,
    end: u64,
    members: Text,
}

fn web(text: &str, end: u64) -> Option<Web> {
    let value: Value = serde_json::from_str(text).ok()?;
    let annotation = value.get("url_citation");
    let is_annotation = annotation.is_some();
    let source = annotation.unwrap_or(&value);
    let url = source.get("url")?.as_str()?.to_owned();
    let title = source.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
    let index =
        |name: &str, otherwise: u64| source.get(name).and_then(Value::as_u64).unwrap_or(otherwise);
    let end = index("end_index", end);
    let start = index("start_index", end);
    let members = object! { "url": url, "title": title, "start_index": start, "end_index": end };
    Some(Web { is_annotation, url, title, start, end, members })
}
