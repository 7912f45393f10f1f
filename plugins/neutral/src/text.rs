//! A JSON text as it was written.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A JSON text with its quotes and escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text<'a>(&'a str);

#[derive(Deserialize)]
struct Decoded<'a>(#[serde(borrow)] Cow<'a, str>);

// === impl Text ===

impl<'a> Text<'a> {
    /// The value as a text. None if it is anything else.
    pub fn of(value: &'a RawValue) -> Option<Self> {
        value.get().starts_with('"').then_some(Self(value.get()))
    }

    /// The JSON text, quotes included.
    pub fn json(self) -> &'a str {
        self.0
    }

    /// The characters. None if an escape names half of a surrogate pair.
    pub fn decoded(self) -> Option<Cow<'a, str>> {
        serde_json::from_str(self.0).ok().map(|Decoded(text)| text)
    }

    /// Whether it has no characters.
    pub fn is_empty(self) -> bool {
        self.0.len() <= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> Option<String> {
        let value: &RawValue = serde_json::from_str(json).unwrap();
        Text::of(value)?.decoded().map(Cow::into_owned)
    }

    #[test]
    fn only_texts_are_texts() {
        assert_eq!(text(r#""a\/\u00e9""#).as_deref(), Some("a/é"));
        assert_eq!(text("1"), None);
        assert_eq!(text(r#"["a"]"#), None);
        assert_eq!(text(r#""\ud800""#), None);
    }

    #[test]
    fn an_unescaped_text_is_borrowed() {
        let value: &RawValue = serde_json::from_str(r#""plain""#).unwrap();
        assert!(matches!(Text::of(value).unwrap().decoded(), Some(Cow::Borrowed("plain"))));
    }
}
