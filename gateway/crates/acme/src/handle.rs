//! Starting and stopping, and what can be seen from outside.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::certificate::Certificate;
use crate::challenges::Challenges;
use crate::clock::{Clock, SystemClock};
use crate::error::AcmeError;
use crate::lock::{FileLock, Lock};
use crate::roots::roots;
use crate::settings::AcmeSettings;
use crate::store::Store;
use crate::task::{Parts, Task};

/// The task is started again this long after a bug ended it.
const RESTART: Duration = Duration::from_secs(60);

/// How a certificate is doing.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AcmeState {
    /// When the certificate that was handed over last ends. `None`: there is none yet.
    pub not_after: Option<SystemTime>,
    /// When it is to be renewed.
    pub renew_at: Option<SystemTime>,
    /// Certificates that this process was issued.
    pub issued: u64,
    /// Attempts since the last success.
    pub failures: u32,
    /// When a CA that failed is asked again.
    pub next_attempt: Option<SystemTime>,
    /// Why the last attempt failed. A success takes it away.
    pub last_error: Option<String>,
}

/// What surrounds the task; tests and larger installations replace it.
#[derive(Clone)]
pub struct Surroundings {
    /// The time by which certificates are renewed and CAs are asked again.
    pub clock: Arc<dyn Clock>,
    /// Whose turn it is to order.
    pub lock: Arc<dyn Lock>,
}

impl Surroundings {
    /// The machine's clock, and locks in a data directory.
    pub fn usual(settings: &AcmeSettings) -> Self {
        Self { clock: Arc::new(SystemClock), lock: Arc::new(FileLock::new(&settings.data_dir)) }
    }
}

/// One certificate that is issued and renewed for as long as this lives.
///
/// Dropping it ends the task at its next wait: an order that is under way is given up, its
/// answers are withdrawn and its lock is free.
#[derive(Debug)]
pub struct Acme {
    task: JoinHandle<()>,
    state: watch::Receiver<AcmeState>,
}

impl Acme {
    /// Checks the settings, makes the folders and starts the task on the current tokio runtime.
    /// Nothing is asked of the CA before this returns.
    ///
    /// `on_certificate` gets the certificate on disk, if there is one, and then each new one. It
    /// is called from the task and should be quick.
    pub fn start(
        settings: AcmeSettings,
        challenges: Challenges,
        on_certificate: impl Fn(&Certificate) + Send + Sync + 'static,
    ) -> Result<Self, AcmeError> {
        let surroundings = Surroundings::usual(&settings);
        Self::start_in(surroundings, settings, challenges, on_certificate)
    }

    /// The certificate that is on disk, if there is one: whoever starts can serve it from the first
    /// connection on.
    pub fn stored(settings: &AcmeSettings) -> Result<Option<Certificate>, AcmeError> {
        Store::open(&settings.clone().check()?)?.certificate()
    }

    /// The same with another clock or lock.
    pub fn start_in(
        surroundings: Surroundings,
        settings: AcmeSettings,
        challenges: Challenges,
        on_certificate: impl Fn(&Certificate) + Send + Sync + 'static,
    ) -> Result<Self, AcmeError> {
        let runtime = Handle::try_current().map_err(|_| AcmeError::NoRuntime)?;
        let settings = settings.check()?;
        roots(settings.root_certificate.as_deref())?;
        let store = Store::open(&settings)?;
        let (publish, state) = watch::channel(AcmeState::default());
        let parts = Arc::new(Parts {
            settings,
            challenges,
            on_certificate: Box::new(on_certificate),
            surroundings,
            store,
            publish,
        });
        Ok(Self { task: runtime.spawn(supervise(parts)), state })
    }

    /// How the certificate is doing now.
    pub fn state(&self) -> AcmeState {
        self.state.borrow().clone()
    }

    /// How it is doing, for whoever waits for a change.
    pub fn watch(&self) -> watch::Receiver<AcmeState> {
        self.state.clone()
    }
}

impl Drop for Acme {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs the task, and again should it ever end. The set ends it when this is ended.
async fn supervise(parts: Arc<Parts>) {
    let mut tasks = JoinSet::new();
    loop {
        tasks.spawn(Task::new(Arc::clone(&parts)).run());
        if let Some(Err(error)) = tasks.join_next().await {
            log::error!(target: "acme", "a bug ended the task, which is started again: {error}");
        }
        let clock = &parts.surroundings.clock;
        clock.wait_until(clock.now() + RESTART).await;
    }
}
