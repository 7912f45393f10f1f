//! Fixture for the host's tests: an authenticator that writes to the log without end.

const LINE_BYTES: usize = 2048;

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        let line = "flood ".repeat(LINE_BYTES / 6);
        loop {
            tollgate_sdk::warn(&line);
        }
    }
}
