//! The tokens of one account: fetched once for all who need one, kept until shortly before they
//! expire.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use http::HeaderValue;
use parking_lot::Mutex;
use tollgate_config::Secret;

use super::account::ServiceAccount;
use super::assertion;
use super::clock::Clock;
use super::endpoint::{TokenEndpoint, TokenError, granted};
use super::slot::{Held, Slot};

/// Scopes of an account. Providers name one or two; each one keeps a token.
const SCOPES_MAX: usize = 16;

/// An account's access tokens, one for each scope.
pub struct GoogleTokens {
    account: ServiceAccount,
    endpoint: Arc<dyn TokenEndpoint>,
    clock: Arc<dyn Clock>,
    slots: Mutex<BTreeMap<String, Arc<Slot>>>,
}

// === impl GoogleTokens ===

impl GoogleTokens {
    /// Tokens of an account. Nothing is fetched before somebody needs it.
    pub fn new(
        account: ServiceAccount,
        endpoint: Arc<dyn TokenEndpoint>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { account, endpoint, clock, slots: Mutex::default() }
    }

    /// The account.
    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// The value of an `authorization` header for a scope, marked as sensitive.
    ///
    /// At most one request for a token of a scope is under way. Who waits for it shares its outcome,
    /// a failure as well; who comes later asks again. While a token is renewed, or cannot be, the
    /// old one serves for as long as it is good.
    ///
    /// # Errors
    ///
    /// See [`TokenError`].
    pub async fn authorization(&self, scope: &str) -> Result<HeaderValue, TokenError> {
        let token = self.token(scope).await?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose()))
            .map_err(|_| TokenError::Malformed { url: self.account.token_uri.clone() })?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn token(&self, scope: &str) -> Result<Secret, TokenError> {
        let slot = self.slot(scope)?;
        match slot.held(self.clock.elapsed()) {
            Held::Fresh(token) => Ok(token),
            Held::Ageing(old) => {
                let Some(_turn) = slot.free_turn() else { return Ok(old) };
                // Somebody may have had the turn in between.
                if let Held::Fresh(token) = slot.held(self.clock.elapsed()) {
                    return Ok(token);
                }
                Ok(self.fetch(scope, &slot).await.unwrap_or(old))
            }
            Held::Nothing(failures_seen) => {
                let _turn = slot.turn().await;
                match slot.held(self.clock.elapsed()) {
                    Held::Fresh(token) | Held::Ageing(token) => Ok(token),
                    Held::Nothing(_) => match slot.failure_since(failures_seen) {
                        Some(failure) => Err(failure),
                        None => self.fetch(scope, &slot).await,
                    },
                }
            }
        }
    }

    /// Asks the endpoint, and keeps what came of it. The caller has the turn.
    async fn fetch(&self, scope: &str, slot: &Slot) -> Result<Secret, TokenError> {
        let url = &self.account.token_uri;
        let asked = async {
            let form = assertion::form(&self.account, scope, self.clock.unix_seconds())?;
            let answer = self.endpoint.post_form(url, form).await;
            let answer = answer.map_err(|why| TokenError::Unreachable { url: url.clone(), why })?;
            granted(url, &answer)
        };
        let outcome = asked.await;
        let now = self.clock.elapsed();
        match outcome {
            Ok(granted) => {
                let token = granted.token.clone();
                slot.keep(granted, now);
                Ok(token)
            }
            Err(error) => {
                slot.fail(error.clone(), now);
                Err(error)
            }
        }
    }

    fn slot(&self, scope: &str) -> Result<Arc<Slot>, TokenError> {
        let mut slots = self.slots.lock();
        if let Some(slot) = slots.get(scope) {
            return Ok(Arc::clone(slot));
        }
        if slots.len() >= SCOPES_MAX {
            return Err(TokenError::TooManyScopes);
        }
        let slot = Arc::new(Slot::new());
        slots.insert(scope.to_owned(), Arc::clone(&slot));
        Ok(slot)
    }
}

impl fmt::Debug for GoogleTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleTokens").field("account", &self.account).finish_non_exhaustive()
    }
}
