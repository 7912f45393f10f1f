//! One scope's token: who may ask for a new one, and what came of it.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tollgate_config::Secret;

use super::endpoint::{Granted, TokenError};

/// A token is renewed this long before it expires, or after half its life if that is later.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// A token is not sent in its last seconds: it has to arrive first.
const LAST_SECONDS: Duration = Duration::from_secs(10);

/// After a renewal that failed, the old token serves for so long before the next attempt.
const RENEW_AGAIN: Duration = Duration::from_secs(30);

/// What a slot has.
pub(super) enum Held {
    /// A token that is good for a while.
    Fresh(Secret),
    /// A token that is still good, but should be renewed.
    Ageing(Secret),
    /// None that could be sent. The number of attempts that have failed so far.
    Nothing(u64),
}

struct Token {
    value: Secret,
    renew_at: Duration,
    expires_at: Duration,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    failures: u64,
    last_failure: Option<TokenError>,
}

/// A scope's token.
pub(super) struct Slot {
    turn: Semaphore,
    state: Mutex<State>,
}

// === impl Slot ===

impl Slot {
    pub(super) fn new() -> Self {
        Self { turn: Semaphore::new(1), state: Mutex::default() }
    }

    /// What there is at a time.
    pub(super) fn held(&self, now: Duration) -> Held {
        let state = self.state.lock();
        match &state.token {
            Some(token) if now < token.renew_at => Held::Fresh(token.value.clone()),
            Some(token) if now < token.expires_at => Held::Ageing(token.value.clone()),
            _ => Held::Nothing(state.failures),
        }
    }

    /// The right to ask for a token, if nobody has it.
    pub(super) fn free_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.try_acquire().ok()
    }

    /// The right to ask for a token, after whoever has it.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        self.turn.acquire().await.ok()
    }

    /// The last failure, if there was one since the caller had seen so many.
    pub(super) fn failure_since(&self, seen: u64) -> Option<TokenError> {
        let state = self.state.lock();
        if state.failures > seen { state.last_failure.clone() } else { None }
    }

    /// Takes a new token.
    pub(super) fn keep(&self, granted: Granted, now: Duration) {
        let Granted { token, life } = granted;
        let renew_after = life.saturating_sub(RENEW_BEFORE).max(life / 2);
        self.state.lock().token = Some(Token {
            value: token,
            renew_at: now + renew_after,
            expires_at: now + life.saturating_sub(LAST_SECONDS).max(renew_after),
        });
    }

    /// Takes note of a failure. A token that is still good is not renewed for a while.
    pub(super) fn fail(&self, error: TokenError, now: Duration) {
        let mut state = self.state.lock();
        state.failures += 1;
        state.last_failure = Some(error);
        if let Some(token) = &mut state.token {
            token.renew_at = now + RENEW_AGAIN;
        }
    }
}
