//! What a refused caller is told.

use tollgate_sdk::limits::Excess;
use tollgate_sdk::types::{Denial, LimitHit, Milliseconds, NanoUsd, Principal};
use tollgate_sdk::{usd_text, utc_text};

/// The key is not for models at all.
pub(crate) fn scope() -> Denial {
    let message = "This key may not call models: it was made for management routes.";
    Denial::new(403, "permission_error", message.into())
}

/// The key is for other models.
pub(crate) fn model(model: &str) -> Denial {
    let message = format!(
        "The requested model '{model}' is not available for this API key, or the model name is \
         invalid. Check the models available to you and try again."
    );
    Denial::new(403, "key_model_access_denied", message).about("model")
}

/// The key has a budget, and nobody can say what the call costs.
pub(crate) fn unpriced(model: &str, deployment: &str) -> Denial {
    let message = format!(
        "This key has a budget, and the model '{model}' has no price at the deployment \
         '{deployment}', so the cost of the call has no bound. Set input_cost_per_token and \
         output_cost_per_token for the deployment, or use a key without max_budget."
    );
    Denial::new(400, "unbounded_cost", message).about("model")
}

/// Too many calls in the window.
pub(crate) fn rate(principal: &Principal, ceiling: u64, resets_at: Milliseconds) -> Denial {
    let message = format!(
        "Rate limit exceeded for api_key: {}. Limit type: requests. Current limit: {ceiling}, \
         Remaining: 0. Limit resets at: {}",
        principal.key_id,
        utc_text(resets_at)
    );
    let hit = LimitHit { kind: "requests".into(), limit: ceiling, resets_at };
    Denial { limit: Some(hit), ..Denial::new(429, "throttling_error", message) }
}

/// What the call can cost does not fit into what is left of the budget.
pub(crate) fn budget(
    principal: &Principal,
    excess: Excess,
    ceiling: NanoUsd,
    amount: NanoUsd,
) -> Denial {
    let mut message = format!(
        "Budget has been exceeded! Key=key ({}) Current cost: {}, Max budget: {}",
        principal.key_name,
        usd_text(excess.used),
        usd_text(ceiling)
    );
    if excess.used < ceiling {
        message.push_str(&format!(
            ". This call could cost up to {}: ask for fewer output tokens, or raise max_budget.",
            usd_text(amount)
        ));
    }
    Denial::new(422, "budget_exceeded", message)
}

/// The host could not say whether the call fits.
pub(crate) fn unavailable() -> Denial {
    Denial::unavailable("The key's budget is not known at present. Try again.")
}

/// The host did not understand the claims: a fault of this component.
pub(crate) fn fault() -> Denial {
    let message = "The key's limits could not be checked.";
    Denial::new(500, "internal_server_error", message.into())
}
