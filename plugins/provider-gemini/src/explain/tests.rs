use super::*;

#[test]
fn every_word_and_status_has_its_kind() {
    for (status, word, message, kind) in [
        (400, "INVALID_ARGUMENT", "Bad.", FailureKind::InvalidRequest),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
            FailureKind::ContextWindow,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "API key not valid. Please pass one.",
            FailureKind::Authentication,
        ),
        (400, "FAILED_PRECONDITION", "Not here.", FailureKind::InvalidRequest),
        (401, "UNAUTHENTICATED", "x", FailureKind::Authentication),
        (403, "PERMISSION_DENIED", "x", FailureKind::Permission),
        (404, "NOT_FOUND", "x", FailureKind::NotFound),
        (429, "RESOURCE_EXHAUSTED", "x", FailureKind::RateLimited),
        (499, "CANCELLED", "x", FailureKind::InvalidRequest),
        (500, "INTERNAL", "x", FailureKind::Unavailable),
        (503, "UNAVAILABLE", "x", FailureKind::Unavailable),
        (504, "DEADLINE_EXCEEDED", "x", FailureKind::Unavailable),
        (409, "SOMETHING", "x", FailureKind::InvalidRequest),
        (200, "RESOURCE_EXHAUSTED", "x", FailureKind::RateLimited),
    ] {
        let body =
            format!(r#"{{"error":{{"code":{status},"message":"{message}","status":"{word}"}}}}"#);
        for body in [body.clone(), format!("[{body}\n,\n]").replace(",\n]", "]")] {
            let failure = failure(status, body.as_bytes());
            assert_eq!((failure.kind, failure.message.as_str()), (kind, message), "{body}");
            assert_eq!(failure.code.as_deref(), Some(word));
        }
    }
}

#[test]
fn details_name_the_key_and_the_field() {
    let body = r#"{"error":{"code":400,"message":"No.","status":"INVALID_ARGUMENT","details":[
        {"@type":"x","reason":"API_KEY_INVALID"},7,
        {"fieldViolations":[{"field":"generation_config.top_k","description":"d"}]}]}}"#;
    let failure = failure(400, body.as_bytes());
    assert_eq!(failure.kind, FailureKind::Authentication);
    assert_eq!(failure.param.as_deref(), Some("generation_config.top_k"));
}

#[test]
fn an_answer_without_words_is_told_by_its_status() {
    for body in ["", "<html>", "{}", "[]", "7", r#"{"error":"x"}"#, r#"{"error":{"code":"x"}}"#] {
        let failure = failure(503, body.as_bytes());
        assert_eq!(failure.kind, FailureKind::Unavailable, "{body}");
        assert_eq!(failure.message, "The provider answered with status 503 and no message.");
    }
}

#[test]
fn keys_are_not_repeated() {
    let key = format!("AIza{}", "Sy0-_".repeat(7));
    let body = format!(r#"{{"error":{{"message":"Key {key} is bad, sk-abcdefghijk too."}}}}"#);
    assert_eq!(failure(400, body.as_bytes()).message, "Key AIza... is bad, sk-... too.");
}
