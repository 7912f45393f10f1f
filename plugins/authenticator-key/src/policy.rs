//! Which key a request carries, and whether the caller who has it is let in.

use tollgate_sdk::keys::{self, Key};
use tollgate_sdk::types::{Denial, Milliseconds, Principal};
use tollgate_sdk::{KeyDigest, utc_micros_text};

/// Headers that may carry the bare key, after `authorization`, in the order they are looked at.
const BARE_HEADERS: [&str; 3] = ["x-api-key", "api-key", "x-litellm-api-key"];

/// Bytes of the longest key. Ours have 25; a key that an administrator chooses may be longer, but
/// nobody needs a digest of a whole header.
const KEY_BYTES_MAX: usize = 512;

/// How virtual keys begin. A master key may have another form, so that this matters only for keys
/// that nobody knows.
const KEY_PREFIX: &str = "sk-";

/// The virtual key in a request's headers.
pub(crate) fn credential(header: impl Fn(&str) -> Option<String>) -> Result<String, Denial> {
    let bearer = header("authorization").and_then(|value| bearer(&value).map(str::to_owned));
    let key = bearer
        .or_else(|| BARE_HEADERS.iter().find_map(|name| present(header(name)?.trim())))
        .ok_or_else(|| refused("Authentication Error, No api key passed in.".into()))?;
    if key.len() > KEY_BYTES_MAX {
        let message =
            format!("Authentication Error, The key is longer than {KEY_BYTES_MAX} bytes.");
        return Err(refused(message));
    }
    Ok(key)
}

/// The caller that a key stands for, from what the host found. The time is asked for only if the
/// key ends.
pub(crate) fn principal(
    key: &str,
    digest: &KeyDigest,
    found: Result<Option<Key>, keys::Error>,
    now: impl FnOnce() -> Milliseconds,
) -> Result<Principal, Denial> {
    let found = match found {
        Ok(Some(found)) => found,
        Ok(None) if key.starts_with(KEY_PREFIX) => return Err(unknown(digest)),
        Ok(None) => return Err(malformed(key)),
        Err(_) => {
            return Err(Denial::unavailable(
                "The key cannot be checked at present: the key store does not answer. Try again.",
            ));
        }
    };
    if found.blocked {
        return Err(refused(
            "Authentication Error, Key is blocked. Update via `/key/unblock` if you're an admin."
                .into(),
        ));
    }
    if let Some(expires) = found.expires {
        let now = now();
        if now >= expires {
            return Err(expired(&found.name, expires, now));
        }
    }
    Ok(Principal::of_key(digest, found))
}

/// The key of an `Authorization` value, if its scheme is `Bearer`.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, key) = value.trim().split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn present(key: &str) -> Option<String> {
    (!key.is_empty()).then(|| key.to_owned())
}

/// The ends of a long text; of a short one nothing, lest most of a secret be told.
fn masked(key: &str) -> String {
    let length = key.chars().count();
    if length < 12 {
        return "****".into();
    }
    let mut text: String = key.chars().take(4).collect();
    text.push_str("****");
    text.extend(key.chars().skip(length - 4));
    text
}

/// A refusal with the parameter that LiteLLM names: the text `None`, not null.
fn refused(message: String) -> Denial {
    Denial::new(401, "auth_error", message).about("None")
}

fn malformed(key: &str) -> Denial {
    refused(format!(
        "LiteLLM Virtual Key expected. Received={}, expected to start with 'sk-'.",
        masked(key)
    ))
}

fn unknown(digest: &KeyDigest) -> Denial {
    let message = format!(
        "Authentication Error, Invalid proxy server token passed. Received API Key = sk-..., \
         Key Hash (Token) ={}. Unable to find token in cache or `LiteLLM_VerificationTokenTable`",
        digest.to_hex()
    );
    Denial::new(401, "token_not_found_in_db", message).about("key")
}

fn expired(name: &str, expires: Milliseconds, now: Milliseconds) -> Denial {
    let message = format!(
        "Authentication Error - Expired Key. Key Expiry time {} and current time {}",
        utc_micros_text(expires),
        utc_micros_text(now)
    );
    Denial::new(401, "expired_key", message).about(name)
}

#[cfg(test)]
mod tests;
