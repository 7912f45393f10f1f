//! Fixture for the host's tests: an authenticator that panics.
#![expect(clippy::panic, reason = "that is what it is for")]

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        panic!("a component that panics")
    }
}
