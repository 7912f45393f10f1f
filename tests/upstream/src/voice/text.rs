//! OpenAI's completions of a text.

use serde_json::{Value, json};

use super::{Said, event};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let (input, output) = said.reply.usage.unwrap_or_default();
    let mut answer = object(said, &said.text(), Some("stop"));
    answer["usage"] = usage(input, output);
    answer
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    event(&object(said, &said.piece(index), None))
}

pub(super) fn closing(said: &Said<'_>, usage_asked: bool) -> Vec<Vec<u8>> {
    let mut events = vec![event(&object(said, "", Some("stop")))];
    if let Some((input, output)) = said.reply.usage.filter(|_| usage_asked) {
        let mut last = object(said, "", None);
        last["choices"] = json!([]);
        last["usage"] = usage(input, output);
        events.push(event(&last));
    }
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn object(said: &Said<'_>, text: &str, finish: Option<&str>) -> Value {
    json!({
        "id": "cmpl-scripted",
        "object": "text_completion",
        "created": 1_700_000_000,
        "model": said.model,
        "choices": [{"index": 0, "text": text, "logprobs": null, "finish_reason": finish}],
    })
}

fn usage(input: u64, output: u64) -> Value {
    json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
}
