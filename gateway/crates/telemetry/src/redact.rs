//! Takes keys out of a text before it is written anywhere.

use std::borrow::Cow;

const MASK: &str = "***";

/// The text with every `sk-…` and every `Bearer …` masked. Keys shortened for people, such as
/// `sk-...a1b2`, stay as they are.
pub fn redact(text: &str) -> Cow<'_, str> {
    let mut masked: Option<String> = None;
    let mut copied = 0;
    let mut position = 0;
    while let Some(secret) = next_secret(text, position) {
        let out = masked.get_or_insert_with(|| String::with_capacity(text.len()));
        out.push_str(text.get(copied..secret.start).unwrap_or_default());
        out.push_str(MASK);
        copied = secret.end;
        position = secret.end;
    }
    match masked {
        None => Cow::Borrowed(text),
        Some(mut out) => {
            out.push_str(text.get(copied..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// Where the next secret's characters are, without the word that announces them.
fn next_secret(text: &str, from: usize) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    (from..bytes.len()).find_map(|at| {
        let rest = bytes.get(at..)?;
        if at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
            return None;
        }
        let start = at + announced(rest)?;
        let length = bytes.get(start..)?.iter().take_while(|byte| of_token(**byte)).count();
        (length > 0).then_some(start..start + length)
    })
}

/// How many bytes announce a secret here.
fn announced(rest: &[u8]) -> Option<usize> {
    const BEARER: &[u8] = b"bearer ";
    if rest.starts_with(b"sk-") && !rest.starts_with(b"sk-...") {
        return Some(3);
    }
    rest.get(..BEARER.len())
        .is_some_and(|word| word.eq_ignore_ascii_case(BEARER))
        .then_some(BEARER.len())
}

/// The characters of a bearer token (RFC 6750).
fn of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=*".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn keys_are_masked_wherever_they_stand() {
        for (text, masked) in [
            ("key sk-abc_DEF-1 is bad", "key sk-*** is bad"),
            ("\"sk-master-1234\"", "\"sk-***\""),
            ("Authorization: Bearer eyJh.b-c_d== x", "Authorization: Bearer *** x"),
            ("bearer sk-abc", "bearer ***"),
            ("sk-a sk-b", "sk-*** sk-***"),
            ("é sk-ü sk-x é", "é sk-ü sk-*** é"),
        ] {
            assert_eq!(redact(text), masked);
        }
    }

    #[test]
    fn other_texts_stay() {
        for text in ["", "sk-", "task-list", "disk-full", "sk-...a1b2", "a Bearer", "Bearer "] {
            assert!(matches!(redact(text), std::borrow::Cow::Borrowed(same) if same == text));
        }
    }
}
