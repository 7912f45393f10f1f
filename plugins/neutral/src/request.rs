//! A request of the neutral dialect.

use serde_json::value::RawValue;
use tollgate_sdk::types::Failure;

use crate::effort::Effort;
use crate::failure::invalid;
use crate::format::{self, ResponseFormat};
use crate::message::{self, Message};
use crate::object::{Object, array, flag};
use crate::text::Text;
use crate::tools::{self, Tool, ToolChoice};

/// Members that the host has read, or that speak to the gateway; no provider gets them.
pub(crate) const GATEWAY_MEMBERS: [&str; 12] = [
    "model",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "metadata",
    "litellm_metadata",
    "mock_response",
    "fallbacks",
    "disable_fallbacks",
    "num_retries",
    "drop_params",
];

/// Parameters of OpenAI's that say how to pick tokens, what to report or where to keep something:
/// with the values under which they change nothing.
const WITHOUT_EFFECT: [(&str, &[&str]); 10] = [
    ("n", &["1"]),
    ("presence_penalty", &["0"]),
    ("frequency_penalty", &["0"]),
    ("logit_bias", &["{}"]),
    ("logprobs", &["false"]),
    ("top_logprobs", &["0"]),
    ("store", &["false"]),
    ("modalities", &[r#"["text"]"#]),
    ("service_tier", &[r#""auto""#]),
    ("verbosity", &[r#""medium""#]),
];

/// A request to talk.
#[derive(Clone, Debug)]
pub struct ChatRequest<'a> {
    /// The conversation, at least one message.
    pub messages: Vec<Message<'a>>,
    /// The tools that may be called.
    pub tools: Vec<Tool<'a>>,
    /// Which of them has to be called.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// Whether several may be called at once. Absent: the provider's habit.
    pub parallel_tool_calls: Option<bool>,
    /// The form that the answer must have.
    pub response_format: ResponseFormat<'a>,
    /// Texts at which the answer ends.
    pub stop: Vec<Text<'a>>,
    /// How much to reason.
    pub reasoning_effort: Option<Effort>,
    /// Every other member that is not null and not without effect. None of them speaks to the
    /// gateway; the output cap is not among them, because the call has it.
    pub rest: Object<'a>,
}

// === impl ChatRequest ===

impl<'a> ChatRequest<'a> {
    /// Reads a body.
    ///
    /// # Errors
    ///
    /// The request is not valid; the place of the fault is named.
    pub fn read(body: &'a str) -> Result<Self, Failure> {
        let mut rest =
            Object::parse(body).ok_or_else(|| invalid("body", "The body must be an object."))?;
        for name in GATEWAY_MEMBERS {
            rest.take(name);
        }
        let request = Self {
            messages: message::messages(rest.take("messages"))?,
            tools: tools::tools(rest.take("tools"))?,
            tool_choice: tools::choice(rest.take("tool_choice"))?,
            parallel_tool_calls: parallel(rest.take("parallel_tool_calls"))?,
            response_format: format::format(rest.take("response_format"))?,
            stop: stop(rest.take("stop"))?,
            reasoning_effort: effort(rest.take("reasoning_effort"))?,
            rest: Object::default(),
        };
        rest.without_effect(&WITHOUT_EFFECT);
        Ok(Self { rest, ..request })
    }
}

/// A body's bytes as text.
///
/// # Errors
///
/// They are not UTF-8.
pub fn body_text(bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| invalid("body", "The body must be UTF-8."))
}

fn parallel(value: Option<&RawValue>) -> Result<Option<bool>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    let wrong = || invalid("parallel_tool_calls", "parallel_tool_calls must be true or false.");
    flag(value).map(Some).ok_or_else(wrong)
}

fn stop<'a>(value: Option<&'a RawValue>) -> Result<Vec<Text<'a>>, Failure> {
    let Some(value) = value else {
        return Ok(Vec::new());
    };
    if let Some(text) = Text::of(value) {
        return Ok(vec![text]);
    }
    let texts = array(value).and_then(|items| items.into_iter().map(Text::of).collect());
    texts.ok_or_else(|| invalid("stop", "stop must be a text or a list of texts."))
}

fn effort(value: Option<&RawValue>) -> Result<Option<Effort>, Failure> {
    const PARAM: &str = "reasoning_effort";
    let Some(value) = value else {
        return Ok(None);
    };
    let word = Text::of(value).and_then(Text::decoded);
    word.and_then(|word| Effort::parse(&word)).map(Some).ok_or_else(|| {
        let words = "`none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`";
        invalid(PARAM, &format!("{PARAM} must be {words}."))
    })
}

#[cfg(test)]
mod tests;
