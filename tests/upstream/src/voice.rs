//! The form in which an upstream speaks, chosen by the path that it is asked at: OpenAI's unless it
//! is another provider's. Each plays the same scripts.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini;
mod openai;
mod responses;
mod text;

use serde_json::{Value, json};

use crate::script::Reply;

/// A provider's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    OpenAi,
    Text,
    Responses,
    Anthropic,
    Gemini,
    Bedrock,
    Cohere,
}

/// What a script's tool call says, in every form.
pub(crate) const TOOL: (&str, &str, &str) = ("call_1", "get_weather", "{\"city\":\"Paris\"}");

/// One answer in a form.
pub(crate) struct Said<'a> {
    pub(crate) model: &'a str,
    pub(crate) reply: &'a Reply,
    pub(crate) prompt: &'a str,
}

// === impl Said ===

impl Said<'_> {
    /// The text of a delta: the first carries the echo.
    pub(crate) fn piece(&self, index: u64) -> String {
        match index {
            0 => format!("echo: {}{}", self.prompt, "x".repeat(self.reply.padding)),
            _ => format!(" word{index}"),
        }
    }

    pub(crate) fn text(&self) -> String {
        (0..self.reply.deltas).map(|index| self.piece(index)).collect()
    }
}

// === impl Voice ===

impl Voice {
    /// The form of a path.
    pub(crate) fn of(target: &str) -> Self {
        let path = target.split('?').next().unwrap_or_default();
        if path.ends_with("/messages") || path.ends_with("/messages/count_tokens") {
            Self::Anthropic
        } else if path.ends_with("enerateContent") {
            Self::Gemini
        } else if path.ends_with("/converse") || path.ends_with("/converse-stream") {
            Self::Bedrock
        } else if path.contains("/v2/") {
            Self::Cohere
        } else if path.ends_with("/responses") {
            Self::Responses
        } else if path.ends_with("/completions") && !path.ends_with("/chat/completions") {
            Self::Text
        } else {
            Self::OpenAi
        }
    }

    /// The model that is asked for.
    pub(crate) fn model(self, target: &str, body: &Value) -> String {
        let in_body = body["model"].as_str().unwrap_or_default().to_owned();
        let in_path = |after: &str, before: char| {
            let (_, rest) = target.split_once(after)?;
            rest.split(before).next().map(str::to_owned)
        };
        match self {
            Self::Gemini => in_path("/models/", ':').unwrap_or_default(),
            Self::Bedrock => in_path("/model/", '/').unwrap_or_default(),
            _ => in_body,
        }
    }

    /// Whether a stream is asked for.
    pub(crate) fn streams(self, target: &str, body: &Value) -> bool {
        match self {
            Self::Gemini => target.contains(":streamGenerateContent"),
            Self::Bedrock => target.contains("/converse-stream"),
            _ => body["stream"] == true,
        }
    }

    /// The text of the last message.
    pub(crate) fn prompt(self, body: &Value) -> String {
        if let Some(text) = body["prompt"].as_str().or_else(|| body["input"].as_str()) {
            return text.to_owned();
        }
        let messages = if self == Self::Gemini { &body["contents"] } else { &body["messages"] };
        let last = messages.as_array().and_then(|messages| messages.last()).cloned();
        let last = last.unwrap_or_default();
        let parts = if self == Self::Gemini { &last["parts"] } else { &last["content"] };
        let text = parts.as_str().or_else(|| parts[0]["text"].as_str());
        text.unwrap_or_default().to_owned()
    }

    /// The type of a stream.
    pub(crate) fn stream_kind(self) -> &'static str {
        match self {
            Self::Bedrock => "application/vnd.amazon.eventstream",
            _ => "text/event-stream; charset=utf-8",
        }
    }

    /// An error body.
    pub(crate) fn error(self, status: u16) -> Value {
        let message = format!("scripted upstream error {status}");
        match self {
            Self::OpenAi | Self::Text | Self::Responses => json!({"error": {
                "message": message,
                "type": "scripted_error",
                "param": null,
                "code": format!("scripted_{status}"),
            }}),
            Self::Anthropic => {
                let kind = if status == 429 { "rate_limit_error" } else { "api_error" };
                json!({"type": "error", "error": {"type": kind, "message": message}})
            }
            Self::Gemini => {
                let word = if status == 429 { "RESOURCE_EXHAUSTED" } else { "INTERNAL" };
                json!({"error": {"code": status, "message": message, "status": word}})
            }
            Self::Bedrock | Self::Cohere => json!({"message": message}),
        }
    }

    /// The whole answer.
    pub(crate) fn whole(self, said: &Said<'_>) -> Value {
        match self {
            Self::OpenAi => openai::whole(said),
            Self::Text => text::whole(said),
            Self::Responses => responses::whole(said),
            Self::Anthropic => anthropic::whole(said),
            Self::Gemini => gemini::whole(said),
            Self::Bedrock => bedrock::whole(said),
            Self::Cohere => cohere::whole(said),
        }
    }

    /// What comes before the text of a stream, framed.
    pub(crate) fn opening(self, said: &Said<'_>) -> Vec<Vec<u8>> {
        match self {
            Self::OpenAi => openai::opening(said),
            Self::Anthropic => anthropic::opening(said),
            Self::Responses => responses::opening(said),
            Self::Gemini | Self::Text => Vec::new(),
            Self::Bedrock => bedrock::opening(),
            Self::Cohere => cohere::opening(),
        }
    }

    /// A piece of the text.
    pub(crate) fn delta(self, said: &Said<'_>, index: u64) -> Vec<u8> {
        match self {
            Self::OpenAi => openai::delta(said, index),
            Self::Text => text::delta(said, index),
            Self::Responses => responses::delta(said, index),
            Self::Anthropic => anthropic::delta(said, index),
            Self::Gemini => gemini::delta(said, index),
            Self::Bedrock => bedrock::delta(said, index),
            Self::Cohere => cohere::delta(said, index),
        }
    }

    /// What comes after the text, its usage included, as each is written by itself.
    pub(crate) fn closing(self, said: &Said<'_>, usage_asked: bool) -> Vec<Vec<u8>> {
        match self {
            Self::OpenAi => openai::closing(said, usage_asked),
            Self::Text => text::closing(said, usage_asked),
            Self::Responses => responses::closing(said),
            Self::Anthropic => anthropic::closing(said),
            Self::Gemini => gemini::closing(said),
            Self::Bedrock => bedrock::closing(said),
            Self::Cohere => cohere::closing(said),
        }
    }

    /// An error in the place of an event.
    pub(crate) fn error_event(self) -> Vec<u8> {
        let error = self.error(500);
        match self {
            Self::Anthropic => named("error", &error),
            Self::Bedrock => bedrock::exception(&error),
            Self::Responses => {
                let error = json!({"type": "error", "code": "server_error",
                    "message": error["error"]["message"]});
                named("error", &error)
            }
            Self::OpenAi | Self::Text | Self::Gemini | Self::Cohere => event(&error),
        }
    }
}

/// A server-sent event.
pub(crate) fn event(data: &Value) -> Vec<u8> {
    format!("data: {data}\n\n").into_bytes()
}

/// A server-sent event with a name.
pub(crate) fn named(name: &str, data: &Value) -> Vec<u8> {
    format!("event: {name}\ndata: {data}\n\n").into_bytes()
}
