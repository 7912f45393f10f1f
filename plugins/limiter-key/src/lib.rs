//! Limiter for the ceilings that are written on a virtual key: models, calls per minute, money.

mod access;
mod estimate;
mod policy;
mod refusal;

use tollgate_sdk::types::{Milliseconds, Rates};
use tollgate_sdk::{clock, limits, prices};

tollgate_sdk::limiter!("../../wit", KeyLimiter);

struct KeyLimiter;

struct Gateway;

impl Guest for KeyLimiter {
    fn admit(principal: Principal, call: Call) -> Result<Admission, Denial> {
        policy::admit(&principal, &call, &Gateway)
    }
}

impl policy::Host for Gateway {
    fn now(&self) -> Milliseconds {
        clock::now()
    }

    fn rates(&self, deployment: &str) -> Option<Rates> {
        prices::of(deployment)
    }

    fn reserve(&self, claims: &[limits::Claim]) -> Result<Vec<u64>, limits::Error> {
        limits::reserve(claims)
    }

    fn report(&self, line: &str) {
        tollgate_sdk::error(line);
    }
}
