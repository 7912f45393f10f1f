//! Environment variables within values: `os.environ/NAME` as the whole value, as LiteLLM has it,
//! and `${NAME}` anywhere. `$${` stands for a literal `${`. What a variable holds is not expanded
//! again.

use std::collections::BTreeMap;

/// The variables that a file sets itself, before those of the process.
pub(crate) struct Environment<'a> {
    process: &'a dyn Fn(&str) -> Option<String>,
    file: BTreeMap<String, String>,
}

/// Why a value could not be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unexpanded {
    /// This variable is not set, or empty.
    Unset(String),
    /// A reference that names no variable.
    Malformed,
}

// === impl Environment ===

impl<'a> Environment<'a> {
    pub(crate) fn new(process: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { process, file: BTreeMap::new() }
    }

    /// The same process, with variables that a file sets.
    pub(crate) fn with_file(&self, file: BTreeMap<String, String>) -> Self {
        Self { process: self.process, file }
    }

    /// A variable's value. An empty one counts as unset: Compose hands unset variables on as empty.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let file = self.file.get(name).cloned();
        file.or_else(|| (self.process)(name)).filter(|value| !value.is_empty())
    }

    /// A value with its variables filled in.
    pub(crate) fn expand(&self, text: &str) -> Result<String, Unexpanded> {
        if let Some(name) = text.strip_prefix("os.environ/") {
            return self.value(name);
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                out.push_str(before);
                out.push_str("${");
                rest = after;
                continue;
            }
            let (name, after) = after.split_once('}').ok_or(Unexpanded::Malformed)?;
            out.push_str(before);
            out.push_str(&self.value(name)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, name: &str) -> Result<String, Unexpanded> {
        let is_name = !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !is_name {
            return Err(Unexpanded::Malformed);
        }
        self.get(name).ok_or_else(|| Unexpanded::Unset(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("k-1".to_owned()),
            "NESTED" => Some("${KEY}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn both_forms_are_filled_in_once() {
        let env = Environment::new(&process);
        let cases = [
            ("os.environ/KEY", "k-1"),
            ("${KEY}", "k-1"),
            ("Bearer ${KEY}, ${KEY}!", "Bearer k-1, k-1!"),
            ("$${KEY} ${KEY}", "${KEY} k-1"),
            ("${NESTED}", "${KEY}"),
            ("see os.environ/KEY", "see os.environ/KEY"),
            ("costs $5 {ok}", "costs $5 {ok}"),
        ];
        for (text, expected) in cases {
            assert_eq!(env.expand(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn unset_empty_and_malformed_references_are_told_apart() {
        let env = Environment::new(&process);
        for (text, name) in [("os.environ/NO", "NO"), ("a${NO}", "NO"), ("${EMPTY}", "EMPTY")] {
            assert_eq!(env.expand(text), Err(Unexpanded::Unset(name.to_owned())), "{text}");
        }
        for text in ["${KEY", "${}", "${KEY:-x}", "os.environ/", "os.environ/1A", "${A B}"] {
            assert_eq!(env.expand(text), Err(Unexpanded::Malformed), "{text}");
        }
    }

    #[test]
    fn the_file_comes_before_the_process() {
        let file = BTreeMap::from([("KEY".to_owned(), "from-file".to_owned())]);
        let env = Environment::new(&process).with_file(file);
        assert_eq!(env.expand("${KEY}").as_deref(), Ok("from-file"));
    }
}
