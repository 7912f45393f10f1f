//! Authenticator for virtual keys, with LiteLLM's refusals.

mod policy;

use tollgate_sdk::{KeyDigest, clock};

tollgate_sdk::authenticator!("../../wit", KeyAuthenticator);

struct KeyAuthenticator;

impl Guest for KeyAuthenticator {
    fn authenticate(request: &Request) -> Result<Principal, Denial> {
        let key = policy::credential(|name| request.header(name))?;
        let digest = KeyDigest::of(&key);
        policy::principal(&key, &digest, digest.lookup(), clock::now)
    }
}
