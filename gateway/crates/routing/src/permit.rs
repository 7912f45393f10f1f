//! The right to ask one deployment once. It counts as under way until it is dropped.

use crate::failure::Failure;
use crate::group::Member;
use crate::health::Health;
use crate::moment::Moment;
use crate::rules::Cooldowns;

/// The right to ask one deployment once.
///
/// Dropping it says nothing of the deployment's health: so ends a call whose client went away.
#[must_use = "a deployment counts as busy while this is held"]
#[derive(Debug)]
pub struct Permit<'r> {
    health: &'r Health,
    rules: Cooling<'r>,
    began: Moment,
    tokens: u32,
}

/// The rules for leaving one deployment alone.
#[derive(Clone, Copy, Debug)]
struct Cooling<'r> {
    general: &'r Cooldowns,
    own_time: Option<std::time::Duration>,
    is_alone: bool,
}

// === impl Permit ===

impl<'r> Permit<'r> {
    /// Takes a place at a member, within its ceilings.
    pub(crate) fn take<D>(
        member: &'r Member<D>,
        general: &'r Cooldowns,
        is_alone: bool,
        tokens: u32,
        now: Moment,
    ) -> Option<Self> {
        let health = &*member.health;
        let own_time = member.knobs.cooldown;
        // A permit that is made counts as under way, and no longer when it is dropped: none may be
        // made where no place was taken.
        health.begin(&member.knobs.ceilings, tokens, now).then(|| Self {
            health,
            rules: Cooling { general, own_time, is_alone },
            began: now,
            tokens,
        })
    }

    /// Begins later than it was taken, after a wait.
    pub fn began(&mut self, now: Moment) {
        self.began = now;
    }

    /// The answer has begun.
    pub fn answered(&self, now: Moment) {
        self.health.answered(now.since(self.began), now);
    }

    /// The attempt has failed, or its answer broke off.
    pub fn failed(&self, failure: &Failure, now: Moment) {
        let Cooling { general, own_time, is_alone } = self.rules;
        match own_time {
            None => self.health.failed(failure, general, is_alone, now),
            Some(time) => {
                let own = Cooldowns { time, ..general.clone() };
                self.health.failed(failure, &own, is_alone, now);
            }
        }
    }

    /// The call used so many tokens, in place of those that were reserved.
    pub fn used(&mut self, tokens: u64, now: Moment) {
        let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
        self.health.used(self.tokens, tokens, self.began, now);
        self.tokens = tokens;
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.health.end();
    }
}
