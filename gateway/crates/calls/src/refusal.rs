//! What a client is told when a call does not succeed: one type, made in one place, written by
//! the client's dialect.

use std::sync::Arc;

use tollgate_dialects::{Fault, Unreadable};
use tollgate_domain::{Denial, Failure, FailureKind, LimitHit};
use tollgate_host::{Limit, Ran};
use tollgate_ledger::JournalError;
use tollgate_routing::{Cause, Failure as Failed, Fallbacks, Plan, StandIns};
use tollgate_upstream::SendError;

use crate::deployment::Deployment;
use crate::wish;

/// A refusal or failure, ready for the client's dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status, never a success.
    pub status: u16,
    /// Machine-readable class.
    pub kind: String,
    /// What a person needs to put it right.
    pub message: String,
    /// The request parameter at fault.
    pub param: Option<String>,
    /// The limit that was reached.
    pub limit: Option<Box<LimitHit>>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
    /// Why a provider did not answer, if it is that; another one may.
    pub cause: Option<Cause>,
}

// === impl Refusal ===

impl Refusal {
    pub(crate) fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        let (kind, message) = (kind.to_owned(), message.into());
        Self { status, kind, message, param: None, limit: None, retry_after: None, cause: None }
    }

    pub(crate) fn about(mut self, param: &str) -> Self {
        self.param = Some(param.to_owned());
        self
    }

    /// A mistake in the request.
    pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message).about(param)
    }

    /// The gateway has no room.
    pub(crate) fn overloaded() -> Self {
        let message = "The gateway is busy: too many calls are in flight. Try again shortly.";
        Self { retry_after: Some(1), ..Self::new(503, "service_unavailable", message) }
    }

    /// The gateway is about to end.
    pub(crate) fn stopping() -> Self {
        let message = "The gateway is stopping and takes no new calls. Try again shortly.";
        Self { retry_after: Some(1), ..Self::new(503, "service_unavailable", message) }
    }

    /// The journal cannot be written, so nothing may be spent; or it says that another process's
    /// calls have taken the budget.
    pub(crate) fn not_journalled(error: &JournalError) -> Self {
        if let JournalError::OverBudget = error {
            let message = "Budget has been exceeded by calls that began at the same moment.";
            return Self::new(422, "budget_exceeded", message);
        }
        let message = "The gateway cannot record calls at present. Try again shortly.";
        Self { retry_after: Some(5), ..Self::new(503, "service_unavailable", message) }
    }

    /// A component broke or was stopped; `stage` names what it was to do.
    pub(crate) fn plugin_failed(stage: &str, limit: Option<Limit>) -> Self {
        if limit == Some(Limit::Instances) {
            return Self::overloaded();
        }
        let message = format!("The gateway's {stage} policy failed. The call was not made.");
        Self::new(500, "internal_server_error", message)
    }

    /// The request cannot be read, or not be put into the provider's dialect.
    pub(crate) fn unreadable(unreadable: Unreadable) -> Self {
        let Unreadable { param, message } = unreadable;
        Self { param, ..Self::new(400, "invalid_request_error", message) }
    }

    /// The provider has no place for parameters, and they may not be dropped.
    pub(crate) fn unsupported(deployment: &Deployment, first: &str, all: &[String]) -> Self {
        let message = format!(
            "litellm.UnsupportedParamsError: {} does not support parameters: {all:?}, for model={}. \
             To drop these, set `litellm_settings.drop_params: true`, or send `drop_params: true`.",
            deployment.provider_name, deployment.target.model
        );
        Self::new(400, "invalid_request_error", message).about(first)
    }

    /// The parts that go into a body.
    pub(crate) fn fault(&self) -> Fault {
        Fault {
            status: self.status,
            kind: self.kind.clone(),
            message: self.message.clone(),
            param: self.param.clone(),
        }
    }

    /// What a component's call gave, if it was neither a value nor a refusal of its own.
    pub(crate) fn of_ran<T, R>(stage: &str, ran: Ran<T, R>) -> Result<Result<T, R>, Self> {
        match ran {
            Ran::Value(value) => Ok(Ok(value)),
            Ran::Refused(refused) => Ok(Err(refused)),
            Ran::Trapped(_) => Err(Self::plugin_failed(stage, None)),
            Ran::Exceeded(limit) => Err(Self::plugin_failed(stage, Some(limit))),
        }
    }

    /// No deployment has this name.
    pub(crate) fn unknown_model(model: &str) -> Self {
        let message = format!(
            "litellm.BadRequestError: You passed in model={model}. There are no healthy \
             deployments for this model"
        );
        Self::new(400, "invalid_request_error", message)
    }

    /// What a provider's component made of the provider's answer.
    pub(crate) fn of_failure(failure: &Failure, provider: &str, status: u16) -> Self {
        let (mapped, kind, name) = class(failure.kind, status);
        let provider = display_name(provider);
        let doubled = match failure.kind {
            FailureKind::InvalidRequest => String::new(),
            FailureKind::ContextWindow => format!("litellm.BadRequestError: {name}: "),
            _ => format!("{name}: "),
        };
        let message = format!("litellm.{name}: {doubled}{provider}Exception - {}", failure.message);
        let cause = Some(cause(failure.kind, status));
        Self { param: failure.param.clone(), cause, ..Self::new(mapped, kind, message) }
    }

    /// No answer came, or not a whole one.
    pub(crate) fn of_send(error: &SendError, provider: &str) -> Self {
        let provider = display_name(provider);
        match error {
            SendError::TimedOut { .. } => {
                let message =
                    format!("litellm.Timeout: APITimeoutError - {provider} did not answer in time");
                let cause = Some(Cause::Timeout);
                Self { cause, ..Self::new(408, "invalid_request_error", message) }
            }
            SendError::Endpoint(_)
            | SendError::Request(_)
            | SendError::Connect { .. }
            | SendError::Broken { .. } => {
                // The cause names internal hosts; it goes to the log.
                let message = format!(
                    "litellm.InternalServerError: InternalServerError: {provider}Exception - \
                     Connection error."
                );
                let cause = Some(Cause::Internal);
                Self { cause, ..Self::new(500, "internal_server_error", message) }
            }
        }
    }

    /// Every deployment of the model is as busy as it may be.
    pub(crate) fn no_room(model: &str, seconds: u64) -> Self {
        let message = format!(
            "No deployments available for selected model, Try again in {seconds} seconds. Passed \
             model={model}"
        );
        let cause = Some(Cause::Overloaded);
        Self { retry_after: Some(seconds), cause, ..Self::new(429, "throttling_error", message) }
    }

    /// Says, as LiteLLM does, whether another model could have answered.
    pub(crate) fn routed(self, plan: &Plan<'_, Arc<Deployment>>, callable: &[String]) -> Self {
        let (wish, rules) = (plan.wish(), plan.rules());
        match (&wish.fallbacks, plan.entered()) {
            (StandIns::Refused, _) => self,
            (_, []) => self.explained(&rules.fallbacks, &wish.model, callable),
            (_, tried) => {
                let (model, tried) = (&wish.model, tried.join(", "));
                self.with_note(format_args!(
                    "model group '{model}' failed, and so did those that stood in for it: {tried}. \
                     The error above is the last one."
                ))
            }
        }
    }

    /// The same where nothing stood in.
    /// Only models that the key may call are named; an empty list is all of them.
    pub(crate) fn explained(self, fallbacks: &Fallbacks, model: &str, callable: &[String]) -> Self {
        let is_special = matches!(self.cause, Some(Cause::ContextWindow | Cause::ContentPolicy));
        if is_special || fallbacks.general.is_empty() {
            return self.with_note(format_args!(
                "model group '{model}' failed with the error above. No fallback was attempted."
            ));
        }
        let groups = fallbacks.general.keys().map(String::as_str);
        let mut groups: Vec<_> = groups.filter(|name| wish::may_call(callable, name)).collect();
        if groups.is_empty() {
            return self;
        }
        groups.sort_unstable();
        self.with_note(format_args!(
            "model group '{model}' failed with the error above and no fallback model group was \
             found for it, so the request was not retried on another model. Fallbacks are \
             configured for: {}. Add a fallbacks entry for that model group (Router fallbacks or \
             proxy router_settings.fallbacks) to retry on another model.",
            groups.join(", ")
        ))
    }

    fn with_note(mut self, note: std::fmt::Arguments<'_>) -> Self {
        self.message = format!("{}\n\nLiteLLM: {note}", self.message);
        self
    }

    /// What routing makes of it; none if asking another deployment is of no use.
    pub(crate) fn failure(&self) -> Option<Failed> {
        let retry_after = self.retry_after.map(std::time::Duration::from_secs);
        self.cause.map(|cause| Failed { cause, retry_after })
    }
}

/// Why a provider failed, in routing's words.
fn cause(kind: FailureKind, status: u16) -> Cause {
    match kind {
        FailureKind::InvalidRequest if status == 408 => Cause::Timeout,
        FailureKind::InvalidRequest => Cause::InvalidRequest,
        FailureKind::Authentication => Cause::Authentication,
        FailureKind::Permission => Cause::Permission,
        FailureKind::NotFound => Cause::NotFound,
        FailureKind::ContextWindow => Cause::ContextWindow,
        FailureKind::ContentPolicy => Cause::ContentPolicy,
        FailureKind::RateLimited => Cause::RateLimited,
        FailureKind::Unavailable if matches!(status, 503 | 529) => Cause::Overloaded,
        FailureKind::Unavailable | FailureKind::Malformed => Cause::Internal,
    }
}

/// Status, class and LiteLLM's name of each kind of failure, as its clients know them.
fn class(kind: FailureKind, status: u16) -> (u16, &'static str, &'static str) {
    let unavailable = if status == 503 { 503 } else { 500 };
    match kind {
        FailureKind::InvalidRequest => (400, "invalid_request_error", "BadRequestError"),
        FailureKind::ContextWindow => (400, "invalid_request_error", "ContextWindowExceededError"),
        FailureKind::ContentPolicy => (400, "invalid_request_error", "ContentPolicyViolationError"),
        FailureKind::Authentication => (401, "authentication_error", "AuthenticationError"),
        FailureKind::Permission => (403, "permission_error", "APIError"),
        FailureKind::NotFound => (404, "invalid_request_error", "NotFoundError"),
        FailureKind::RateLimited => (429, "throttling_error", "RateLimitError"),
        FailureKind::Unavailable if unavailable == 503 => {
            (503, "internal_server_error", "ServiceUnavailableError")
        }
        FailureKind::Unavailable => (500, "internal_server_error", "InternalServerError"),
        FailureKind::Malformed => (500, "internal_server_error", "APIConnectionError"),
    }
}

/// `openai` is written `OpenAI` in LiteLLM's messages, others with a capital.
fn display_name(provider: &str) -> String {
    if provider == "openai" {
        return "OpenAI".to_owned();
    }
    let mut letters = provider.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        let retry_after = denial.limit.as_ref().map(|hit| {
            let left = hit.resets_at.saturating_sub(tollgate_domain::unix_now());
            left.div_ceil(1000).max(1)
        });
        Self {
            status: denial.status,
            kind: denial.kind,
            message: denial.message,
            param: denial.param,
            limit: denial.limit.map(Box::new),
            retry_after,
            cause: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind) -> Failure {
        Failure { kind, message: "mock".to_owned(), param: None, code: None }
    }

    #[test]
    fn failures_become_the_statuses_that_clients_know() {
        let cases = [
            (FailureKind::InvalidRequest, 400, 400, "invalid_request_error"),
            (FailureKind::Authentication, 401, 401, "authentication_error"),
            (FailureKind::Permission, 403, 403, "permission_error"),
            (FailureKind::NotFound, 404, 404, "invalid_request_error"),
            (FailureKind::RateLimited, 429, 429, "throttling_error"),
            (FailureKind::Unavailable, 500, 500, "internal_server_error"),
            (FailureKind::Unavailable, 503, 503, "internal_server_error"),
            (FailureKind::Malformed, 200, 500, "internal_server_error"),
        ];
        for (kind, upstream, status, class) in cases {
            let refusal = Refusal::of_failure(&failure(kind), "openai", upstream);
            assert_eq!((refusal.status, refusal.kind.as_str()), (status, class), "{kind:?}");
        }
    }

    #[test]
    fn messages_name_the_provider_as_litellm_does() {
        let refusal = Refusal::of_failure(&failure(FailureKind::RateLimited), "openai", 429);
        assert_eq!(
            refusal.message,
            "litellm.RateLimitError: RateLimitError: OpenAIException - mock"
        );
        let refusal = Refusal::of_failure(&failure(FailureKind::InvalidRequest), "openai", 400);
        assert_eq!(refusal.message, "litellm.BadRequestError: OpenAIException - mock");
    }

    #[test]
    fn a_message_to_the_client_never_names_an_internal_host() {
        let error =
            SendError::Connect { host: "10.0.0.7:8000".to_owned(), why: "refused".to_owned() };
        assert!(!Refusal::of_send(&error, "openai").message.contains("10.0.0.7"));
    }
}
