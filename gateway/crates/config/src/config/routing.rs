//! Settings of routing beside its rules.

use std::time::Duration;

use tollgate_routing::Rules;

/// Which deployment is asked, and how long.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    /// The rules.
    pub rules: Rules,
    /// How often deployments are probed. None: never, but when somebody asks for it.
    pub health_checks: Option<Duration>,
    /// Where answers are kept for clients that ask the same again. None: nowhere.
    pub cache: Option<AnswerCache>,
}

/// Answers that are kept in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerCache {
    /// How long an answer is kept.
    pub ttl: Duration,
    /// Whether only calls that ask for it are answered so.
    pub opt_in: bool,
}
