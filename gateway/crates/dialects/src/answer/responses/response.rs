//! The response object that an answer is, or that events of its stream hold.

use tollgate_domain::{FinishReason, Usage};

use crate::answer::{Subject, usage};
use crate::finish::incomplete_reason;
use crate::json::{Members, Text, compact, object};

/// Members that repeat the request, and what they are if it does not have them.
const REPEATED: [(&str, &str); 12] = [
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("metadata", "{}"),
    ("parallel_tool_calls", "true"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("temperature", "1.0"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", r#""auto""#),
    ("tools", "[]"),
    ("top_p", "1.0"),
    ("truncation", r#""disabled""#),
    ("user", "null"),
];

/// Where a response stands.
#[derive(Debug)]
pub(super) enum Status {
    InProgress,
    Completed,
    /// Cut, for this reason.
    Incomplete(&'static str),
    /// Broken off, with this error.
    Failed(Text),
}

/// What a response says of itself.
pub(super) struct Head<'a> {
    pub(super) id: &'a str,
    pub(super) subject: &'a Subject,
    pub(super) service_tier: Option<&'a str>,
}

// === impl Status ===

impl Status {
    /// How a response has ended.
    pub(super) fn of(finish: Option<FinishReason>) -> Self {
        match finish.and_then(incomplete_reason) {
            Some(reason) => Self::Incomplete(reason),
            None => Self::Completed,
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
            Self::Incomplete(_) => "incomplete",
            Self::Failed(_) => "failed",
        }
    }

    /// The event that says so at the end of a stream.
    pub(super) fn event(&self) -> &'static str {
        match self {
            Self::InProgress => "response.in_progress",
            Self::Completed => "response.completed",
            Self::Incomplete(_) => "response.incomplete",
            Self::Failed(_) => "response.failed",
        }
    }
}

/// The object. Nothing is stored, whatever the request asked for.
pub(super) fn response(
    head: &Head<'_>,
    status: &Status,
    output: &[Text],
    used: Option<&Usage>,
) -> Text {
    let (error, incomplete) = match status {
        Status::Failed(error) => (Some(error), None),
        Status::Incomplete(reason) => (None, Some(object! { "reason": reason })),
        Status::InProgress | Status::Completed => (None, None),
    };
    let mut members = Members::new();
    members.put("id", head.id);
    members.put("object", "response");
    members.put("created_at", &head.subject.created);
    members.put("status", status.word());
    members.put("error", &error);
    members.put("incomplete_details", &incomplete);
    members.put("model", &head.subject.model);
    members.put("output", output);
    members.put("previous_response_id", &None::<&str>);
    members.put("store", &false);
    members.put_some("service_tier", head.service_tier);
    let shown = !matches!(status, Status::InProgress);
    members.put("usage", &used.filter(|_| shown).map(usage::responses));
    let request = head.subject.request.as_deref();
    for (name, otherwise) in REPEATED {
        let asked = request.and_then(|request| request.member(name));
        let asked = asked.filter(|text| *text != "null").and_then(compact);
        members.put(name, &asked.unwrap_or_else(|| Text::of_json(otherwise)));
    }
    members.end()
}
