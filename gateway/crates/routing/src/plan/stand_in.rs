//! Which group comes next when one has failed. Each is entered at most once in a call, and only so
//! many are.

use std::time::Duration;

use rand::RngCore;

use super::{Here, Plan, StandIns, Step};
use crate::failure::Cause;
use crate::moment::Moment;
use crate::router::Found;

impl<'r, D> Plan<'r, D> {
    /// The first attempt in the next group that stands in.
    pub(super) fn stand_in(
        &mut self,
        mut cause: Cause,
        now: Moment,
        dice: &mut dyn RngCore,
    ) -> Option<Step<'r, D>> {
        if self.wish.fallbacks == StandIns::Refused {
            return None;
        }
        loop {
            let next: Vec<String> =
                self.listed(cause).iter().filter(|name| self.is_new(name)).cloned().collect();
            next.into_iter().rev().for_each(|name| self.queue.push_front(name));
            if !self.enter_next() {
                return None;
            }
            if let Some(chosen) = self.choosing(now).choose(dice) {
                return Some(self.ask(chosen, Duration::ZERO));
            }
            cause = Cause::Overloaded;
        }
    }

    /// Goes to the next group of the queue that is there and was not tried yet.
    fn enter_next(&mut self) -> bool {
        while self.fallbacks() < self.router.rules().fallbacks.groups_max {
            let Some(name) = self.queue.pop_front() else { return false };
            if !self.is_new(&name) {
                continue;
            }
            if let Some(Found { group, captured }) = self.router.find(&name) {
                self.here = Here { group, captured, failed: Vec::new(), retries: 0 };
                self.entered.push(name);
                return true;
            }
        }
        false
    }

    /// The groups that stand in for the current one after such a failure.
    pub(super) fn listed(&self, cause: Cause) -> &[String] {
        match &self.wish.fallbacks {
            StandIns::Refused => &[],
            StandIns::Own(names) if self.entered.is_empty() => names,
            _ => {
                let names = [self.name(), self.router.unaliased(self.name())];
                self.router.rules().fallbacks.of(names, cause)
            }
        }
    }

    pub(super) fn is_new(&self, name: &str) -> bool {
        let name = self.router.unaliased(name);
        let mut tried = self.entered.iter().chain([&self.wish.model]);
        tried.all(|tried| self.router.unaliased(tried) != name)
    }
}
