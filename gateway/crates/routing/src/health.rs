//! What is known of a deployment from its calls and from probes. Shared by all calls, without a
//! lock; it outlives a change of the configuration.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::failure::{Failure, SLOTS};
use crate::latency::Latency;
use crate::moment::Moment;
use crate::rules::Cooldowns;
use crate::window::Window;

/// Fewer calls in a minute say nothing of the share that fails.
const CALLS_MIN: u32 = 5;

/// A provider that asks for more than this is asked again earlier all the same: it may have meant
/// a date, or never to be asked again.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Ceilings of a deployment. An absent one does not limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings {
    /// Calls that may begin within one minute of the clock.
    pub calls: Option<u32>,
    /// Tokens within one minute of the clock.
    pub tokens: Option<u32>,
    /// Calls at once.
    pub parallel: Option<u32>,
}

/// What the last probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Nobody probed.
    Unknown = 0,
    /// It answered.
    Up = 1,
    /// It did not.
    Down = 2,
}

/// A deployment's state.
#[derive(Debug, Default)]
pub struct Health {
    in_flight: AtomicU32,
    calls: Window,
    tokens: Window,
    answered: Window,
    failed: Window,
    failed_by_cause: [Window; SLOTS],
    /// Microseconds on the caller's clock; 0 for never.
    cooled_until: AtomicU64,
    latency: Latency,
    verdict: AtomicU8,
}

// === impl Health ===

impl Health {
    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Tokens used or reserved in the minute of this moment.
    pub fn tokens(&self, now: Moment) -> u32 {
        self.tokens.count(now)
    }

    /// How long it is left alone from here; none if it is not.
    pub fn cooling(&self, now: Moment) -> Option<Duration> {
        let until = self.cooled_until.load(Ordering::Relaxed);
        (until > now.micros()).then(|| Moment::from_micros(until).since(now))
    }

    /// Takes in what a probe found. A deployment that answers again is no longer left alone.
    pub fn probed(&self, is_up: bool) {
        let verdict = if is_up { Verdict::Up } else { Verdict::Down };
        self.verdict.store(verdict as u8, Ordering::Relaxed);
        if is_up {
            self.cooled_until.store(0, Ordering::Relaxed);
        }
    }

    /// What the last probe found.
    pub fn verdict(&self) -> Verdict {
        match self.verdict.load(Ordering::Relaxed) {
            1 => Verdict::Up,
            2 => Verdict::Down,
            _ => Verdict::Unknown,
        }
    }

    /// What it is expected to take to answer: latency times the calls before it. 0 if nothing is
    /// known.
    pub(crate) fn load(&self, now: Moment) -> f32 {
        self.latency.now(now) * (self.in_flight() as f32 + 1.0)
    }

    /// Begins a call within the ceilings, or counts nothing.
    pub(crate) fn begin(&self, ceilings: &Ceilings, tokens: u32, now: Moment) -> bool {
        let parallel = ceilings.parallel.unwrap_or(u32::MAX);
        let entered = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| {
            (count < parallel).then(|| count.saturating_add(1))
        });
        if entered.is_err() {
            return false;
        }
        if !self.count(ceilings, tokens, now) {
            self.end();
            return false;
        }
        true
    }

    /// Counts the call and its tokens, or neither.
    fn count(&self, ceilings: &Ceilings, tokens: u32, now: Moment) -> bool {
        if let Some(ceiling) = ceilings.tokens
            && !self.tokens.raise_within(tokens, ceiling, now)
        {
            return false;
        }
        let Some(ceiling) = ceilings.calls else { return true };
        let counted = self.calls.raise_within(1, ceiling, now);
        if !counted && ceilings.tokens.is_some() {
            self.tokens.replace(tokens, 0, now, now);
        }
        counted
    }

    /// A call is over.
    pub(crate) fn end(&self) {
        let _always = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |count| {
            Some(count.saturating_sub(1))
        });
    }

    /// Replaces the tokens that a call reserved by those that it used.
    pub(crate) fn used(&self, reserved: u32, used: u32, began: Moment, now: Moment) {
        self.tokens.replace(reserved, used, began, now);
    }

    /// An answer has begun after so long.
    pub(crate) fn answered(&self, took: Duration, now: Moment) {
        self.answered.raise(1, now);
        self.latency.observe(took, now);
        if self.cooled_until.load(Ordering::Relaxed) > 0 {
            self.cooled_until.store(0, Ordering::Relaxed);
        }
    }

    /// A call has failed: leaves the deployment alone if the rules say so. `is_alone` if its group
    /// has no other one.
    pub(crate) fn failed(&self, failure: &Failure, rules: &Cooldowns, is_alone: bool, now: Moment) {
        if !rules.enabled || !self.is_too_much(failure, rules, is_alone, now) {
            return;
        }
        let asked = failure.retry_after.map(|after| after.min(RETRY_AFTER_MAX));
        let until = now.plus(asked.unwrap_or(rules.time).max(rules.time)).micros();
        self.cooled_until.fetch_max(until, Ordering::Relaxed);
    }

    fn is_too_much(
        &self,
        failure: &Failure,
        rules: &Cooldowns,
        is_alone: bool,
        now: Moment,
    ) -> bool {
        let cause = failure.cause;
        if let Some(allowed) = rules.policy.of(cause) {
            let slot = self.failed_by_cause.get(cause.slot());
            return slot.is_some_and(|window| window.raise(1, now) > allowed);
        }
        if !cause.is_of_deployment() {
            return false;
        }
        let failed = self.failed.raise(1, now);
        if failure.retry_after.is_some() && cause == crate::Cause::RateLimited && !is_alone {
            return true;
        }
        match rules.allowed_fails {
            Some(allowed) => failed > allowed,
            None if is_alone => false,
            None => {
                let calls = failed.saturating_add(self.answered.count(now));
                cause.cools_at_once() || (calls >= CALLS_MIN && failed > calls / 2)
            }
        }
    }
}

#[cfg(test)]
mod tests;
