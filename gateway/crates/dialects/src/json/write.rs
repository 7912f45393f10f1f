//! JSON text made of parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

/// Something that can be written as JSON.
pub(crate) trait Json {
    /// Appends it to a text.
    fn write(&self, out: &mut Vec<u8>);
}

/// A value that is JSON text already.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

/// A JSON text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(Vec<u8>);

/// An object in the making.
#[derive(Debug)]
pub(crate) struct Members {
    out: Vec<u8>,
}

/// Makes the text of an object: `object! { "name": value, … }`.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {{
        let mut members = $crate::json::Members::new();
        $(members.put($name, &$value);)*
        members.end()
    }};
}
pub(crate) use object;

/// A component's JSON without white space between its parts, so that it fits into one line of an
/// event stream. None if it is no JSON.
pub(crate) fn compact(text: &str) -> Option<Text> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let mut out = Vec::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte.is_ascii_whitespace() {
            continue;
        } else {
            in_string = byte == b'"';
        }
        out.push(byte);
    }
    Some(Text(out))
}

// === impl Text ===

impl Text {
    /// A value that is JSON text already.
    pub(crate) fn of_json(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }

    /// The bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The members of an object, to be joined with others.
    pub(crate) fn into_members(self) -> Members {
        let mut out = self.0;
        if out.last() == Some(&b'}') {
            out.pop();
        }
        Members { out }
    }

    /// The bytes, handed over.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

// === impl Members ===

impl Members {
    /// An empty object.
    pub(crate) fn new() -> Self {
        Self { out: vec![b'{'] }
    }

    /// Adds a member.
    pub(crate) fn put(&mut self, name: &str, value: &(impl Json + ?Sized)) {
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        name.write(&mut self.out);
        self.out.push(b':');
        value.write(&mut self.out);
    }

    /// Adds a member if there is a value.
    pub(crate) fn put_some(&mut self, name: &str, value: Option<impl Json>) {
        if let Some(value) = value {
            self.put(name, &value);
        }
    }

    /// Adds members whose values are text already.
    pub(crate) fn put_all<'a>(&mut self, members: impl Iterator<Item = (&'a str, &'a str)>) {
        for (name, value) in members {
            self.put(name, &Raw(value));
        }
    }

    /// Adds all members of another object.
    pub(crate) fn append(&mut self, other: Self) {
        let Some(members) = other.out.get(1..).filter(|members| !members.is_empty()) else {
            return;
        };
        if self.out.len() > 1 {
            self.out.push(b',');
        }
        self.out.extend_from_slice(members);
    }

    /// The finished object.
    pub(crate) fn end(mut self) -> Text {
        self.out.push(b'}');
        Text(self.out)
    }
}

impl Json for str {
    fn write(&self, out: &mut Vec<u8>) {
        // Writing a string into memory cannot fail.
        let _written = serde_json::to_writer(out, self);
    }
}

impl Json for String {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_str().write(out);
    }
}

impl Json for Cow<'_, str> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().write(out);
    }
}

impl Json for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl Json for u32 {
    fn write(&self, out: &mut Vec<u8>) {
        u64::from(*self).write(out);
    }
}

impl Json for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Json for Raw<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

impl Json for Text {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl<T: Json> Json for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: Json> Json for [T] {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            item.write(out);
        }
        out.push(b']');
    }
}

impl<T: Json, const N: usize> Json for [T; N] {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }
}

impl<T: Json> Json for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_slice().write(out);
    }
}

impl<T: Json + ?Sized> Json for &T {
    fn write(&self, out: &mut Vec<u8>) {
        (*self).write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_written_in_the_order_of_their_parts() {
        let inner = object! { "list": ["a", "b"], "none": None::<u64>, "raw": Raw("1.50") };
        let text = object! { "quote\"": "\n", "inner": inner, "yes": true, "n": 7_u64 };
        let expected = r#"{"quote\"":"\n","inner":{"list":["a","b"],"none":null,"raw":1.50},"yes":true,"n":7}"#;
        assert_eq!(text.as_bytes(), expected.as_bytes());
        assert_eq!(Members::new().end().as_bytes(), b"{}");
    }

    #[test]
    fn compact_text_has_one_line_and_the_same_value() {
        let text = "{ \"a b\" : \"x \\\" y\\\\\" ,\n\t\"c\": [ 1, 2 ] }";
        let short = compact(text).unwrap();
        assert_eq!(short.as_bytes(), br#"{"a b":"x \" y\\","c":[1,2]}"#);
        assert_eq!(compact("{\"a\":"), None);
        assert_eq!(compact("{} {}"), None);
    }
}
