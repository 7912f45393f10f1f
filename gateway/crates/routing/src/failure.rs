//! Why an attempt failed, as far as it matters for what is done next.

use std::time::Duration;

/// Classes of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The provider finds the request wrong.
    InvalidRequest,
    /// It refuses the deployment's credential.
    Authentication,
    /// The credential may not do this.
    Permission,
    /// It has no such model.
    NotFound,
    /// The input does not fit the context window.
    ContextWindow,
    /// Its content policy refused.
    ContentPolicy,
    /// It asks for fewer calls.
    RateLimited,
    /// No answer in time.
    Timeout,
    /// It failed, was not reached, or answered what nobody understands.
    Internal,
    /// It says that it is overloaded or away.
    Overloaded,
}

/// A failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub cause: Cause,
    /// When the provider wants to be asked again, if it said so.
    pub retry_after: Option<Duration>,
}

/// Figures by class of failure, as `retry_policy` and `allowed_fails_policy` give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// For requests that are wrong or too long.
    pub bad_request: Option<u32>,
    /// For credentials that are refused.
    pub authentication: Option<u32>,
    /// For answers that do not come in time.
    pub timeout: Option<u32>,
    /// For providers that ask for fewer calls.
    pub rate_limit: Option<u32>,
    /// For refusals by a content policy.
    pub content_policy: Option<u32>,
    /// For providers that fail.
    pub internal: Option<u32>,
    /// For providers that are overloaded.
    pub overloaded: Option<u32>,
}

/// How many classes [`Cause::slot`] tells apart.
pub(crate) const SLOTS: usize = 8;

// === impl Cause ===

impl Cause {
    /// Whether the same request can succeed at the same deployment.
    pub(crate) fn is_passing(self) -> bool {
        matches!(self, Self::RateLimited | Self::Timeout | Self::Internal | Self::Overloaded)
    }

    /// Whether the fault is the deployment's, so that another one may do better.
    pub(crate) fn is_of_deployment(self) -> bool {
        self.is_passing()
            || matches!(self, Self::Authentication | Self::Permission | Self::NotFound)
    }

    /// Whether one such failure is enough to leave a deployment alone for a while, as it would
    /// happen again at once.
    pub(crate) fn cools_at_once(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::Timeout
                | Self::Authentication
                | Self::Permission
                | Self::NotFound
        )
    }

    /// The counter of a policy that this class belongs to.
    pub(crate) fn slot(self) -> usize {
        match self {
            Self::InvalidRequest | Self::ContextWindow => 0,
            Self::Authentication => 1,
            Self::Timeout => 2,
            Self::RateLimited => 3,
            Self::ContentPolicy => 4,
            Self::Internal => 5,
            Self::Overloaded => 6,
            Self::Permission | Self::NotFound => 7,
        }
    }
}

// === impl Failure ===

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Self {
        Self { cause, retry_after: None }
    }
}

// === impl Policy ===

impl Policy {
    /// The figure for a class, if one is given.
    pub fn of(&self, cause: Cause) -> Option<u32> {
        match cause {
            Cause::InvalidRequest | Cause::ContextWindow => self.bad_request,
            Cause::Authentication => self.authentication,
            Cause::Timeout => self.timeout,
            Cause::RateLimited => self.rate_limit,
            Cause::ContentPolicy => self.content_policy,
            Cause::Internal => self.internal,
            Cause::Overloaded => self.overloaded,
            Cause::Permission | Cause::NotFound => None,
        }
    }
}
