//! A model call from its facts to its outcome.

use serde::{Deserialize, Serialize};

use crate::{CallId, NanoUsd, Observed};

/// The form in which a client asks and is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenAI's chat completions; also the neutral form of every dialect that talks.
    OpenaiChat,
    /// OpenAI's completions of a text.
    OpenaiCompletions,
    /// OpenAI's responses.
    OpenaiResponses,
    /// Anthropic's messages.
    AnthropicMessages,
    /// Anthropic's count of a message's tokens.
    AnthropicCountTokens,
    /// OpenAI's embeddings.
    OpenaiEmbeddings,
    /// Rankings of documents, in the form that Cohere began and others took over.
    Rerank,
    /// OpenAI's moderations.
    OpenaiModerations,
    /// OpenAI's images made from a text.
    OpenaiImages,
    /// OpenAI's speech made from a text.
    OpenaiSpeech,
    /// OpenAI's text made from speech; the request is a form.
    OpenaiTranscriptions,
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
    /// Every dialect.
    pub const ALL: [Self; 11] = [
        Self::OpenaiChat,
        Self::OpenaiCompletions,
        Self::OpenaiResponses,
        Self::AnthropicMessages,
        Self::AnthropicCountTokens,
        Self::OpenaiEmbeddings,
        Self::Rerank,
        Self::OpenaiModerations,
        Self::OpenaiImages,
        Self::OpenaiSpeech,
        Self::OpenaiTranscriptions,
    ];

    /// The name in the contract, in logs and in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiCompletions => "openai-completions",
            Self::OpenaiResponses => "openai-responses",
            Self::AnthropicMessages => "anthropic-messages",
            Self::AnthropicCountTokens => "anthropic-count-tokens",
            Self::OpenaiEmbeddings => "openai-embeddings",
            Self::Rerank => "rerank",
            Self::OpenaiModerations => "openai-moderations",
            Self::OpenaiImages => "openai-images",
            Self::OpenaiSpeech => "openai-speech",
            Self::OpenaiTranscriptions => "openai-transcriptions",
        }
    }

    /// The dialect of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    /// The dialect that a call of this one is translated into for a provider which does not speak
    /// it. None: only providers that speak it can serve it.
    pub fn neutral(self) -> Option<Self> {
        match self {
            Self::OpenaiChat
            | Self::OpenaiCompletions
            | Self::OpenaiResponses
            | Self::AnthropicMessages => Some(Self::OpenaiChat),
            Self::OpenaiEmbeddings => Some(Self::OpenaiEmbeddings),
            Self::Rerank => Some(Self::Rerank),
            Self::AnthropicCountTokens
            | Self::OpenaiModerations
            | Self::OpenaiImages
            | Self::OpenaiSpeech
            | Self::OpenaiTranscriptions => None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_are_those_of_the_ledger() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::named(dialect.name()), Some(dialect));
            let written = serde_json::to_value(dialect).unwrap();
            assert_eq!(written, dialect.name());
        }
        assert_eq!(Dialect::named("openai"), None);
    }

    #[test]
    fn what_is_neutral_stays_what_it_is() {
        for dialect in Dialect::ALL {
            if let Some(neutral) = dialect.neutral() {
                assert_eq!(neutral.neutral(), Some(neutral));
            }
        }
    }
}
