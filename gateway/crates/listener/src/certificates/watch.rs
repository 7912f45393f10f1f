//! Takes up certificates that are renewed on disk.
//!
//! Files are looked at, not subscribed to: it works on every file system, with links that are
//! turned over and with files that are moved into place, and costs two calls in a second.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora_core::server::{ListenFds, ShutdownWatch};
use pingora_core::services::Service;

use super::pair::{Pair, PairFault};
use super::{CertificateError, Certificates, PairFiles};

/// Certificate and key are written one after the other. For so long it is no error if they do not
/// go together.
const PATIENCE: Duration = Duration::from_secs(5);

/// A service that watches the files of certificates.
#[derive(Debug)]
pub struct CertificateWatch {
    certificates: Arc<Certificates>,
    every: Duration,
}

/// A pair of files and what was loaded from them.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) files: PairFiles,
    pub(super) pair: Pair,
    /// How the files looked when they were last read.
    seen: Seen,
    trouble: Option<Trouble>,
}

/// The files as they are now cannot be used.
#[derive(Debug)]
struct Trouble {
    fault: PairFault,
    since: Instant,
}

/// Something came of a look at the files.
#[derive(Debug)]
pub(super) enum Event {
    /// Their new content is in use.
    Loaded(PairFiles),
    /// Their new content cannot be used. This is told once for each content.
    Kept(CertificateError),
}

/// How both files look from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen(Option<Look>, Option<Look>);

/// What changes when a file does.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

// === impl CertificateWatch ===

impl CertificateWatch {
    /// Looks at the files of `certificates` every second.
    pub fn new(certificates: Arc<Certificates>) -> Self {
        Self { certificates, every: Duration::from_secs(1) }
    }

    /// Looks at them in this interval.
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval;
        self
    }

    async fn look(&self) {
        let certificates = Arc::clone(&self.certificates);
        // A network's file system may take its time.
        let checked = tokio::task::spawn_blocking(move || certificates.check(Instant::now()));
        for event in checked.await.unwrap_or_default() {
            match event {
                Event::Loaded(files) => {
                    let file = files.certificate.display();
                    log::info!(target: "listener", "the certificate {file} is read anew");
                }
                Event::Kept(error) => {
                    log::error!(target: "listener", "{error}; the one from before stays in use");
                }
            }
        }
    }
}

#[async_trait]
impl Service for CertificateWatch {
    async fn start_service(&mut self, _: Option<ListenFds>, mut shutdown: ShutdownWatch, _: usize) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !*shutdown.borrow() {
            tokio::select! {
                _ = ticks.tick() => self.look().await,
                changed = shutdown.changed() => if changed.is_err() { return },
            }
        }
    }

    fn name(&self) -> &'static str {
        "certificates"
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}

// === impl Watched ===

impl Watched {
    pub(super) fn load(files: PairFiles) -> Result<Self, CertificateError> {
        // Looked at first: what changes while it is read is seen at the next look.
        let seen = Seen::of(&files);
        match Pair::load(&files) {
            Ok(pair) => Ok(Self { files, pair, seen, trouble: None }),
            Err(fault) => Err(CertificateError { files, fault }),
        }
    }

    pub(super) fn check(&mut self, now: Instant) -> Option<Event> {
        let seen = Seen::of(&self.files);
        if seen != self.seen {
            self.seen = seen;
            match Pair::load(&self.files) {
                Ok(pair) => {
                    self.pair = pair;
                    self.trouble = None;
                    return Some(Event::Loaded(self.files.clone()));
                }
                Err(fault) => self.trouble = Some(Trouble { fault, since: now }),
            }
        }
        if now.duration_since(self.trouble.as_ref()?.since) < PATIENCE {
            return None;
        }
        let fault = self.trouble.take()?.fault;
        Some(Event::Kept(CertificateError { files: self.files.clone(), fault }))
    }
}

// === impl Seen ===

impl Seen {
    fn of(files: &PairFiles) -> Self {
        Self(Look::at(&files.certificate), Look::at(&files.key))
    }
}

impl Look {
    fn at(path: &Path) -> Option<Self> {
        let file = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: (file.dev(), file.ino()),
            bytes: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}
