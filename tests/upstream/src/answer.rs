//! The bytes of answers.

use serde_json::{Value, json};

/// A whole response with a length.
pub(crate) fn whole(status: u16, kind: &str, extra: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\
         x-request-id: req_scripted\r\n{extra}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The head of a stream of this type.
pub(crate) fn stream_head(kind: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\
         x-request-id: req_scripted\r\n\r\n"
    )
}

/// The end of chunked framing.
pub(crate) const LAST_CHUNK: &str = "0\r\n\r\n";

/// One chunk of chunked framing.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}

/// What routes beside those of chats answer.
pub(crate) fn beside_chats(path: &str, model: &str) -> Option<Value> {
    Some(match path.rsplit_once('/')?.1 {
        "embeddings" => json!({
            "object": "list",
            "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
            "model": model,
            "usage": {"prompt_tokens": 8, "total_tokens": 8},
        }),
        "moderations" => json!({"id": "modr-1", "model": model, "results": [{"flagged": false}]}),
        "rerank" => json!({
            "id": "rerank-1",
            "results": [{"index": 1, "relevance_score": 0.9}],
            "usage": {"total_tokens": 6},
            "model": model,
        }),
        "transcriptions" => json!({
            "text": "as was said",
            "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 5, "total_tokens": 19},
        }),
        "count_tokens" => json!({"input_tokens": 42}),
        _ => return None,
    })
}
