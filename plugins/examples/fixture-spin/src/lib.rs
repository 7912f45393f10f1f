//! Fixture for the host's tests: an authenticator that never returns.

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        loop {
            std::hint::spin_loop();
        }
    }
}
