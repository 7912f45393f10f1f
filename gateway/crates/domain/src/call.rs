//! A model call from its facts to its outcome.

use serde::{Deserialize, Serialize};

use crate::{CallId, NanoUsd, Observed};

/// The form in which a client asks and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenAI's chat completions.
    OpenaiChat,
}

/// A deployment that could serve a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The deployment's id.
    pub deployment: String,
    /// The most output tokens that one choice can have there, if known.
    pub output_max: Option<u64>,
}

/// The facts of a model call, read once from the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The gateway's own id.
    pub id: CallId,
    /// The client's dialect.
    pub dialect: Dialect,
    /// The model name that the client asked for.
    pub model: String,
    /// Whether it asked for a stream.
    pub streamed: bool,
    /// Upper bound of the input tokens.
    pub input_bound: u64,
    /// The client's own output cap, per choice.
    pub output_cap: Option<u64>,
    /// How many choices it asked for, at least 1.
    pub choices: u64,
    /// Deployments that may be chosen, at least one.
    pub candidates: Vec<Candidate>,
}

/// What remains of a limit after admission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What is counted.
    pub kind: String,
    /// The ceiling.
    pub limit: u64,
    /// What remains.
    pub remaining: u64,
}

/// What the limiter component says of a call that may be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Money reserved.
    pub reserved: NanoUsd,
    /// The output cap per choice that the reservation counts on.
    pub output_cap: Option<u64>,
    /// What remains of the caller's limits.
    pub allowances: Vec<Allowance>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The client got a whole answer.
    Success,
    /// The provider or the gateway failed.
    Failure,
    /// The client went away, or the gateway died, before the answer ended.
    Interrupted,
}

/// What came of an admitted call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The deployment that was asked, empty if none.
    pub deployment: String,
    /// How the call ended.
    pub ending: Ending,
    /// What it used.
    pub usage: Observed,
}

// === impl Dialect ===

impl Dialect {
    /// The name in the contract, in logs and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai-chat",
        }
    }
}

// === impl Ending ===

impl Ending {
    /// The name in logs, metrics and the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Interrupted => "interrupted",
        }
    }
}
