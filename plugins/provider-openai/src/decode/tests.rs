use tollgate_sdk::types::{FailureKind, FinishReason, ToolCallDelta};

use super::*;

fn decoded(frames: &[&str]) -> Result<Vec<Event>, Failure> {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for frame in frames {
        decoder.push(frame.as_bytes(), &mut events)?;
    }
    events.extend(decoder.finish()?);
    Ok(events)
}

fn delta(text: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{text}}}]}}"#)
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

fn call(index: u32, id: Option<&str>, name: Option<&str>, arguments: &str) -> Event {
    Event::ToolCall(ToolCallDelta {
        index,
        id: id.map(str::to_owned),
        name: name.map(str::to_owned),
        arguments: arguments.into(),
    })
}

#[test]
fn an_error_in_the_place_of_a_chunk_is_explained() {
    let text = delta(r#"{"content":"a"}"#);
    let error = r#"{"error":{"message":"slow down","type":"rate_limit_error"}}"#;
    let failure = decoded(&[&text, error]).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::RateLimited, "slow down"));
}

#[test]
fn what_is_no_answer_is_malformed() {
    for frame in ["", "nul", "[]", r#"{"choices":7}"#, r#"{"choices":[7]}"#, "{}"] {
        assert_eq!(decoded(&[frame]).unwrap_err().kind, FailureKind::Malformed, "{frame}");
    }
    let bad = decoded(&[&delta("[]")]).unwrap_err();
    assert_eq!(bad.kind, FailureKind::Malformed);
}

#[test]
fn an_answer_is_whole_once_every_choice_is() {
    let first = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    let second = r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#;
    assert!(decoded(&[first, second, "[DONE]"]).is_err());
    let end = r#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#;
    let events = decoded(&[first, second, end, "[DONE]", "what follows is not read"]).unwrap();
    assert_eq!(
        events,
        [
            Event::Text("a".into()),
            Event::Finish(FinishReason::Stop),
            Event::Choice(1),
            Event::Text("b".into()),
            Event::Finish(FinishReason::Length),
        ]
    );
}

#[test]
fn calls_are_told_apart_whatever_the_server_calls_them() {
    let first =
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{"}}]}"#);
    let repeated =
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"}"}}]}"#);
    let counted_anew =
        delta(r#"{"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]}"#);
    let without_index =
        delta(r#"{"tool_calls":[{"id":"c","function":{"name":"h","arguments":{"x":1}}}]}"#);
    let rest = delta(r#"{"tool_calls":[{"function":{"arguments":" "}}]}"#);
    let events = decoded(&[&first, &repeated, &counted_anew, &without_index, &rest, STOP]);
    assert_eq!(
        events.unwrap(),
        [
            call(0, Some("a"), Some("f"), "{"),
            call(0, None, None, "}"),
            call(1, Some("b"), Some("g"), "{}"),
            call(2, Some("c"), Some("h"), r#"{"x":1}"#),
            call(2, None, None, " "),
            // The server says `stop`, but wants its tools to be called.
            Event::Finish(FinishReason::ToolCalls),
        ]
    );
}

#[test]
fn reasoning_is_given_once_however_often_the_server_gives_it() {
    let chunk = delta(r#"{"reasoning":"hm","reasoning_content":"hm","content":""}"#);
    let events = decoded(&[&chunk, STOP]).unwrap();
    assert_eq!(events, [Event::Reasoning("hm".into()), Event::Finish(FinishReason::Stop)]);
    let blocks = delta(
        r#"{"reasoning_content":"hm","thinking_blocks":[
            {"type":"thinking","thinking":"hm","signature":"s"},
            {"type":"redacted_thinking","data":"x"}]}"#,
    );
    let events = decoded(&[&blocks, STOP]).unwrap();
    assert_eq!(
        events[..3],
        [
            Event::Reasoning("hm".into()),
            Event::Signature("s".into()),
            Event::SealedReasoning("x".into())
        ]
    );
}

#[test]
fn what_a_stream_repeats_is_said_once() {
    let chunk = |text: &str| {
        format!(
            r#"{{"id":"1","service_tier":"default","system_fingerprint":null,"choices":[
                {{"index":0,"delta":{{"content":"{text}"}},"logprobs":{{"content":[]}}}}]}}"#
        )
    };
    let events = decoded(&[&chunk("a"), &chunk("b"), STOP]).unwrap();
    let extension = |name: &str, value: &str| Extension { name: name.into(), value: value.into() };
    let logprobs = || Event::ChoiceExtension(extension("logprobs", r#"{"content":[]}"#));
    assert_eq!(
        events,
        [
            Event::Id("1".into()),
            Event::Extension(extension("service_tier", "\"default\"")),
            logprobs(),
            Event::Text("a".into()),
            logprobs(),
            Event::Text("b".into()),
            Event::Finish(FinishReason::Stop),
        ]
    );
}
