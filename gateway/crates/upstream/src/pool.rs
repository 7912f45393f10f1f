//! Idle connections, kept for the next request to the same peer.
//!
//! Nothing watches a connection while it is idle: whether the provider has closed it is asked when
//! it is taken out, and once in a while of all, by one task that lives as long as the pool holds
//! something.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pingora_core::protocols::Stream;
use tokio::io::{AsyncRead, ReadBuf};

/// How often the pool is swept.
const SWEEP: Duration = Duration::from_secs(1);

/// Idle connections by peer.
pub(crate) struct Pool {
    idle: Mutex<Idle>,
    /// Connections that are kept at most, over all peers.
    max: usize,
    /// How long one is kept.
    ttl: Duration,
}

#[derive(Default)]
struct Idle {
    /// The most recently used one of a peer stands last.
    peers: HashMap<u64, Vec<(Stream, Instant)>>,
    count: usize,
    is_swept: bool,
}

impl Pool {
    pub(crate) fn new(max: usize, ttl: Duration) -> Arc<Self> {
        Arc::new(Self { idle: Mutex::default(), max, ttl })
    }

    /// The connection to a peer that was used last and is still open.
    pub(crate) fn take(&self, peer: u64) -> Option<Stream> {
        let mut idle = self.idle.lock();
        loop {
            let (mut stream, _) = idle.peers.get_mut(&peer)?.pop()?;
            idle.count -= 1;
            if is_silent(&mut stream) {
                return Some(stream);
            }
        }
    }

    /// Keeps a connection that waits for nothing any more, unless enough are kept.
    pub(crate) fn put(self: &Arc<Self>, peer: u64, mut stream: Stream) {
        if !is_silent(&mut stream) {
            return;
        }
        let mut idle = self.idle.lock();
        if idle.count >= self.max {
            return;
        }
        idle.count += 1;
        idle.peers.entry(peer).or_default().push((stream, Instant::now()));
        if !std::mem::replace(&mut idle.is_swept, true) {
            tokio::spawn(Arc::clone(self).sweep_until_empty());
        }
    }

    async fn sweep_until_empty(self: Arc<Self>) {
        while !self.is_empty_after_sweep() {
            tokio::time::sleep(SWEEP).await;
        }
    }

    /// Drops what is too old or was closed. Empty: nobody sweeps until something is put in.
    fn is_empty_after_sweep(&self) -> bool {
        let mut idle = self.idle.lock();
        let ttl = self.ttl;
        idle.peers.retain(|_, kept| {
            kept.retain_mut(|(stream, since)| since.elapsed() < ttl && is_silent(stream));
            !kept.is_empty()
        });
        idle.count = idle.peers.values().map(Vec::len).sum();
        idle.is_swept = idle.count > 0;
        idle.count == 0
    }
}

/// Whether a connection is open and has nothing to say: an end, an error and an unexpected byte
/// all make it useless.
fn is_silent(stream: &mut Stream) -> bool {
    let mut byte = [0; 1];
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(stream).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_pending()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    fn connection() -> (Stream, DuplexStream) {
        let (near, far) = duplex(16);
        (Box::new(near), far)
    }

    #[tokio::test]
    async fn a_connection_serves_its_own_peer_again() {
        let pool = Pool::new(8, TTL);
        let (stream, _far) = connection();
        pool.put(1, stream);
        assert!(pool.take(2).is_none());
        assert!(pool.take(1).is_some());
        assert!(pool.take(1).is_none());
    }

    #[tokio::test]
    async fn closed_and_talking_connections_are_not_given_out() {
        let pool = Pool::new(8, TTL);
        let ((closed, far_closed), (talking, mut far_talking)) = (connection(), connection());
        pool.put(1, closed);
        pool.put(1, talking);
        drop(far_closed);
        far_talking.write_all(b"x").await.unwrap();
        assert!(pool.take(1).is_none());
    }

    #[tokio::test]
    async fn no_more_than_the_most_are_kept() {
        let pool = Pool::new(1, TTL);
        let ((one, _far_one), (two, _far_two)) = (connection(), connection());
        pool.put(1, one);
        pool.put(2, two);
        assert!(pool.take(2).is_none());
        assert!(pool.take(1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_closed_while_idle_is_dropped_by_the_sweep() {
        let pool = Pool::new(8, TTL);
        let ((closed, far_closed), (open, _far)) = (connection(), connection());
        pool.put(1, closed);
        pool.put(1, open);
        drop(far_closed);
        tokio::time::sleep(SWEEP * 2).await;
        assert_eq!(pool.idle.lock().count, 1);
    }

    #[tokio::test]
    async fn old_connections_are_swept_and_a_new_one_is_watched_again() {
        let pool = Pool::new(8, Duration::ZERO);
        let ((old, _far_old), (new, _far_new)) = (connection(), connection());
        pool.put(1, old);
        assert!(pool.is_empty_after_sweep());
        assert!(!pool.idle.lock().is_swept);
        pool.put(1, new);
        assert!(pool.idle.lock().is_swept);
    }
}
