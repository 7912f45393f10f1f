//! Counts the frames of an HTTP/2 client that ask for work and bring nothing: the library behind
//! bounds what they cost in memory, but not how many there are.
//!
//! Frame heads are followed through the bytes as they pass. Who has used up what it may is handed on
//! in part: in the place of its next frame comes one that is against the protocol, which the library
//! answers with a GOAWAY.

use tokio::time::Instant;

/// Frames that a connection may send without bringing anything.
const IDLE_FRAMES: u32 = 400;
/// And so many more in each second.
const IDLE_FRAMES_PER_SECOND: u32 = 50;
/// A request brings priorities, a reset and pings with it.
const FRAMES_PER_REQUEST: u32 = 10;
/// Window updates that a connection may send before anything is written to it.
const UPDATES: u32 = 600;
/// The smallest frame with data has ten bytes, and may be answered with two updates.
const BYTES_PER_UPDATE: usize = 5;
/// What was saved up is bounded.
const SAVED_MAX: u32 = 1 << 20;

/// No frame may be longer than this without having been agreed on.
const FILL_MAX: usize = 16 << 10;
const FRAME_HEAD: usize = 9;
const PREFACE: usize = 24;

/// A SETTINGS frame on a stream, which no client may send.
const AGAINST_THE_PROTOCOL: [u8; FRAME_HEAD] = [0, 0, 0, 4, 0, 0, 0, 0, 1];

/// Follows the frames of one connection.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Bytes to pass before the next head.
    skip: usize,
    head: [u8; FRAME_HEAD],
    /// So many bytes of the head have come.
    seen: usize,
    idle: u32,
    updates: u32,
    counted_from: Instant,
    end: End,
}

/// How far the connection is from its end.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Open,
    /// The next thing to be read is the last one.
    Due,
    Told,
}

// === impl Frames ===

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            skip: PREFACE,
            head: [0; FRAME_HEAD],
            seen: 0,
            idle: IDLE_FRAMES,
            updates: UPDATES,
            counted_from: Instant::now(),
            end: End::Open,
        }
    }

    /// Looks at bytes that have come; tells how many of them may be handed on.
    pub(crate) fn came(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if self.skip > 0 {
                let passed = self.skip.min(rest.len());
                self.skip -= passed;
                at += passed;
                continue;
            }
            let missing = self.head.get_mut(self.seen..).unwrap_or_default();
            let taken = missing.len().min(rest.len());
            for (to, from) in missing.iter_mut().zip(rest) {
                *to = *from;
            }
            self.seen += taken;
            at += taken;
            if self.seen == FRAME_HEAD {
                self.seen = 0;
                if !self.takes_frame() {
                    // Its head is handed on, so its length has to follow before another frame.
                    self.end = End::Due;
                    return at;
                }
            }
        }
        at
    }

    /// So many bytes are written to the client.
    pub(crate) fn wrote(&mut self, count: usize) {
        let more = u32::try_from(count.div_ceil(BYTES_PER_UPDATE)).unwrap_or(SAVED_MAX);
        self.updates = self.updates.saturating_add(more).min(SAVED_MAX);
    }

    /// Whether nothing more is read from the client.
    pub(crate) fn is_over(&self) -> bool {
        self.end != End::Open
    }

    /// What is read in the place of more of the client's: what is missing of its last frame, and one
    /// against the protocol. Nothing once it was read.
    pub(crate) fn last(&mut self) -> Vec<u8> {
        if std::mem::replace(&mut self.end, End::Told) != End::Due {
            return Vec::new();
        }
        let mut bytes = vec![0; self.skip.min(FILL_MAX)];
        bytes.extend_from_slice(&AGAINST_THE_PROTOCOL);
        bytes
    }

    /// Counts the frame whose head has come. `false`: it is one too many.
    fn takes_frame(&mut self) -> bool {
        let [a, b, c, kind, ..] = self.head;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        self.skip = length;
        match kind {
            // DATA with bytes; HEADERS.
            0 if length > 0 => {
                self.idle = self.idle.saturating_add(1).min(SAVED_MAX);
                true
            }
            1 => {
                self.idle = self.idle.saturating_add(FRAMES_PER_REQUEST).min(SAVED_MAX);
                true
            }
            // Continuations are bounded where headers are.
            9 => true,
            8 => self.updates.checked_sub(1).map(|left| self.updates = left).is_some(),
            _ => self.takes_idle(),
        }
    }

    fn takes_idle(&mut self) -> bool {
        if self.idle == 0 {
            let now = Instant::now();
            let seconds = now.duration_since(self.counted_from).as_secs();
            let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
            if seconds > 0 {
                self.idle = seconds.saturating_mul(IDLE_FRAMES_PER_SECOND).min(IDLE_FRAMES);
                self.counted_from = now;
            }
        }
        self.idle.checked_sub(1).map(|left| self.idle = left).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).unwrap().to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 0];
        bytes.resize(FRAME_HEAD + payload, b'x');
        bytes
    }

    /// So many frames pass, each cut into pieces of this size.
    fn passes(frames: &mut Frames, bytes: &[u8], piece: usize, count: usize) -> usize {
        for done in 0..count {
            for piece in bytes.chunks(piece) {
                if frames.came(piece) < piece.len() || frames.is_over() {
                    return done;
                }
            }
        }
        count
    }

    fn opened() -> Frames {
        let mut frames = Frames::new();
        assert_eq!(frames.came(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), PREFACE);
        frames
    }

    #[tokio::test(start_paused = true)]
    async fn frames_that_bring_nothing_are_counted() {
        for (kind, payload) in [(0, 0), (2, 5), (3, 4), (4, 0), (4, 6), (6, 8), (0x42, 0), (8, 4)] {
            for piece in [1, 5, 9, 100] {
                let passed = passes(&mut opened(), &frame(kind, payload), piece, 2000);
                assert!((IDLE_FRAMES as usize..1000).contains(&passed), "{kind}: {passed}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn frames_that_bring_something_are_not() {
        for (kind, payload) in [(0, 1), (0, 16_384), (1, 30), (9, 30)] {
            assert_eq!(passes(&mut opened(), &frame(kind, payload), 1000, 5000), 5000, "{kind}");
        }
        // A request makes up for what belongs to it.
        let mut frames = opened();
        let request = [frame(1, 30), frame(2, 5), frame(3, 4), frame(6, 8)].concat();
        assert_eq!(passes(&mut frames, &request, 7, 5000), 5000);
    }

    #[tokio::test(start_paused = true)]
    async fn time_makes_up_for_pings() {
        let mut frames = opened();
        let ping = frame(6, 8);
        for _ in 0..1000 {
            assert_eq!(passes(&mut frames, &ping, 17, 40), 40);
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
        }
    }

    #[test]
    fn what_is_written_makes_up_for_updates() {
        let mut frames = opened();
        for _ in 0..10_000 {
            frames.wrote(FRAME_HEAD + 1);
            assert_eq!(passes(&mut frames, &frame(8, 4), 13, 2), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_frame_is_one_against_the_protocol() {
        let mut frames = opened();
        passes(&mut frames, &frame(6, 8), 17, 2000);
        assert!(frames.is_over());
        let last = frames.last();
        assert_eq!(last.len(), 8 + FRAME_HEAD);
        assert!(last.ends_with(&AGAINST_THE_PROTOCOL));
        assert!(frames.last().is_empty() && frames.is_over());
    }
}
