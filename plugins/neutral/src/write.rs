//! Writes JSON. It cannot fail, and takes values that are JSON already as they are.

use std::fmt::{Display, Write};

use serde_json::value::RawValue;

/// Bytes of a piece that is large.
const LARGE: usize = 16 * 1024;

/// Bytes that close what is around a large piece.
const MARGIN: usize = 1024;

/// Writes the members of an object.
pub struct ObjectWriter<'w> {
    out: &'w mut String,
    empty: bool,
}

/// Writes the items of a list.
pub struct ArrayWriter<'w> {
    out: &'w mut String,
    empty: bool,
}

/// An object as JSON text.
pub fn object(build: impl FnOnce(&mut ObjectWriter<'_>)) -> String {
    let mut out = String::new();
    put_object(&mut out, build);
    out
}

/// An object as JSON text of about so many bytes, which are set aside at once: a long text that
/// grows piece by piece is copied with every piece.
pub fn large_object(bytes: usize, build: impl FnOnce(&mut ObjectWriter<'_>)) -> String {
    let mut out = String::with_capacity(bytes);
    put_object(&mut out, build);
    out
}

/// A list as JSON text.
pub fn array(build: impl FnOnce(&mut ArrayWriter<'_>)) -> String {
    let mut out = String::new();
    put_array(&mut out, build);
    out
}

/// A text as JSON text.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    put_text(&mut out, text);
    out
}

// === impl ObjectWriter ===

impl ObjectWriter<'_> {
    /// Adds a text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        put_text(self.out, value);
    }

    /// Adds a text that is given in pieces.
    pub fn text_of(&mut self, name: &str, pieces: &[&str]) {
        self.name(name);
        self.out.push('"');
        pieces.iter().for_each(|piece| put_escaped_text(self.out, piece));
        self.out.push('"');
    }

    /// Adds a value that is JSON text already.
    pub fn json(&mut self, name: &str, json: &str) {
        self.name(name);
        put_json(self.out, json);
    }

    /// Adds a value of somebody else's object.
    pub fn raw(&mut self, name: &str, value: &RawValue) {
        self.json(name, value.get());
    }

    /// Adds a whole number.
    pub fn count(&mut self, name: &str, value: u64) {
        self.display(name, value);
    }

    /// Adds true or false.
    pub fn flag(&mut self, name: &str, value: bool) {
        self.display(name, value);
    }

    /// Adds an object.
    pub fn object(&mut self, name: &str, build: impl FnOnce(&mut ObjectWriter<'_>)) {
        self.name(name);
        put_object(self.out, build);
    }

    /// Adds a list.
    pub fn array(&mut self, name: &str, build: impl FnOnce(&mut ArrayWriter<'_>)) {
        self.name(name);
        put_array(self.out, build);
    }

    fn display(&mut self, name: &str, value: impl Display) {
        self.name(name);
        put_display(self.out, value);
    }

    fn name(&mut self, name: &str) {
        separate(self.out, &mut self.empty);
        put_text(self.out, name);
        self.out.push(':');
    }
}

// === impl ArrayWriter ===

impl ArrayWriter<'_> {
    /// Adds a text.
    pub fn text(&mut self, value: &str) {
        separate(self.out, &mut self.empty);
        put_text(self.out, value);
    }

    /// Adds a value that is JSON text already.
    pub fn json(&mut self, json: &str) {
        separate(self.out, &mut self.empty);
        put_json(self.out, json);
    }

    /// Adds a value of somebody else's.
    pub fn raw(&mut self, value: &RawValue) {
        self.json(value.get());
    }

    /// Adds an object.
    pub fn object(&mut self, build: impl FnOnce(&mut ObjectWriter<'_>)) {
        separate(self.out, &mut self.empty);
        put_object(self.out, build);
    }

    /// Adds a list.
    pub fn array(&mut self, build: impl FnOnce(&mut ArrayWriter<'_>)) {
        separate(self.out, &mut self.empty);
        put_array(self.out, build);
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.empty
    }
}

fn put_object(out: &mut String, build: impl FnOnce(&mut ObjectWriter<'_>)) {
    out.push('{');
    build(&mut ObjectWriter { out, empty: true });
    out.push('}');
}

fn put_array(out: &mut String, build: impl FnOnce(&mut ArrayWriter<'_>)) {
    out.push('[');
    build(&mut ArrayWriter { out, empty: true });
    out.push(']');
}

fn separate(out: &mut String, empty: &mut bool) {
    if !std::mem::take(empty) {
        out.push(',');
    }
}

fn put_json(out: &mut String, json: &str) {
    make_room(out, json.len());
    out.push_str(json);
}

/// Makes room for a large piece and for what closes the objects around it. The usual growth would
/// double a text that is nearly complete.
fn make_room(out: &mut String, bytes: usize) {
    if bytes >= LARGE && out.capacity() - out.len() < bytes {
        out.reserve_exact(bytes + MARGIN);
    }
}

fn put_text(out: &mut String, text: &str) {
    make_room(out, text.len());
    out.push('"');
    put_escaped_text(out, text);
    out.push('"');
}

/// Pieces that need no escape are copied whole: a text may be a picture of some megabytes.
fn put_escaped_text(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(needs_escape) {
        let (plain, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(plain);
        let mut tail = tail.chars();
        if let Some(c) = tail.next() {
            put_escaped(out, c);
        }
        rest = tail.as_str();
    }
    out.push_str(rest);
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn put_escaped(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c => put_display(out, format_args!("\\u{:04x}", u32::from(c))),
    }
}

/// A `String` takes whatever is written to it.
fn put_display(out: &mut String, value: impl Display) {
    let _infallible = write!(out, "{value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_separated_and_nested() {
        let json = object(|o| {
            o.text("a", "x");
            o.text_of("aa", &["x\"", "", "y"]);
            o.count("b", 7);
            o.flag("c", true);
            o.array("d", |a| {
                assert!(a.is_empty());
                a.text("y");
                a.json("null");
                a.object(|o| o.json("z", "[]"));
                a.array(|a| a.text(""));
            });
            o.object("e", |_| ());
        });
        assert_eq!(
            json,
            r#"{"a":"x","aa":"x\"y","b":7,"c":true,"d":["y",null,{"z":[]},[""]],"e":{}}"#
        );
        assert_eq!(array(|_| ()), "[]");
    }

    #[test]
    fn a_large_piece_is_not_doubled() {
        let piece = "x".repeat(LARGE);
        for json in [object(|o| o.text("a", &piece)), object(|o| o.json("a", &text(&piece)))] {
            assert!(json.capacity() < LARGE + 2 * MARGIN, "{}", json.capacity());
        }
    }

    #[test]
    fn every_character_comes_back() {
        let mut all: String = (0_u8..=0x7f).map(char::from).collect();
        all.push_str("é€𝄞\u{2028}");
        assert_eq!(serde_json::from_str::<String>(&text(&all)).unwrap(), all);
        assert_eq!(text("\n\"\\\u{1}é"), r#""\n\"\\\u0001é""#);
    }
}
