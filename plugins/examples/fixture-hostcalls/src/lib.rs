//! Fixture for the host's tests: an authenticator that looks a key up a million times before it answers.

use tollgate_sdk::KeyDigest;

const LOOKUPS: u32 = 1_000_000;

tollgate_sdk::authenticator!("../../../wit", Fixture);

struct Fixture;

impl Guest for Fixture {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        let digest = KeyDigest::of("sk-nobody");
        let found = (0..LOOKUPS).filter(|_| matches!(digest.lookup(), Ok(Some(_)))).count();
        Err(Denial::new(401, "auth_error", format!("{found} of {LOOKUPS} lookups found a key.")))
    }
}
