//! Virtual keys: their digest, and the principal that a stored key stands for.

use sha2::{Digest, Sha256};

use crate::keys::{self, Key};
use crate::types::Principal;

/// SHA-256 of a whole virtual key. What is looked up, stored and logged in the key's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyDigest([u8; 32]);

const DIGITS: [char; 16] =
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];

// === impl KeyDigest ===

impl KeyDigest {
    /// The digest of a key as its owner presents it.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// What the host knows of the key.
    ///
    /// # Errors
    ///
    /// The host's own.
    pub fn lookup(&self) -> Result<Option<Key>, keys::Error> {
        keys::lookup(&self.0)
    }

    /// 64 lowercase hexadecimal digits: the key's id.
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            for half in [byte >> 4, byte & 15] {
                text.extend(DIGITS.get(usize::from(half)));
            }
        }
        text
    }
}

// === impl Principal ===

impl Principal {
    /// The principal that a stored key stands for.
    pub fn of_key(digest: &KeyDigest, key: Key) -> Self {
        Self {
            key_id: digest.to_hex(),
            key_name: key.name,
            key_alias: key.alias,
            user_id: key.user_id,
            team_id: key.team_id,
            models: key.models,
            scopes: key.scopes,
            limits: key.limits,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_plain_sha256_in_lowercase() {
        assert_eq!(
            KeyDigest::of("abc").to_hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
