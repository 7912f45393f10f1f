//! The times that the paced upstream writes into its events: `@HAD/SENT;`, nanoseconds of the
//! machine's clock, which client and upstream share.

use std::time::{SystemTime, UNIX_EPOCH};

/// When the upstream had the request, and when it sent this event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) had: u64,
    pub(crate) sent: u64,
}

/// Nanoseconds of the machine's clock.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The stamps in `received`, and how many of its bytes need not be looked at again.
pub(crate) fn read(received: &[u8]) -> (Vec<Stamp>, usize) {
    let mut stamps = Vec::new();
    let mut done = 0;
    while let Some(start) = memchr::memchr(b'@', &received[done..]).map(|found| done + found) {
        let Some(length) = memchr::memchr(b';', &received[start..]) else {
            return (stamps, start);
        };
        stamps.extend(stamp(&received[start + 1..start + length]));
        done = start + length + 1;
    }
    (stamps, received.len())
}

fn stamp(text: &[u8]) -> Option<Stamp> {
    let (had, sent) = std::str::from_utf8(text).ok()?.split_once('/')?;
    Some(Stamp { had: had.parse().ok()?, sent: sent.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::{Stamp, read};

    #[test]
    fn stamps_are_found_and_a_torn_one_is_left_for_later() {
        let (stamps, done) = read(b"data: {\"a\":\"@1/22;\"}\n\ndata: @3/4;x@5/");
        assert_eq!(stamps, [Stamp { had: 1, sent: 22 }, Stamp { had: 3, sent: 4 }]);
        assert_eq!(done, 34);
    }
}
