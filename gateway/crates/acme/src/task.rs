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
use crate::order::{Wanted, issue};
use crate::renewal::{Suggestion, suggestion};
use crate::schedule::{Schedule, Window};
use crate::settings::AcmeSettings;
use crate::store::{Store, set_aside};

/// The folder is looked into this often: another process may have renewed.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);

/// For a whole order. The CA verifies each name and may take its time to issue.
const ORDER_MAX: Duration = Duration::from_secs(300);

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
    /// Whether `current` is still to be written: the disk was full, say.
    unsaved: bool,
    /// What the CA said about `current`, and when to ask it again.
    suggested: Option<(Option<Window>, SystemTime)>,
    /// What holds if the disk does not say.
    attempts: Attempts,
}

impl Task {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        let schedule = Schedule {
            fraction: parts.settings.renew_fraction,
            jitter: parts.settings.jitter,
            dice: dice(),
        };
        let attempts = Attempts::default();
        Self { parts, schedule, current: None, unsaved: false, suggested: None, attempts }
    }

    /// Runs for ever.
    pub(crate) async fn run(mut self) {
        loop {
            let stored = self.take_stored().await;
            self.ask_for_suggestion().await;
            let (due, now) = (self.due(stored), self.now());
            if due > now {
                let ask = self.suggested.map_or(due, |(_, again)| again);
                let until = due.min(now + LOOK_AGAIN).min(ask.max(now + Duration::from_secs(1)));
                self.parts.surroundings.clock.wait_until(until).await;
            } else if let Err(error) = self.attempt().await {
                self.failed(&error);
            }
        }
    }

    fn now(&self) -> SystemTime {
        self.parts.surroundings.clock.now()
    }

    /// Hands over what is on disk if it is newer. Says whether something usable is there.
    async fn take_stored(&mut self) -> bool {
        if self.unsaved {
            self.save().await;
            return true;
        }
        self.attempts = match self.on_disk(|store| store.attempts()).await {
            Ok(attempts) => attempts.sane(self.now()),
            // Nothing is lost with this file: what this process knows holds.
            Err(_) => self.attempts,
        };
        match self.on_disk(|store| store.certificate()).await {
            Ok(Some(stored)) => {
                if self.current.as_ref() != Some(&stored) {
                    self.hand_over(stored);
                }
                true
            }
            Ok(None) => false,
            Err(error) => {
                self.set_aside(&error).await;
                false
            }
        }
    }

    /// Names a damaged file in the log and moves it away; a certificate in memory stays in use.
    async fn set_aside(&self, error: &AcmeError) {
        let told = error.to_string();
        log::error!(target: "acme", "{told}");
        self.publish(|state| state.last_error = Some(told));
        let AcmeError::Damaged { path, .. } = error else { return };
        let (path, now) = (path.clone(), self.now());
        match self.on_disk(move |_| set_aside(&path, now)).await {
            Ok(aside) => log::warn!(target: "acme", "it is now {}", aside.display()),
            Err(error) => log::error!(target: "acme", "{error}"),
        }
    }

    fn hand_over(&mut self, certificate: Certificate) {
        (self.parts.on_certificate)(&certificate);
        self.suggested = None;
        let not_after = certificate.not_after();
        self.current = Some(certificate);
        self.publish(|state| state.not_after = Some(not_after));
    }

    /// When the next attempt is due; long ago if there is nothing to serve.
    fn due(&self, stored: bool) -> SystemTime {
        let renew_at = self.current.as_ref().filter(|_| stored).map(|current| {
            self.schedule.renew_at(current, self.suggested.and_then(|(window, _)| window))
        });
        let (failures, next) = (self.attempts.failures(), self.attempts.next());
        self.publish(|state| {
            state.renew_at = renew_at;
            state.failures = failures;
            state.next_attempt = (failures > 0).then_some(next);
        });
        renew_at.unwrap_or(SystemTime::UNIX_EPOCH).max(next)
    }

    /// Asks the CA when it would like the renewal, unless it was asked lately.
    async fn ask_for_suggestion(&mut self) {
        let now = self.now();
        let Some(current) = &self.current else { return };
        if self.suggested.is_some_and(|(_, again)| again > now) || self.attempts.next() > now {
            return;
        }
        let before = self.suggested.and_then(|(window, _)| window);
        let (window, again) = match self.suggestion_for(current).await {
            Ok(suggestion) => (suggestion.window, suggestion.ask_again),
            Err(error) => {
                log::warn!(target: "acme", "the CA could not be asked when to renew: {error}");
                (before, Suggestion::NONE.ask_again)
            }
        };
        self.suggested = Some((window, now + again));
    }

    async fn suggestion_for(&self, current: &Certificate) -> Result<Suggestion, AcmeError> {
        // A certificate may be there without an account: nobody to ask as.
        let account = self.on_disk(|store| store.account()).await;
        let Ok(Some(credentials)) = account else { return Ok(Suggestion::NONE) };
        let client = CaClient::new(&self.parts.settings)?;
        let account = account::resume(&client, credentials).await?;
        suggestion(&account, current).await
    }

    /// Orders a certificate, unless another process did while this one waited for its turn.
    async fn attempt(&mut self) -> Result<(), AcmeError> {
        let name = self.parts.settings.certificate_name();
        let lock = Arc::clone(&self.parts.surroundings.lock);
        let _held = lock.acquire(&name).await?;
        let stored = self.take_stored().await;
        let now = self.now();
        if self.due(stored) > now {
            return Ok(());
        }
        let begun = self.attempts.begin(now, dice());
        self.attempts = begun;
        // If this cannot be written, a certificate could not be either: none is ordered.
        self.on_disk(move |store| store.put_attempts(begun)).await?;
        let client = CaClient::new(&self.parts.settings)?;
        let domains = self.parts.settings.domains.join(", ");
        log::info!(target: "acme", "ordering a certificate for {domains}");
        let issued = Box::pin(self.ordered(&client));
        let issued = match tokio::time::timeout(ORDER_MAX, issued).await {
            Ok(issued) => issued,
            Err(_) => Err(AcmeError::TooLong(ORDER_MAX.as_secs())),
        };
        match issued {
            Ok(certificate) => self.succeeded(certificate, &domains).await,
            Err(error) => {
                self.heed(&client).await;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Orders with the account there is; with a new one if the CA does not know it any more.
    async fn ordered(&self, client: &CaClient) -> Result<Certificate, AcmeError> {
        match self.ordered_once(client).await {
            Err(AcmeError::UnknownAccount(why)) => {
                log::warn!(target: "acme", "the CA does not know the account, a new one is made: {why}");
                let path = self.parts.store.account_path().to_owned();
                let now = self.now();
                self.on_disk(move |_| set_aside(&path, now)).await?;
                self.ordered_once(client).await
            }
            done => done,
        }
    }

    async fn ordered_once(&self, client: &CaClient) -> Result<Certificate, AcmeError> {
        let account = self.account(client).await?;
        let window = self.suggested.and_then(|(window, _)| window);
        let wanted = Wanted {
            settings: &self.parts.settings,
            challenges: &self.parts.challenges,
            replaces: self.current.as_ref().filter(|_| window.is_some()),
        };
        issue(&account, &wanted).await
    }

    async fn account(&self, client: &CaClient) -> Result<instant_acme::Account, AcmeError> {
        let settings = &self.parts.settings;
        // Several certificates may share the account; one of them makes it.
        let name = format!("account-{}", settings.account_name());
        let _held = self.parts.surroundings.lock.acquire(&name).await?;
        match self.on_disk(|store| store.account()).await {
            Ok(Some(credentials)) => return account::resume(client, credentials).await,
            Ok(None) => {}
            Err(error @ AcmeError::Damaged { .. }) => self.set_aside(&error).await,
            Err(error) => return Err(error),
        }
        let (account, credentials) = account::create(client, settings).await?;
        self.on_disk(move |store| store.put_account(&credentials)).await?;
        log::info!(target: "acme", "made an account: {}", account.id());
        Ok(account)
    }

    async fn succeeded(&mut self, certificate: Certificate, domains: &str) {
        log::info!(target: "acme", "got a certificate for {domains}");
        self.hand_over(certificate);
        self.publish(|state| {
            state.issued += 1;
            state.last_error = None;
        });
        self.attempts = Attempts::default();
        self.unsaved = true;
        self.save().await;
    }

    /// Writes down what is in use. What fails is tried again at the next turn of the loop.
    async fn save(&mut self) {
        let Some(current) = self.current.clone() else { return };
        let saved = self.on_disk(move |store| {
            store.put_certificate(&current)?;
            store.forget_attempts()
        });
        match saved.await {
            Ok(()) => self.unsaved = false,
            Err(error) => {
                log::error!(target: "acme", "the certificate in use could not be kept: {error}");
                let told = error.to_string();
                self.publish(|state| state.last_error = Some(told));
            }
        }
    }

    /// Leaves the CA alone for as long as it asked.
    async fn heed(&mut self, client: &CaClient) {
        let Some(wished) = client.retry_after() else { return };
        let attempts = self.attempts.wish(self.now(), wished);
        self.attempts = attempts;
        if let Err(error) = self.on_disk(move |store| store.put_attempts(attempts)).await {
            log::error!(target: "acme", "{error}");
        }
    }

    /// Tells of a failed attempt. One that did not even begin waits as well.
    fn failed(&mut self, error: &AcmeError) {
        let now = self.now();
        if self.attempts.next() <= now {
            self.attempts = self.attempts.begin(now, dice());
        }
        let wait = self.attempts.next().duration_since(now).unwrap_or_default();
        let until = self.current.as_ref().map(|current| {
            let left = current.not_after().duration_since(now).unwrap_or_default();
            format!("; the one in use ends in {} h", left.as_secs() / 3600)
        });
        let until = until.unwrap_or_default();
        let domains = self.parts.settings.domains.join(", ");
        let wait = wait.as_secs();
        log::error!(target: "acme", "no certificate for {domains}: {error}; tried again in {wait} s{until}");
        let (failures, told) = (self.attempts.failures(), error.to_string());
        let next = self.attempts.next();
        self.publish(|state| {
            state.failures = failures;
            state.next_attempt = Some(next);
            state.last_error = Some(told);
        });
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
