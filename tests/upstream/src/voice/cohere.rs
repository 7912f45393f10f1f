//! Cohere's chat, second version.

use serde_json::{Value, json};

use super::{Said, TOOL, event};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let (message, reason) = match said.reply.tool {
        true => {
            let (id, name, arguments) = TOOL;
            let call = json!({"id": id, "type": "function",
                "function": {"name": name, "arguments": arguments}});
            (json!({"role": "assistant", "tool_calls": [call]}), "TOOL_CALL")
        }
        false => {
            let content = json!([{"type": "text", "text": said.text()}]);
            (json!({"role": "assistant", "content": content}), "COMPLETE")
        }
    };
    json!({"id": "scripted", "message": message, "finish_reason": reason, "usage": usage(said)})
}

pub(super) fn opening() -> Vec<Vec<u8>> {
    let message = json!({"role": "assistant", "content": [], "tool_calls": []});
    let start = json!({"type": "message-start", "id": "scripted", "delta": {"message": message}});
    let content = json!({"type": "content-start", "index": 0,
        "delta": {"message": {"content": {"type": "text", "text": ""}}}});
    vec![event(&start), event(&content)]
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    event(&json!({"type": "content-delta", "index": 0,
        "delta": {"message": {"content": {"text": said.piece(index)}}}}))
}

pub(super) fn closing(said: &Said<'_>) -> Vec<Vec<u8>> {
    let mut events = vec![event(&json!({"type": "content-end", "index": 0}))];
    let mut reason = "COMPLETE";
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        let function = json!({"name": name, "arguments": ""});
        let call = json!({"id": id, "type": "function", "function": function});
        events.push(event(&json!({"type": "tool-call-start", "index": 0,
            "delta": {"message": {"tool_calls": call}}})));
        let arguments = json!({"function": {"arguments": arguments}});
        events.push(event(&json!({"type": "tool-call-delta", "index": 0,
            "delta": {"message": {"tool_calls": arguments}}})));
        events.push(event(&json!({"type": "tool-call-end", "index": 0})));
        reason = "TOOL_CALL";
    }
    let delta = json!({"finish_reason": reason, "usage": usage(said)});
    events.push(event(&json!({"type": "message-end", "delta": delta})));
    events
}

fn usage(said: &Said<'_>) -> Value {
    let (input, output) = said.reply.usage.unwrap_or_default();
    let tokens = json!({"input_tokens": input, "output_tokens": output});
    json!({"billed_units": tokens, "tokens": tokens})
}
