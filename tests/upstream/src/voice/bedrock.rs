//! Bedrock's Converse, its streams in AWS's binary framing.

use serde_json::{Value, json};

use super::{Said, TOOL};

pub(super) fn whole(said: &Said<'_>) -> Value {
    let (content, reason) = match said.reply.tool {
        true => {
            let (id, name, arguments) = TOOL;
            let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
            let call = json!({"toolUseId": id, "name": name, "input": arguments});
            (json!([{"toolUse": call}]), "tool_use")
        }
        false => (json!([{"text": said.text()}]), "end_turn"),
    };
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason,
        "usage": usage(said),
        "metrics": {"latencyMs": 1},
    })
}

pub(super) fn opening() -> Vec<Vec<u8>> {
    vec![message("event", "messageStart", &json!({"role": "assistant"}))]
}

pub(super) fn delta(said: &Said<'_>, index: u64) -> Vec<u8> {
    block(&json!({"text": said.piece(index)}))
}

pub(super) fn closing(said: &Said<'_>) -> Vec<Vec<u8>> {
    let mut events = Vec::new();
    let mut reason = "end_turn";
    if said.reply.tool {
        let (id, name, arguments) = TOOL;
        let start = json!({"toolUse": {"toolUseId": id, "name": name}});
        let start = json!({"contentBlockIndex": 0, "start": start});
        events.push(message("event", "contentBlockStart", &start));
        events.push(block(&json!({"toolUse": {"input": arguments}})));
        reason = "tool_use";
    }
    events.push(message("event", "contentBlockStop", &json!({"contentBlockIndex": 0})));
    events.push(message("event", "messageStop", &json!({"stopReason": reason})));
    events.push(message("event", "metadata", &json!({"usage": usage(said)})));
    events
}

pub(super) fn exception(error: &Value) -> Vec<u8> {
    message("exception", "internalServerException", error)
}

fn block(delta: &Value) -> Vec<u8> {
    message("event", "contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": delta}))
}

fn usage(said: &Said<'_>) -> Value {
    let (input, output) = said.reply.usage.unwrap_or_default();
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}

/// A message in AWS's framing, with its checksums.
fn message(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let mut headers = Vec::new();
    let named = format!(":{kind}-type");
    for (header, value) in
        [(named.as_str(), name), (":content-type", "application/json"), (":message-type", kind)]
    {
        headers.push(header.len() as u8);
        headers.extend_from_slice(header.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    let total = 16 + headers.len() + payload.len();
    let mut out = (total as u32).to_be_bytes().to_vec();
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload.as_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}
