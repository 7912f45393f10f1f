use tollgate_sdk::types::Candidate;

use super::*;

fn call(streamed: bool) -> Call {
    Call {
        id: "id".into(),
        dialect: "openai-chat".into(),
        model: "mine".into(),
        streamed,
        input_bound: 1,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".into(), output_max: None }],
    }
}

/// The value that a member is set to; the inner none if it is taken out.
fn edited(request: &UpstreamRequest, member: &str) -> Option<Option<String>> {
    let UpstreamBody::Edited(edits) = &request.body else {
        panic!("the body is edited");
    };
    let mut found = edits.iter().filter(|edit| edit.member == member);
    let edit = found.next()?;
    assert!(found.next().is_none(), "{member} is changed twice");
    Some(edit.value.clone())
}

fn made(stream: bool, body: &[(&str, &str)], model: &str, cap: Option<u64>) -> UpstreamRequest {
    let member = |name: &str| {
        body.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    request(&call(stream), member, model, cap).unwrap()
}

#[test]
fn the_model_becomes_the_deployments_and_nothing_else_is_touched() {
    let request = made(false, &[("max_tokens", "7"), ("stream_options", "{}")], "gpt\"4", None);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/chat/completions"));
    assert_eq!(request.credential, Some(CredentialScheme::Bearer));
    assert!(request.headers.is_empty());
    assert_eq!(edited(&request, "model"), Some(Some(r#""gpt\"4""#.into())));
    for untouched in ["max_tokens", "max_completion_tokens", "stream_options", "messages", "user"] {
        assert_eq!(edited(&request, untouched), None, "{untouched}");
    }
    for removed in GATEWAY_MEMBERS {
        assert_eq!(edited(&request, removed), Some(None), "{removed}");
    }
}

#[test]
fn a_stream_reports_its_usage_and_keeps_the_clients_options() {
    for (own, expected) in [
        (None, r#"{"include_usage":true}"#),
        (Some("null"), r#"{"include_usage":true}"#),
        (Some("{}"), r#"{"include_usage":true}"#),
        (Some(r#"{"include_usage":false}"#), r#"{"include_usage":true}"#),
        (
            Some(r#"{"a":1e400,"z":{"b":null}}"#),
            r#"{"a":1e400,"include_usage":true,"z":{"b":null}}"#,
        ),
    ] {
        let body: Vec<_> = own.map(|value| ("stream_options", value)).into_iter().collect();
        let request = made(true, &body, "gpt", None);
        assert_eq!(edited(&request, "stream_options"), Some(Some(expected.into())));
    }
}

#[test]
fn options_that_are_no_object_are_refused() {
    let refused = request(&call(true), |_| Some("7".into()), "gpt", None).unwrap_err();
    assert_eq!(refused.kind, FailureKind::InvalidRequest);
    assert_eq!(refused.param.as_deref(), Some("stream_options"));
}

#[test]
fn the_cap_goes_where_the_client_or_the_model_wants_it() {
    let old = [("max_tokens", "9")];
    let new = [("max_completion_tokens", "9")];
    let null = [("max_completion_tokens", "null")];
    for (body, model, member, other) in [
        (&old[..], "gpt-4o", MAX_TOKENS, MAX_COMPLETION_TOKENS),
        (&new[..], "gpt-4o", MAX_COMPLETION_TOKENS, MAX_TOKENS),
        (&null[..], "gpt-4o", MAX_TOKENS, MAX_COMPLETION_TOKENS),
        (&[], "gpt-4o", MAX_TOKENS, MAX_COMPLETION_TOKENS),
        (&[], "olmo", MAX_TOKENS, MAX_COMPLETION_TOKENS),
        (&[], "o3-mini", MAX_COMPLETION_TOKENS, MAX_TOKENS),
        (&[], "gpt-5-nano", MAX_COMPLETION_TOKENS, MAX_TOKENS),
        (&old[..], "o3-mini", MAX_TOKENS, MAX_COMPLETION_TOKENS),
    ] {
        let request = made(false, body, model, Some(5));
        assert_eq!(edited(&request, member), Some(Some("5".into())), "{model} {body:?}");
        assert_eq!(edited(&request, other), None, "{model} {body:?}");
    }
}

#[test]
fn a_models_name_is_written_as_json() {
    for text in ["gpt-4o", "a\"b\\c", "\u{1}\n\u{7f}\u{85}é𝄞", ""] {
        let read: String = serde_json::from_str(&quoted(text)).unwrap();
        assert_eq!(read, text);
    }
}
