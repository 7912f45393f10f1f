//! The listening sockets: whether they are there, and how a new process gets them, which takes
//! connections from then on.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::{ListenFds, ShutdownWatch};
use pingora_core::services::Service;
use tokio::time::{Instant, sleep};

/// The new process looks for the sockets once a second, and takes its path away when it has them.
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(2);

/// How often it is looked whether listeners have started: nobody tells.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The sockets that this process listens on, once it does.
#[derive(Clone, Default)]
pub(crate) struct Sockets(Arc<OnceLock<ListenFds>>);

/// Why there was no hand-over.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandoverError {
    /// The listeners have not started.
    #[error("there are no sockets yet")]
    NoSockets,
    /// No process waited at the other end, or it broke off.
    #[error("no process took them: {0}")]
    NotTaken(String),
}

impl Sockets {
    /// Waits until somebody listens on each of these addresses.
    pub(crate) async fn opened(&self, addresses: &[String]) {
        while !self.are_open(addresses) {
            sleep(LOOK_AGAIN).await;
        }
    }

    fn are_open(&self, addresses: &[String]) -> bool {
        self.0.get().is_some_and(|sockets| {
            let sockets = sockets.lock();
            addresses.iter().all(|address| sockets.get(address).is_some())
        })
    }

    /// Sends them to the process that waits at `path`, for a few seconds if it is not there yet.
    /// Returns once they are taken: until then this process has to accept connections.
    pub(crate) async fn hand_over(&self, path: &Path) -> Result<(), HandoverError> {
        let sockets = self.0.get().cloned().ok_or(HandoverError::NoSockets)?;
        let socket = path;
        let path = path.display().to_string();
        let sent = tokio::task::spawn_blocking(move || {
            let sockets = sockets.lock();
            sockets.send_to_sock(path.as_str()).map_err(|error| error.to_string())
        });
        match sent.await {
            Ok(Ok(_)) => until_gone(socket).await,
            Ok(Err(why)) => Err(HandoverError::NotTaken(why)),
            Err(error) => Err(HandoverError::NotTaken(error.to_string())),
        }
    }
}

/// Waits for the other process to take its path away.
async fn until_gone(path: &Path) -> Result<(), HandoverError> {
    let deadline = Instant::now() + TAKEN_WITHIN;
    while path.exists() {
        if Instant::now() > deadline {
            return Err(HandoverError::NotTaken("they were sent, but not received".to_owned()));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

#[async_trait]
impl Service for Sockets {
    async fn start_service(&mut self, sockets: Option<ListenFds>, _: ShutdownWatch, _: usize) {
        if let Some(sockets) = sockets {
            let _known = self.0.set(sockets);
        }
    }

    fn name(&self) -> &str {
        "sockets"
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sockets_are_taken_when_the_path_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("handover.sock");
        assert!(until_gone(&path).await.is_ok());
        std::fs::write(&path, "").unwrap();
        assert!(matches!(until_gone(&path).await, Err(HandoverError::NotTaken(_))));
    }
}
