//! One order at a time, among all that share a store.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::error::AcmeError;
use crate::store::make_folder;

/// How often a lock that another process holds is tried. A wait in the kernel could not be
/// given up when the gateway stops.
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// Keeps two gateways from ordering the same certificate at once.
///
/// [`FileLock`] does so for processes that share a data directory. Gateways on several machines,
/// each with its own directory, may order a certificate each; where that is too many, a lock in
/// their common store goes here, with a data directory that they share for the files.
#[async_trait]
pub trait Lock: Send + Sync + 'static {
    /// Waits until nobody else holds the lock of this name, and holds it until the result is
    /// dropped, or its process has died.
    async fn acquire(&self, name: &str) -> Result<Held, AcmeError>;
}

/// A lock that is given back by dropping it.
pub type Held = Box<dyn Send + Sync>;

/// `flock` on files in a folder.
#[derive(Clone, Debug)]
pub struct FileLock {
    folder: PathBuf,
}

impl FileLock {
    /// Locks in the folder `acme` of a data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("acme").join("locks") }
    }

    fn open(&self, name: &str) -> Result<(File, PathBuf), AcmeError> {
        make_folder(&self.folder)?;
        let path = self.folder.join(name);
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(AcmeError::file(&path))?;
        Ok((file, path))
    }
}

#[async_trait]
impl Lock for FileLock {
    async fn acquire(&self, name: &str) -> Result<Held, AcmeError> {
        let (file, path) = self.open(name)?;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Box::new(file)),
                Err(Errno::WOULDBLOCK | Errno::INTR) => tokio::time::sleep(TRY_AGAIN).await,
                Err(error) => return Err(AcmeError::file(&path)(error.into())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_holds_it_and_another_waits() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (FileLock::new(folder.path()), FileLock::new(folder.path()));
        let held = one.acquire("a").await.unwrap();
        let _independent = other.acquire("b").await.unwrap();
        let mut waiting = other.acquire("a");
        let waited = tokio::time::timeout(2 * TRY_AGAIN, &mut waiting).await;
        assert!(waited.is_err());
        drop(held);
        waiting.await.unwrap();
    }
}
