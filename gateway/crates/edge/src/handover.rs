//! The listening sockets: whether they are there, and how a new process gets them, which takes
//! connections from then on.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::{ListenFds, ShutdownWatch};
use pingora_core::services::Service;

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
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn are_open(&self, addresses: &[String]) -> bool {
        self.0.get().is_some_and(|sockets| {
            let sockets = sockets.lock();
            addresses.iter().all(|address| sockets.get(address).is_some())
        })
    }

    /// Sends them to the process that waits at `path`, for a few seconds if it is not there yet.
    pub(crate) async fn hand_over(&self, path: &Path) -> Result<(), HandoverError> {
        let sockets = self.0.get().cloned().ok_or(HandoverError::NoSockets)?;
        let path = path.display().to_string();
        let sent = tokio::task::spawn_blocking(move || {
            let sockets = sockets.lock();
            sockets.send_to_sock(path.as_str()).map_err(|error| error.to_string())
        });
        match sent.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(why)) => Err(HandoverError::NotTaken(why)),
            Err(error) => Err(HandoverError::NotTaken(error.to_string())),
        }
    }
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
