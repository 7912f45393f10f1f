//! For the bench: an authenticator that reads nothing and lets everybody in, so that what a call of
//! a component costs by itself can be told. Not for use with callers that you do not trust.

use tollgate_sdk::types::{KeyLimits, Scopes};

tollgate_sdk::authenticator!("../../../wit", Noop);

struct Noop;

/// The SHA-256 of nothing, which is no key's.
const KEY_ID: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Guest for Noop {
    fn authenticate(_request: &Request) -> Result<Principal, Denial> {
        Ok(Principal {
            key_id: KEY_ID.into(),
            key_name: "noop".into(),
            key_alias: None,
            user_id: None,
            team_id: None,
            models: Vec::new(),
            scopes: Scopes::CALL_MODELS,
            limits: KeyLimits { requests_per_minute: None, max_budget: None },
        })
    }
}
