//! The loop: read what is on disk, decide, order or wait.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::account;
use crate::attempts::Attempts;
use crate::certificate::Certificate;
use crate::challenges::Challenges;
use crate::client::CaClient;
use crate::error::AcmeError;
use crate::handle::{AcmeState, Surroundings};
use crate::renewal::{Suggestion, suggestion};
use crate::schedule::{Schedule, Window};
use crate::settings::AcmeSettings;
use crate::store::{Store, set_aside};

mod attempt;

/// The folder is looked into this often: another process may have renewed.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// And this often as long as there is nothing to serve: another process may be ordering.
const LOOK_SOON: Duration = Duration::from_secs(5);

/// A new certificate is used for this long, even if it is due at once: the clock may be wrong.
const ORDERS_APART: Duration = Duration::from_secs(3600);

/// The shortest wait, whatever the times say.
const WAIT_MIN: Duration = Duration::from_secs(1);

/// What a task is made of, and made of again if a bug ends it.
pub(crate) struct Parts {
    pub(crate) settings: AcmeSettings,
    pub(crate) challenges: Challenges,
    pub(crate) on_certificate: Box<dyn Fn(&Certificate) + Send + Sync>,
    pub(crate) surroundings: Surroundings,
    pub(crate) store: Store,
    pub(crate) publish: watch::Sender<AcmeState>,
}

/// What one task knows.
pub(crate) struct Task {
    parts: Arc<Parts>,
    schedule: Schedule,
    /// What was handed over last.
    current: Option<Certificate>,
    /// When it was issued to this process.
    issued_at: Option<SystemTime>,
    /// Whether `current` is still to be written: the disk was full, say.
    unsaved: bool,
    /// What the CA said about `current`, and when to ask it again.
    suggested: Option<(Option<Window>, SystemTime)>,
    /// What this process or another one attempted, whichever holds longer.
    attempts: Attempts,
}

impl Task {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        let schedule = Schedule {
            fraction: parts.settings.renew_fraction,
            jitter: parts.settings.jitter,
            dice: dice(),
        };
        Self {
            parts,
            schedule,
            current: None,
            issued_at: None,
            unsaved: false,
            suggested: None,
            attempts: Attempts::default(),
        }
    }

    /// Runs for ever.
    pub(crate) async fn run(mut self) {
        loop {
            if let Err(error) = self.save_again().await {
                self.complain(&error);
            }
            let stored = self.take_stored().await;
            self.ask_for_suggestion().await;
            let (due, now) = (self.due(stored), self.now());
            if due > now {
                let ask = self.suggested.map_or(due, |(_, again)| again);
                let look = if self.current.is_some() { LOOK_AGAIN } else { LOOK_SOON };
                let until = due.min(ask).min(now + look).max(now + WAIT_MIN);
                self.parts.surroundings.clock.wait_until(until).await;
            } else if let Err(error) = self.attempt().await {
                self.failed(&error);
            }
        }
    }

    fn now(&self) -> SystemTime {
        self.parts.surroundings.clock.now()
    }

    /// Hands over what is on disk if it is another one. Says whether something usable is there.
    async fn take_stored(&mut self) -> bool {
        if self.unsaved {
            return true;
        }
        let usable = match self.on_disk(|store| store.certificate()).await {
            Ok(Some(stored)) => {
                if self.current.as_ref() != Some(&stored) {
                    self.hand_over(stored);
                }
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.complain(&error);
                self.set_aside(&error).await;
                // What cannot be read today is no reason to order anew; what is damaged is.
                self.current.is_some() && !matches!(error, AcmeError::Damaged { .. })
            }
        };
        // A damaged file of attempts says nothing; what this process knows holds.
        let written = self.on_disk(|store| store.attempts()).await.unwrap_or_default();
        self.attempts = self.attempts.or_later(written.sane(self.now()));
        usable
    }

    /// Moves a damaged file away. A certificate in memory stays in use.
    async fn set_aside(&self, error: &AcmeError) {
        let AcmeError::Damaged { path, .. } = error else { return };
        let (path, now) = (path.clone(), self.now());
        match self.on_disk(move |_| set_aside(&path, now)).await {
            Ok(aside) => log::warn!(target: "acme", "it is set aside as {}", aside.display()),
            Err(error) => self.complain(&error),
        }
    }

    fn hand_over(&mut self, certificate: Certificate) {
        (self.parts.on_certificate)(&certificate);
        self.suggested = None;
        self.issued_at = None;
        self.attempts = Attempts::default();
        let not_after = certificate.not_after();
        self.current = Some(certificate);
        self.publish(|state| state.not_after = Some(not_after));
    }

    /// When the next attempt is due; long ago if there is nothing to serve.
    fn due(&self, stored: bool) -> SystemTime {
        let window = self.suggested.and_then(|(window, _)| window);
        let usable = self.current.as_ref().filter(|_| stored);
        let renew_at = usable.map(|current| self.schedule.renew_at(current, window));
        let earliest = self.issued_at.map_or(SystemTime::UNIX_EPOCH, |at| at + ORDERS_APART);
        let renew_at = renew_at.map(|at| at.max(earliest));
        let (failures, next) = (self.attempts.failures(), self.attempts.next());
        self.publish(|state| {
            state.renew_at = renew_at;
            state.failures = failures;
            state.next_attempt = (failures > 0).then_some(next);
        });
        renew_at.unwrap_or(SystemTime::UNIX_EPOCH).max(next)
    }

    /// Asks the CA when it would like the renewal, unless it was asked lately or is failing.
    async fn ask_for_suggestion(&mut self) {
        let now = self.now();
        let Some(current) = &self.current else { return };
        if self.suggested.is_some_and(|(_, again)| again > now) || self.attempts.next() > now {
            return;
        }
        let asked = match self.suggestion_for(current).await {
            Ok(asked) => asked,
            Err(error) => {
                log::warn!(target: "acme", "the CA could not be asked when to renew: {error}");
                let window = self.suggested.and_then(|(window, _)| window);
                Suggestion { window, ..Suggestion::UNKNOWN }
            }
        };
        self.suggested = Some((asked.window, now + asked.ask_again));
    }

    async fn suggestion_for(&self, current: &Certificate) -> Result<Suggestion, AcmeError> {
        // A certificate may be there without an account: nobody to ask as.
        let account = self.on_disk(|store| store.account()).await;
        let Ok(Some(credentials)) = account else { return Ok(Suggestion::NONE) };
        let client = CaClient::new(&self.parts.settings)?;
        let account = account::resume(&client, credentials).await?;
        suggestion(&account, current).await
    }

    /// Tells of what went wrong beside an attempt.
    fn complain(&self, error: &AcmeError) {
        let told = error.to_string();
        log::error!(target: "acme", "{told}");
        self.publish(|state| state.last_error = Some(told));
    }

    /// Tells watchers, if something changed.
    fn publish(&self, change: impl FnOnce(&mut AcmeState)) {
        self.parts.publish.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    /// Runs what waits for the disk where that holds up nobody.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, AcmeError> + Send + 'static,
    ) -> Result<T, AcmeError> {
        let store = self.parts.store.clone();
        let done = tokio::task::spawn_blocking(move || work(&store)).await;
        done.unwrap_or_else(|error| {
            let failed = AcmeError::file(&self.parts.settings.data_dir);
            Err(failed(std::io::Error::other(error)))
        })
    }
}

/// A number between 0 and 1. Without a source of randomness, the middle.
fn dice() -> f64 {
    getrandom::u32().map_or(0.5, |number| f64::from(number) / f64::from(u32::MAX))
}
