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
}
