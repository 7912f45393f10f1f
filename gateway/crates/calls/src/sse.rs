//! Server-sent events taken apart, whatever the chunks that they arrive in.

use bytes::{Bytes, BytesMut};
use memchr::memmem;

/// A stream has an event that is larger than allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is larger than {0} bytes")]
pub(crate) struct EventTooLarge(pub(crate) usize);

/// Collects bytes and gives whole events.
pub(crate) struct Events {
    buffer: BytesMut,
    /// Up to here no end of an event was found.
    searched: usize,
    bytes_max: usize,
}

/// One event: its bytes with the blank line that ends it, and its data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) raw: Bytes,
    pub(crate) data: Bytes,
}

// === impl Events ===

impl Events {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, bytes_max }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole event.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, EventTooLarge> {
        match self.event_end() {
            Some(end) if end <= self.bytes_max => {
                let raw = self.buffer.split_to(end).freeze();
                self.searched = 0;
                Ok(Some(Event { data: data_of(&raw), raw }))
            }
            None if self.buffer.len() <= self.bytes_max => {
                // The end may straddle chunks: "\r\n\r" is the longest part of one.
                self.searched = self.buffer.len().saturating_sub(3);
                Ok(None)
            }
            _ => Err(EventTooLarge(self.bytes_max)),
        }
    }

    /// What is left when the stream has ended: an event whose blank line is missing.
    pub(crate) fn rest(&mut self) -> Option<Event> {
        let raw = self.buffer.split().freeze();
        self.searched = 0;
        let data = data_of(&raw);
        (!data.is_empty()).then_some(Event { raw, data })
    }

    fn event_end(&self) -> Option<usize> {
        let unsearched = self.buffer.get(self.searched..)?;
        let ends = [b"\n\n".as_slice(), b"\n\r\n"]
            .into_iter()
            .filter_map(|end| memmem::find(unsearched, end).map(|at| at + end.len()));
        ends.min().map(|end| end + self.searched)
    }
}

/// The event's `data` lines, joined. A single line, the common case, is not copied.
fn data_of(raw: &Bytes) -> Bytes {
    let lines = raw.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let data = line.strip_prefix(b"data:")?;
        Some(data.strip_prefix(b" ").unwrap_or(data))
    });
    let mut joined: Vec<&[u8]> = lines.collect();
    match (joined.pop(), joined.is_empty()) {
        (None, _) => Bytes::new(),
        (Some(only), true) => raw.slice_ref(only),
        (Some(last), false) => {
            joined.push(last);
            joined.join(&b'\n').into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "data: {\"a\":1}\n\n: comment\n\ndata:x\r\ndata: y\r\n\r\nevent: e\n\
                          data: [DONE]\n\n";

    fn all(chunks: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let mut events = Events::new(1000);
        let (mut data, mut raw) = (Vec::new(), Vec::new());
        for chunk in chunks {
            events.push(chunk);
            while let Some(event) = events.next().unwrap() {
                data.push(String::from_utf8(event.data.to_vec()).unwrap());
                raw.extend_from_slice(&event.raw);
            }
        }
        (data, raw)
    }

    #[test]
    fn events_are_the_same_for_every_chunking() {
        let expected = ["{\"a\":1}", "", "x\ny", "[DONE]"];
        for at in 0..=STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(at);
            let (data, raw) = all(&[head, tail]);
            assert_eq!((data, raw), (expected.map(str::to_owned).to_vec(), STREAM.into()), "{at}");
        }
        let single: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(all(&single).0, expected);
    }

    #[test]
    fn an_event_above_the_limit_is_an_error_and_not_a_growing_buffer() {
        let mut events = Events::new(10);
        events.push(b"data: 0123456789");
        assert_eq!(events.next(), Err(EventTooLarge(10)));
        let mut events = Events::new(10);
        events.push(b"data: 0123456789\n\n");
        assert_eq!(events.next(), Err(EventTooLarge(10)));
    }

    #[test]
    fn what_is_left_at_the_end_is_given_once() {
        let mut events = Events::new(100);
        events.push(b"data: tail");
        assert_eq!(events.next(), Ok(None));
        assert_eq!(events.rest().unwrap().data, "tail");
        assert_eq!(events.rest(), None);
    }
}
