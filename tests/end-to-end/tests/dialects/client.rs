//! Clients of each dialect: how they ask, and what they read.

use serde_json::{Value, json};
use tollgate_end_to_end::Answer;

/// A dialect that talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Chat,
    Completions,
    Messages,
    Responses,
}

pub(crate) const ALL: [Speaks; 4] =
    [Speaks::Chat, Speaks::Completions, Speaks::Messages, Speaks::Responses];

/// Those that have tools.
pub(crate) const WITH_TOOLS: [Speaks; 3] = [Speaks::Chat, Speaks::Messages, Speaks::Responses];

impl Speaks {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Completions => "/v1/completions",
            Self::Messages => "/v1/messages",
            Self::Responses => "/v1/responses",
        }
    }

    /// A request with one text.
    pub(crate) fn request(self, model: &str, text: &str, stream: bool) -> Value {
        let message = json!([{"role": "user", "content": text}]);
        let mut body = match self {
            Self::Chat => json!({"messages": message}),
            Self::Completions => json!({"prompt": text}),
            Self::Messages => json!({"messages": message, "max_tokens": 64}),
            Self::Responses => json!({"input": text, "store": false}),
        };
        body["model"] = model.into();
        if stream {
            body["stream"] = true.into();
        }
        body
    }

    /// The same with a tool to call.
    pub(crate) fn with_tool(self, mut body: Value) -> Value {
        let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
        body["tools"] = match self {
            Self::Messages => json!([{"name": "get_weather", "input_schema": schema}]),
            Self::Responses => {
                json!([{"type": "function", "name": "get_weather", "parameters": schema}])
            }
            Self::Chat | Self::Completions => json!([{"type": "function",
                "function": {"name": "get_weather", "parameters": schema}}]),
        };
        body
    }

    /// The next turn: the tool's result after the call in an answer.
    pub(crate) fn with_result(self, mut body: Value, answer: &Value) -> Value {
        match self {
            Self::Chat | Self::Completions => {
                let message = answer["choices"][0]["message"].clone();
                let id = message["tool_calls"][0]["id"].clone();
                let result = json!({"role": "tool", "tool_call_id": id, "content": "sunny"});
                push(&mut body["messages"], [message, result]);
            }
            Self::Messages => {
                let content = answer["content"].clone();
                let id = content[0]["id"].clone();
                let result = json!({"type": "tool_result", "tool_use_id": id, "content": "sunny"});
                push(
                    &mut body["messages"],
                    [
                        json!({"role": "assistant", "content": content}),
                        json!({"role": "user", "content": [result]}),
                    ],
                );
            }
            Self::Responses => {
                let call = answer["output"][0].clone();
                let id = call["call_id"].clone();
                let text = body["input"].clone();
                body["input"] = json!([
                    {"role": "user", "content": text},
                    call,
                    {"type": "function_call_output", "call_id": id, "output": "sunny"},
                ]);
            }
        }
        body
    }

    /// The text of a whole answer.
    pub(crate) fn text(self, answer: &Value) -> String {
        let text = match self {
            Self::Chat => &answer["choices"][0]["message"]["content"],
            Self::Completions => &answer["choices"][0]["text"],
            Self::Messages => &answer["content"][0]["text"],
            Self::Responses => &answer["output"][0]["content"][0]["text"],
        };
        text.as_str().unwrap_or_else(|| panic!("{self:?}: no text: {answer}")).to_owned()
    }

    /// The tool call of a whole answer: its name, arguments, and why the model stopped.
    pub(crate) fn call(self, answer: &Value) -> (String, Value, String) {
        let (name, arguments, reason) = match self {
            Self::Chat | Self::Completions => {
                let call = &answer["choices"][0]["message"]["tool_calls"][0]["function"];
                let reason = &answer["choices"][0]["finish_reason"];
                (&call["name"], parsed(&call["arguments"]), reason)
            }
            Self::Messages => {
                let block = &answer["content"][0];
                (&block["name"], block["input"].clone(), &answer["stop_reason"])
            }
            Self::Responses => {
                let item = &answer["output"][0];
                (&item["name"], parsed(&item["arguments"]), &item["type"])
            }
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(name), arguments, text(reason))
    }

    /// Input and output tokens of a whole answer.
    pub(crate) fn usage(self, answer: &Value) -> (u64, u64) {
        let usage = &answer["usage"];
        let names = match self {
            Self::Chat | Self::Completions => ["prompt_tokens", "completion_tokens"],
            Self::Messages | Self::Responses => ["input_tokens", "output_tokens"],
        };
        let count = |name: &str| usage[name].as_u64().unwrap_or_else(|| panic!("{answer}"));
        (count(names[0]), count(names[1]))
    }

    /// The text of a stream's events.
    pub(crate) fn streamed_text(self, events: &[Value]) -> String {
        let piece = |event: &Value| {
            let piece = match self {
                Self::Chat => &event["choices"][0]["delta"]["content"],
                Self::Completions => &event["choices"][0]["text"],
                Self::Messages => &event["delta"]["text"],
                Self::Responses if event["type"] == "response.output_text.delta" => &event["delta"],
                Self::Responses => &Value::Null,
            };
            piece.as_str().map(str::to_owned)
        };
        events.iter().filter_map(piece).collect()
    }

    /// Whether the events say that the answer is whole.
    pub(crate) fn is_whole(self, events: &[Value]) -> bool {
        let typed = |kind: &str| events.iter().any(|event| event["type"] == kind);
        match self {
            Self::Chat | Self::Completions => {
                events.iter().any(|event| event["choices"][0]["finish_reason"].is_string())
            }
            Self::Messages => typed("message_stop"),
            Self::Responses => typed("response.completed"),
        }
    }

    /// Whether the events say that the answer has failed.
    pub(crate) fn has_failed(self, events: &[Value]) -> bool {
        events.iter().any(|event| match self {
            Self::Chat | Self::Completions => event["error"]["message"].is_string(),
            Self::Messages => event["type"] == "error" && event["error"]["message"].is_string(),
            Self::Responses => event["type"] == "response.failed" || event["type"] == "error",
        })
    }

    /// Checks an error body of this dialect, and gives its message.
    pub(crate) fn error(self, answer: &Answer) -> String {
        let body = answer.json();
        if self == Self::Messages {
            assert_eq!(body["type"], "error", "{answer:?}");
            assert!(body["error"]["type"].is_string(), "{answer:?}");
        } else {
            assert_eq!(body["error"]["code"], answer.status.to_string(), "{answer:?}");
        }
        body["error"]["message"].as_str().unwrap_or_default().to_owned()
    }
}

/// The events of a stream that are JSON.
pub(crate) fn parsed_events(events: &[String]) -> Vec<Value> {
    events.iter().filter_map(|event| serde_json::from_str(event).ok()).collect()
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap_or_default()).unwrap_or_default()
}

fn push<const N: usize>(list: &mut Value, items: [Value; N]) {
    list.as_array_mut().expect("a list").extend(items);
}
