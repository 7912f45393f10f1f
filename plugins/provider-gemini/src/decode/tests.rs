use tollgate_golden::rendered;
use tollgate_sdk::types::{Candidate, FailureKind};

use super::*;

fn call(dialect: &str) -> Call {
    Call {
        id: "0190-00aa".into(),
        dialect: dialect.into(),
        model: "mine".into(),
        streamed: true,
        input_bound: 1,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".into(), output_max: None }],
    }
}

fn decoded(dialect: &str, frames: &[&str]) -> Result<String, Failure> {
    let mut decoder = Decoder::new(&call(dialect));
    let mut events = Vec::new();
    for frame in frames {
        decoder.push(frame.as_bytes(), &mut events)?;
    }
    events.extend(decoder.finish()?);
    Ok(rendered(&events))
}

#[test]
fn a_finish_reason_with_every_chunk_ends_the_answer_once() {
    let chunk = |text: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":"{text}"}}]}},"finishReason":"STOP"}}]}}"#
        )
    };
    let events = decoded("openai-chat", &[&chunk("a"), &chunk("b")]).unwrap();
    assert_eq!(events, "text \"a\"\ntext \"b\"\nfinish FinishReason::Stop\n");
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let open = r#"{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}"#;
    assert_eq!(decoded("openai-chat", &[open]).unwrap_err().kind, FailureKind::Unavailable);
    let other = r#"{"candidates":[{"finishReason":"STOP"},{"index":1,"content":{}}]}"#;
    assert_eq!(decoded("openai-chat", &[other]).unwrap_err().kind, FailureKind::Unavailable);
    for frames in [&["{}"][..], &[], &["{"], &["[]"], &[r#"{"candidates":[{"index":4000000000}]}"#]]
    {
        let failure = decoded("openai-chat", frames).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{frames:?}");
    }
}

#[test]
fn an_error_in_a_stream_is_explained() {
    let error = r#"{"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}"#;
    for dialect in ["openai-chat", EMBEDDINGS] {
        let failure = decoded(dialect, &[error]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert_eq!(failure.message, "Overloaded.");
    }
}

#[test]
fn tool_calls_without_ids_get_ids_of_their_own() {
    let chunk = r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}},
        {"functionCall":{"id":"","name":"g","args":{}}}]},"finishReason":"STOP"}]}"#;
    let events = decoded("openai-chat", &[chunk]).unwrap();
    assert_eq!(
        events,
        "tool-call 0 call_019000aa_0 f \"{}\"\ntool-call 1 call_019000aa_1 g \"{}\"\n\
         finish FinishReason::ToolCalls\n"
    );
}

#[test]
fn embeddings_of_both_apis_become_one_document() {
    for (frame, usage) in [
        (
            r#"{"embeddings":[{"values":[0.5, 1]},{"values":[2]}],"usageMetadata":{"promptTokenCount":7}}"#,
            7,
        ),
        (
            r#"{"predictions":[{"embeddings":{"values":[0.5,1],"statistics":{"token_count":3.0}}},
                {"embeddings":{"values":[2],"statistics":{"token_count":4}}}]}"#,
            7,
        ),
        (r#"{"embeddings":[{"values":[0.5,1]},{"values":[2]}]}"#, 0),
    ] {
        let events = decoded(EMBEDDINGS, &[frame]).unwrap();
        let document = format!(
            "document {{\"object\":\"list\",\"data\":[{{\"object\":\"embedding\",\"index\":0,\
             \"embedding\":[0.5,1]}},{{\"object\":\"embedding\",\"index\":1,\"embedding\":[2]}}],\
             \"model\":\"mine\",\"usage\":{{\"prompt_tokens\":{usage},\"total_tokens\":{usage}}}}}\n"
        );
        assert!(events.starts_with(&document), "{events}");
        assert_eq!(events.contains("usage input=7"), usage == 7, "{events}");
    }
    for frames in
        [&[][..], &["{}"], &[r#"{"embeddings":[]}"#], &[r#"{"embeddings":[{"values":["x"]}]}"#]]
    {
        assert_eq!(decoded(EMBEDDINGS, frames).unwrap_err().kind, FailureKind::Malformed);
    }
}
