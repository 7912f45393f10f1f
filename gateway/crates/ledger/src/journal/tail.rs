//! Reads a segment from a position on: the one way in which records come back, from the segment
//! that is being written as from one that a dead process left.

use std::io;
use std::sync::Arc;

use tollgate_domain::{CallId, Usage};

use super::Settled;
use super::format::{self, BODY_MAX, Defect, HEADER_BYTES, Hash, Kind, Raw};
use super::segment::Segment;

/// Holds the largest record, so that a read never ends without one.
const CHUNK: usize = 2 * BODY_MAX;

/// A reader of one segment.
pub(crate) struct Tail {
    pub(crate) segment: Arc<Segment>,
    pub(crate) position: Position,
    /// It was found damaged: it is read no further, but kept on disk for the next start.
    pub(crate) given_up: bool,
    buffer: Vec<u8>,
}

/// A place between two records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) offset: u64,
    /// The hash of the record before it.
    pub(crate) last: Hash,
}

/// A record, as far as shipping needs to understand it.
pub(crate) enum Entry {
    /// Kept as it is: only a call that never settles is looked into.
    Opened(CallId, Box<[u8]>),
    Progress(CallId, Usage),
    Settled(Box<Settled>),
}

/// Why a read ended.
#[derive(Debug)]
pub(crate) enum ReadEnd {
    /// There may be more.
    More,
    /// Everything that was there at the time.
    CaughtUp,
    /// The rest is the beginning of a record, as a crash leaves it.
    Torn { bytes: u64 },
    /// The rest does not follow from what was written.
    Damaged { reason: &'static str },
}

// === impl Tail ===

impl Tail {
    /// Starts at the first record.
    pub(crate) fn new(segment: Arc<Segment>) -> Self {
        let position = Position { offset: HEADER_BYTES, last: segment.header.seed };
        Self { segment, position, given_up: false, buffer: Vec::new() }
    }

    /// Goes back to the first record.
    pub(crate) fn rewind(&mut self) {
        self.position = Position { offset: HEADER_BYTES, last: self.segment.header.seed };
    }

    /// Whether everything was read and nothing will follow.
    pub(crate) fn is_finished(&self) -> bool {
        self.segment.is_sealed() && self.position.offset >= self.segment.end()
    }

    /// Reads up to `count_max` records, none that ends after `until`.
    pub(crate) fn read(
        &mut self,
        count_max: usize,
        until: u64,
    ) -> io::Result<(Vec<Entry>, ReadEnd)> {
        let until = until.min(self.segment.end());
        let length = until.saturating_sub(self.position.offset).min(CHUNK as u64);
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.resize(usize::try_from(length).unwrap_or(CHUNK), 0);
        let filled = self.segment.read_at(&mut buffer, self.position.offset)?;
        let mut rest = buffer.get(..filled).unwrap_or_default();
        let mut entries = Vec::new();
        let end = loop {
            if rest.is_empty() {
                let at_end = self.position.offset >= until;
                break if at_end { ReadEnd::CaughtUp } else { ReadEnd::More };
            }
            if entries.len() >= count_max {
                break ReadEnd::More;
            }
            match format::parse(rest, Some(&self.position.last)) {
                Ok(raw) => match entry(&raw) {
                    Some(entry) => {
                        entries.push(entry);
                        self.position.offset += raw.bytes as u64;
                        self.position.last = raw.hash;
                        rest = rest.get(raw.bytes..).unwrap_or_default();
                    }
                    None => break ReadEnd::Damaged { reason: "the payload cannot be read" },
                },
                Err(Defect::Incomplete) if self.position.offset + (rest.len() as u64) < until => {
                    break ReadEnd::More;
                }
                Err(defect) => break judge(rest, &defect),
            }
        };
        self.buffer = buffer;
        Ok((entries, end))
    }
}

fn entry(raw: &Raw<'_>) -> Option<Entry> {
    match raw.kind {
        Kind::Opened => Some(Entry::Opened(raw.call, raw.payload.into())),
        Kind::Progress => {
            Some(Entry::Progress(raw.call, serde_json::from_slice(raw.payload).ok()?))
        }
        Kind::Settled => Some(Entry::Settled(serde_json::from_slice(raw.payload).ok()?)),
    }
}

/// Tells the beginning of a record that a crash cut off from bytes that were changed afterwards.
/// A cut leaves nothing behind it, or zeros where the disk never got the data.
fn judge(rest: &[u8], defect: &Defect) -> ReadEnd {
    let torn = ReadEnd::Torn { bytes: rest.len() as u64 };
    if rest.iter().all(|byte| *byte == 0) {
        return torn;
    }
    match defect {
        Defect::Broken(reason) => ReadEnd::Damaged { reason },
        // A changed length can reach past the end; then whole records follow.
        Defect::Incomplete if record_follows(rest) => {
            ReadEnd::Damaged { reason: "a length is wrong" }
        }
        Defect::Incomplete => torn,
    }
}

fn record_follows(rest: &[u8]) -> bool {
    (1..rest.len())
        .any(|start| rest.get(start..).is_some_and(|bytes| format::parse(bytes, None).is_ok()))
}

#[cfg(test)]
mod tests;
