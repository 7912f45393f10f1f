use serde_json::{Map, Value};

use super::*;

fn explained(status: u16, body: &str) -> Failure {
    let body: Option<Map<String, Value>> = serde_json::from_str(body).ok();
    failure(status, |name| body.as_ref()?.get(name).map(Value::to_string))
}

#[test]
fn openais_error_is_handed_on() {
    let failure = explained(
        400,
        r#"{"error":{"message":"no","type":"invalid_request_error","param":"n","code":"bad"}}"#,
    );
    assert_eq!(failure.kind, FailureKind::InvalidRequest);
    assert_eq!(failure.message, "no");
    assert_eq!((failure.param.as_deref(), failure.code.as_deref()), (Some("n"), Some("bad")));
}

#[test]
fn other_forms_of_errors_are_understood() {
    for body in [
        r#"{"error":"no"}"#,
        r#"{"message":"no"}"#,
        r#"{"object":"error","message":"no","type":"BadRequestError","param":null,"code":400}"#,
        r#"{"detail":"no"}"#,
        r#"{"detail":[{"loc":["body"],"msg":"no","type":"missing"}]}"#,
        r#"{"detail":{"error":"no"}}"#,
        r#"{"error":null,"message":"no"}"#,
    ] {
        let failure = explained(400, body);
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::InvalidRequest, "no"));
    }
}

#[test]
fn what_is_no_error_body_is_not_repeated() {
    for body in
        ["<html>secret</html>", "", "[1]", r#"{"error":7}"#, r#"{"error":{"message":["secret"]}}"#]
    {
        let failure = explained(502, body);
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert_eq!(failure.message, "The provider answered with status 502 and no message.");
    }
}

#[test]
fn every_status_has_its_kind() {
    for (status, kind) in [
        (400, FailureKind::InvalidRequest),
        (422, FailureKind::InvalidRequest),
        (401, FailureKind::Authentication),
        (403, FailureKind::Permission),
        (404, FailureKind::NotFound),
        (408, FailureKind::Unavailable),
        (413, FailureKind::InvalidRequest),
        (429, FailureKind::RateLimited),
        (500, FailureKind::Unavailable),
        (503, FailureKind::Unavailable),
        (302, FailureKind::Malformed),
    ] {
        assert_eq!(explained(status, r#"{"error":{"message":"no"}}"#).kind, kind, "{status}");
    }
}

#[test]
fn codes_say_more_than_the_status() {
    for (code, kind) in [
        ("context_length_exceeded", FailureKind::ContextWindow),
        ("content_filter", FailureKind::ContentPolicy),
        ("content_policy_violation", FailureKind::ContentPolicy),
    ] {
        let body = format!(r#"{{"error":{{"message":"no","code":"{code}"}}}}"#);
        assert_eq!(explained(400, &body).kind, kind, "{code}");
    }
    let told = r#"{"message":"This model's maximum context length is 4096 tokens."}"#;
    assert_eq!(explained(400, told).kind, FailureKind::ContextWindow);
}

#[test]
fn an_error_event_of_a_stream_is_read_by_its_code_and_class() {
    for (error, kind) in [
        (r#"{"message":"no"}"#, FailureKind::Unavailable),
        (r#"{"message":"no","code":500}"#, FailureKind::Unavailable),
        (r#"{"message":"no","code":429}"#, FailureKind::RateLimited),
        (r#"{"message":"no","code":"429"}"#, FailureKind::RateLimited),
        (r#"{"message":"no","type":"rate_limit_error"}"#, FailureKind::RateLimited),
        (r#"{"message":"no","type":"server_error"}"#, FailureKind::Unavailable),
        (r#"{"message":"no","type":"invalid_request_error"}"#, FailureKind::InvalidRequest),
        (r#"{"message":"no","code":"context_length_exceeded"}"#, FailureKind::ContextWindow),
        (r#"{"message":"no","code":200}"#, FailureKind::Unavailable),
        (r#""overloaded""#, FailureKind::Unavailable),
    ] {
        assert_eq!(explained(200, &format!(r#"{{"error":{error}}}"#)).kind, kind, "{error}");
    }
    assert_eq!(explained(200, "{}").kind, FailureKind::Malformed);
}

#[test]
fn a_long_message_is_cut_at_a_character() {
    let body = format!(r#"{{"error":"{}"}}"#, "é".repeat(3000));
    assert_eq!(explained(500, &body).message, "é".repeat(2000));
}

#[test]
fn keys_are_not_repeated() {
    for (said, shown) in [
        ("Wrong key: sk-proj-abc***XYZ.", "Wrong key: sk-..."),
        ("sk-abcdefgh and sk-12345678!", "sk-... and sk-...!"),
        ("risk-free sk-", "risk-free sk-"),
    ] {
        let shown = shown.trim_end_matches('.');
        let message = explained(401, &format!(r#"{{"error":"{said}"}}"#)).message;
        assert_eq!(message.trim_end_matches('.'), shown);
    }
}
