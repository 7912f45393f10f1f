use super::*;
use crate::bindings::exports::tollgate::policy::translation::CredentialScheme;
use crate::tests::{call, deployment};

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

fn made_for(to: &Deployment, streamed: bool, body: &[(&str, &str)]) -> UpstreamRequest {
    let member = |name: &str| {
        body.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    request(&call(streamed), member, to, None).unwrap()
}

fn made(streamed: bool, body: &[(&str, &str)], model: &str, cap: Option<u64>) -> UpstreamRequest {
    let member = |name: &str| {
        body.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    request(&call(streamed), member, &deployment("openai", model), cap).unwrap()
}

#[test]
fn the_model_becomes_the_deployments_and_nothing_else_is_touched() {
    let request = made(false, &[("max_tokens", "7"), ("stream_options", "{}")], "gpt\"4", None);
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/chat/completions"));
    assert_eq!(request.credential, Some(CredentialScheme::Bearer));
    assert!(request.headers.is_empty() && request.dropped.is_empty());
    assert_eq!(edited(&request, "model"), Some(Some(r#""gpt\"4""#.into())));
    for untouched in ["max_tokens", "max_completion_tokens", "stream_options", "messages", "user"] {
        assert_eq!(edited(&request, untouched), None, "{untouched}");
    }
    for removed in GATEWAY_MEMBERS.into_iter().chain([METADATA]) {
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
    let unasked = made_for(&deployment("mistral", "m"), true, &[("stream_options", "{}")]);
    assert_eq!(edited(&unasked, "stream_options"), Some(None));
}

#[test]
fn options_that_are_no_object_are_refused() {
    let wrong = |_: &str| Some("7".to_owned());
    let refused = request(&call(true), wrong, &deployment("openai", "m"), None).unwrap_err();
    assert_eq!(refused.kind, FailureKind::InvalidRequest);
    assert_eq!(refused.param.as_deref(), Some("stream_options"));
}

#[test]
fn the_cap_goes_where_the_client_or_the_model_wants_it() {
    const MAX_TOKENS: &str = "max_tokens";
    const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
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
fn dialects_without_output_get_no_cap() {
    let embeddings = Call { dialect: "openai-embeddings".into(), ..call(false) };
    let request = request(&embeddings, |_| None, &deployment("openai", "e"), Some(5)).unwrap();
    assert_eq!(edited(&request, "max_tokens"), None);
    let responses = Call { dialect: "openai-responses".into(), ..call(true) };
    let kept = super::request(&responses, |_| None, &deployment("openai", "r"), Some(5)).unwrap();
    assert_eq!(edited(&kept, "max_output_tokens"), Some(Some("5".into())));
    assert_eq!((edited(&kept, "metadata"), edited(&kept, "stream_options")), (None, None));
}

#[test]
fn short_names_of_fireworks_are_made_long() {
    for (model, expected) in [
        ("llama-v3p3", r#""accounts/fireworks/models/llama-v3p3""#),
        ("accounts/mine/models/x", r#""accounts/mine/models/x""#),
    ] {
        let request = made_for(&deployment("fireworks_ai", model), false, &[]);
        assert_eq!(edited(&request, "model"), Some(Some(expected.into())));
    }
}

#[test]
fn what_openai_refuses_is_kept_from_it_and_named_where_it_is_lost() {
    let body = [
        ("top_k", "4"),
        ("thinking", r#"{"type":"enabled"}"#),
        ("reasoning_effort", "\"low\""),
        (
            "messages",
            r#"[{"role":"user","content":[{"type":"text","text":"a","cache_control":{}}]},{"role":"assistant","content":"b","thinking_blocks":[]}]"#,
        ),
        ("tools", r#"[{"type":"function","cache_control":{}}]"#),
    ];
    let mut to = deployment("openai", "gpt");
    let kept = made_for(&to, false, &body);
    assert_eq!(edited(&kept, "top_k"), None, "OpenAI says itself what is wrong");
    assert_eq!(edited(&kept, "thinking"), Some(None), "the effort says the same");
    assert!(kept.dropped.is_empty());
    to.drop_params = true;
    let dropped = made_for(&to, false, &body);
    assert_eq!(edited(&dropped, "top_k"), Some(None));
    assert_eq!(dropped.dropped, ["top_k"]);
    let messages = r#"[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":"b"}]"#;
    assert_eq!(edited(&dropped, "messages"), Some(Some(messages.into())));
    assert_eq!(edited(&dropped, "tools"), Some(Some(r#"[{"type":"function"}]"#.into())));
    let other = made_for(&deployment("openrouter", "m"), false, &body);
    assert_eq!((edited(&other, "messages"), edited(&other, "thinking")), (None, None));
}
