//! The attempts of one call, one after the other: a machine that is told what became of the last
//! one and says what comes next. It always comes to an end: each group is entered once, and in each
//! only so many attempts are made.

mod stand_in;
mod wait;

use std::collections::VecDeque;
use std::time::Duration;

use rand::RngCore;

use crate::choose::{Choosing, Chosen};
use crate::failure::{Cause, Failure};
use crate::group::{Group, Member};
use crate::moment::Moment;
use crate::permit::Permit;
use crate::router::{Found, Router};
use crate::rules::Rules;

/// The most further attempts in a group that a client can ask for.
const CLIENTS_RETRIES_MAX: u32 = 10;

/// What a call asks of routing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The name that the client gave.
    pub model: String,
    /// How many further attempts it wants in a group.
    pub retries: Option<u32>,
    /// What may stand in.
    pub fallbacks: StandIns,
    /// Tokens that the call is expected to use.
    pub tokens: u32,
    /// When the call must be over: no attempt begins later.
    pub until: Option<Moment>,
}

/// What may stand in for the group that a client asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StandIns {
    /// What the configuration says.
    #[default]
    Configured,
    /// These groups, in this order.
    Own(Vec<String>),
    /// Nothing.
    Refused,
}

/// What became of the last attempt.
#[derive(Debug)]
pub enum Last<'r> {
    /// There was none yet.
    Nothing,
    /// It failed before anything of the answer had reached the client.
    Failed(Permit<'r>, Failure),
}

/// What comes next.
#[derive(Debug)]
pub enum Step<'r, D> {
    /// This deployment is to be asked.
    Attempt(Attempt<'r, D>),
    /// Nobody is to be asked any more.
    GiveUp(GiveUp),
}

/// A deployment to be asked.
#[derive(Debug)]
pub struct Attempt<'r, D> {
    /// The group.
    pub group: &'r Group<D>,
    /// The deployment.
    pub member: &'r Member<D>,
    /// The right to ask it.
    pub permit: Permit<'r>,
    /// To be waited before.
    pub wait: Duration,
}

/// Why nobody is asked any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUp {
    /// The last failure is the answer.
    Failed,
    /// Nobody was asked at all: no deployment has room.
    Full {
        /// When there may be some again.
        retry_after: Duration,
    },
}

/// The attempts of one call.
#[derive(Debug)]
pub struct Plan<'r, D> {
    router: &'r Router<D>,
    wish: Wish,
    here: Here<'r, D>,
    /// Names of groups that stood in so far, the current one last.
    entered: Vec<String>,
    queue: VecDeque<String>,
    state: State,
    /// The only member that may be asked, once.
    pinned: Option<usize>,
}

/// The group where attempts are made.
#[derive(Debug)]
struct Here<'r, D> {
    group: &'r Group<D>,
    captured: Option<String>,
    /// Members that failed, by index.
    failed: Vec<usize>,
    retries: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Fresh,
    /// The member of this index is asked.
    Asking(usize),
    Over(GiveUp),
}

// === impl Plan ===

impl<'r, D> Plan<'r, D> {
    pub(crate) fn new(
        router: &'r Router<D>,
        wish: Wish,
        group: &'r Group<D>,
        captured: Option<String>,
    ) -> Self {
        let here = Here { group, captured, failed: Vec::new(), retries: 0 };
        let (entered, queue) = (Vec::new(), VecDeque::new());
        Self { router, wish, here, entered, queue, state: State::Fresh, pinned: None }
    }

    /// Asks only this member, whatever is known of it, and once.
    #[must_use]
    pub fn pinned_to(mut self, index: usize) -> Self {
        self.pinned = Some(index);
        self
    }

    /// The group where attempts are made.
    pub fn group(&self) -> &'r Group<D> {
        self.here.group
    }

    /// The rules that it keeps.
    pub fn rules(&self) -> &'r Rules {
        self.router.rules()
    }

    /// What the call asks for.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// Names of groups that stood in so far, the current one last.
    pub fn entered(&self) -> &[String] {
        &self.entered
    }

    /// The name under which the current group was asked: the client's, or that of a stand-in.
    pub fn name(&self) -> &str {
        self.entered.last().unwrap_or(&self.wish.model)
    }

    /// What stands in that name where the group's name has its `*`.
    pub fn captured(&self) -> Option<&str> {
        self.here.captured.as_deref()
    }

    /// Further attempts in the current group.
    pub fn retries(&self) -> u32 {
        self.here.retries
    }

    /// Groups that stood in.
    pub fn fallbacks(&self) -> u32 {
        u32::try_from(self.entered.len()).unwrap_or(u32::MAX)
    }

    /// What comes after the last attempt.
    pub fn next(&mut self, last: Last<'r>, now: Moment, dice: &mut dyn RngCore) -> Step<'r, D> {
        let step = match (self.state, last) {
            (State::Over(end), _) => Step::GiveUp(end),
            (State::Fresh, _) | (_, Last::Nothing) => self.first(now, dice),
            (State::Asking(index), Last::Failed(permit, failure)) => {
                permit.failed(&failure, now);
                drop(permit);
                self.here.failed.push(index);
                self.after(&failure, now, dice)
            }
        };
        if let Step::GiveUp(end) = &step {
            self.state = State::Over(*end);
        }
        step
    }

    fn first(&mut self, now: Moment, dice: &mut dyn RngCore) -> Step<'r, D> {
        if let Some(index) = self.pinned {
            let retry_after = self.room_after(now);
            return match self.choosing(now).choose_only(index) {
                Some(chosen) => self.ask(chosen, Duration::ZERO),
                None => Step::GiveUp(GiveUp::Full { retry_after }),
            };
        }
        if let Some(chosen) = self.choosing(now).choose(dice) {
            return self.ask(chosen, Duration::ZERO);
        }
        let retry_after = self.room_after(now);
        if let Some(attempt) = self.stand_in(Cause::Overloaded, now, dice) {
            return attempt;
        }
        // Nothing is gained by refusing a call without asking, unless a ceiling forbids it.
        if let Some(Found { group, captured }) = self.router.find(&self.wish.model) {
            self.here = Here { group, captured, failed: Vec::new(), retries: 0 };
            self.entered.clear();
        }
        match self.choosing(now).choose_cooling() {
            Some(chosen) => self.ask(chosen, Duration::ZERO),
            None => Step::GiveUp(GiveUp::Full { retry_after }),
        }
    }

    /// When one of the group's deployments may have room again.
    fn room_after(&self, now: Moment) -> Duration {
        let cooling = self.here.group.members.iter().filter_map(|m| m.health.cooling(now)).min();
        cooling.unwrap_or_else(|| now.rest_of_minute())
    }

    fn after(&mut self, failure: &Failure, now: Moment, dice: &mut dyn RngCore) -> Step<'r, D> {
        if self.pinned.is_some() {
            return Step::GiveUp(GiveUp::Failed);
        }
        if let Some(attempt) = self.retry(failure, now, dice) {
            return attempt;
        }
        let in_time = self.wish.until.is_none_or(|until| now < until);
        let attempt = if in_time { self.stand_in(failure.cause, now, dice) } else { None };
        attempt.unwrap_or(Step::GiveUp(GiveUp::Failed))
    }

    /// Another attempt in the same group.
    fn retry(
        &mut self,
        failure: &Failure,
        now: Moment,
        dice: &mut dyn RngCore,
    ) -> Option<Step<'r, D>> {
        let policy = self.router.rules().retries.of_policy(self.here.group.name(), failure.cause);
        if self.here.retries >= policy.unwrap_or_else(|| self.retries_of(failure.cause)) {
            return None;
        }
        let has_fresh = self.choosing(now).has_fresh();
        let wait = if has_fresh {
            Duration::ZERO
        } else {
            if policy.is_none() && !failure.cause.is_passing() {
                return None;
            }
            let stand_ins = self.listed(failure.cause).iter().any(|name| self.is_new(name));
            let can_go_on = stand_ins || !self.queue.is_empty();
            let least = self.router.rules().retries.wait_min;
            wait::before_same(failure, can_go_on, self.here.retries, least, dice)?
        };
        if self.wish.until.is_some_and(|until| now.plus(wait) >= until) {
            return None;
        }
        let chosen = self.choosing(now).choose(dice)?;
        self.here.retries += 1;
        Some(self.ask(chosen, wait))
    }

    /// Further attempts where no policy says how many.
    fn retries_of(&self, cause: Cause) -> u32 {
        if !cause.is_of_deployment() {
            return 0;
        }
        let clients = self.wish.retries.map(|count| count.min(CLIENTS_RETRIES_MAX));
        let own = match self.state {
            State::Asking(index) => self.here.group.members.get(index),
            _ => None,
        };
        let own = own.and_then(|member| member.knobs.retries);
        clients.or(own).unwrap_or(self.router.rules().retries.count)
    }

    fn choosing(&self, now: Moment) -> Choosing<'r, '_, D> {
        let (group, failed) = (self.here.group, self.here.failed.as_slice());
        Choosing { group, rules: self.router.rules(), failed, tokens: self.wish.tokens, now }
    }

    fn ask(&mut self, chosen: Chosen<'r>, wait: Duration) -> Step<'r, D> {
        let group = self.here.group;
        match group.members.get(chosen.index) {
            Some(member) => {
                self.state = State::Asking(chosen.index);
                Step::Attempt(Attempt { group, member, permit: chosen.permit, wait })
            }
            None => Step::GiveUp(GiveUp::Failed),
        }
    }
}

#[cfg(test)]
mod tests;
