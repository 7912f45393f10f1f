//! Fixture for the host's tests: a meter that panics.
#![expect(clippy::panic, reason = "that is what it is for")]

tollgate_sdk::meter!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn settle(_principal: Principal, _call: Call, _outcome: Outcome) -> Charge {
        panic!("a meter that panics")
    }
}
