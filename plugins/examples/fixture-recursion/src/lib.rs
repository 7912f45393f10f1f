//! Fixture for the host's tests: an authenticator that calls itself until its stack is full.

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        Err(Denial::new(401, "auth_error", descend(0).to_string()))
    }
}

/// Never ends: the frame holds bytes that are used after the deeper call, so that it cannot become
/// a loop.
#[expect(unconditional_recursion, reason = "that is what it is for")]
fn descend(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 16]);
    descend(depth + 1) + frame.iter().sum::<u64>()
}
