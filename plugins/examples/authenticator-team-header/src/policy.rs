//! Who gets in: whoever shows a team's key in `x-team-key`.

use tollgate_sdk::KeyDigest;
use tollgate_sdk::keys::{self, Key};
use tollgate_sdk::types::{Denial, Milliseconds, Principal};

/// The one header that is looked at.
pub(crate) const HEADER: &str = "x-team-key";

/// The key in the header's value.
pub(crate) fn credential(value: Option<String>) -> Result<String, Denial> {
    match value.as_deref().map(str::trim) {
        Some(key) if !key.is_empty() => Ok(key.to_owned()),
        _ => Err(refused("This gateway wants a team's key in the header x-team-key.")),
    }
}

/// The caller that the key stands for. Says no more than that a key is not accepted: a caller
/// without one learns nothing about those that exist.
pub(crate) fn principal(
    digest: &KeyDigest,
    found: Result<Option<Key>, keys::Error>,
    now: Milliseconds,
) -> Result<Principal, Denial> {
    let found = found.map_err(|_| Denial::unavailable("Keys cannot be checked at present."))?;
    match found {
        Some(key)
            if key.team_id.is_some()
                && !key.blocked
                && key.expires.is_none_or(|expires| now < expires) =>
        {
            Ok(Principal::of_key(digest, key))
        }
        _ => Err(refused("This key is not accepted.")),
    }
}

fn refused(message: &str) -> Denial {
    Denial::new(401, "auth_error", message.into())
}

#[cfg(test)]
mod tests {
    use tollgate_sdk::types::{KeyLimits, Scopes};

    use super::*;

    fn key() -> Key {
        Key {
            name: "sk-...a1b2".into(),
            alias: None,
            user_id: None,
            team_id: Some("team".into()),
            models: Vec::new(),
            scopes: Scopes::CALL_MODELS,
            limits: KeyLimits { requests_per_minute: None, max_budget: None },
            blocked: false,
            expires: Some(10),
        }
    }

    fn status(found: Result<Option<Key>, keys::Error>, now: u64) -> Option<u16> {
        principal(&KeyDigest::of("sk-1"), found, now).err().map(|denial| denial.status)
    }

    #[test]
    fn only_a_living_key_of_a_team_gets_in() {
        assert_eq!(status(Ok(Some(key())), 9), None);
        assert_eq!(status(Ok(Some(key())), 10), Some(401));
        assert_eq!(status(Ok(Some(Key { team_id: None, ..key() })), 9), Some(401));
        assert_eq!(status(Ok(Some(Key { blocked: true, ..key() })), 9), Some(401));
        assert_eq!(status(Ok(None), 9), Some(401));
        assert_eq!(status(Err(keys::Error::Unavailable), 9), Some(503));
    }

    #[test]
    fn the_header_must_say_something() {
        assert_eq!(credential(Some(" sk-1 ".into())).unwrap(), "sk-1");
        assert!(credential(Some(" ".into())).is_err());
        assert!(credential(None).is_err());
    }
}
