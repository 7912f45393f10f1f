//! Fixture for the host's tests: an authenticator that fills a large part of its memory over and over: few instructions, much work.

/// Large enough that filling it takes long, small enough for any memory limit in use.
const BYTES: usize = 4 * 1024 * 1024;

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        let mut block = vec![0u8; BYTES];
        let mut value = 0u8;
        loop {
            value = value.wrapping_add(1);
            std::hint::black_box(&mut block).fill(value);
        }
    }
}
