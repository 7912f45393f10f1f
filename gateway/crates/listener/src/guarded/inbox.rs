//! Bytes that were read and are not handed on yet.

use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pingora_core::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};

/// Holds most heads with a small body; also how much more is made room for at a time.
const ROOM_BYTES: usize = 8 << 10;

/// Holds a usual head: what a connection takes that never sends more than a part of one.
const FIRST_BYTES: usize = 2 << 10;

/// Its memory is cleared once and then used again.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

// === impl Inbox ===

impl Inbox {
    pub(super) fn bytes(&self) -> &[u8] {
        self.memory.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Moves up to `count` bytes; tells how many.
    pub(super) fn take(&mut self, buf: &mut ReadBuf<'_>, count: usize) -> usize {
        let count = count.min(buf.remaining());
        let part = self.bytes().get(..count).unwrap_or_default();
        let count = part.len();
        buf.put_slice(part);
        self.start += count;
        if self.is_empty() {
            self.clear();
            // A large head is rare; a connection need not keep room for one.
            if self.memory.len() > ROOM_BYTES {
                self.memory = Vec::new();
            }
        }
        count
    }

    /// Reads more; tells how much, nothing at the stream's end.
    pub(super) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut Stream,
    ) -> Poll<Result<usize>> {
        if self.memory.is_empty() {
            self.memory.resize(FIRST_BYTES, 0);
        }
        let enough = self.memory.len().min(ROOM_BYTES) / 2;
        if self.memory.len() - self.end < enough {
            self.memory.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
            if self.memory.len() - self.end < enough {
                self.memory.resize(ROOM_BYTES.max(self.end + ROOM_BYTES / 2), 0);
            }
        }
        let room = self.memory.get_mut(self.end..).unwrap_or_default();
        let mut room = ReadBuf::new(room);
        ready!(Pin::new(stream).poll_read(cx, &mut room))?;
        let count = room.filled().len();
        self.end += count;
        Poll::Ready(Ok(count))
    }
}
