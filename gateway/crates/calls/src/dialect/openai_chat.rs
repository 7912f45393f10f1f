//! OpenAI's chat completions as clients read them: errors, whole answers and stream chunks.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_domain::{CallId, Event, FinishReason, ToolCallDelta, Usage, unix_now};

use crate::refusal::Refusal;

/// What ends a stream.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";

/// The body of an error.
pub(crate) fn error_body(refusal: &Refusal) -> Bytes {
    json!({"error": {
        "message": refusal.message,
        "type": refusal.kind,
        "param": refusal.param,
        "code": refusal.status.to_string(),
    }})
    .to_string()
    .into()
}

/// An error as the last event of a stream that has begun.
pub(crate) fn error_event(refusal: &Refusal) -> Bytes {
    let body = error_body(refusal);
    [b"data: ".as_slice(), &body, b"\n\n"].concat().into()
}

/// Writes neutral events in this dialect.
pub(crate) struct Writer<'a> {
    id: String,
    model: &'a str,
    created: u64,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(call: CallId, model: &'a str) -> Self {
        Self { id: format!("chatcmpl-{call}"), model, created: unix_now() / 1000 }
    }

    /// The whole answer.
    pub(crate) fn whole(&self, events: &[Event]) -> Bytes {
        let (mut text, mut reasoning) = (String::new(), String::new());
        let mut tools: Vec<ToolCallDelta> = Vec::new();
        let (mut finish, mut usage) = (FinishReason::Stop, None);
        for event in events {
            match event {
                Event::Text(piece) => text.push_str(piece),
                Event::Reasoning(piece) => reasoning.push_str(piece),
                Event::ToolCall(delta) => join_tool_call(&mut tools, delta),
                Event::Finish(reason) => finish = *reason,
                Event::Usage(used) => usage = Some(*used),
                _ => {}
            }
        }
        let content = if text.is_empty() && !tools.is_empty() { Value::Null } else { text.into() };
        let mut message = json!({"role": "assistant", "content": content});
        if !reasoning.is_empty() {
            set(&mut message, "reasoning_content", reasoning.into());
        }
        if !tools.is_empty() {
            set(&mut message, "tool_calls", tools.iter().map(whole_tool_call).collect());
        }
        let mut answer = json!({
            "id": self.id,
            "created": self.created,
            "model": self.model,
            "object": "chat.completion",
            "choices": [{"finish_reason": reason(finish), "index": 0, "message": message}],
        });
        if let Some(usage) = usage {
            set(&mut answer, "usage", usage_json(&usage));
        }
        answer.to_string().into()
    }

    /// The first chunk of a stream.
    pub(crate) fn opening(&self) -> Bytes {
        self.chunk(json!({"role": "assistant", "content": ""}), None)
    }

    /// The chunk for an event; none for what the client did not ask for.
    pub(crate) fn event(&self, event: &Event, usage_asked: bool) -> Option<Bytes> {
        Some(match event {
            Event::Text(piece) => self.chunk(json!({"content": piece}), None),
            Event::Reasoning(piece) => self.chunk(json!({"reasoning_content": piece}), None),
            Event::ToolCall(delta) => {
                self.chunk(json!({"tool_calls": [tool_call_delta(delta)]}), None)
            }
            Event::Finish(finish) => self.chunk(json!({}), Some(*finish)),
            Event::Usage(usage) if usage_asked => self.usage_chunk(usage),
            _ => return None,
        })
    }

    fn chunk(&self, delta: Value, finish: Option<FinishReason>) -> Bytes {
        let choice = json!({
            "index": 0, "delta": delta, "finish_reason": finish.map(reason),
        });
        self.data(&json!([choice]), None)
    }

    fn usage_chunk(&self, usage: &Usage) -> Bytes {
        self.data(&json!([]), Some(usage))
    }

    fn data(&self, choices: &Value, usage: Option<&Usage>) -> Bytes {
        let mut chunk = json!({
            "id": self.id,
            "created": self.created,
            "model": self.model,
            "object": "chat.completion.chunk",
            "choices": choices,
        });
        if let Some(usage) = usage {
            set(&mut chunk, "usage", usage_json(usage));
        }
        format!("data: {chunk}\n\n").into()
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn join_tool_call(tools: &mut Vec<ToolCallDelta>, delta: &ToolCallDelta) {
    match tools.iter_mut().find(|tool| tool.index == delta.index) {
        Some(tool) => tool.arguments.push_str(&delta.arguments),
        None => tools.push(delta.clone()),
    }
}

fn whole_tool_call(tool: &ToolCallDelta) -> Value {
    json!({
        "id": tool.id, "type": "function",
        "function": {"name": tool.name, "arguments": tool.arguments},
    })
}

fn tool_call_delta(delta: &ToolCallDelta) -> Value {
    let mut function = json!({"arguments": delta.arguments});
    if let Some(name) = &delta.name {
        set(&mut function, "name", name.as_str().into());
    }
    let mut piece = json!({"index": delta.index, "function": function});
    if let Some(id) = &delta.id {
        set(&mut piece, "id", id.as_str().into());
        set(&mut piece, "type", "function".into());
    }
    piece
}

fn reason(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

fn usage_json(usage: &Usage) -> Value {
    json!({
        "completion_tokens": usage.output,
        "prompt_tokens": usage.input,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": {"cached_tokens": usage.cached_input},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let piece = |id: Option<&str>, arguments: &str| {
            Event::ToolCall(ToolCallDelta {
                index: 0,
                id: id.map(str::to_owned),
                name: id.map(|_| "weather".to_owned()),
                arguments: arguments.to_owned(),
            })
        };
        vec![
            Event::Text("Hel".to_owned()),
            Event::Text("lo".to_owned()),
            piece(Some("call_1"), "{\"a\""),
            piece(None, ":1}"),
            Event::Finish(FinishReason::ToolCalls),
            Event::Usage(Usage { input: 3, output: 2, ..Usage::default() }),
        ]
    }

    #[test]
    fn the_pieces_of_a_stream_add_up_to_the_whole_answer() {
        let call = CallId::generate();
        let writer = Writer::new(call, "m");
        let whole: Value = serde_json::from_slice(&writer.whole(&events())).unwrap();
        let message = &whole["choices"][0]["message"];
        assert_eq!(message["content"], "Hello");
        assert_eq!(message["tool_calls"][0]["function"]["arguments"], "{\"a\":1}");
        assert_eq!(whole["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(whole["usage"]["total_tokens"], 5);

        let chunks: Vec<Value> = events()
            .iter()
            .filter_map(|event| writer.event(event, true))
            .map(|chunk| serde_json::from_slice(&chunk[6..]).unwrap())
            .collect();
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(text, "Hello");
        assert_eq!(chunks.last().unwrap()["usage"], whole["usage"]);
        assert_eq!(chunks[4]["choices"][0]["finish_reason"], "tool_calls");
    }

    #[test]
    fn usage_is_hidden_from_those_who_did_not_ask() {
        let writer = Writer::new(CallId::generate(), "m");
        assert_eq!(writer.event(&Event::Usage(Usage::default()), false), None);
    }
}
