//! The facts of a model call, read from the client's body in one pass: what the gateway itself
//! must know. Everything else in the body is the provider's business and stays as it is.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;
use tollgate_domain::{Document, DocumentError};

use crate::refusal::Refusal;

/// Members that are read here, and by the provider afterwards: the two must not differ.
const READ: [&str; 11] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "user",
    "num_retries",
    "disable_fallbacks",
    "fallbacks",
];
/// A choice or a message costs a few tokens beside its text.
const MESSAGE_TOKENS: u64 = 16;
/// Above what any provider bills for one image.
const IMAGE_TOKENS_MAX: u64 = 16_384;
/// A file named by id can be as long as a context window.
const FILE_TOKENS_MAX: u64 = 1_000_000;
/// More choices than any provider gives.
const CHOICES_MAX: u64 = 128;

/// A chat request.
#[derive(Debug)]
pub(crate) struct Envelope {
    pub(crate) document: Arc<Document>,
    pub(crate) model: String,
    pub(crate) streamed: bool,
    /// Whether the client asked for the usage chunk of a stream.
    pub(crate) usage_asked: bool,
    pub(crate) input_bound: u64,
    pub(crate) output_cap: Option<u64>,
    pub(crate) choices: u64,
}

#[derive(serde::Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(serde::Deserialize)]
struct Message<'a> {
    #[serde(default, borrow)]
    content: Option<Content<'a>>,
}

/// Only whether there are parts, and of which kinds; text is passed over without a copy.
enum Content<'a> {
    Parts(Vec<Part<'a>>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <&'a RawValue>::deserialize(deserializer)?.get();
        match text.as_bytes().first() {
            Some(b'[') => serde_json::from_str(text).map(Self::Parts).map_err(D::Error::custom),
            Some(b'"' | b'n') => Ok(Self::Other),
            _ => Err(D::Error::custom("content is a string or an array")),
        }
    }
}

#[derive(serde::Deserialize)]
struct Part<'a> {
    #[serde(rename = "type", default, borrow)]
    kind: Option<Cow<'a, str>>,
}

impl Envelope {
    pub(crate) fn read(bytes: Bytes) -> Result<Self, Refusal> {
        let bytes = if bytes.is_empty() { Bytes::from_static(b"{}") } else { bytes };
        let document = Document::parse(bytes).map_err(|error| match error {
            DocumentError::Json(why) => {
                Refusal::invalid("request_body", format!("Invalid JSON payload: {why}"))
            }
            DocumentError::NotAnObject => {
                Refusal::invalid("request_body", "Invalid JSON payload: expected a JSON object")
            }
        })?;
        if let Some(twice) = document.repeated(&READ) {
            let message = format!("The parameter '{twice}' occurs twice in the request.");
            return Err(Refusal::invalid(twice, message));
        }
        let messages = present(&document, "messages").ok_or_else(|| {
            let message = "/chat/completions: Missing required parameter: 'messages'.";
            Refusal::invalid("messages", message)
        })?;
        let input_bound = input_bound(messages, document.bytes().len() as u64)?;
        let Some(model) = read::<String>(&document, "model", "a string")? else {
            return Err(Refusal::unknown_model("None"));
        };
        let streamed = read(&document, "stream", "true or false")?.unwrap_or(false);
        let options: Option<StreamOptions> = read(&document, "stream_options", "an object")?;
        let caps = [
            read::<u64>(&document, "max_tokens", "a whole number of 0 or more")?,
            read::<u64>(&document, "max_completion_tokens", "a whole number of 0 or more")?,
        ];
        let choices = read(&document, "n", "a whole number of 1 or more")?.unwrap_or(1);
        if !(1..=CHOICES_MAX).contains(&choices) {
            let message = format!("'n' must be a whole number from 1 to {CHOICES_MAX}.");
            return Err(Refusal::invalid("n", message));
        }
        Ok(Self {
            model,
            streamed,
            usage_asked: options.and_then(|options| options.include_usage).unwrap_or(false),
            input_bound,
            output_cap: caps.into_iter().flatten().max(),
            choices,
            document: Arc::new(document),
        })
    }

    /// Length of the messages, from which input is estimated where nothing reports it.
    pub(crate) fn prompt_bytes(&self) -> u64 {
        self.document.member("messages").map_or(0, str::len) as u64
    }
}

/// A member that is there and not null.
fn present<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.member(name).filter(|text| *text != "null")
}

fn read<'a, T: Deserialize<'a>>(
    document: &'a Document,
    name: &str,
    expected: &str,
) -> Result<Option<T>, Refusal> {
    let Some(text) = present(document, name) else { return Ok(None) };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|_| Refusal::invalid(name, format!("'{name}' must be {expected}.")))
}

/// A token is at least one byte of text, so the body's length bounds the text's tokens, tools and
/// schemas included; what is billed beyond text is added at its declared maximum.
fn input_bound(messages: &str, body_bytes: u64) -> Result<u64, Refusal> {
    let messages: Vec<Message<'_>> = serde_json::from_str(messages).map_err(|_| {
        let message = "'messages' must be an array of objects with string or array content.";
        Refusal::invalid("messages", message)
    })?;
    let mut bound = body_bytes.saturating_add(MESSAGE_TOKENS * (messages.len() as u64 + 1));
    for message in &messages {
        let Some(Content::Parts(parts)) = &message.content else { continue };
        for part in parts {
            bound = bound.saturating_add(match part.kind.as_deref() {
                Some("image_url" | "input_image" | "image") => IMAGE_TOKENS_MAX,
                Some("file" | "input_file") => FILE_TOKENS_MAX,
                _ => 0,
            });
        }
    }
    Ok(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Envelope, Refusal> {
        Envelope::read(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn the_facts_of_a_call_are_read() {
        let envelope = read_text(
            r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
                "stream_options":{"include_usage":true},"max_tokens":5,
                "max_completion_tokens":7,"n":2,"unknown":{"a":1}}"#,
        )
        .unwrap();
        assert_eq!((envelope.model.as_str(), envelope.streamed), ("m", true));
        assert!(envelope.usage_asked);
        assert_eq!((envelope.output_cap, envelope.choices), (Some(7), 2));
        assert!(envelope.input_bound >= envelope.document.bytes().len() as u64);
    }

    #[test]
    fn nulls_are_the_same_as_absent_members() {
        let envelope = read_text(
            r#"{"model":"m","messages":[],"stream":null,"stream_options":null,"n":null,
                "max_tokens":null}"#,
        )
        .unwrap();
        assert!(!envelope.streamed && !envelope.usage_asked);
        assert_eq!((envelope.output_cap, envelope.choices), (None, 1));
    }

    #[test]
    fn images_and_files_raise_the_bound() {
        let text = |part: &str| {
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#)
        };
        let bound = |part: &str| read_text(&text(part)).unwrap().input_bound;
        assert!(bound(r#"{"type":"image_url","image_url":{"url":"http://x"}}"#) > IMAGE_TOKENS_MAX);
        assert!(bound(r#"{"ty\u0070e":"file","file":{"file_id":"f"}}"#) > FILE_TOKENS_MAX);
    }

    #[test]
    fn mistakes_name_the_parameter() {
        let cases = [
            ("{", "request_body"),
            ("[]", "request_body"),
            ("{}", "messages"),
            ("", "messages"),
            (r#"{"model":"m","messages":"hi"}"#, "messages"),
            (r#"{"model":"m","messages":[1]}"#, "messages"),
            (r#"{"model":1,"messages":[]}"#, "model"),
            (r#"{"model":"m","messages":[],"stream":"yes"}"#, "stream"),
            (r#"{"model":"m","messages":[],"stream_options":1}"#, "stream_options"),
            (r#"{"model":"m","messages":[],"max_tokens":-1}"#, "max_tokens"),
            (r#"{"model":"m","messages":[],"max_tokens":1.5}"#, "max_tokens"),
            (r#"{"model":"m","messages":[],"n":0}"#, "n"),
            (r#"{"model":"m","messages":[],"mod\u0065l":"x"}"#, "model"),
        ];
        for (text, param) in cases {
            let refusal = read_text(text).unwrap_err();
            assert_eq!((refusal.status, refusal.param.as_deref()), (400, Some(param)), "{text}");
        }
    }

    #[test]
    fn a_missing_model_is_told_as_litellm_tells_it() {
        let refusal = read_text(r#"{"messages":[]}"#).unwrap_err();
        assert!(refusal.message.contains("model=None"), "{}", refusal.message);
        assert_eq!(refusal.status, 400);
    }
}
