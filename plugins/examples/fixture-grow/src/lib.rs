//! Fixture for the host's tests: an authenticator that takes memory without end; when there is no more, the allocator aborts.

const BYTES: usize = 1024 * 1024;

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        let mut blocks = Vec::new();
        loop {
            blocks.push(std::hint::black_box(vec![1u8; BYTES]));
        }
    }
}
