//! Forms with files, `multipart/form-data`: their fields as a JSON object for whoever reads facts,
//! and the same form with some fields changed for the upstream.

use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memmem;
use serde_json::{Map, Value};
use tollgate_domain::Edit;

/// More parts than any request of this kind has.
const PARTS_MAX: usize = 100;
/// A field that is longer is a file for all that is known.
const FIELD_BYTES_MAX: usize = 1 << 20;
/// RFC 2046 allows 70.
const BOUNDARY_BYTES_MAX: usize = 200;

/// A form as the client sent it.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    bytes: Bytes,
    boundary: String,
    parts: Vec<Part>,
}

/// A part of the form: where it is, head included.
#[derive(Clone, Debug)]
struct Part {
    name: String,
    is_file: bool,
    head: Range<usize>,
    value: Range<usize>,
}

/// Why bytes are no form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// The content type is another, or lacks its boundary.
    #[error("expected a form: content-type must be multipart/form-data with a boundary")]
    ContentType,
    /// The parts are not framed as they must be.
    #[error("the form's parts are broken")]
    Broken,
    /// There are too many.
    #[error("the form has more than {PARTS_MAX} parts")]
    TooMany,
}

// === impl Form ===

impl Form {
    /// Finds the parts of a body.
    pub(crate) fn parse(content_type: &[u8], bytes: Bytes) -> Result<Self, FormError> {
        let boundary = boundary(content_type).ok_or(FormError::ContentType)?;
        let delimiter = format!("--{boundary}");
        let mut parts = Vec::new();
        let mut at = if bytes.starts_with(delimiter.as_bytes()) {
            delimiter.len()
        } else {
            let first = format!("\r\n{delimiter}");
            memmem::find(&bytes, first.as_bytes()).ok_or(FormError::Broken)? + first.len()
        };
        let delimiter = format!("\r\n{delimiter}");
        loop {
            let rest = bytes.get(at..).ok_or(FormError::Broken)?;
            if rest.starts_with(b"--") {
                break;
            }
            if parts.len() >= PARTS_MAX {
                return Err(FormError::TooMany);
            }
            let head = at + line_end(rest).ok_or(FormError::Broken)?;
            let length = memmem::find(rest, delimiter.as_bytes()).ok_or(FormError::Broken)?;
            let end = at + length;
            parts.push(Part::parse(&bytes, head..end).ok_or(FormError::Broken)?);
            at = end + delimiter.len();
        }
        Ok(Self { bytes, boundary, parts })
    }

    /// The fields that are no files, as a JSON object: true and false as such, any other value as a
    /// text. A field that occurs several times is given as its last value, as most servers read it.
    pub(crate) fn fields(&self) -> Bytes {
        let mut fields = Map::new();
        for part in self.parts.iter().filter(|part| !part.is_file) {
            let value = self.bytes.get(part.value.clone()).unwrap_or_default();
            if value.len() > FIELD_BYTES_MAX {
                continue;
            }
            let value = match value {
                b"true" => Value::Bool(true),
                b"false" => Value::Bool(false),
                text => Value::String(String::from_utf8_lossy(text).into_owned()),
            };
            fields.insert(part.name.clone(), value);
        }
        Value::Object(fields).to_string().into()
    }

    /// A field that two servers could read differently, because it occurs twice.
    pub(crate) fn repeated<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        let times = |name: &str| self.parts.iter().filter(|part| part.name == name).count();
        names.iter().copied().find(|name| times(name) > 1)
    }

    /// The form with some fields changed, added or taken out; every other byte of a part stays.
    pub(crate) fn edited(&self, edits: &[Edit]) -> Bytes {
        let mut out = BytesMut::with_capacity(self.bytes.len() + 256 * edits.len());
        let edit_of = |name: &str| edits.iter().find(|edit| edit.member == name);
        for part in &self.parts {
            let value = match edit_of(&part.name) {
                Some(Edit { value: None, .. }) => continue,
                Some(Edit { value: Some(json), .. }) => plain(json).into(),
                None => self.slice(&part.value),
            };
            self.put(&mut out, &self.slice(&part.head), &value);
        }
        for edit in edits {
            let is_new = self.parts.iter().all(|part| part.name != edit.member);
            if let (true, Some(json)) = (is_new, &edit.value) {
                let name = edit.member.replace(['"', '\r', '\n'], "_");
                let head = format!("content-disposition: form-data; name=\"{name}\"\r\n\r\n");
                self.put(&mut out, head.as_bytes(), plain(json).as_bytes());
            }
        }
        out.put_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        out.freeze()
    }

    /// The content type that belongs to an edited form.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn put(&self, out: &mut BytesMut, head: &[u8], value: &[u8]) {
        out.put_slice(format!("--{}\r\n", self.boundary).as_bytes());
        out.put_slice(head);
        out.put_slice(value);
        out.put_slice(b"\r\n");
    }

    fn slice(&self, range: &Range<usize>) -> Bytes {
        self.bytes.slice(range.clone())
    }
}

// === impl Part ===

impl Part {
    fn parse(bytes: &[u8], range: Range<usize>) -> Option<Self> {
        let part = bytes.get(range.clone())?;
        let blank = memmem::find(part, b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(part.get(..blank)?).ok()?;
        let disposition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
        })?;
        Some(Self {
            name: parameter(disposition, "name")?,
            is_file: parameter(disposition, "filename").is_some(),
            head: range.start..range.start + blank,
            value: range.start + blank..range.end,
        })
    }
}

/// A value of JSON as a form writes it: a text without its quotes.
fn plain(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

fn boundary(content_type: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content_type).ok()?;
    let (kind, _) = text.split_once(';')?;
    let is_form = kind.trim().eq_ignore_ascii_case("multipart/form-data");
    let boundary = parameter(text, "boundary").filter(|_| is_form)?;
    let is_plain = boundary.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"');
    let fits = !boundary.is_empty() && boundary.len() <= BOUNDARY_BYTES_MAX;
    (is_plain && fits).then_some(boundary)
}

/// A parameter of a header's value. Quoted values may hold semicolons.
fn parameter(value: &str, wanted: &str) -> Option<String> {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let (name, after) = after.split_once('=')?;
        let (value, left) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.trim().to_owned());
        }
        rest = left;
    }
    None
}

/// Behind the line break that ends a delimiter; blanks may stand before it.
fn line_end(rest: &[u8]) -> Option<usize> {
    let end = memmem::find(rest, b"\r\n")?;
    let blanks = rest.get(..end)?;
    blanks.iter().all(|byte| matches!(byte, b' ' | b'\t')).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &[u8] = b"multipart/form-data; boundary=\"x y\"";
    const FORM: &str = "--x y\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n\
         --x y\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a;b.wav\"\r\n\
         content-type: audio/wav\r\n\r\n\0\x01--x\r\n\r\n--x y\r\n\
         content-disposition: form-data; name=stream\r\n\r\ntrue\r\n--x y--\r\n";

    fn form(text: &str) -> Result<Form, FormError> {
        Form::parse(TYPE, Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn fields_are_read_and_files_are_not() {
        let fields: Value = serde_json::from_slice(&form(FORM).unwrap().fields()).unwrap();
        assert_eq!(fields, serde_json::json!({"model": "whisper", "stream": true}));
    }

    #[test]
    fn a_field_is_changed_and_every_other_part_stays() {
        let edits = [Edit::set("model", "\"w-1\""), Edit::remove("stream"), Edit::set("n", "2")];
        let edited = form(FORM).unwrap().edited(&edits);
        let expected = FORM.replace("whisper", "w-1").replace(
            "--x y\r\ncontent-disposition: form-data; name=stream\r\n\r\ntrue\r\n",
            "--x y\r\ncontent-disposition: form-data; name=\"n\"\r\n\r\n2\r\n",
        );
        assert_eq!(String::from_utf8(edited.to_vec()).unwrap(), expected);
        let again = Form::parse(form(FORM).unwrap().content_type().as_bytes(), edited).unwrap();
        assert_eq!(again.parts.len(), 3);
    }

    #[test]
    fn fields_that_occur_twice_are_noticed() {
        let twice = FORM.replace("name=stream", "name=model");
        assert_eq!(form(&twice).unwrap().repeated(&["file", "model"]), Some("model"));
        assert_eq!(form(FORM).unwrap().repeated(&["file", "model"]), None);
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for kind in ["application/json", "multipart/form-data", "multipart/form-data; boundary="] {
            let parsed = Form::parse(kind.as_bytes(), Bytes::from_static(FORM.as_bytes()));
            assert_eq!(parsed.unwrap_err(), FormError::ContentType, "{kind}");
        }
        for text in ["", "--x y", "--x y\r\n", "--x y\r\nno head\r\n--x y--"] {
            assert_eq!(form(text).unwrap_err(), FormError::Broken, "{text:?}");
        }
        for end in 0..FORM.len() - 4 {
            let (cut, _) = FORM.split_at(end);
            assert!(form(cut).is_err(), "{end}");
        }
    }
}
