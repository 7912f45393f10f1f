//! Failures in words common to all providers.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_neutral::{Object, array, kind_of_status, presentable, wordless};
use tollgate_sdk::types::{Failure, FailureKind};

/// Google's error object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireError<'a> {
    code: Option<u16>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow)]
    status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    details: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireDetail<'a> {
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    field_violations: Option<Vec<Violation<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation<'a> {
    #[serde(borrow)]
    field: Option<Cow<'a, str>>,
}

/// Explains an answer that is no success. Some methods give the error inside a list.
pub(crate) fn failure(status: u16, body: &[u8]) -> Failure {
    let body = std::str::from_utf8(body).ok();
    let body: Option<&RawValue> = body.and_then(|text| serde_json::from_str(text).ok());
    let first = body.and_then(array).and_then(|list| list.first().copied());
    let json = first.or(body).and_then(Object::of).and_then(|object| object.get("error"));
    error(status, json.map(RawValue::get))
}

/// Explains an error object. `status` is 200 for one inside a stream, which then has its own code.
pub(crate) fn error(status: u16, json: Option<&str>) -> Failure {
    let Some(wire) = json.and_then(|json| serde_json::from_str::<WireError<'_>>(json).ok()) else {
        let kind = if status < 300 { FailureKind::Unavailable } else { kind_of_status(status) };
        return Failure { kind, message: wordless(status), param: None, code: None };
    };
    let details: Vec<WireDetail<'_>> = wire
        .details
        .iter()
        .flatten()
        .filter_map(|detail| serde_json::from_str(detail.get()).ok())
        .collect();
    let message = wire.message.as_deref().filter(|message| !message.is_empty());
    let status = if status < 300 { wire.code.unwrap_or(500) } else { status };
    let param = details.iter().flat_map(|detail| detail.field_violations.iter().flatten());
    Failure {
        kind: kind(status, wire.status.as_deref(), message.unwrap_or_default(), &details),
        message: message.map_or_else(|| wordless(status), |message| hidden(&presentable(message))),
        param: param.filter_map(|found| found.field.as_deref()).next().map(presentable),
        code: wire.status.as_deref().map(presentable),
    }
}

fn kind(status: u16, word: Option<&str>, message: &str, details: &[WireDetail<'_>]) -> FailureKind {
    let has_reason = |wanted: &str| details.iter().any(|d| d.reason.as_deref() == Some(wanted));
    if has_reason("API_KEY_INVALID") || message.starts_with("API key not valid") {
        return FailureKind::Authentication;
    }
    match word {
        Some("INVALID_ARGUMENT" | "OUT_OF_RANGE") if tells_of_context(message) => {
            FailureKind::ContextWindow
        }
        Some("INVALID_ARGUMENT" | "OUT_OF_RANGE" | "FAILED_PRECONDITION") => {
            FailureKind::InvalidRequest
        }
        Some("UNAUTHENTICATED") => FailureKind::Authentication,
        Some("PERMISSION_DENIED") => FailureKind::Permission,
        Some("NOT_FOUND") => FailureKind::NotFound,
        Some("RESOURCE_EXHAUSTED") => FailureKind::RateLimited,
        Some("INTERNAL" | "UNAVAILABLE" | "DEADLINE_EXCEEDED" | "ABORTED" | "UNKNOWN") => {
            FailureKind::Unavailable
        }
        _ => kind_of_status(status),
    }
}

/// Google has no word of its own for a prompt that is too long.
fn tells_of_context(message: &str) -> bool {
    message.contains("exceeds the maximum number of tokens")
        || message.contains("input token count") && message.contains("exceed")
}

/// The message without what looks like one of Google's keys.
fn hidden(message: &str) -> String {
    let mut pieces = message.split("AIza");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        shown.push_str("AIza...");
        shown.push_str(piece.trim_start_matches(is_key));
    }
    shown
}

#[cfg(test)]
mod tests;
