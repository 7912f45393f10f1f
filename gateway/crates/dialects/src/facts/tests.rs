use bytes::Bytes;

use super::*;
use weight::IMAGE_TOKENS_MAX;

fn read_text(dialect: Dialect, text: &str) -> Result<Facts, Unreadable> {
    facts(dialect, &Document::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap())
}

fn chat_text(text: &str) -> Result<Facts, Unreadable> {
    read_text(Dialect::OpenaiChat, text)
}

#[test]
fn the_facts_of_a_chat_are_read() {
    let text = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,
        "stream_options":{"include_usage":true},"max_tokens":5,
        "max_completion_tokens":7,"n":2,"unknown":{"a":1}}"#;
    let facts = chat_text(text).unwrap();
    assert_eq!((facts.model.as_str(), facts.streamed), ("m", true));
    assert!(facts.usage_asked);
    assert_eq!((facts.output_cap, facts.choices), (Some(7), 2));
    assert!(facts.input_bound >= text.len() as u64);
    assert_eq!(facts.prompt_bytes, r#"[{"role":"user","content":"hi"}]"#.len() as u64);
}

#[test]
fn nulls_are_the_same_as_absent_members() {
    let facts = chat_text(
        r#"{"model":"m","messages":[],"stream":null,"stream_options":null,"n":null,
            "max_tokens":null}"#,
    )
    .unwrap();
    assert!(!facts.streamed && !facts.usage_asked);
    assert_eq!((facts.output_cap, facts.choices), (None, 1));
}

#[test]
fn images_and_files_raise_the_bound() {
    let bound = |part: &str| {
        let text = format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#);
        chat_text(&text).unwrap().input_bound
    };
    assert!(bound(r#"{"type":"image_url","image_url":{"url":"http://x"}}"#) > IMAGE_TOKENS_MAX);
    assert!(bound(r#"{"ty\u0070e":"file","file":{"file_id":"f"}}"#) > CONTEXT_TOKENS_MAX);
}

#[test]
fn mistakes_in_a_chat_name_the_parameter() {
    let cases = [
        ("{}", "messages"),
        (r#"{"model":"m","messages":"hi"}"#, "messages"),
        (r#"{"model":"m","messages":[1]}"#, "messages"),
        (r#"{"model":"m","messages":[{"content":1}]}"#, "messages"),
        (r#"{"model":1,"messages":[]}"#, "model"),
        (r#"{"model":"m","messages":[],"stream":"yes"}"#, "stream"),
        (r#"{"model":"m","messages":[],"stream_options":1}"#, "stream_options"),
        (r#"{"model":"m","messages":[],"max_tokens":-1}"#, "max_tokens"),
        (r#"{"model":"m","messages":[],"max_tokens":1.5}"#, "max_tokens"),
        (r#"{"model":"m","messages":[],"n":0}"#, "n"),
        (r#"{"model":"m","messages":[],"mod\u0065l":"x"}"#, "model"),
    ];
    for (text, param) in cases {
        let error = chat_text(text).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(param), "{text}");
    }
}

#[test]
fn what_is_missing_is_told_as_litellm_tells_it() {
    let error = chat_text(r#"{"messages":[]}"#).unwrap_err();
    assert!(error.message.contains("model=None"), "{}", error.message);
    let error = chat_text(r#"{"model":"m"}"#).unwrap_err();
    assert_eq!(error.message, "/chat/completions: Missing required parameter: 'messages'.");
    let text = r#"{"model":"claude","messages":[{"role":"user","content":"hi"}]}"#;
    let error = read_text(Dialect::AnthropicMessages, text).unwrap_err();
    assert_eq!(error.message, "anthropic_messages: Missing required parameter: 'max_tokens'.");
}

#[test]
fn a_count_needs_no_cap() {
    let text = r#"{"model":"claude","system":"s","messages":[{"role":"user","content":"hi"}]}"#;
    let facts = read_text(Dialect::AnthropicCountTokens, text).unwrap();
    assert_eq!(facts.output_cap, Some(0));
}

#[test]
fn every_prompt_of_a_completion_is_paid_for() {
    let choices = |members: &str| {
        let text = format!(r#"{{"model":"m",{members}}}"#);
        read_text(Dialect::OpenaiCompletions, &text).map(|facts| facts.choices)
    };
    assert_eq!(choices(r#""prompt":"a""#), Ok(1));
    assert_eq!(choices(r#""prompt":["a","b"],"n":2,"best_of":3"#), Ok(6));
    assert_eq!(choices(r#""prompt":[1,2,3]"#), Ok(1));
    assert_eq!(choices(r#""prompt":[[1],[2,3]]"#), Ok(2));
    assert!(choices(r#""prompt":{}"#).is_err());
    assert!(choices(r#""n":1"#).is_err());
}

#[test]
fn the_facts_of_a_response_count_what_the_server_keeps() {
    let read = |members: &str| {
        read_text(Dialect::OpenaiResponses, &format!(r#"{{"model":"m",{members}}}"#))
    };
    let facts = read(r#""input":"hi","max_output_tokens":9,"stream":true"#).unwrap();
    assert_eq!((facts.output_cap, facts.streamed, facts.usage_asked), (Some(9), true, true));
    assert!(facts.input_bound < 200);
    let kept = read(r#""previous_response_id":"resp_1""#).unwrap();
    assert!(kept.input_bound > CONTEXT_TOKENS_MAX);
    let image = r#""input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]"#;
    assert!(read(image).unwrap().input_bound > IMAGE_TOKENS_MAX);
    assert_eq!(read(r#""n":1"#).unwrap_err().param.as_deref(), Some("input"));
}

#[test]
fn dialects_that_do_not_talk_have_no_output() {
    let embeddings = r#"{"model":"m","input":["a","b"],"stream":true}"#;
    let facts = read_text(Dialect::OpenaiEmbeddings, embeddings).unwrap();
    assert_eq!((facts.output_cap, facts.streamed), (Some(0), false));
    let rank = r#"{"model":"m","query":"q","documents":["a",{"text":"b"}]}"#;
    assert_eq!(read_text(Dialect::Rerank, rank).unwrap().prompt_bytes, 3 + 18);
    let error = read_text(Dialect::Rerank, r#"{"model":"m","query":"q"}"#).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("documents"));
    let images = r#"{"model":"m","prompt":"p","n":3}"#;
    assert_eq!(read_text(Dialect::OpenaiImages, images).unwrap().choices, 3);
}
