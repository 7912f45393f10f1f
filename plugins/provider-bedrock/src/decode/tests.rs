use tollgate_golden::rendered;
use tollgate_sdk::types::{Candidate, FailureKind};

use super::*;

fn call(dialect: &str, streamed: bool) -> Call {
    Call {
        id: "id".into(),
        dialect: dialect.into(),
        model: "mine".into(),
        streamed,
        input_bound: 1,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".into(), output_max: None }],
    }
}

fn streamed(messages: &[(&str, &str)]) -> Result<String, Failure> {
    let mut decoder = Decoder::new(&call("openai-chat", true));
    let mut events = Vec::new();
    for (name, data) in messages {
        decoder.push(Some(name), data.as_bytes(), &mut events)?;
    }
    events.extend(decoder.finish()?);
    Ok(rendered(&events))
}

const STOP: (&str, &str) = ("messageStop", r#"{"stopReason":"end_turn"}"#);

#[test]
fn pieces_of_tools_that_run_beside_each_other_are_told_apart() {
    let start = |index: u32, id: &str| {
        format!(
            r#"{{"contentBlockIndex":{index},"start":{{"toolUse":{{"toolUseId":"{id}","name":"f"}}}}}}"#
        )
    };
    let piece = |index: u32, text: &str| {
        format!(r#"{{"contentBlockIndex":{index},"delta":{{"toolUse":{{"input":"{text}"}}}}}}"#)
    };
    let events = streamed(&[
        ("contentBlockStart", &start(3, "a")),
        ("contentBlockStart", &start(7, "b")),
        ("contentBlockDelta", &piece(3, "1")),
        ("contentBlockDelta", &piece(7, "2")),
        ("contentBlockStop", r#"{"contentBlockIndex":3}"#),
        ("contentBlockDelta", &piece(7, "3")),
        STOP,
    ]);
    assert_eq!(
        events.unwrap(),
        "tool-call 0 a f \"\"\ntool-call 1 b f \"\"\ntool-call 0 - - \"1\"\n\
         tool-call 1 - - \"2\"\ntool-call 1 - - \"3\"\nfinish FinishReason::Stop\n"
    );
}

#[test]
fn messages_that_nobody_knows_are_passed_over() {
    let events = streamed(&[
        ("messageStart", "{"),
        ("somethingNew", "x"),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"somethingNew":{}}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"image":{}}}"#),
        STOP,
    ]);
    assert_eq!(events.unwrap(), "finish FinishReason::Stop\n");
}

#[test]
fn messages_that_are_broken_are_not() {
    for (name, data) in [
        ("contentBlockDelta", "{"),
        ("contentBlockDelta", "{}"),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":7}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"x"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{}}}"#),
        ("contentBlockStart", r#"{"start":{"toolUse":{"toolUseId":"a","name":"f"}}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"name":"f"}}}"#),
        ("messageStop", "{}"),
    ] {
        let failure = streamed(&[(name, data), STOP]).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{name} {data}");
    }
}

#[test]
fn a_stream_without_an_end_is_no_answer() {
    let text = ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"a"}}"#);
    for messages in [&[][..], &[text]] {
        assert_eq!(streamed(messages).unwrap_err().kind, FailureKind::Unavailable);
    }
}

#[test]
fn an_exception_ends_the_stream() {
    let failure = streamed(&[("throttlingException", r#"{"message":"Slow down."}"#)]).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::RateLimited, "Slow down."));
    let failure = streamed(&[("InternalError", "{}")]).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}

#[test]
fn embeddings_of_every_form_become_one_document() {
    for (answer, vectors, input) in [
        (r#"{"embedding":[0.5,1],"inputTextTokenCount":3}"#, "[0.5,1]", Some(3)),
        (r#"{"embeddings":[[0.5,1]],"response_type":"embeddings_floats"}"#, "[0.5,1]", None),
        (r#"{"embeddings":{"float":[[2]],"int8":[[1]]}}"#, "[2]", None),
    ] {
        let mut decoder = Decoder::new(&call(EMBEDDINGS, false));
        let mut events = Vec::new();
        decoder.push(None, answer.as_bytes(), &mut events).unwrap();
        assert!(decoder.finish().unwrap().is_empty());
        let shown = rendered(&events);
        assert!(shown.contains(&format!(r#""embedding":{vectors}}}"#)), "{shown}");
        let usage = input.map(|input| format!("usage input={input} output=0"));
        assert_eq!(shown.contains("usage input="), usage.is_some(), "{shown}");
        assert!(usage.is_none_or(|usage| shown.contains(&usage)), "{shown}");
    }
    for answer in ["{}", r#"{"embeddings":[]}"#, r#"{"embeddings":{"int8":[[1]]}}"#, "7"] {
        let mut decoder = Decoder::new(&call(EMBEDDINGS, false));
        let failure = decoder.push(None, answer.as_bytes(), &mut Vec::new()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Malformed, "{answer}");
        assert!(decoder.finish().is_err());
    }
}
