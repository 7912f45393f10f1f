//! Answers cut into frames, whatever the chunks that they arrive in. What is kept is bounded, and
//! the time is linear in the bytes.

mod aws_event_stream;
mod lines;
mod sse;

use bytes::BytesMut;
use tollgate_domain::Frame;

use aws_event_stream::Messages;
use lines::Lines;
pub use sse::{SseEvent, SseEvents};

/// How an answer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The whole body is one frame.
    Whole,
    /// Each event of an event stream.
    ServerSentEvents,
    /// Each message of AWS's binary event stream.
    AwsEventStream,
    /// Each line that is not empty.
    Lines,
}

/// Why bytes cannot be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A frame is larger than allowed.
    #[error("a frame of the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// A checksum or a length of the binary framing is wrong.
    #[error("the answer's binary framing is broken")]
    Broken,
    /// The answer ended within a frame.
    #[error("the answer ended within a frame")]
    Cut,
}

/// Collects bytes and gives whole frames. After an error nothing more can be had.
#[derive(Debug)]
pub struct Frames(Cutter);

#[derive(Debug)]
enum Cutter {
    Whole { body: BytesMut, bytes_max: usize },
    ServerSentEvents(SseEvents),
    AwsEventStream(Messages),
    Lines(Lines),
}

// === impl Frames ===

impl Frames {
    /// Frames of at most so many bytes.
    pub fn new(framing: Framing, bytes_max: usize) -> Self {
        Self(match framing {
            Framing::Whole => Cutter::Whole { body: BytesMut::new(), bytes_max },
            Framing::ServerSentEvents => Cutter::ServerSentEvents(SseEvents::new(bytes_max)),
            Framing::AwsEventStream => Cutter::AwsEventStream(Messages::new(bytes_max)),
            Framing::Lines => Cutter::Lines(Lines::new(bytes_max)),
        })
    }

    /// Adds bytes that arrived. [`Frames::next_frame`] is to be called until it gives nothing.
    pub fn push(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Cutter::Whole { body, bytes_max } => {
                // One byte above the bound is enough to know, and all that is kept.
                let room = bytes_max.saturating_add(1).saturating_sub(body.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            }
            Cutter::ServerSentEvents(events) => events.push(bytes),
            Cutter::AwsEventStream(messages) => messages.push(bytes),
            Cutter::Lines(lines) => lines.push(bytes),
        }
    }

    /// The next whole frame, if there is one.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        match &mut self.0 {
            Cutter::Whole { body, bytes_max } if body.len() > *bytes_max => {
                Err(FramingError::TooLarge(*bytes_max))
            }
            Cutter::Whole { .. } => Ok(None),
            Cutter::ServerSentEvents(events) => loop {
                match events.next_event()? {
                    Some(event) if event.data.is_empty() => {}
                    found => return Ok(found.map(frame)),
                }
            },
            Cutter::AwsEventStream(messages) => messages.next(),
            Cutter::Lines(lines) => lines.next(),
        }
    }

    /// What is left when the answer has ended: the whole body, or a last frame whose end is missing.
    pub fn finish(&mut self) -> Result<Option<Frame>, FramingError> {
        if let Some(frame) = self.next_frame()? {
            return Ok(Some(frame));
        }
        match &mut self.0 {
            Cutter::Whole { body, .. } => {
                let data = body.split().freeze();
                Ok((!data.is_empty()).then_some(Frame { name: None, data }))
            }
            Cutter::ServerSentEvents(events) => Ok(events.rest().map(frame)),
            Cutter::AwsEventStream(messages) => messages.finish(),
            Cutter::Lines(lines) => Ok(lines.rest()),
        }
    }
}

fn frame(event: SseEvent) -> Frame {
    Frame { name: event.name, data: event.data }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_whole_body_is_one_frame_at_its_end() {
        let mut frames = Frames::new(Framing::Whole, 10);
        frames.push(b"{\"a\"");
        assert_eq!(frames.next_frame(), Ok(None));
        frames.push(b":1}");
        let frame = Frame { name: None, data: Bytes::from_static(b"{\"a\":1}") };
        assert_eq!(frames.finish(), Ok(Some(frame)));
        assert_eq!(frames.finish(), Ok(None));
    }

    #[test]
    fn a_body_above_the_bound_is_an_error_and_is_not_kept() {
        let mut frames = Frames::new(Framing::Whole, 10);
        frames.push(&[b'x'; 1000]);
        frames.push(&[b'x'; 1000]);
        assert!(matches!(&frames.0, Cutter::Whole { body, .. } if body.len() == 11));
        assert_eq!(frames.next_frame(), Err(FramingError::TooLarge(10)));
    }

    #[test]
    fn comments_are_no_frames() {
        let mut frames = Frames::new(Framing::ServerSentEvents, 100);
        frames.push(b": hello\n\nevent: e\ndata: x\n\n");
        let frame = Frame { name: Some("e".to_owned()), data: Bytes::from_static(b"x") };
        assert_eq!(frames.next_frame(), Ok(Some(frame)));
        assert_eq!(frames.next_frame(), Ok(None));
    }
}
