use super::*;

fn see(observer: &mut Observer, text: &'static str) -> &'static str {
    match observer.event(&Bytes::from_static(text.as_bytes())).unwrap() {
        Seen::Blank => "blank",
        Seen::Done => "done",
        Seen::Part(_) => "part",
        Seen::UsageOnly(_) => "usage",
        Seen::Error(_) => "error",
        Seen::Last(_) => "last",
    }
}

#[test]
fn pieces_of_text_are_counted_until_a_report_replaces_the_count() {
    let mut seen = Observer::new(Dialect::OpenaiChat);
    assert_eq!(seen.observed(40), Observed::Nothing);
    see(&mut seen, r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#);
    see(&mut seen, r#"{"choices":[{"delta":{"content":"a"}}]}"#);
    see(&mut seen, r#"{"choices":[{"delta":{"content":"twelve bytes"}}]}"#);
    let estimate = Usage { input: 10, output: 4, ..Usage::default() };
    assert_eq!(seen.observed(40), Observed::Estimated(estimate));
    assert!(!seen.is_finished());
    see(&mut seen, r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#);
    assert!(seen.is_finished());
    let reported = Usage { input: 1, output: 2, ..Usage::default() };
    seen.report(reported);
    assert_eq!(seen.observed(40), Observed::Reported(reported));
}

#[test]
fn a_chat_is_finished_when_every_choice_is() {
    let mut seen = Observer::new(Dialect::OpenaiChat);
    see(&mut seen, r#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#);
    see(&mut seen, r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#);
    see(&mut seen, r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#);
    assert!(!seen.is_finished());
    see(&mut seen, r#"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#);
    assert!(seen.is_finished());
}

#[test]
fn whole_answers_without_usage_are_counted_like_streams() {
    let cases = [
        (
            Dialect::OpenaiChat,
            r#"{"choices":[{"message":{"content":"twelve bytes"},"finish_reason":"stop"}]}"#,
            3,
        ),
        (
            Dialect::OpenaiCompletions,
            r#"{"choices":[{"text":"twelve bytes","finish_reason":"stop"}]}"#,
            3,
        ),
        (Dialect::AnthropicMessages, r#"{"content":[{"type":"text","text":"twelve bytes"}]}"#, 3),
        (
            Dialect::OpenaiResponses,
            r#"{"output":[{"content":[{"text":"twelve bytes"}]},{"arguments":"{}"}]}"#,
            4,
        ),
        (Dialect::OpenaiEmbeddings, r#"{"data":[]}"#, 0),
    ];
    for (dialect, text, output) in cases {
        let mut seen = Observer::new(dialect);
        seen.whole(&Document::parse(Bytes::from_static(text.as_bytes())).unwrap());
        let estimate = Usage { input: 2, output, ..Usage::default() };
        assert_eq!(seen.observed(8), Observed::Estimated(estimate), "{dialect:?}");
    }
}

#[test]
fn chunks_of_usage_alone_are_told_apart() {
    let mut seen = Observer::new(Dialect::OpenaiChat);
    assert_eq!(see(&mut seen, r#"{"choices":[],"usage":{"x":1}}"#), "usage");
    assert_eq!(see(&mut seen, r#"{"usage":{"x":1}}"#), "usage");
    assert_eq!(see(&mut seen, r#"{"choices":[{"index":0,"delta":{}}],"usage":{"x":1}}"#), "usage");
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"x":1}}"#;
    assert_eq!(see(&mut seen, finish), "part");
    assert_eq!(see(&mut seen, r#"{"choices":[],"usage":null}"#), "part");
    assert_eq!(see(&mut seen, r#"{"error":{"message":"m"}}"#), "error");
    assert_eq!(see(&mut seen, "[DONE]"), "done");
    assert_eq!(see(&mut seen, ""), "blank");
    assert!(seen.event(&Bytes::from_static(b"{")).is_err());
}

#[test]
fn a_message_is_watched_to_its_stop() {
    let mut seen = Observer::new(Dialect::AnthropicMessages);
    assert_eq!(see(&mut seen, r#"{"type":"message_start","message":{"usage":{}}}"#), "part");
    let early = Usage { input: 19, output: 1, ..Usage::default() };
    seen.report(early);
    see(&mut seen, r#"{"type":"content_block_start","content_block":{"type":"text"}}"#);
    let delta = r#"{"type":"content_block_delta","delta":{"text":"twelve bytes"}}"#;
    assert_eq!(see(&mut seen, delta), "part");
    assert_eq!(see(&mut seen, r#"{"type":"ping"}"#), "part");
    // Cut here, the first report's output is too little.
    assert_eq!(seen.observed(0), Observed::Estimated(Usage { output: 3, ..early }));
    see(&mut seen, r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{}}"#);
    seen.report(Usage { output: 7, ..Usage::default() });
    assert!(seen.is_finished());
    assert_eq!(see(&mut seen, r#"{"type":"message_stop"}"#), "last");
    assert_eq!(seen.observed(0), Observed::Reported(Usage { output: 7, ..early }));
    assert_eq!(see(&mut seen, r#"{"type":"error","error":{"type":"overloaded_error"}}"#), "error");
}

#[test]
fn a_response_is_watched_to_its_end() {
    for (last, kind) in [
        (r#"{"type":"response.completed","response":{}}"#, "last"),
        (r#"{"type":"response.incomplete","response":{}}"#, "last"),
        (r#"{"type":"response.failed","response":{}}"#, "error"),
        (r#"{"type":"error","message":"m"}"#, "error"),
    ] {
        let mut seen = Observer::new(Dialect::OpenaiResponses);
        assert_eq!(see(&mut seen, r#"{"type":"response.created","response":{}}"#), "part");
        let delta = r#"{"type":"response.output_text.delta","delta":"twelve bytes"}"#;
        assert_eq!(see(&mut seen, delta), "part");
        assert!(!seen.is_finished());
        assert_eq!(seen.estimate(0).output, 3);
        assert_eq!(see(&mut seen, last), kind);
        assert_eq!(seen.is_finished(), kind == "last");
    }
}
