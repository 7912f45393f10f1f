//! The client's own name for a call.

/// Longer ones are cut off: the value goes into a header, the log and the ledger.
const BYTES_MAX: usize = 128;

/// The value of `x-litellm-call-id` that a client sent, echoed and kept beside the call's own id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorrelationId(String);

impl CorrelationId {
    /// Takes the visible ASCII of what the client sent; none if nothing is left.
    pub fn from_header(value: &[u8]) -> Option<Self> {
        let visible = value.iter().filter(|byte| byte.is_ascii_graphic()).take(BYTES_MAX);
        let text: String = visible.map(|byte| char::from(*byte)).collect();
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_characters_are_kept_and_not_too_many() {
        assert_eq!(CorrelationId::from_header(b"a b\r\nc").unwrap().as_str(), "abc");
        assert_eq!(CorrelationId::from_header(b" \t"), None);
        assert_eq!(CorrelationId::from_header(&[b'x'; 500]).unwrap().as_str().len(), 128);
    }
}
