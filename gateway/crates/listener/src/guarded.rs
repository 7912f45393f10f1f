//! A connection whose reader sees only what the guard has let through.
//!
//! Heads and the lines of chunked bodies go through a buffer here; the bytes of bodies are read
//! straight into the reader's own. What follows a request stays here until the next one is asked
//! for. A request that is refused is replaced by its stand-in; a fault in the middle of a body
//! fails the read, since the answer may be under way.

mod clock;
mod inbox;
mod io;

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use pingora_core::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};

use self::clock::Clock;
use self::inbox::Inbox;
use crate::guard::refusal::Fault;
use crate::guard::{Guard, GuardLimits, Waiting};
use crate::settings::Deadlines;

/// Parts of a body smaller than this are read together with what follows them.
const STRAIGHT_BYTES_MIN: u64 = 4 << 10;
/// Of a next request, kept while the one before is being answered. Beyond it, the socket waits.
const EARLY_BYTES_MAX: usize = 16 << 10;

/// A guarded connection.
pub(crate) struct Guarded {
    stream: Stream,
    guard: Guard,
    inbox: Inbox,
    /// So many bytes of a head in the inbox are looked at.
    held: usize,
    /// So many bytes of the inbox may be handed on.
    released: usize,
    /// The inbox holds bytes that the guard has not seen, or not in its present state.
    is_unchecked: bool,
    end: End,
    clock: Clock,
    /// Waits until the answer says which protocol is spoken.
    reader: Option<Waker>,
    is_shut: bool,
}

/// How far a connection is from its end.
#[derive(Debug)]
enum End {
    /// Nothing is wrong.
    Open,
    /// The fault is told as soon as what came before it is handed on.
    Found(Fault),
    /// So many bytes of this stand-in are handed on.
    StandIn(String, usize),
    /// Nothing more is read.
    Refused,
    /// Nothing came for too long between requests, or the client has left.
    Closed,
    /// Reading the body has failed.
    Broken(Broken),
}

/// Why reading a body has failed.
#[derive(Clone, Copy, Debug)]
enum Broken {
    Framing(Fault),
    Slow,
}

// === impl Guarded ===

impl Guarded {
    pub(crate) fn new(stream: Stream, limits: GuardLimits, deadlines: Deadlines) -> Self {
        Self {
            stream,
            guard: Guard::new(limits),
            inbox: Inbox::default(),
            held: 0,
            released: 0,
            is_unchecked: false,
            end: End::Open,
            clock: Clock::new(deadlines),
            reader: None,
            is_shut: false,
        }
    }

    /// Lets the next request pass. `false` if the connection is of no further use.
    pub(crate) fn begin_request(&mut self) -> bool {
        self.is_unchecked = !self.inbox.is_empty();
        self.clock.restart();
        matches!(self.end, End::Open) && self.released == 0 && self.guard.begin_request()
    }

    /// Waits for something to read: a whole head, or the end of the connection. What reads requests
    /// is large, and a connection that only waits for one does without it.
    pub(crate) async fn something_has_come(&mut self) {
        std::future::poll_fn(|cx| self.poll_something(cx)).await;
    }

    fn poll_something(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.released == 0 && matches!(self.end, End::Open) && self.guard.is_in_head() {
            if std::mem::take(&mut self.is_unchecked) {
                self.check();
                continue;
            }
            match self.poll_inbox(cx) {
                Poll::Ready(Ok(Came::Handed | Came::Kept)) => {}
                // Whoever has broken off has left.
                Poll::Ready(Ok(Came::End) | Err(_)) => self.end = End::Closed,
                Poll::Pending => ready!(self.poll_late(cx)),
            }
        }
        Poll::Ready(())
    }

    fn poll_guarded(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        loop {
            if self.released > 0 {
                self.released -= self.inbox.take(buf, self.released);
                return Poll::Ready(Ok(()));
            }
            if !matches!(self.end, End::Open) {
                return self.poll_end(buf);
            }
            if std::mem::take(&mut self.is_unchecked) {
                self.check();
                continue;
            }
            if self.guard.is_servers_turn() {
                return self.poll_client_left(cx);
            }
            let passing = self.guard.passing();
            let polled = if passing >= STRAIGHT_BYTES_MIN && self.inbox.is_empty() {
                self.poll_straight(cx, buf, passing)
            } else {
                self.poll_inbox(cx)
            };
            match polled {
                Poll::Ready(Ok(Came::Handed)) => return Poll::Ready(Ok(())),
                Poll::Ready(Ok(Came::Kept)) => {}
                Poll::Ready(Ok(Came::End)) => self.end = End::Closed,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => ready!(self.poll_late(cx)),
            }
        }
    }

    /// What is read when nothing more comes from the client.
    fn poll_end(&mut self, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        if let End::Found(fault) = self.end {
            self.end = match self.guard.is_in_head() {
                true => End::StandIn(fault.stand_in(), 0),
                false => End::Broken(Broken::Framing(fault)),
            };
        }
        match &mut self.end {
            End::StandIn(text, handed) => {
                let rest = text.as_bytes().get(*handed..).unwrap_or_default();
                let part = rest.get(..buf.remaining()).unwrap_or(rest);
                buf.put_slice(part);
                *handed += part.len();
                if *handed == text.len() {
                    self.end = End::Refused;
                }
                Poll::Ready(Ok(()))
            }
            End::Broken(Broken::Framing(fault)) => {
                Poll::Ready(Err(Error::new(ErrorKind::InvalidData, *fault)))
            }
            End::Broken(Broken::Slow) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            End::Closed => Poll::Ready(Ok(())),
            // Whoever answers the stand-in must not think that the client has left.
            End::Open | End::Found(_) | End::Refused => Poll::Pending,
        }
    }

    fn check(&mut self) {
        let checked = self.guard.check(self.inbox.bytes(), &mut self.held);
        self.released = checked.released;
        if checked.released > 0 {
            self.clock.progressed(checked.released);
        }
        if let Some(fault) = checked.fault {
            self.end = End::Found(fault);
        }
    }

    /// Reads a body's bytes to where they are wanted.
    fn poll_straight(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
        passing: u64,
    ) -> Poll<Result<Came>> {
        let room = buf.remaining();
        let limit = usize::try_from(passing).unwrap_or(usize::MAX);
        let count = if room <= limit {
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            room - buf.remaining()
        } else {
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(limit));
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
            let count = part.filled().len();
            buf.advance(count);
            count
        };
        if count == 0 && room > 0 {
            return Poll::Ready(Ok(Came::End));
        }
        self.guard.passed(count as u64);
        self.clock.progressed(count);
        Poll::Ready(Ok(Came::Handed))
    }

    fn poll_inbox(&mut self, cx: &mut Context<'_>) -> Poll<Result<Came>> {
        let count = ready!(self.inbox.poll_fill(cx, &mut self.stream))?;
        self.is_unchecked = count > 0;
        Poll::Ready(Ok(if count == 0 { Came::End } else { Came::Kept }))
    }

    /// While a request is answered, reading means asking whether the client is still there.
    fn poll_client_left(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if self.guard.awaits_answer() {
            self.reader = Some(cx.waker().clone());
        }
        while self.inbox.bytes().len() < EARLY_BYTES_MAX {
            if ready!(self.inbox.poll_fill(cx, &mut self.stream))? == 0 {
                self.end = End::Closed;
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }

    /// Ready once the client is too late with what is waited for.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let waiting = self.guard.waiting(self.inbox.bytes().len());
        ready!(self.clock.poll(waiting, cx));
        self.end = match waiting {
            Waiting::Request => End::Closed,
            Waiting::Head => End::Found(Fault::HeadTimeout),
            Waiting::Body => End::Broken(Broken::Slow),
            Waiting::Other => return Poll::Pending,
        };
        Poll::Ready(())
    }

    /// The server has written this.
    fn wrote(&mut self, bytes: &[u8]) {
        if !self.guard.awaits_answer() || bytes.is_empty() {
            return;
        }
        self.guard.answered(bytes);
        self.is_unchecked = !self.guard.is_servers_turn() && !self.inbox.is_empty();
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// After a refusal, takes what the client still sends: a socket that is closed over unread
    /// bytes may take the answer away from the client.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.end, End::Refused | End::Broken(_)) {
            return Poll::Ready(());
        }
        self.inbox.clear();
        loop {
            match self.inbox.poll_fill(cx, &mut self.stream) {
                Poll::Ready(Ok(1..)) => self.inbox.clear(),
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                Poll::Pending => return self.clock.poll_linger(cx),
            }
        }
    }
}

/// What came of a read.
enum Came {
    /// The reader has its bytes.
    Handed,
    /// They are in the inbox.
    Kept,
    /// The client has closed its side.
    End,
}

#[cfg(test)]
mod tests;
