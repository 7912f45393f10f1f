//! Fixture for the host's tests: a limiter that panics.
#![expect(clippy::panic, reason = "that is what it is for")]

tollgate_sdk::limiter!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn admit(_principal: Principal, _call: Call) -> Result<Admission, Denial> {
        panic!("a limiter that panics")
    }
}
