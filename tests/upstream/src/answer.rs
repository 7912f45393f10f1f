//! The bytes of answers.

use serde_json::{Value, json};

use crate::script::Reply;

/// A whole response with a length.
pub(crate) fn whole(status: u16, kind: &str, extra: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         x-request-id: req_scripted\r\n{extra}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// An OpenAI error body.
pub(crate) fn error(status: u16) -> Value {
    json!({"error": {
        "message": format!("scripted upstream error {status}"),
        "type": "scripted_error",
        "param": null,
        "code": format!("scripted_{status}"),
    }})
}

/// What OpenAI says of input that does not fit.
pub(crate) fn context_window() -> Value {
    json!({"error": {
        "message": "This model's maximum context length is 4097 tokens. However, your messages \
                    resulted in 10000 tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": null,
        "code": "context_length_exceeded",
    }})
}

/// The head of a stream.
pub(crate) const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\n\
    content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\
    x-request-id: req_scripted\r\n\r\n";

/// The end of chunked framing.
pub(crate) const LAST_CHUNK: &str = "0\r\n\r\n";

/// One chunk of chunked framing.
pub(crate) fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

/// One server-sent event.
pub(crate) fn event(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// The text of a delta: the first carries the echo.
pub(crate) fn piece(reply: &Reply, prompt: &str, index: u64) -> String {
    match index {
        0 => format!("echo: {prompt}{}", "x".repeat(reply.padding)),
        _ => format!(" word{index}"),
    }
}

/// The whole answer.
pub(crate) fn completion(model: &str, reply: &Reply, prompt: &str) -> Value {
    let text: String = (0..reply.deltas).map(|index| piece(reply, prompt, index)).collect();
    let mut answer = json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": model,
        "system_fingerprint": "fp_scripted",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": null},
            "logprobs": null,
            "finish_reason": "stop",
        }],
        "service_tier": "default",
    });
    if let Some(usage) = reply.usage {
        answer["usage"] = usage_member(usage);
    }
    answer
}

/// A chunk object of a stream.
pub(crate) fn delta(model: &str, delta: &Value, finish: Option<&str>) -> Value {
    stream_object(model, &json!([{"index": 0, "delta": delta, "finish_reason": finish}]))
}

/// The usage chunk of a stream.
pub(crate) fn usage(model: &str, tokens: (u64, u64)) -> Value {
    let mut object = stream_object(model, &json!([]));
    object["usage"] = usage_member(tokens);
    object
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
