//! Requests in Anthropic's own dialect: the client's body with a few members changed.

use tollgate_neutral::write;
use tollgate_sdk::types::Tokens;

use crate::bindings::exports::tollgate::policy::translation::{
    Edit, Reading, UpstreamBody, UpstreamRequest,
};
use crate::request;

/// The dialect of messages.
pub(crate) const MESSAGES: &str = "anthropic-messages";

/// The dialect that counts the tokens of messages without answering them.
pub(crate) const COUNT_TOKENS: &str = "anthropic-count-tokens";

/// Members that speak to the gateway. `metadata` is not among them: it is Anthropic's.
const GATEWAY_MEMBERS: [&str; 5] =
    ["litellm_metadata", "mock_response", "fallbacks", "disable_fallbacks", "drop_params"];

/// The request that lets messages be answered.
pub(crate) fn messages(model: &str, output_cap: Option<Tokens>) -> UpstreamRequest {
    let mut edits = edits(model);
    if let Some(cap) = output_cap {
        edits.push(Edit { member: "max_tokens".into(), value: Some(cap.to_string()) });
    }
    passed(request::MESSAGES_PATH, edits)
}

/// The request that lets messages be counted.
pub(crate) fn count_tokens(model: &str) -> UpstreamRequest {
    passed("/v1/messages/count_tokens", edits(model))
}

fn edits(model: &str) -> Vec<Edit> {
    let mut edits = Vec::with_capacity(GATEWAY_MEMBERS.len() + 2);
    edits.push(Edit { member: "model".into(), value: Some(write::text(model)) });
    edits.extend(GATEWAY_MEMBERS.map(|name| Edit { member: name.into(), value: None }));
    edits
}

fn passed(path: &str, edits: Vec<Edit>) -> UpstreamRequest {
    request::upstream(path, UpstreamBody::Edited(edits), Reading::PassThrough)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(request: &UpstreamRequest) -> Vec<(&str, Option<&str>)> {
        let UpstreamBody::Edited(edits) = &request.body else {
            panic!("the body is edited");
        };
        edits.iter().map(|edit| (edit.member.as_str(), edit.value.as_deref())).collect()
    }

    #[test]
    fn the_model_and_the_cap_are_set_and_nothing_else_of_anthropic_s_is_touched() {
        let request = messages("claude-\"x", Some(7));
        assert_eq!(
            (request.path.as_str(), request.reading),
            ("/v1/messages", Reading::PassThrough)
        );
        let edits = edited(&request);
        assert_eq!(edits.first(), Some(&("model", Some(r#""claude-\"x""#))));
        assert_eq!(edits.last(), Some(&("max_tokens", Some("7"))));
        let removed: Vec<_> = edits.iter().filter(|(_, value)| value.is_none()).collect();
        assert_eq!(removed.len(), GATEWAY_MEMBERS.len());
        assert!(!edits.iter().any(|(name, _)| *name == "metadata"));
        assert!(edited(&messages("m", None)).iter().all(|(name, _)| *name != "max_tokens"));
    }

    #[test]
    fn counting_has_its_own_path_and_no_cap() {
        let request = count_tokens("m");
        assert_eq!(request.path, "/v1/messages/count_tokens");
        assert!(edited(&request).iter().all(|(name, _)| *name != "max_tokens"));
    }
}
