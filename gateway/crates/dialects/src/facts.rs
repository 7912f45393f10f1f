//! The facts of a request that the gateway itself must know, read in one pass. Everything else in
//! the body is the provider's business.

mod members;
mod read;
mod weight;

use serde_json::value::RawValue;
use tollgate_domain::{Dialect, Document};

use crate::json::{Kind, kind};
use crate::place::Unreadable;
use members::members;
use read::{needed, options, present, prompts, read, stream_flag, whole_number};
use weight::{CONTEXT_TOKENS_MAX, weight};

/// A choice or a message costs a few tokens beside its text.
const MESSAGE_TOKENS: u64 = 16;
/// More choices than any provider gives.
const CHOICES_MAX: u64 = 128;

/// What the gateway must know of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The model's name as the client wrote it.
    pub model: String,
    /// Whether the answer is to be a stream.
    pub streamed: bool,
    /// Whether the client wants to see the usage of a stream.
    pub usage_asked: bool,
    /// The client's own output cap, per choice, in tokens. 0 in dialects that have no output.
    pub output_cap: Option<u64>,
    /// How many answers are paid for, at least 1.
    pub choices: u64,
    /// Upper bound of the input tokens.
    pub input_bound: u64,
    /// Bytes of the input, from which tokens are estimated where nothing reports them.
    pub prompt_bytes: u64,
}

/// The input of a request: its bytes, and the most tokens beyond one for each byte of the body.
#[derive(Clone, Copy, Debug, Default)]
struct Input {
    prompt_bytes: u64,
    extra_tokens: u64,
}

/// Reads a request. Members that are read here may not occur twice: the provider might read the
/// other one.
pub fn facts(dialect: Dialect, document: &Document) -> Result<Facts, Unreadable> {
    unrepeated(document, members(dialect))?;
    match dialect {
        Dialect::OpenaiChat => chat(document),
        Dialect::OpenaiCompletions => completions(document),
        Dialect::OpenaiResponses => responses(document),
        Dialect::AnthropicMessages => {
            let facts = messages(document)?;
            needed(document, "anthropic_messages", "max_tokens")?;
            Ok(facts)
        }
        Dialect::AnthropicCountTokens => Ok(Facts { output_cap: Some(0), ..messages(document)? }),
        Dialect::OpenaiEmbeddings => silent(document, "/embeddings", &["input"]),
        Dialect::Rerank => silent(document, "/rerank", &["query", "documents"]),
        Dialect::OpenaiModerations => silent(document, "/moderations", &["input"]),
        Dialect::OpenaiImages => images(document),
        Dialect::OpenaiSpeech => speech(document),
        Dialect::OpenaiTranscriptions => transcriptions(document),
    }
}

fn unrepeated(document: &Document, members: &[&str]) -> Result<(), Unreadable> {
    match document.repeated(members) {
        Some(twice) => {
            let message = format!("The parameter '{twice}' occurs twice in the request.");
            Err(Unreadable::about(twice, message))
        }
        None => Ok(()),
    }
}

fn chat(document: &Document) -> Result<Facts, Unreadable> {
    let input = talk(document, "/chat/completions", &[])?;
    let caps =
        [whole_number(document, "max_tokens")?, whole_number(document, "max_completion_tokens")?];
    Ok(Facts {
        output_cap: caps.into_iter().flatten().max(),
        choices: choices(document, "n")?,
        usage_asked: options(document)?,
        ..common(document, input)?
    })
}

fn completions(document: &Document) -> Result<Facts, Unreadable> {
    let text = needed(document, "/completions", "prompt")?;
    let prompts = prompts(text)?;
    let input = Input {
        prompt_bytes: text.len() as u64,
        extra_tokens: MESSAGE_TOKENS.saturating_mul(prompts.saturating_add(1)),
    };
    let each = choices(document, "n")?.max(choices(document, "best_of")?);
    Ok(Facts {
        output_cap: whole_number(document, "max_tokens")?,
        choices: each.saturating_mul(prompts),
        usage_asked: options(document)?,
        ..common(document, input)?
    })
}

fn messages(document: &Document) -> Result<Facts, Unreadable> {
    let input = talk(document, "anthropic_messages", &["system"])?;
    let output_cap = whole_number(document, "max_tokens")?;
    Ok(Facts { output_cap, usage_asked: true, ..common(document, input)? })
}

fn responses(document: &Document) -> Result<Facts, Unreadable> {
    // What the server keeps of earlier turns is input too, and can fill a context.
    let kept = ["previous_response_id", "conversation", "prompt"]
        .into_iter()
        .filter(|name| present(document, name).is_some())
        .count() as u64;
    let text = match present(document, "input") {
        Some(text) => text,
        None if kept > 0 => "",
        None => return Err(Unreadable::missing("/responses", "input")),
    };
    let items = match kind(text) {
        Kind::Array => serde_json::from_str::<Vec<&RawValue>>(text).map_or(0, |items| items.len()),
        Kind::String => 1,
        _ if text.is_empty() => 0,
        _ => return Err(Unreadable::about("input", "'input' must be a string or an array.")),
    };
    let instructions = present(document, "instructions").map_or(0, str::len);
    let input = Input {
        prompt_bytes: (text.len() + instructions) as u64,
        extra_tokens: MESSAGE_TOKENS
            .saturating_mul(items as u64 + 1)
            .saturating_add(weight(text, "input")?)
            .saturating_add(CONTEXT_TOKENS_MAX.saturating_mul(kept)),
    };
    let output_cap = whole_number(document, "max_output_tokens")?;
    Ok(Facts { output_cap, usage_asked: true, ..common(document, input)? })
}

/// Dialects whose answer is no text: what they use is their input.
fn silent(document: &Document, route: &str, inputs: &[&str]) -> Result<Facts, Unreadable> {
    let mut input = Input { prompt_bytes: 0, extra_tokens: MESSAGE_TOKENS };
    for name in inputs {
        let text = needed(document, route, name)?;
        input.prompt_bytes += text.len() as u64;
        input.extra_tokens = input.extra_tokens.saturating_add(weight(text, name)?);
    }
    Ok(Facts { streamed: false, output_cap: Some(0), ..common(document, input)? })
}

fn images(document: &Document) -> Result<Facts, Unreadable> {
    let prompt_bytes = needed(document, "/images/generations", "prompt")?.len() as u64;
    let input = Input { prompt_bytes, extra_tokens: MESSAGE_TOKENS };
    Ok(Facts { choices: choices(document, "n")?, usage_asked: true, ..common(document, input)? })
}

fn speech(document: &Document) -> Result<Facts, Unreadable> {
    let prompt_bytes = needed(document, "/audio/speech", "input")?.len() as u64;
    let input = Input { prompt_bytes, extra_tokens: MESSAGE_TOKENS };
    let format: Option<String> = read(document, "stream_format", "a string")?;
    let streamed = format.as_deref() == Some("sse");
    Ok(Facts { streamed, usage_asked: true, ..common(document, input)? })
}

fn transcriptions(document: &Document) -> Result<Facts, Unreadable> {
    let prompt_bytes = present(document, "prompt").map_or(0, str::len) as u64;
    let input = Input { prompt_bytes, extra_tokens: CONTEXT_TOKENS_MAX };
    Ok(Facts { usage_asked: true, ..common(document, input)? })
}

/// Messages of the chat and the Anthropic dialect, and what stands beside them.
fn talk(document: &Document, route: &str, beside: &[&str]) -> Result<Input, Unreadable> {
    #[derive(serde::Deserialize)]
    struct Message<'a> {
        #[serde(default, borrow)]
        content: Option<&'a RawValue>,
    }
    let text = needed(document, route, "messages")?;
    let wrong = || {
        let message = "'messages' must be an array of objects with string or array content.";
        Unreadable::about("messages", message)
    };
    let messages: Vec<Message<'_>> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut input = Input {
        prompt_bytes: text.len() as u64,
        extra_tokens: MESSAGE_TOKENS.saturating_mul(messages.len() as u64 + 1),
    };
    for content in messages.iter().filter_map(|message| message.content) {
        match kind(content.get()) {
            Kind::Array => {
                let weight = weight(content.get(), "messages")?;
                input.extra_tokens = input.extra_tokens.saturating_add(weight);
            }
            Kind::String | Kind::Null => {}
            _ => return Err(wrong()),
        }
    }
    for name in beside {
        input.prompt_bytes += present(document, name).map_or(0, str::len) as u64;
    }
    Ok(input)
}

/// The members that most dialects share. A token is at least one byte of text, so the body's length
/// bounds the text's tokens, tools and schemas included.
fn common(document: &Document, input: Input) -> Result<Facts, Unreadable> {
    let Some(model) = read::<String>(document, "model", "a string")? else {
        let message = "litellm.BadRequestError: You passed in model=None. There are no healthy \
                       deployments for this model";
        return Err(Unreadable { param: None, message: message.to_owned() });
    };
    Ok(Facts {
        model,
        streamed: stream_flag(document)?,
        usage_asked: false,
        output_cap: None,
        choices: 1,
        input_bound: (document.bytes().len() as u64).saturating_add(input.extra_tokens),
        prompt_bytes: input.prompt_bytes,
    })
}

fn choices(document: &Document, name: &str) -> Result<u64, Unreadable> {
    let choices = read(document, name, "a whole number of 1 or more")?.unwrap_or(1);
    if (1..=CHOICES_MAX).contains(&choices) {
        return Ok(choices);
    }
    let message = format!("'{name}' must be a whole number from 1 to {CHOICES_MAX}.");
    Err(Unreadable::about(name, message))
}

#[cfg(test)]
mod tests;
