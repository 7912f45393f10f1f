//! One of a group's deployments, by the strategy, among those that may be asked now.

use rand::{Rng, RngCore};

use crate::group::{Group, Knobs, Member};
use crate::health::Verdict;
use crate::moment::Moment;
use crate::permit::Permit;
use crate::rules::{Rules, Strategy};

/// A choice that is to be made.
pub(crate) struct Choosing<'r, 'c, D> {
    pub(crate) group: &'r Group<D>,
    pub(crate) rules: &'r Rules,
    /// Members that have failed already in this call: asked again only if there is no other.
    pub(crate) failed: &'c [usize],
    /// Tokens that the call is expected to use.
    pub(crate) tokens: u32,
    pub(crate) now: Moment,
}

/// A deployment that may be asked.
pub(crate) struct Chosen<'r> {
    pub(crate) index: usize,
    pub(crate) permit: Permit<'r>,
}

/// What a deployment's share of the calls can follow.
#[derive(Clone, Copy)]
enum Share {
    Weight,
    Calls,
    Tokens,
}

// === impl Share ===

impl Share {
    fn of(self, knobs: &Knobs) -> Option<f64> {
        match self {
            Self::Weight => knobs.weight,
            Self::Calls => knobs.ceilings.calls.map(f64::from),
            Self::Tokens => knobs.ceilings.tokens.map(f64::from),
        }
    }
}

// === impl Choosing ===

impl<'r, D> Choosing<'r, '_, D> {
    /// A deployment that is not left alone and has room; none if there is none.
    pub(crate) fn choose(&self, dice: &mut dyn RngCore) -> Option<Chosen<'r>> {
        if let [only] = self.group.members.as_slice() {
            return match only.health.cooling(self.now) {
                None => self.permit(0, only),
                Some(_) => None,
            };
        }
        let is_down = |member: &Member<D>| member.health.verdict() == Verdict::Down;
        self.among(self.ready(|member| !is_down(member)), dice)
            .or_else(|| self.among(self.ready(is_down), dice))
    }

    /// The deployment that is left alone for the shortest time from here, as one must be asked.
    pub(crate) fn choose_cooling(&self) -> Option<Chosen<'r>> {
        let mut all: Vec<_> = self.group.members.iter().enumerate().collect();
        all.sort_by_key(|(_, member)| member.health.cooling(self.now));
        all.into_iter().find_map(|(index, member)| self.permit(index, member))
    }

    /// The deployment at this place, whatever is known of it.
    pub(crate) fn choose_only(&self, index: usize) -> Option<Chosen<'r>> {
        self.permit(index, self.member(index)?)
    }

    /// Whether somebody who has not failed yet may be asked.
    pub(crate) fn has_fresh(&self) -> bool {
        self.ready(|_| true).iter().any(|index| !self.failed.contains(index))
    }

    fn permit(&self, index: usize, member: &'r Member<D>) -> Option<Chosen<'r>> {
        let is_alone = self.group.members.len() == 1;
        let permit = Permit::take(member, &self.rules.cooldowns, is_alone, self.tokens, self.now)?;
        Some(Chosen { index, permit })
    }

    fn ready(&self, fits: impl Fn(&Member<D>) -> bool) -> Vec<usize> {
        let members = self.group.members.iter().enumerate();
        let ready = members.filter(|(_, m)| m.health.cooling(self.now).is_none() && fits(m));
        ready.map(|(index, _)| index).collect()
    }

    /// One of these, those that have not failed and have the lowest order first.
    fn among(&self, mut left: Vec<usize>, dice: &mut dyn RngCore) -> Option<Chosen<'r>> {
        while !left.is_empty() {
            let first = left.iter().map(|index| self.rank(*index)).min();
            let best: Vec<usize> =
                left.iter().copied().filter(|index| Some(self.rank(*index)) == first).collect();
            let index = self.pick(&best, dice)?;
            if let Some(chosen) = self.member(index).and_then(|member| self.permit(index, member)) {
                return Some(chosen);
            }
            left.retain(|other| *other != index);
        }
        None
    }

    /// Lower ranks are asked first. An order that is not given comes after all that are.
    fn rank(&self, index: usize) -> (bool, u32) {
        let order = self.member(index).and_then(|member| member.knobs.order);
        (self.failed.contains(&index), order.unwrap_or(u32::MAX))
    }

    fn pick(&self, from: &[usize], dice: &mut dyn RngCore) -> Option<usize> {
        if let [only] = from {
            return Some(*only);
        }
        let now = self.now;
        match self.rules.strategy {
            Strategy::SimpleShuffle => self.by_lot(from, dice),
            Strategy::LatencyBased => self.better_of_two(from, dice),
            Strategy::LeastBusy => self.least(from, dice, |m| u64::from(m.health.in_flight())),
            Strategy::CostBased => self.least(from, dice, |m| m.knobs.price.unwrap_or(u64::MAX)),
            Strategy::UsageBased => self.least(from, dice, |m| u64::from(m.health.tokens(now))),
        }
    }

    /// By lot, in proportion to the first of these that any of them has.
    fn by_lot(&self, from: &[usize], dice: &mut dyn RngCore) -> Option<usize> {
        for share in [Share::Weight, Share::Calls, Share::Tokens] {
            let share = |index: &usize| share.of(&self.member(*index)?.knobs);
            if from.iter().any(|index| share(index).is_some()) {
                let total: f64 = from.iter().filter_map(share).sum();
                if total > 0.0 {
                    return drawn(from, share, dice.random_range(0.0..total));
                }
            }
        }
        from.get(dice.random_range(0..from.len().max(1))).copied()
    }

    fn better_of_two(&self, from: &[usize], dice: &mut dyn RngCore) -> Option<usize> {
        let first = dice.random_range(0..from.len().max(1));
        let other = dice.random_range(0..from.len().saturating_sub(1).max(1));
        let (first, second) =
            (from.get(first)?, from.get(if other < first { other } else { other + 1 })?);
        let load = |index: &usize| self.member(*index).map(|m| m.health.load(self.now));
        Some(if load(second) < load(first) { *second } else { *first })
    }

    /// The one with the least figure; by lot among equals.
    fn least(
        &self,
        from: &[usize],
        dice: &mut dyn RngCore,
        figure: impl Fn(&Member<D>) -> u64,
    ) -> Option<usize> {
        let figures: Vec<_> = from.iter().map(|i| (self.member(*i).map(&figure), *i)).collect();
        let least = figures.iter().map(|(figure, _)| *figure).min()?;
        let best: Vec<_> = figures.iter().filter(|(figure, _)| *figure == least).collect();
        best.get(dice.random_range(0..best.len().max(1))).map(|(_, index)| *index)
    }

    fn member(&self, index: usize) -> Option<&'r Member<D>> {
        self.group.members.get(index)
    }
}

/// Where a point falls when the shares are laid end to end.
fn drawn(from: &[usize], share: impl Fn(&usize) -> Option<f64>, mut point: f64) -> Option<usize> {
    for index in from {
        let Some(width) = share(index).filter(|width| *width > 0.0) else { continue };
        if point < width {
            return Some(*index);
        }
        point -= width;
    }
    // Rounding can leave a point just past the last share.
    from.iter().rev().find(|index| share(index).is_some_and(|width| width > 0.0)).copied()
}

#[cfg(test)]
mod tests;
