//! New keys.

use std::fmt::Write as _;

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The longest key that a client may choose: more fits into no sensible header.
const KEY_BYTES_MAX: usize = 256;

/// The machine gave no randomness, so that no key can be made.
#[derive(Debug)]
pub(super) struct NoRandomness;

/// A key with 128 random bits.
pub(super) fn new_key() -> Result<String, NoRandomness> {
    let bits = u128::from_be_bytes(random()?);
    let mut key = String::from("sk-");
    // 22 digits of 6 bits; the last 4 bits are 0, as base64 without padding has it.
    for digit in 0..22 {
        let shift = 122 - 6 * digit;
        let index = if shift >= 0 { bits >> shift } else { bits << -shift } & 63;
        let character = usize::try_from(index).ok().and_then(|index| URL_SAFE.get(index));
        key.extend(character.map(|byte| char::from(*byte)));
    }
    Ok(key)
}

/// A random id in the form of a UUID, version 4.
pub(super) fn new_id() -> Result<String, NoRandomness> {
    let bits = u128::from_be_bytes(random()?);
    let bits = bits & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let mut id = String::with_capacity(36);
    for (index, digit) in format!("{bits:032x}").chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        // Writing to a String cannot fail.
        let _ = id.write_char(digit);
    }
    Ok(id)
}

/// What is wrong with a key that a client chose.
pub(super) fn objection(key: &str) -> Option<&'static str> {
    if !key.starts_with("sk-") || key.len() == 3 {
        Some("Invalid key format. LiteLLM Virtual Key must start with 'sk-'.")
    } else if key.len() > KEY_BYTES_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("Invalid key format. A key has at most 256 visible ASCII characters.")
    } else {
        None
    }
}

/// The key shortened for people. Of a short key, which its end would give away, nothing is shown.
pub(super) fn shortened(key: &str) -> String {
    let end = key.len().checked_sub(4).filter(|end| *end >= 7).and_then(|end| key.get(end..));
    format!("sk-...{}", end.unwrap_or_default())
}

fn random() -> Result<[u8; 16], NoRandomness> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_litellms_form_and_differ() {
        let key = new_key().unwrap();
        assert_eq!((key.len(), objection(&key)), (25, None));
        assert!(key.bytes().skip(3).all(|byte| URL_SAFE.contains(&byte)));
        // Four bits are left for the last digit.
        assert!(key.ends_with(['A', 'Q', 'g', 'w']));
        assert_ne!(key, new_key().unwrap());
    }

    #[test]
    fn ids_are_uuids_of_version_4() {
        let id = new_id().unwrap();
        let dashes: Vec<_> = id.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((id.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]));
    }

    #[test]
    fn chosen_keys_are_checked_and_shortened_without_giving_them_away() {
        assert!(objection("abc").is_some() && objection("sk-").is_some());
        assert!(objection("sk-a b").is_some() && objection("sk-é").is_some());
        assert!(objection(&format!("sk-{}", "a".repeat(254))).is_some());
        assert_eq!(shortened("sk-custom-abc-123"), "sk-...-123");
        assert_eq!(shortened("sk-abcdef"), "sk-...");
    }
}
