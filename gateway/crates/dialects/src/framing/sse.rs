//! Server-sent events as the HTML standard reads them: lines end in LF, CR or CRLF, a byte order
//! mark may come first, data may have many lines.

use bytes::{Bytes, BytesMut};
use memchr::memchr2;

use super::FramingError;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Collects bytes and gives whole events.
#[derive(Debug)]
pub struct SseEvents {
    buffer: BytesMut,
    /// Up to here every line is known.
    searched: usize,
    /// Where the line begins that is not at its end yet.
    line: usize,
    /// Whether the line before ended in CRLF.
    pairs: bool,
    start: Start,
    bytes_max: usize,
}

/// What may have to be taken from the front of the buffer before it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Nothing arrived yet: a byte order mark may come.
    Stream,
    /// The last event ended in CR, after lines that did too: yet an LF may belong to it.
    AfterReturn,
    /// An event begins here.
    Clean,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SseEvent {
    /// Its bytes with the blank line that ends it.
    pub raw: Bytes,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its `data` lines, joined by LF. Empty for comments.
    pub data: Bytes,
}

// === impl SseEvents ===

impl SseEvents {
    /// Events of at most so many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            line: 0,
            pairs: false,
            start: Start::Stream,
            bytes_max,
        }
    }

    /// Adds bytes that arrived. [`SseEvents::next_event`] is to be called until it gives nothing.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event, comments included.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>, FramingError> {
        if !self.begin() {
            return Ok(None);
        }
        match self.event_end() {
            Some(end) if end <= self.bytes_max => Ok(Some(self.split(end))),
            None if self.buffer.len() <= self.bytes_max => Ok(None),
            _ => Err(FramingError::TooLarge(self.bytes_max)),
        }
    }

    /// What is left when the stream has ended: an event whose blank line is missing.
    pub fn rest(&mut self) -> Option<SseEvent> {
        let event = self.split(self.buffer.len());
        (!event.data.is_empty()).then_some(event)
    }

    /// Takes away what belongs to no event. False if more bytes are needed to know.
    fn begin(&mut self) -> bool {
        let skipped = match self.start {
            Start::Clean => 0,
            Start::AfterReturn if self.buffer.is_empty() => return false,
            Start::AfterReturn => usize::from(self.buffer.first() == Some(&b'\n')),
            Start::Stream if self.buffer.starts_with(BYTE_ORDER_MARK) => BYTE_ORDER_MARK.len(),
            Start::Stream if BYTE_ORDER_MARK.starts_with(&self.buffer) => return false,
            Start::Stream => 0,
        };
        let _skipped = self.buffer.split_to(skipped);
        self.start = Start::Clean;
        true
    }

    /// Just after the blank line that ends the first event.
    fn event_end(&mut self) -> Option<usize> {
        loop {
            let unsearched = self.buffer.get(self.searched..)?;
            let Some(at) = memchr2(b'\r', b'\n', unsearched) else {
                self.searched = self.buffer.len();
                return None;
            };
            let end = self.searched + at;
            let (next, returned) = (self.buffer.get(end + 1), self.buffer.get(end) == Some(&b'\r'));
            let blank = end == self.line;
            if returned && next.is_none() && (!blank || self.pairs) {
                // Whether this is CR or CRLF shows with the next byte.
                self.searched = end;
                return None;
            }
            self.pairs = returned && next == Some(&b'\n');
            let after = end + 1 + usize::from(self.pairs);
            self.searched = after;
            self.line = after;
            if blank {
                if returned && next.is_none() {
                    self.start = Start::AfterReturn;
                }
                return Some(after);
            }
        }
    }

    fn split(&mut self, end: usize) -> SseEvent {
        let raw = self.buffer.split_to(end).freeze();
        (self.searched, self.line) = (0, 0);
        let (name, data) = fields(&raw);
        SseEvent { raw, name, data }
    }
}

// === impl SseEvent ===

impl SseEvent {
    /// The event's bytes with other data; its other lines stay.
    pub fn with_data(&self, data: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(self.raw.len() + data.len());
        for line in self.raw.split(|byte| matches!(byte, b'\n' | b'\r')) {
            let field = line.split(|byte| *byte == b':').next().unwrap_or_default();
            if !line.is_empty() && field != b"data" {
                out.extend_from_slice(line);
                out.extend_from_slice(b"\n");
            }
        }
        for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
            out.extend_from_slice(b"data: ");
            out.extend_from_slice(line);
            out.extend_from_slice(b"\n");
        }
        out.extend_from_slice(b"\n");
        out.freeze()
    }
}

/// The event's name and data. A single data line, the common case, is not copied.
fn fields(raw: &Bytes) -> (Option<String>, Bytes) {
    let mut name = None;
    let mut single: Option<&[u8]> = None;
    let mut joined: Vec<u8> = Vec::new();
    for line in raw.split(|byte| matches!(byte, b'\n' | b'\r')) {
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => line.split_at(colon),
            None => (line, b":".as_slice()),
        };
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = Some(String::from_utf8_lossy(value).into_owned()),
            b"data" => match single {
                None => single = Some(value),
                Some(first) => {
                    if joined.is_empty() {
                        joined.extend_from_slice(first);
                    }
                    joined.push(b'\n');
                    joined.extend_from_slice(value);
                }
            },
            _ => {}
        }
    }
    let data = match single {
        Some(only) if joined.is_empty() => raw.slice_ref(only),
        _ => joined.into(),
    };
    (name.filter(|name| !name.is_empty()), data)
}

#[cfg(test)]
mod tests;
