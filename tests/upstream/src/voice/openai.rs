//! OpenAI's chat completions.

use serde_json::{Value, json};

use super::{Said, TOOL, event};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let mut message = json!({"role": "assistant", "content": said.text(), "refusal": null});
    let mut finish = "stop";
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        message["content"] = Value::Null;
        message["tool_calls"] = json!([{"id": id, "type": "function",
            "function": {"name": name, "arguments": arguments}}]);
        finish = "tool_calls";
    }
    let mut answer = json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": said.model,
        "system_fingerprint": "fp_scripted",
        "choices": [
            {"index": 0, "message": message, "logprobs": null, "finish_reason": finish},
        ],
        "service_tier": "default",
    });
    if let Some(usage) = said.reply.usage {
        answer["usage"] = usage_member(usage);
    }
    answer
}

pub(super) fn opening(said: &Said<'_>) -> Vec<Vec<u8>> {
    let role = json!({"role": "assistant", "content": "", "refusal": null});
    vec![chunk(said, &role, None)]
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    chunk(said, &json!({"content": said.piece(index)}), None)
}

pub(super) fn closing(said: &Said<'_>, usage_asked: bool) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    let mut finish = "stop";
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        let (head, tail) = arguments.split_at(5);
        let first = json!([{"index": 0, "id": id, "type": "function",
            "function": {"name": name, "arguments": head}}]);
        let second = json!([{"index": 0, "function": {"arguments": tail}}]);
        events.push(chunk(said, &json!({"tool_calls": first}), None));
        events.push(chunk(said, &json!({"tool_calls": second}), None));
        finish = "tool_calls";
    }
    events.push(chunk(said, &json!({}), Some(finish)));
    if let Some(tokens) = said.reply.usage.filter(|_| usage_asked) {
        let mut object = stream_object(said.model, &json!([]));
        object["usage"] = usage_member(tokens);
        events.push(event(&object));
    }
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}

fn chunk(said: &Said<'_>, delta: &Value, finish: Option<&str>) -> Vec<u8> {
    let choice = json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    event(&stream_object(said.model, &choice))
}

fn stream_object(model: &str, choices: &Value) -> Value {
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": model,
        "system_fingerprint": "fp_scripted",
        "choices": choices,
    })
}

fn usage_member((input, output): (u64, u64)) -> Value {
    json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    })
}
