//! Answers in no provider's dialect, and failures in words common to all.

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

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The next characters of the answer.
    Text(String),
    /// The next characters of the reasoning.
    Reasoning(String),
    /// The next piece of a tool call.
    ToolCall(ToolCallDelta),
    /// The model stopped.
    Finish(FinishReason),
    /// What was used.
    Usage(crate::Usage),
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
