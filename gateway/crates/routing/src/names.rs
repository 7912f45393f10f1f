//! Names of groups as clients write them: exact, or by a pattern with one `*`.

/// A name with one `*`, such as `openai/*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    before: String,
    after: String,
}

// === impl Pattern ===

impl Pattern {
    /// A text with exactly one `*`; none for any other.
    pub fn parse(text: &str) -> Option<Self> {
        let (before, after) = text.split_once('*')?;
        if after.contains('*') {
            return None;
        }
        Some(Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// What stands in a name where the pattern has its `*`; none if the name does not fit.
    pub fn captured<'n>(&self, name: &'n str) -> Option<&'n str> {
        let rest = name.strip_prefix(self.before.as_str())?.strip_suffix(self.after.as_str())?;
        (!rest.is_empty()).then_some(rest)
    }

    /// The text with something in the place of `*`.
    pub fn filled(&self, with: &str) -> String {
        [&self.before, with, &self.after].concat()
    }

    /// Characters that a name must have: the pattern that knows most of a name fits it best.
    pub(crate) fn literal_length(&self) -> usize {
        self.before.len() + self.after.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
        Pattern::parse(pattern)?.captured(name)
    }

    #[test]
    fn a_pattern_fits_what_begins_and_ends_as_it_does() {
        assert_eq!(captured("openai/*", "openai/gpt-4o"), Some("gpt-4o"));
        assert_eq!(captured("*", "a/b"), Some("a/b"));
        assert_eq!(captured("claude-*-latest", "claude-opus-latest"), Some("opus"));
        assert_eq!(captured("ab*ba", "aba"), None, "the ends may not overlap");
        assert_eq!(captured("openai/*", "openai/"), None);
        assert_eq!(captured("openai/*", "azure/x"), None);
        assert_eq!(captured("a*b*", "aXbY"), None, "one `*` alone");
        assert_eq!(captured("plain", "plain"), None);
    }

    #[test]
    fn a_pattern_is_filled() {
        assert_eq!(Pattern::parse("gpt-*-mini").unwrap().filled("4o"), "gpt-4o-mini");
    }
}
