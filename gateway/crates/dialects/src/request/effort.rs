//! Budgets of thinking tokens as reasoning effort, in the steps that LiteLLM takes the other way.

/// The effort that spends about so many tokens on thinking. `high` is the most that every
/// provider knows.
pub(super) fn of_budget(tokens: u64) -> &'static str {
    match tokens {
        0..1024 => "minimal",
        1024..2048 => "low",
        2048..4096 => "medium",
        _ => "high",
    }
}
