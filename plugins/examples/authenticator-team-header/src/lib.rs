//! Example of another policy: only keys that belong to a team get in, and they come in a header
//! of their own.

mod policy;

use tollgate_sdk::{KeyDigest, clock};

tollgate_sdk::authenticator!("../../../wit", TeamAuthenticator);

struct TeamAuthenticator;

impl Guest for TeamAuthenticator {
    fn authenticate(request: &Request) -> Result<Principal, Denial> {
        let key = policy::credential(request.header(policy::HEADER))?;
        let digest = KeyDigest::of(&key);
        policy::principal(&digest, digest.lookup(), clock::now())
    }
}
