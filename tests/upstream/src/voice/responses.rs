//! OpenAI's responses.

use serde_json::{Value, json};

use super::{Said, TOOL, named};

pub(super) fn whole(said: &Said<'_>) -> Value {
    response(said, "completed", &json!([item(said)]))
}

pub(super) fn opening(said: &Said<'_>) -> Vec<Vec<u8>> {
    let created = response(said, "in_progress", &json!([]));
    vec![named("response.created", &json!({"type": "response.created", "response": created}))]
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    let data = json!({"type": "response.output_text.delta", "item_id": "msg_scripted",
        "output_index": 0, "content_index": 0, "delta": said.piece(index)});
    named("response.output_text.delta", &data)
}

pub(super) fn closing(said: &Said<'_>) -> Vec<Vec<u8>> {
    let done = json!({"type": "response.completed", "response": whole(said)});
    vec![named("response.completed", &done)]
}

fn item(said: &Said<'_>) -> Value {
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        return json!({"type": "function_call", "id": "fc_scripted", "call_id": id, "name": name,
            "arguments": arguments, "status": "completed"});
    }
    let part = json!({"type": "output_text", "text": said.text(), "annotations": []});
    json!({"type": "message", "id": "msg_scripted", "role": "assistant", "status": "completed",
        "content": [part]})
}

fn response(said: &Said<'_>, status: &str, output: &Value) -> Value {
    let (input, tokens) = said.reply.usage.unwrap_or_default();
    let usage = match status {
        "completed" => json!({"input_tokens": input, "output_tokens": tokens,
            "total_tokens": input + tokens}),
        _ => Value::Null,
    };
    json!({
        "id": "resp_scripted",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "model": said.model,
        "output": output,
        "usage": usage,
    })
}
