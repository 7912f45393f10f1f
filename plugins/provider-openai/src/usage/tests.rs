use super::*;

fn figures(text: &str) -> Option<[u64; 5]> {
    let usage = parse(text)?;
    Some([usage.input, usage.output, usage.cached_input, usage.cache_write, usage.reasoning])
}

#[test]
fn totals_and_details_are_read() {
    let text = r#"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,
        "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
        "completion_tokens_details":{"reasoning_tokens":2,"audio_tokens":1,"new":[1]}}"#;
    assert_eq!(figures(text), Some([9, 3, 4, 0, 2]));
    assert_eq!(parse(text).unwrap().audio_output, 1);
}

#[test]
fn every_dialects_words_are_understood() {
    let response = r#"{"input_tokens":9,"output_tokens":3,"total_tokens":12,
        "input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":2}}"#;
    assert_eq!(figures(response), Some([9, 3, 4, 0, 2]));
    let transcription = r#"{"type":"tokens","input_tokens":14,"output_tokens":5,
        "input_token_details":{"text_tokens":0,"audio_tokens":14}}"#;
    assert_eq!(parse(transcription).unwrap().audio_input, 14);
    let embeddings = r#"{"prompt_tokens":8,"total_tokens":8}"#;
    assert_eq!(figures(embeddings), Some([8, 0, 0, 0, 0]));
    assert_eq!(figures(r#"{"total_tokens":815}"#), Some([815, 0, 0, 0, 0]));
    let deepseek = r#"{"prompt_tokens":9,"completion_tokens":3,"prompt_cache_hit_tokens":5}"#;
    assert_eq!(figures(deepseek), Some([9, 3, 5, 0, 0]));
    let gateway = r#"{"prompt_tokens":9,"completion_tokens":3,"cache_creation_input_tokens":6}"#;
    assert_eq!(figures(gateway), Some([9, 3, 0, 6, 0]));
}

#[test]
fn a_responses_usage_is_found_within_its_event() {
    let event = |name: &str| {
        let response = r#"{"id":"r","usage":{"input_tokens":2,"output_tokens":1}}"#;
        (name == RESPONSE).then(|| response.to_owned())
    };
    assert_eq!(of(event).map(|used| (used.input, used.output)), Some((2, 1)));
    assert_eq!(of(|name| (name == RESPONSE).then(|| r#"{"usage":null}"#.to_owned())), None);
    assert_eq!(of(|_| None), None);
}

#[test]
fn details_may_be_absent_null_or_of_another_type() {
    for details in [
        "",
        r#","prompt_tokens_details":null"#,
        r#","prompt_tokens_details":7,"completion_tokens_details":"x""#,
        r#","prompt_tokens_details":{"cached_tokens":null}"#,
        r#","prompt_tokens_details":{"cached_tokens":-1}"#,
        r#","completion_tokens_details":{"reasoning_tokens":1.5}"#,
    ] {
        let text = format!(r#"{{"prompt_tokens":9,"completion_tokens":3{details}}}"#);
        assert_eq!(figures(&text), Some([9, 3, 0, 0, 0]), "{text}");
    }
}

#[test]
fn totals_that_are_no_counts_are_no_usage() {
    for text in [
        "null",
        "7",
        "[]",
        "{}",
        "{",
        r#"{"prompt_tokens":9}"#,
        r#"{"prompt_tokens":9,"completion_tokens":null}"#,
        r#"{"prompt_tokens":-9,"completion_tokens":3}"#,
        r#"{"prompt_tokens":"9","completion_tokens":3}"#,
        r#"{"prompt_tokens":9,"completion_tokens":3.5}"#,
        r#"{"prompt_tokens":9,"completion_tokens":99999999999999999999}"#,
        r#"{"type":"duration","seconds":7}"#,
    ] {
        assert_eq!(figures(text), None, "{text}");
    }
}
