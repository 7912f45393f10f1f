//! How a component's call ends.

use std::convert::Infallible;
use std::fmt;

/// The four ways in which a call into a component ends.
#[derive(Debug)]
pub enum Ran<T, R> {
    /// It gave what was asked.
    Value(T),
    /// It said no, with its reason.
    Refused(R),
    /// It broke: a panic, an access out of bounds, an answer that makes no sense.
    Trapped(String),
    /// It was stopped at a limit.
    Exceeded(Limit),
}

/// The limits that stop a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// CPU time of one call.
    Cpu,
    /// Wall time of one call, waiting included.
    Wall,
    /// Linear memory or tables.
    Memory,
    /// Calls into the host.
    HostCalls,
    /// Instances alive at once: the gateway is busy, the component is not at fault.
    Instances,
}

// === impl Limit ===

impl Limit {
    /// The name in logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu time",
            Self::Wall => "wall time",
            Self::Memory => "memory",
            Self::HostCalls => "host calls",
            Self::Instances => "instances",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl Ran ===

impl<T> Ran<T, Infallible> {
    /// Takes an answer apart into a value or a refusal.
    pub(crate) fn answered<U, R>(self, apart: impl FnOnce(T) -> Result<U, R>) -> Ran<U, R> {
        match self {
            Self::Value(answer) => match apart(answer) {
                Ok(value) => Ran::Value(value),
                Err(refusal) => Ran::Refused(refusal),
            },
            Self::Refused(never) => match never {},
            Self::Trapped(why) => Ran::Trapped(why),
            Self::Exceeded(limit) => Ran::Exceeded(limit),
        }
    }
}

impl<T, R> Ran<T, R> {
    /// The label in metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Value(_) => "value",
            Self::Refused(_) => "refused",
            Self::Trapped(_) => "trapped",
            Self::Exceeded(_) => "exceeded",
        }
    }
}
