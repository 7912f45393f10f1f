//! Answers in no provider's dialect, and failures in words common to all.

use bytes::Bytes;

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinishReason {
    /// It came to an end.
    Stop,
    /// It reached the output cap.
    Length,
    /// It asks for tools to be called.
    ToolCalls,
    /// A content filter stopped it.
    ContentFilter,
}

/// A piece of a tool call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCallDelta {
    /// Position of the tool call within the message.
    pub index: u32,
    /// Its id, on the first piece.
    pub id: Option<String>,
    /// The tool's name, on the first piece.
    pub name: Option<String>,
    /// The next characters of the arguments.
    pub arguments: String,
}

/// A member of an answer that has no event of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The member's name, such as `system_fingerprint`.
    pub name: String,
    /// Its value as JSON text.
    pub value: String,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The provider's own id of the answer, once, at the start.
    Id(String),
    /// What follows belongs to the choice of this index. An answer begins with choice 0.
    Choice(u32),
    /// The next characters of the answer.
    Text(String),
    /// The next characters of the reasoning.
    Reasoning(String),
    /// What proves the reasoning before it to its provider. Ends a block of reasoning.
    Signature(String),
    /// A whole block of reasoning that only its provider can read.
    SealedReasoning(String),
    /// The next characters of the model's refusal to answer.
    Refusal(String),
    /// A source for the text before it, as a JSON object.
    Citation(String),
    /// The next piece of a tool call.
    ToolCall(ToolCallDelta),
    /// A member of the answer's choice, such as `logprobs`. In a stream it goes with the text that
    /// comes next.
    ChoiceExtension(Extension),
    /// A member of the whole answer, such as `service_tier`.
    Extension(Extension),
    /// The current choice is complete.
    Finish(FinishReason),
    /// The whole answer as a JSON object, for dialects that do not talk.
    Document(String),
    /// What was used so far. Later ones replace earlier ones.
    Usage(crate::Usage),
}

/// A piece of a provider's answer, cut by the host for a decoder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The event's name, if its framing gives one.
    pub name: Option<String>,
    /// Its data, without the framing.
    pub data: Bytes,
}

/// Classes of provider failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The request is not valid for the provider.
    InvalidRequest,
    /// The provider refused the gateway's credential.
    Authentication,
    /// The credential may not do this.
    Permission,
    /// No such model or resource.
    NotFound,
    /// The input does not fit the context window.
    ContextWindow,
    /// The provider's content policy refused.
    ContentPolicy,
    /// The provider asks for fewer requests.
    RateLimited,
    /// The provider failed or is overloaded.
    Unavailable,
    /// The provider answered what cannot be understood.
    Malformed,
}

/// A failure of a provider, as its component explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub kind: FailureKind,
    /// The provider's own message.
    pub message: String,
    /// The request parameter at fault.
    pub param: Option<String>,
    /// The provider's own code.
    pub code: Option<String>,
}
