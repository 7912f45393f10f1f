//! One attempt to get a certificate, and what is left of it.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::Account;

use super::{Task, dice};
use crate::account;
use crate::certificate::Certificate;
use crate::client::CaClient;
use crate::error::AcmeError;
use crate::lock::Held;
use crate::order::{Wanted, issue};
use crate::store::set_aside;

/// For a whole order. The CA verifies each name and may take its time to issue.
const ORDER_MAX: Duration = Duration::from_secs(300);

impl Task {
    /// Orders a certificate, unless another process did while this one waited for its turn.
    pub(super) async fn attempt(&mut self) -> Result<(), AcmeError> {
        let _held = self.lock(self.parts.settings.certificate_name()).await?;
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
        log::info!(target: "acme", "ordering a certificate for {}", self.domains());
        let issued = Box::pin(self.ordered(&client));
        let issued = match tokio::time::timeout(ORDER_MAX, issued).await {
            Ok(issued) => issued,
            Err(_) => Err(AcmeError::TooLong(ORDER_MAX.as_secs())),
        };
        match issued {
            Ok(certificate) => self.succeeded(certificate).await,
            Err(error) => {
                self.heed(&client).await?;
                Err(error)
            }
        }
    }

    fn domains(&self) -> String {
        self.parts.settings.domains.join(", ")
    }

    async fn lock(&self, name: String) -> Result<Held, AcmeError> {
        let lock = Arc::clone(&self.parts.surroundings.lock);
        lock.acquire(&name).await
    }

    /// Orders with the account there is; with a new one if the CA does not know it any more.
    async fn ordered(&self, client: &CaClient) -> Result<Certificate, AcmeError> {
        match self.ordered_once(client).await {
            Err(error @ AcmeError::UnknownAccount(_)) => {
                log::warn!(target: "acme", "{error}; a new one is made");
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
        let suggested = self.suggested.is_some_and(|(window, _)| window.is_some());
        let wanted = Wanted {
            settings: &self.parts.settings,
            challenges: &self.parts.challenges,
            replaces: self.current.as_ref().filter(|_| suggested),
        };
        issue(&account, &wanted).await
    }

    async fn account(&self, client: &CaClient) -> Result<Account, AcmeError> {
        let settings = &self.parts.settings;
        // Several certificates may share the account; one of them makes it.
        let _held = self.lock(format!("account-{}", settings.account_name())).await?;
        match self.on_disk(|store| store.account()).await {
            Ok(Some(credentials)) => return account::resume(client, credentials).await,
            Ok(None) => {}
            Err(error @ AcmeError::Damaged { .. }) => {
                self.complain(&error);
                self.set_aside(&error).await;
            }
            Err(error) => return Err(error),
        }
        let (account, credentials) = account::create(client, settings).await?;
        self.on_disk(move |store| store.put_account(&credentials)).await?;
        log::info!(target: "acme", "made an account: {}", account.id());
        Ok(account)
    }

    /// Puts a new certificate to use, whether or not it can be kept.
    async fn succeeded(&mut self, certificate: Certificate) -> Result<(), AcmeError> {
        log::info!(target: "acme", "got a certificate for {}", self.domains());
        self.hand_over(certificate);
        self.issued_at = Some(self.now());
        self.unsaved = true;
        let saved = self.save().await;
        self.publish(|state| {
            state.issued += 1;
            state.last_error = None;
        });
        saved
    }

    /// Tries to keep what could not be kept before.
    pub(super) async fn save_again(&mut self) -> Result<(), AcmeError> {
        if !self.unsaved {
            return Ok(());
        }
        let _held = self.lock(self.parts.settings.certificate_name()).await?;
        self.save().await?;
        self.publish(|state| state.last_error = None);
        Ok(())
    }

    /// Writes down what is in use. Only what can be read again counts as kept, and only then may
    /// the CA be asked without a wait: else a bad disk would order certificates without an end.
    async fn save(&mut self) -> Result<(), AcmeError> {
        let Some(current) = self.current.clone() else { return Ok(()) };
        let saved = self.on_disk(move |store| {
            store.put_certificate(&current)?;
            store.certificate()?;
            store.forget_attempts()
        });
        saved.await?;
        self.unsaved = false;
        Ok(())
    }

    /// Leaves the CA alone for as long as it asked.
    async fn heed(&mut self, client: &CaClient) -> Result<(), AcmeError> {
        let Some(wished) = client.retry_after() else { return Ok(()) };
        let attempts = self.attempts.wish(self.now(), wished);
        self.attempts = attempts;
        self.on_disk(move |store| store.put_attempts(attempts)).await
    }

    /// Tells of a failed attempt. One that did not even begin is followed by a wait as well.
    pub(super) fn failed(&mut self, error: &AcmeError) {
        if self.unsaved {
            // There is a new certificate; only its file is missing.
            return self.complain(error);
        }
        let now = self.now();
        if self.attempts.next() <= now {
            self.attempts = self.attempts.begin(now, dice());
        }
        let next = self.attempts.next();
        let wait = next.duration_since(now).unwrap_or_default().as_secs();
        let left = self.current.as_ref().map(|current| {
            let left = current.not_after().duration_since(now).unwrap_or_default();
            format!("; the one in use is valid for {} h", left.as_secs() / 3600)
        });
        let (domains, left) = (self.domains(), left.unwrap_or_default());
        log::error!(
            target: "acme",
            "no certificate for {domains}: {error}; tried again in {wait} s{left}"
        );
        let (failures, told) = (self.attempts.failures(), error.to_string());
        self.publish(|state| {
            state.failures = failures;
            state.next_attempt = Some(next);
            state.last_error = Some(told);
        });
    }
}
