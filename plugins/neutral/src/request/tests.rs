use std::borrow::Cow;

use super::*;
use crate::{Assistant, Part, Reasoning, Source};

fn read(body: &str) -> ChatRequest<'_> {
    ChatRequest::read(body).unwrap()
}

fn param(body: &str) -> String {
    ChatRequest::read(body).unwrap_err().param.unwrap()
}

fn with(members: &str) -> String {
    format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],{members}}}"#)
}

fn assistant<'a>(body: &'a str) -> Assistant<'a> {
    match read(body).messages.into_iter().next() {
        Some(Message::Assistant(assistant)) => assistant,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_role_is_read_wherever_it_stands() {
    let body = r#"{"messages":[{"role":"user","content":"a","name":"Bob"},
        {"role":"developer","content":[{"type":"text","text":"b","cache_control":{"x":1}}]},
        {"role":"assistant","content":null,"refusal":"no"},{"role":"system","content":"c"},
        {"role":"tool","tool_call_id":"t1","content":[{"type":"text","text":"d"}]}]}"#;
    let request = read(body);
    let [
        Message::User(user),
        Message::System(developer),
        Message::Assistant(said),
        Message::System(_),
        Message::Tool(result),
    ] = request.messages.as_slice()
    else {
        panic!("{:?}", request.messages);
    };
    assert_eq!(user.rest.text("name").as_deref(), Some("Bob"));
    let [Part::Text { text, rest }] = developer.content.as_slice() else {
        panic!("{developer:?}");
    };
    assert_eq!((text.json(), rest.names().collect()), (r#""b""#, vec!["cache_control"]));
    assert!(said.content.is_empty() && said.refusal.is_some());
    assert_eq!(result.call_id.json(), r#""t1""#);
}

#[test]
fn an_assistants_calls_and_reasoning_are_read() {
    let said = assistant(
        r#"{"messages":[{"role":"assistant","content":"x","reasoning_content":"hm",
        "thinking_blocks":[{"type":"thinking","thinking":"hm","signature":"s"},
            {"type":"thinking","thinking":"","signature":""},
            {"type":"redacted_thinking","data":"d"}],
        "tool_calls":[{"index":0,"id":"c1","type":"function",
            "function":{"name":"f","arguments":"{\"a\":1}"},"extra":1}],"audio":null}]}"#,
    );
    let [
        Reasoning::Open { signature: Some(signature), .. },
        Reasoning::Open { signature: None, .. },
        Reasoning::Sealed { data },
    ] = said.reasoning.as_slice()
    else {
        panic!("{said:?}");
    };
    assert_eq!((signature.json(), data.json()), (r#""s""#, r#""d""#));
    let [call] = said.tool_calls.as_slice() else { panic!("{said:?}") };
    assert_eq!((call.id.json(), call.name.json()), (r#""c1""#, r#""f""#));
    assert_eq!(call.arguments.decoded().as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(call.rest.names().collect::<Vec<_>>(), ["extra"]);
}

#[test]
fn parts_of_every_kind_are_read() {
    let body = r#"{"messages":[{"role":"user","content":["bare",
        {"type":"image_url","image_url":{"url":"https://a.example/x","detail":"low"}},
        {"type":"image_url","image_url":"data:image\/png;base64,A\/="},
        {"type":"image_url","image_url":{"url":"data:;base64,AA==","format":"image/gif"}},
        {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}},
        {"type":"file","file":{"filename":"x.pdf","file_data":"data:application/pdf;base64,AA=="}},
        {"type":"file","file":{"file_id":"file-1"}},
        {"type":"file","file":{"file_id":"https://a.example/x.pdf"}},
        {"type":"video_url","video_url":{"url":"u"}}]}]}"#;
    let request = read(body);
    let Some(Message::User(user)) = request.messages.first() else { panic!() };
    let sources: Vec<_> = user
        .content
        .iter()
        .filter_map(|part| match part {
            Part::Image { source, .. } | Part::File { source, .. } => Some(source.clone()),
            _ => None,
        })
        .collect();
    let data = |media_type: &'static str, base64: &'static str| Source::Data {
        media_type: media_type.into(),
        base64: base64.into(),
    };
    let expected = [
        Source::Url("https://a.example/x".into()),
        data("image/png", "A/="),
        data("image/gif", "AA=="),
        data("application/pdf", "AA=="),
        Source::Id("file-1".into()),
        Source::Url("https://a.example/x.pdf".into()),
    ];
    assert_eq!(sources, expected);
    assert!(matches!(user.content.first(), Some(Part::Text { .. })));
    assert!(matches!(user.content.get(4), Some(Part::Audio { .. })));
    let Some(Part::Other { kind, .. }) = user.content.last() else { panic!() };
    assert_eq!(kind, "video_url");
}

#[test]
fn tools_and_their_choice_are_read() {
    let body = with(
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{},"strict":true},
            "cache_control":{}},{"type":"web_search_20250305","name":"w"}],
        "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false"#,
    );
    let request = read(&body);
    let [Tool::Function { name, strict: true, rest, .. }, Tool::Other { kind, .. }] =
        request.tools.as_slice()
    else {
        panic!("{:?}", request.tools);
    };
    assert_eq!((name.json(), kind.as_ref()), (r#""f""#, "web_search_20250305"));
    assert!(rest.get("cache_control").is_some());
    assert!(
        matches!(request.tool_choice, Some(ToolChoice::Function(name)) if name.json() == r#""f""#)
    );
    assert_eq!(request.parallel_tool_calls, Some(false));
    for (json, expected) in [("auto", "Auto"), ("none", "None"), ("required", "Required")] {
        let body = with(&format!(r#""tool_choice":"{json}""#));
        assert_eq!(format!("{:?}", read(&body).tool_choice.unwrap()), expected);
    }
}

#[test]
fn what_speaks_to_the_gateway_or_has_no_effect_is_not_left_over() {
    let body = with(
        r#""model":"m","stream":true,"max_tokens":1,"metadata":{"a":1},"n":1,"logit_bias":{},
        "presence_penalty":0.0,"seed":null,"store":false,"top_k":4,"temperature":0,"seed2":7"#,
    );
    let names: Vec<_> = read(&body).rest.names().map(str::to_owned).collect();
    assert_eq!(names, ["top_k", "temperature", "seed2"]);
}

#[test]
fn stop_effort_and_format_are_read() {
    let body = with(
        r#""stop":["a","b"],"reasoning_effort":"xhigh","response_format":{"type":"json_schema",
        "json_schema":{"name":"n","schema":{"type":"object"},"strict":true}}"#,
    );
    let request = read(&body);
    assert_eq!(request.stop.len(), 2);
    assert_eq!(request.reasoning_effort, Some(Effort::XHigh));
    let ResponseFormat::JsonSchema { name: Some(name), schema, strict: true, .. } =
        request.response_format
    else {
        panic!("{:?}", request.response_format);
    };
    let name = name.decoded();
    assert_eq!((name, schema.get()), (Some(Cow::Borrowed("n")), r#"{"type":"object"}"#));
    assert_eq!(read(&with(r#""stop":"x""#)).stop.len(), 1);
}

#[test]
fn faults_are_named_by_their_place() {
    for (body, place) in [
        ("[]".to_owned(), "body"),
        ("{}".to_owned(), "messages"),
        (r#"{"messages":[]}"#.to_owned(), "messages"),
        (r#"{"messages":["x"]}"#.to_owned(), "messages[0]"),
        (r#"{"messages":[{"role":"king"}]}"#.to_owned(), "messages[0]"),
        (r#"{"messages":[{"role":"tool","content":"x"}]}"#.to_owned(), "messages[0]"),
        (r#"{"messages":[{"role":"user","content":7}]}"#.to_owned(), "messages[0].content"),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#.to_owned(),
            "messages[0].content[0]",
        ),
        (
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":"data:x"}]}]}"#
                .to_owned(),
            "messages[0].content[0]",
        ),
        (
            r#"{"messages":[{"role":"assistant","tool_calls":[{"id":"x"}]}]}"#.to_owned(),
            "messages[0].tool_calls[0]",
        ),
        (with(r#""tools":[{}]"#), "tools[0]"),
        (with(r#""tool_choice":"maybe""#), "tool_choice"),
        (with(r#""parallel_tool_calls":1"#), "parallel_tool_calls"),
        (with(r#""stop":[1]"#), "stop"),
        (with(r#""reasoning_effort":"much""#), "reasoning_effort"),
        (with(r#""response_format":{"type":"json_schema"}"#), "response_format"),
        (with(r#""response_format":"json""#), "response_format"),
    ] {
        assert_eq!(param(&body), place, "{body}");
    }
}
