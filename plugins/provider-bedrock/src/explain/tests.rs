use super::*;

#[test]
fn every_name_has_its_kind() {
    for (status, name, kind) in [
        (400, "ValidationException", FailureKind::InvalidRequest),
        (403, "AccessDeniedException", FailureKind::Permission),
        (403, "UnrecognizedClientException", FailureKind::Authentication),
        (403, "InvalidSignatureException", FailureKind::Authentication),
        (403, "ExpiredTokenException", FailureKind::Authentication),
        (404, "ResourceNotFoundException", FailureKind::NotFound),
        (429, "ThrottlingException", FailureKind::RateLimited),
        (429, "ModelNotReadyException", FailureKind::Unavailable),
        (400, "ServiceQuotaExceededException", FailureKind::RateLimited),
        (408, "ModelTimeoutException", FailureKind::Unavailable),
        (424, "ModelErrorException", FailureKind::Unavailable),
        (500, "InternalServerException", FailureKind::Unavailable),
        (503, "ServiceUnavailableException", FailureKind::Unavailable),
        (403, "SomethingNew", FailureKind::Permission),
    ] {
        let body = br#"{"message":"Why."}"#;
        for header in [name.to_owned(), format!("{name}:http://internal.amazon.com/coral/x/")] {
            let failure = failure(status, Some(&header), body);
            assert_eq!((failure.kind, failure.message.as_str()), (kind, "Why."), "{header}");
            assert_eq!(failure.code.as_deref(), Some(name));
        }
        let body = format!(r#"{{"__type":"com.amazon.coral#{name}","Message":"Why."}}"#);
        assert_eq!(failure(status, None, body.as_bytes()).kind, kind, "{name}");
    }
}

#[test]
fn exceptions_in_a_stream_are_named_in_their_own_way() {
    for (name, kind) in [
        ("throttlingException", FailureKind::RateLimited),
        ("validationException", FailureKind::InvalidRequest),
        ("internalServerException", FailureKind::Unavailable),
        ("modelStreamErrorException", FailureKind::Unavailable),
        ("serviceUnavailableException", FailureKind::Unavailable),
        ("newException", FailureKind::Unavailable),
    ] {
        assert_eq!(exception(name, br#"{"message":"x"}"#).kind, kind, "{name}");
    }
    let original =
        br#"{"message":"x","originalMessage":"The model is gone.","originalStatusCode":500}"#;
    assert_eq!(exception("modelStreamErrorException", original).message, "The model is gone.");
}

#[test]
fn a_prompt_that_is_too_long_is_told_apart() {
    for message in [
        "Input is too long for requested model.",
        "prompt is too long: 250000 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
    ] {
        let body = format!(r#"{{"message":"{message}"}}"#);
        for header in [Some("ValidationException"), None] {
            let failure = failure(400, header, body.as_bytes());
            assert_eq!(failure.kind, FailureKind::ContextWindow, "{message}");
        }
    }
}

#[test]
fn a_refused_signature_does_not_tell_the_request() {
    let body = r#"{"message":"The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/model\nx-amz-security-token:hush"}"#;
    let failure = failure(403, Some("InvalidSignatureException"), body.as_bytes());
    assert_eq!(
        failure.message,
        "The request signature we calculated does not match the signature you provided."
    );
}

#[test]
fn an_answer_without_words_is_told_by_its_status() {
    for body in ["", "<html>", "[]", "{}", r#"{"message":""}"#] {
        let failure = failure(503, None, body.as_bytes());
        assert_eq!(failure.kind, FailureKind::Unavailable, "{body}");
        assert_eq!(failure.message, "The provider answered with status 503 and no message.");
    }
}
