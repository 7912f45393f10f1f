//! Answers of one JSON text in each line.

use bytes::BytesMut;
use memchr::memchr;
use tollgate_domain::Frame;

use super::FramingError;

/// Collects bytes and gives lines.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// Up to here there is no end of a line.
    searched: usize,
    bytes_max: usize,
}

// === impl Lines ===

impl Lines {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, bytes_max }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next line that is not empty.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, FramingError> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            let end = memchr(b'\n', unsearched).map(|at| self.searched + at);
            if end.unwrap_or(self.buffer.len()) > self.bytes_max {
                return Err(FramingError::TooLarge(self.bytes_max));
            }
            let Some(end) = end else {
                self.searched = self.buffer.len();
                return Ok(None);
            };
            self.searched = 0;
            if let Some(frame) = frame(self.buffer.split_to(end + 1)) {
                return Ok(Some(frame));
            }
        }
    }

    /// The last line, if its end is missing.
    pub(super) fn rest(&mut self) -> Option<Frame> {
        self.searched = 0;
        frame(self.buffer.split())
    }
}

fn frame(line: BytesMut) -> Option<Frame> {
    let line = line.freeze();
    let data = line.slice_ref(line.trim_ascii());
    (!data.is_empty()).then_some(Frame { name: None, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"{\"a\":1}\r\n\n  \n{\"b\":2}\n{\"c\":3}";

    fn all(chunks: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(100);
        let mut found = Vec::new();
        for chunk in chunks {
            lines.push(chunk);
            while let Some(frame) = lines.next().unwrap() {
                found.push(frame);
            }
        }
        found.extend(lines.rest());
        found.into_iter().map(|frame| String::from_utf8(frame.data.to_vec()).unwrap()).collect()
    }

    #[test]
    fn lines_are_the_same_for_every_chunking() {
        let expected = ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"];
        for at in 0..=TEXT.len() {
            let (head, tail) = TEXT.split_at(at);
            assert_eq!(all(&[head, tail]), expected, "{at}");
        }
        assert_eq!(all(&TEXT.chunks(1).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn a_line_above_the_bound_is_an_error() {
        let mut lines = Lines::new(5);
        lines.push(b"12345\n");
        assert!(lines.next().unwrap().is_some());
        lines.push(b"123456");
        assert_eq!(lines.next(), Err(FramingError::TooLarge(5)));
    }
}
