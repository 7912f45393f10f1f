//! Failures in words common to all providers.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_sdk::types::{Failure, FailureKind};

/// Characters of a provider's message that are handed on. Enough for any that helps; a provider
/// that answers with a page must not fill a log.
const MESSAGE_CHARS_MAX: usize = 2000;

/// What a provider says of a failure.
#[derive(Default)]
struct Said {
    message: Option<String>,
    class: Option<String>,
    param: Option<String>,
    code: Option<String>,
}

/// OpenAI's error object. Members are kept as text: servers differ in their types.
#[derive(Deserialize)]
struct WireError<'a> {
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "type")]
    class: Option<&'a RawValue>,
    #[serde(borrow)]
    param: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
}

/// What servers that are not OpenAI's have inside `detail`.
#[derive(Deserialize)]
struct WireDetail<'a> {
    #[serde(borrow, alias = "msg")]
    error: Option<&'a RawValue>,
}

/// Explains an answer. `member` gives the JSON text of a member of its body.
pub(crate) fn failure(status: u16, member: impl Fn(&str) -> Option<String>) -> Failure {
    let error = member("error");
    let said = error.as_deref().and_then(Said::in_error).unwrap_or_else(|| Said::at_top(member));
    Failure {
        kind: said.kind(status),
        message: said.message.as_deref().map_or_else(|| wordless(status), presentable),
        param: said.param,
        code: said.code,
    }
}

// === impl Said ===

impl Said {
    /// OpenAI's own form, everything inside `error`; or a text in its place.
    fn in_error(error: &str) -> Option<Self> {
        if let Ok(wire) = serde_json::from_str::<WireError<'_>>(error) {
            return Some(Self {
                message: raw_text(wire.message),
                class: raw_text(wire.class),
                param: raw_text(wire.param),
                code: raw_text(wire.code),
            });
        }
        let message = serde_json::from_str(error).ok()?;
        Some(Self { message: Some(message), ..Self::default() })
    }

    /// The forms of servers that are like it: `message` or `detail` at the top.
    fn at_top(member: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name| member(name).as_deref().and_then(text);
        Self {
            message: get("message").or_else(|| detail(&member("detail")?)),
            class: get("type"),
            param: get("param"),
            code: get("code"),
        }
    }

    fn kind(&self, status: u16) -> FailureKind {
        let words = [self.code.as_deref(), self.class.as_deref()];
        if let Some(kind) = words.into_iter().flatten().find_map(kind_of_code) {
            return kind;
        }
        if matches!(status, 400 | 413 | 422) && self.tells_of_context() {
            return FailureKind::ContextWindow;
        }
        match status {
            200..300 if self.message.is_none() && words == [None, None] => FailureKind::Malformed,
            // An error event of a stream has the stream's status, and perhaps one as its code.
            200..300 => words
                .into_iter()
                .flatten()
                .find_map(|word| word.parse().ok().filter(|code| (400..600).contains(code)))
                .map(kind_of_status)
                .or_else(|| words.into_iter().flatten().find_map(kind_of_class))
                .unwrap_or(FailureKind::Unavailable),
            _ => kind_of_status(status),
        }
    }

    /// Servers that are like OpenAI's give the sentence without the code.
    fn tells_of_context(&self) -> bool {
        self.message.as_deref().is_some_and(|message| message.contains("maximum context length"))
    }
}

/// Codes that say more than the status they come with.
fn kind_of_code(code: &str) -> Option<FailureKind> {
    match code {
        "context_length_exceeded" => Some(FailureKind::ContextWindow),
        "content_filter" | "content_policy_violation" => Some(FailureKind::ContentPolicy),
        _ => None,
    }
}

/// Classes that stand for a status where there is none.
fn kind_of_class(class: &str) -> Option<FailureKind> {
    match class {
        "invalid_request_error" => Some(FailureKind::InvalidRequest),
        "authentication_error" | "invalid_api_key" => Some(FailureKind::Authentication),
        "permission_error" => Some(FailureKind::Permission),
        "not_found_error" | "model_not_found" => Some(FailureKind::NotFound),
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "insufficient_quota"
        | "tokens"
        | "requests" => Some(FailureKind::RateLimited),
        _ => None,
    }
}

fn kind_of_status(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Authentication,
        403 => FailureKind::Permission,
        404 => FailureKind::NotFound,
        429 => FailureKind::RateLimited,
        408 | 500.. => FailureKind::Unavailable,
        400..500 => FailureKind::InvalidRequest,
        _ => FailureKind::Malformed,
    }
}

/// The message in a `detail`: a text, an object with `error`, or a list of what is wrong.
fn detail(json: &str) -> Option<String> {
    if let Ok(items) = serde_json::from_str::<Vec<WireDetail<'_>>>(json) {
        return raw_text(items.first()?.error);
    }
    match serde_json::from_str::<WireDetail<'_>>(json) {
        Ok(wire) => raw_text(wire.error),
        Err(_) => text(json),
    }
}

fn raw_text(raw: Option<&RawValue>) -> Option<String> {
    text(raw?.get())
}

/// A JSON text that is not empty; or a number as it is written, for servers that give their codes
/// so.
fn text(json: &str) -> Option<String> {
    if json.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        return Some(json.to_owned());
    }
    serde_json::from_str(json).ok().filter(|text: &String| !text.is_empty())
}

fn wordless(status: u16) -> String {
    format!("The provider answered with status {status} and no message.")
}

/// The message without what looks like a key, and not too long. Providers repeat the key that
/// they refuse, some of them the whole of it.
fn presentable(message: &str) -> String {
    let cut = message.char_indices().nth(MESSAGE_CHARS_MAX).map_or(message.len(), |(at, _)| at);
    let (message, _) = message.split_at_checked(cut).unwrap_or((message, ""));
    let mut pieces = message.split("sk-");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
        let rest = piece.trim_start_matches(secret);
        // Words such as `task-based` and a bare prefix are no keys.
        let hidden = piece.len() - rest.len() >= 8;
        shown.push_str(if hidden { "sk-..." } else { "sk-" });
        shown.push_str(if hidden { rest } else { piece });
    }
    shown
}

#[cfg(test)]
mod tests;
