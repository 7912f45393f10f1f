//! The member that carries the output cap.

use tollgate_sdk::types::Call;

const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";
const MAX_OUTPUT_TOKENS: &str = "max_output_tokens";

/// The member of a call's dialect; none if the dialect has no cap. Of a chat it is the one that the
/// client uses, else the one that the model understands: OpenAI's reasoning models refuse
/// `max_tokens`, many other servers know no other.
pub(super) fn member(
    call: &Call,
    member: impl Fn(&str) -> Option<String>,
    model: &str,
) -> Option<&'static str> {
    let used = |name| member(name).is_some_and(|value| value != "null");
    match call.dialect.as_str() {
        "openai-chat" if used(MAX_COMPLETION_TOKENS) => Some(MAX_COMPLETION_TOKENS),
        "openai-chat" if !used(MAX_TOKENS) && refuses_max_tokens(model) => {
            Some(MAX_COMPLETION_TOKENS)
        }
        "openai-chat" | "openai-completions" => Some(MAX_TOKENS),
        "openai-responses" => Some(MAX_OUTPUT_TOKENS),
        _ => None,
    }
}

fn refuses_max_tokens(model: &str) -> bool {
    let numbered = model
        .strip_prefix('o')
        .and_then(|rest| rest.chars().next())
        .is_some_and(|next| next.is_ascii_digit());
    numbered || model.starts_with("gpt-5")
}
