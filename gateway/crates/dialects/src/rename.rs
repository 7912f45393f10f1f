//! The model's name in answers that pass through: the client reads the one that it asked for.

use bytes::Bytes;
use tollgate_domain::{Dialect, Document, Edit};

use crate::json::Json;

/// The answer or stream event under another name of the model. None if it has none, or this one.
/// Every other byte stays.
pub fn renamed(dialect: Dialect, document: &Document, model: &str) -> Option<Bytes> {
    let mut wanted = Vec::new();
    model.write(&mut wanted);
    let wanted = String::from_utf8(wanted).ok()?;
    if document.member("model").is_some() {
        return set(document, &wanted);
    }
    let holder = match dialect {
        Dialect::AnthropicMessages => "message",
        Dialect::OpenaiResponses => "response",
        _ => return None,
    };
    let inner =
        Document::parse(Bytes::copy_from_slice(document.member(holder)?.as_bytes())).ok()?;
    let inner = String::from_utf8(set(&inner, &wanted)?.to_vec()).ok()?;
    document.edited(&[Edit::set(holder, inner)]).ok()
}

fn set(document: &Document, wanted: &str) -> Option<Bytes> {
    match document.member("model") {
        Some(name) if name != wanted => document.edited(&[Edit::set("model", wanted)]).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(dialect: Dialect, text: &'static str) -> Option<String> {
        let document = Document::parse(Bytes::from_static(text.as_bytes())).unwrap();
        let bytes = renamed(dialect, &document, "my \"model\"")?;
        Some(String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[test]
    fn only_the_name_changes_wherever_it_is() {
        let chat = named(Dialect::OpenaiChat, r#"{ "id":1, "model" : "gpt-x" }"#).unwrap();
        assert_eq!(chat, r#"{ "id":1, "model" : "my \"model\"" }"#);
        let start = r#"{"type":"message_start","message":{"model":"c", "n":1.0}}"#;
        let start = named(Dialect::AnthropicMessages, start).unwrap();
        assert_eq!(
            start,
            r#"{"type":"message_start","message":{"model":"my \"model\"", "n":1.0}}"#
        );
        let created = r#"{"response":{"model":"g"},"sequence_number":0}"#;
        let created = named(Dialect::OpenaiResponses, created).unwrap();
        assert_eq!(created, r#"{"response":{"model":"my \"model\""},"sequence_number":0}"#);
    }

    #[test]
    fn what_has_no_name_or_the_right_one_stays_as_it_is() {
        assert_eq!(named(Dialect::AnthropicMessages, r#"{"type":"ping"}"#), None);
        assert_eq!(named(Dialect::OpenaiChat, r#"{"response":{"model":"g"}}"#), None);
        assert_eq!(named(Dialect::OpenaiChat, r#"{"model":"my \"model\""}"#), None);
        assert_eq!(named(Dialect::OpenaiResponses, r#"{"response":null}"#), None);
    }
}
