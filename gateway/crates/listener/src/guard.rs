//! Checks the framing of HTTP/1 requests before anything else reads them.
//!
//! Bytes go in as they come; out comes how many of them may be handed on. A head is handed on only
//! when it is whole and in order, and nothing of a next request before its head is. So whatever
//! reads behind the guard sees only requests that every parser understands alike.
//!
//! After a request's last byte nothing passes until the server says that it wants the next one: a
//! request that comes early stays where it is, whatever the server reads meanwhile.

pub(crate) mod chunks;
pub(crate) mod head;
pub(crate) mod refusal;

use self::chunks::{Chunks, Next};
use self::head::{Accepted, Body, Head};
use self::refusal::Fault;

/// What a request's head may not exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuardLimits {
    /// Bytes of the request line and all headers.
    pub header_bytes: usize,
    /// Lines of headers.
    pub header_count: usize,
}

/// Where a connection's requests stand.
#[derive(Debug)]
pub(crate) struct Guard {
    limits: GuardLimits,
    state: State,
    /// The request under way asks for another protocol.
    upgrade: bool,
}

#[derive(Debug)]
enum State {
    /// In a head; so many bytes of its last, unfinished line are looked through.
    Head(Head, usize),
    /// In a body with so many bytes left.
    Fixed(u64),
    /// In a chunked body; so many bytes of an unfinished line are looked through.
    Chunked(Chunks, usize),
    /// The request is over, and the server has its turn.
    Over,
    /// The same, and the client wants another protocol: the answer decides.
    AwaitsAnswer,
    /// Another protocol is spoken.
    Opaque,
}

/// What the guard waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The first byte of a request.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
    /// Nothing that has a time.
    Other,
}

/// Bytes were looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// So many of them may be handed on.
    pub(crate) released: usize,
    /// What is wrong with those that follow.
    pub(crate) fault: Option<Fault>,
}

// === impl Guard ===

impl Guard {
    pub(crate) fn new(limits: GuardLimits) -> Self {
        Self { limits, state: State::Head(Head::default(), 0), upgrade: false }
    }

    /// Bytes of a fixed body that may be handed on unseen.
    pub(crate) fn passing(&self) -> u64 {
        match self.state {
            State::Fixed(left) | State::Chunked(Chunks::Data(left), _) => left,
            State::Opaque => u64::MAX,
            _ => 0,
        }
    }

    /// Bytes were handed on unseen, no more than [`Guard::passing`] told.
    pub(crate) fn passed(&mut self, count: u64) {
        match &mut self.state {
            State::Fixed(left) => {
                *left = left.saturating_sub(count);
                if *left == 0 {
                    self.end_request();
                }
            }
            State::Chunked(chunks, _) => {
                if let Chunks::Data(left) = chunks {
                    *left = left.saturating_sub(count);
                    if *left == 0 {
                        *chunks = Chunks::DataEnd;
                    }
                }
            }
            _ => {}
        }
    }

    /// What is waited for, if so many bytes have come that are not handed on.
    pub(crate) fn waiting(&self, pending: usize) -> Waiting {
        match &self.state {
            State::Head(head, _) if head.is_blank(pending) => Waiting::Request,
            State::Head(..) => Waiting::Head,
            State::Fixed(_) | State::Chunked(..) => Waiting::Body,
            State::Over | State::AwaitsAnswer | State::Opaque => Waiting::Other,
        }
    }

    /// Whether a request can begin now; `false` if the last one was not read to its end.
    pub(crate) fn begin_request(&mut self) -> bool {
        match self.state {
            State::Over | State::AwaitsAnswer => {
                self.state = State::Head(Head::default(), 0);
                true
            }
            State::Head(ref head, _) => head.is_blank(0),
            State::Fixed(_) | State::Chunked(..) | State::Opaque => false,
        }
    }

    /// Whether nothing may be handed on before the server has done its part.
    pub(crate) fn is_servers_turn(&self) -> bool {
        matches!(self.state, State::Over | State::AwaitsAnswer)
    }

    /// Whether the head under way can still be answered in the place of a request.
    pub(crate) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head(..))
    }

    /// Whether the server's next bytes say how things go on.
    pub(crate) fn awaits_answer(&self) -> bool {
        matches!(self.state, State::AwaitsAnswer)
    }

    /// The server has answered a wish for another protocol.
    pub(crate) fn answered(&mut self, head: &[u8]) {
        if head.starts_with(b"HTTP/1.1 101") {
            self.state = State::Opaque;
        } else if !head.starts_with(b"HTTP/1.1 1") {
            self.state = State::Over;
        }
    }

    /// Looks at bytes that are not handed on yet, all of them, each time from the first one.
    /// `held` of a head's lines were looked at before and are among them.
    pub(crate) fn check(&mut self, bytes: &[u8], held: &mut usize) -> Checked {
        let mut released = 0;
        while let Some(rest) = bytes.get(released + *held..) {
            match self.step(rest) {
                Ok(Step::Needs) => break,
                Ok(Step::Held(count)) => *held += count,
                Ok(Step::Released(count)) => {
                    released += *held + count;
                    *held = 0;
                }
                Err(fault) => return Checked { released, fault: Some(fault) },
            }
        }
        Checked { released, fault: None }
    }

    fn step(&mut self, rest: &[u8]) -> Result<Step, Fault> {
        match &mut self.state {
            State::Head(head, seen) => {
                let Some(line) = line(rest, seen) else {
                    head.check_growth(rest.len(), &self.limits)?;
                    return Ok(Step::Needs);
                };
                match head.line(line, &self.limits)? {
                    Some(accepted) => self.begin(accepted),
                    None => return Ok(Step::Held(line.len())),
                }
                Ok(Step::Released(line.len()))
            }
            State::Chunked(chunks, seen) if !matches!(chunks, Chunks::Data(_)) => {
                let Some(line) = line(rest, seen) else {
                    Chunks::check_growth(rest.len())?;
                    return Ok(Step::Needs);
                };
                match chunks.line(line)? {
                    Next::More(next) => *chunks = next,
                    Next::Done => self.end_request(),
                }
                Ok(Step::Released(line.len()))
            }
            State::Over | State::AwaitsAnswer => Ok(Step::Needs),
            State::Fixed(_) | State::Chunked(..) | State::Opaque => {
                if rest.is_empty() {
                    return Ok(Step::Needs);
                }
                let count = self.passing().min(rest.len() as u64);
                self.passed(count);
                Ok(Step::Released(usize::try_from(count).unwrap_or(usize::MAX)))
            }
        }
    }

    fn begin(&mut self, accepted: Accepted) {
        self.upgrade = accepted.upgrade;
        match accepted.body {
            Body::Fixed(0) => self.end_request(),
            Body::Fixed(bytes) => self.state = State::Fixed(bytes),
            Body::Chunked => self.state = State::Chunked(Chunks::Size, 0),
        }
    }

    fn end_request(&mut self) {
        self.state = match std::mem::take(&mut self.upgrade) {
            true => State::AwaitsAnswer,
            false => State::Over,
        };
    }
}

/// What came of looking at some bytes.
enum Step {
    /// More have to come.
    Needs,
    /// So many belong to a head that is not whole.
    Held(usize),
    /// So many, and all that were held, may be handed on.
    Released(usize),
}

/// The first line, its LF included; `seen` bytes are known to hold none.
fn line<'a>(bytes: &'a [u8], seen: &mut usize) -> Option<&'a [u8]> {
    let found = bytes.get(*seen..).and_then(|unseen| memchr::memchr(b'\n', unseen));
    let Some(at) = found else {
        *seen = bytes.len();
        return None;
    };
    let line = bytes.get(..=*seen + at);
    *seen = 0;
    line
}

#[cfg(test)]
mod tests;
