//! Requests of every talking dialect in the neutral one: OpenAI's chat completions.
//!
//! What chat has no place for is kept where providers that can carry it look for it: members that
//! nobody here knows stay under their names; `cache_control` stays on its part, message or tool;
//! reasoning of earlier turns is the assistant message's `thinking_blocks`; a failed tool's message
//! has `is_error`; `thinking` stays beside the `reasoning_effort` that is nearest to it; files by
//! address are `file.file_url`. What cannot be kept is named in [`Neutral::dropped`].

mod completions;
mod content;
mod draft;
mod effort;
mod messages;
mod responses;

use bytes::Bytes;
use tollgate_domain::{Dialect, Document};

use crate::json::Text;
use crate::place::Unreadable;
pub(crate) use responses::SEALED_PREFIX;

/// A request in the neutral dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neutral {
    /// The body, a JSON object. Dialects that do not talk are neutral themselves.
    pub body: Bytes,
    /// Parameters of the client that the body does not carry. Unless the deployment lets
    /// parameters be dropped, the request is to be refused with their names.
    pub dropped: Vec<String>,
}

/// Puts a request into the neutral dialect.
pub fn to_neutral(dialect: Dialect, document: &Document) -> Result<Neutral, Unreadable> {
    match dialect {
        Dialect::OpenaiCompletions => completions::to_chat(document.bytes()),
        Dialect::OpenaiResponses => responses::to_chat(document.bytes()),
        Dialect::AnthropicMessages => messages::to_chat(document.bytes()),
        Dialect::OpenaiChat
        | Dialect::AnthropicCountTokens
        | Dialect::OpenaiEmbeddings
        | Dialect::Rerank
        | Dialect::OpenaiModerations
        | Dialect::OpenaiImages
        | Dialect::OpenaiSpeech
        | Dialect::OpenaiTranscriptions => {
            Ok(Neutral { body: document.bytes().clone(), dropped: Vec::new() })
        }
    }
}

impl Neutral {
    fn new(body: Text, dropped: Vec<String>) -> Self {
        Self { body: body.into_bytes().into(), dropped }
    }
}
