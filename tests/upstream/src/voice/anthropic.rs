//! Anthropic's messages.

use serde_json::{Value, json};

use super::{Said, TOOL, named};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let (input, output) = said.reply.usage.unwrap_or_default();
    let (content, reason) = match said.reply.tool {
        true => {
            let (id, name, arguments) = TOOL;
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            let call = json!({"type": "tool_use", "id": id, "name": name, "input": arguments});
            (json!([call]), "tool_use")
        }
        false => (json!([{"type": "text", "text": said.text()}]), "end_turn"),
    };
    json!({
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": said.model,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": null,
        "usage": {"input_tokens": input, "output_tokens": output},
    })
}

pub(super) fn opening(said: &Said<'_>) -> Vec<Vec<u8>> {
    let (input, _) = said.reply.usage.unwrap_or_default();
    let message = json!({
        "id": "msg_scripted", "type": "message", "role": "assistant", "model": said.model,
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": input, "output_tokens": 1},
    });
    let start = named("message_start", &json!({"type": "message_start", "message": message}));
    if said.reply.tool {
        return vec![start];
    }
    let block = json!({"type": "content_block_start", "index": 0,
        "content_block": {"type": "text", "text": ""}});
    vec![start, named("content_block_start", &block)]
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    piece(&json!({"type": "text_delta", "text": said.piece(index)}))
}

pub(super) fn closing(said: &Said<'_>) -> Vec<Vec<u8>> {
    let (_, output) = said.reply.usage.unwrap_or_default();
    let mut events = Vec::new();
    let mut reason = "end_turn";
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        let (head, tail) = arguments.split_at(5);
        let block = json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "tool_use", "id": id, "name": name, "input": {}}});
        events.push(named("content_block_start", &block));
        for part in [head, tail] {
            events.push(piece(&json!({"type": "input_json_delta", "partial_json": part})));
        }
        reason = "tool_use";
    }
    let stop = json!({"type": "content_block_stop", "index": 0});
    events.push(named("content_block_stop", &stop));
    let end = json!({"type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": output}});
    events.push(named("message_delta", &end));
    events.push(named("message_stop", &json!({"type": "message_stop"})));
    events
}

fn piece(delta: &Value) -> Vec<u8> {
    let data = json!({"type": "content_block_delta", "index": 0, "delta": delta});
    named("content_block_delta", &data)
}
