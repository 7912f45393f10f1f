//! Lines and scalars of YAML.

/// Lines that are being written.
#[derive(Default)]
pub(crate) struct Lines {
    text: String,
}

// === impl Lines ===

impl Lines {
    /// A line, so many levels in.
    pub(crate) fn line(&mut self, level: usize, line: &str) {
        self.text.push_str(&"  ".repeat(level));
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A comment, which must be one line.
    pub(crate) fn comment(&mut self, level: usize, comment: &str) {
        self.line(level, &format!("# {comment}"));
    }

    pub(crate) fn text(self) -> String {
        self.text
    }
}

/// A list on one line.
pub(crate) fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| in_list(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A string as a scalar that every YAML parser reads as that string.
pub(crate) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// The same within a list on one line, where `:` is better quoted.
fn in_list(text: &str) -> String {
    if is_plain(text) && !text.contains(':') { text.to_owned() } else { quoted(text) }
}

/// Whether a text is a string without quotes: plain characters, and nothing that YAML of any version
/// reads as a number, a truth value or a date.
fn is_plain(text: &str) -> bool {
    let is_harmless = |b: u8| b.is_ascii_alphanumeric() || b"-._/:".contains(&b);
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];
    let is_word = words.iter().any(|word| word.eq_ignore_ascii_case(text));
    // Numbers, also in base 60, hold nothing else; addresses hold more dots than a number.
    let is_number = text.bytes().all(|b| b.is_ascii_digit() || b":_-.eEx".contains(&b))
        && text.bytes().filter(|b| *b == b'.').count() < 2;
    let begins_plainly =
        text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'/');
    begins_plainly
        && text.bytes().all(is_harmless)
        && !text.ends_with(':')
        && !is_word
        && !is_number
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            // Line ends that only YAML knows, and what terminals obey.
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{list, scalar};

    #[test]
    fn only_what_is_surely_a_string_goes_without_quotes() {
        for text in ["/v1/", "0.0.0.0:80", "300s", "example.com", "http://h:1", "Server"] {
            assert_eq!(scalar(text), text);
        }
        for text in ["", "true", "No", "12", "1.5", "1:30", "2026-11-24", "1e3", "a: b", "a:", "*"]
        {
            assert_eq!(scalar(text), format!("\"{text}\""));
        }
        assert_eq!(scalar("a\"b\\c\n"), r#""a\"b\\c\u000a""#);
        assert_eq!(list(&["a".to_owned(), "'self'".to_owned()]), r#"[a, "'self'"]"#);
        assert_eq!(list(&["*".to_owned(), "http://h".to_owned()]), r#"["*", "http://h"]"#);
    }
}
