//! JSON objects whose top-level members are known by position, so that one can be read or changed
//! while every other byte stays as its author wrote it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON object in its original bytes.
#[derive(Clone, Debug)]
pub struct Document {
    bytes: Bytes,
    members: Vec<Member>,
    /// Position of the closing brace.
    end: usize,
}

#[derive(Clone, Debug)]
struct Member {
    name: String,
    value: Range<usize>,
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not JSON, or not an object; the text says where.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// JSON, but another kind of value.
    #[error("expected a JSON object")]
    NotAnObject,
}

/// A change of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The member.
    pub member: String,
    /// Its new value as JSON text; none to take the member out.
    pub value: Option<String>,
}

/// A document cannot be changed in this way.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the new value of `{0}` is not JSON")]
pub struct BadEdit(pub String);

// === impl Document ===

impl Document {
    /// Finds the members of a JSON object. The whole text is checked to be JSON.
    pub fn parse(bytes: Bytes) -> Result<Self, DocumentError> {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if matches!(first, Some(byte) if *byte != b'{' && is_json_start(*byte)) {
            serde_json::from_slice::<&RawValue>(&bytes)?;
            return Err(DocumentError::NotAnObject);
        }
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| serde::de::Error::custom(format!("not UTF-8: {error}")))
            .map_err(DocumentError::Json)?;
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let found = deserializer.deserialize_map(Members { base: text })?;
        deserializer.end()?;
        let end = text.rfind('}').unwrap_or_default();
        Ok(Self { members: found, end, bytes })
    }

    /// The whole text.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The JSON text of a member; the last one if the name occurs twice, as most parsers read it.
    pub fn member(&self, name: &str) -> Option<&str> {
        let member = self.members.iter().rev().find(|member| member.name == name)?;
        self.text(&member.value)
    }

    /// A member that two parsers could read differently, because it occurs twice.
    pub fn repeated<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        let times = |name: &str| self.members.iter().filter(|member| member.name == name).count();
        names.iter().copied().find(|name| times(name) > 1)
    }

    /// The bytes with some members changed, added or taken out.
    pub fn edited(&self, edits: &[Edit]) -> Result<Bytes, BadEdit> {
        if let Some(bad) = edits.iter().find(|edit| !edit.is_json()) {
            return Err(BadEdit(bad.member.clone()));
        }
        if edits.iter().any(|edit| edit.value.is_none() && self.member(&edit.member).is_some()) {
            return Ok(self.rebuilt(edits));
        }
        let mut changes: Vec<(Range<usize>, &str)> = Vec::with_capacity(edits.len());
        let mut added = Vec::new();
        for edit in edits {
            let Some(value) = &edit.value else { continue };
            match self.members.iter().rev().find(|member| member.name == edit.member) {
                Some(member) => changes.push((member.value.clone(), value)),
                None => added.push((edit.member.as_str(), value.as_str())),
            }
        }
        changes.sort_by_key(|(range, _)| range.start);
        let grown: usize = edits.iter().map(|edit| edit.member.len() + edit.value_len() + 8).sum();
        let mut out = Vec::with_capacity(self.bytes.len() + grown);
        let mut at = 0;
        for (range, value) in changes {
            out.extend_from_slice(self.slice(at..range.start));
            out.extend_from_slice(value.as_bytes());
            at = range.end;
        }
        out.extend_from_slice(self.slice(at..self.end));
        let mut first = self.members.is_empty();
        for (name, value) in added {
            push_member(&mut out, &mut first, name, value.as_bytes());
        }
        out.extend_from_slice(self.slice(self.end..self.bytes.len()));
        Ok(out.into())
    }

    /// The slower way, which can take members out.
    fn rebuilt(&self, edits: &[Edit]) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes.len());
        let mut first = true;
        out.push(b'{');
        for member in &self.members {
            let value = match edits.iter().find(|edit| edit.member == member.name) {
                Some(Edit { value: None, .. }) => continue,
                Some(Edit { value: Some(value), .. }) => value.as_bytes(),
                None => self.slice(member.value.clone()),
            };
            push_member(&mut out, &mut first, &member.name, value);
        }
        for edit in edits {
            if let (Some(value), None) = (&edit.value, self.member(&edit.member)) {
                push_member(&mut out, &mut first, &edit.member, value.as_bytes());
            }
        }
        out.push(b'}');
        out.into()
    }

    fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    fn text(&self, range: &Range<usize>) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(range.clone())?).ok()
    }
}

fn push_member(out: &mut Vec<u8>, first: &mut bool, name: &str, value: &[u8]) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
    out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(value);
}

fn is_json_start(byte: u8) -> bool {
    matches!(byte, b'[' | b'"' | b't' | b'f' | b'n' | b'-' | b'0'..=b'9')
}

// === impl Edit ===

impl Edit {
    /// Sets a member.
    pub fn set(member: impl Into<String>, value: impl Into<String>) -> Self {
        Self { member: member.into(), value: Some(value.into()) }
    }

    /// Takes a member out.
    pub fn remove(member: impl Into<String>) -> Self {
        Self { member: member.into(), value: None }
    }

    fn is_json(&self) -> bool {
        self.value.as_deref().is_none_or(|v| serde_json::from_str::<&RawValue>(v).is_ok())
    }

    fn value_len(&self) -> usize {
        self.value.as_ref().map_or(0, String::len)
    }
}

/// Collects names and the positions of values.
struct Members<'a> {
    base: &'a str,
}

impl<'de> Visitor<'de> for Members<'de> {
    type Value = Vec<Member>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::with_capacity(12);
        while let Some(Name(name)) = map.next_key()? {
            let value: &'de RawValue = map.next_value()?;
            // The value is borrowed from `base`, so the distance of their addresses is its place.
            let start = value.get().as_ptr().addr() - self.base.as_ptr().addr();
            let value = start..start + value.get().len();
            members.push(Member { name: name.into_owned(), value });
        }
        Ok(members)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
    }

    fn edited(text: &str, edits: &[Edit]) -> String {
        String::from_utf8(document(text).edited(edits).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn members_are_found_as_their_author_wrote_them() {
        let doc = document(r#" { "a" : 1.50 , "b\u0063": {"x": [ 1,2 ]}, "s":"\u00e9" } "#);
        assert_eq!(doc.member("a"), Some("1.50"));
        assert_eq!(doc.member("bc"), Some(r#"{"x": [ 1,2 ]}"#));
        assert_eq!(doc.member("s"), Some(r#""\u00e9""#));
        assert_eq!(doc.member("x"), None);
    }

    #[test]
    fn an_edit_leaves_every_other_byte_alone() {
        let text = r#"{ "model" : "a", "n":1.0e0, "unknown": {"deep": [1, 2]} }"#;
        let edits = [Edit::set("model", r#""b""#), Edit::set("new", "true")];
        assert_eq!(
            edited(text, &edits),
            r#"{ "model" : "b", "n":1.0e0, "unknown": {"deep": [1, 2]} ,"new":true}"#
        );
        assert_eq!(edited("{}", &edits), r#"{"model":"b","new":true}"#);
        assert_eq!(edited(text, &[]), text);
    }

    #[test]
    fn a_member_is_taken_out_and_the_rest_stays() {
        let edits = [Edit::remove("b"), Edit::set("c", "3"), Edit::set("d", "4")];
        assert_eq!(edited(r#"{"a":1, "b":2, "c" : 0}"#, &edits), r#"{"a":1,"c":3,"d":4}"#);
        assert_eq!(edited(r#"{"a":1}"#, &[Edit::remove("x")]), r#"{"a":1}"#);
    }

    #[test]
    fn a_new_value_that_is_no_json_is_refused() {
        let error = document("{}").edited(&[Edit::set("a", "}, \"b\": 1")]);
        assert_eq!(error, Err(BadEdit("a".to_owned())));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "nul", "{", "{\"a\":1}}", "{\"a\":1} x", "{'a':1}", "{\"a\":\"\u{1}\"}"] {
            let parsed = Document::parse(Bytes::copy_from_slice(text.as_bytes()));
            assert!(matches!(parsed, Err(DocumentError::Json(_))), "{text}");
        }
        for text in ["[]", "null", " 1", "\"x\""] {
            let parsed = Document::parse(Bytes::copy_from_slice(text.as_bytes()));
            assert!(matches!(parsed, Err(DocumentError::NotAnObject)), "{text}");
        }
        assert!(Document::parse(Bytes::from_static(b"{\"a\":\"\xff\"}")).is_err());
    }

    #[test]
    fn repeated_members_are_noticed_however_they_are_spelt() {
        let doc = document(r#"{"model":"a","mod\u0065l":"b","x":1}"#);
        assert_eq!(doc.repeated(&["x", "model"]), Some("model"));
        assert_eq!(doc.repeated(&["x"]), None);
    }
}
