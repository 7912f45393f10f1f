//! Taking claims: first all of them are checked against locked buckets, then all are taken.

use std::time::Duration;

use parking_lot::MutexGuard;
use tollgate_domain::{Claim, ClaimError, Excess, UnixMillis};

use crate::Limits;
use crate::hold::{HeldMoney, Hold};
use crate::shard::Shard;

/// As the contract says; it also bounds how many locks one call can hold.
const CLAIMS_MAX: usize = 32;
const BUCKET_BYTES_MAX: usize = 200;
const WINDOW_MAX: Duration = Duration::from_secs(86_400);

/// The locked shards of a list of claims.
pub(crate) struct Buckets<'a> {
    /// The position in `guards` of each claim's shard.
    positions: Vec<usize>,
    guards: Vec<MutexGuard<'a, Shard>>,
}

/// Refuses claims that could never be taken.
pub(crate) fn check(claims: &[Claim]) -> Result<(), ClaimError> {
    if claims.len() > CLAIMS_MAX {
        return Err(ClaimError::Invalid("there are more than 32 claims"));
    }
    for claim in claims {
        if bucket(claim).len() > BUCKET_BYTES_MAX {
            return Err(ClaimError::Invalid("a bucket's name is longer than 200 bytes"));
        }
        if let Claim::Rate { window, .. } = claim
            && (window.as_millis() == 0 || *window > WINDOW_MAX)
        {
            return Err(ClaimError::Invalid("a window lasts 1 to 86400000 milliseconds"));
        }
    }
    Ok(())
}

fn bucket(claim: &Claim) -> &str {
    match claim {
        Claim::Rate { bucket, .. } | Claim::Money { bucket, .. } => bucket,
    }
}

fn millis(window: Duration) -> u64 {
    u64::try_from(window.as_millis()).unwrap_or(u64::MAX)
}

/// What is left, or what is in use already.
fn fit(used: u64, earlier: u64, wanted: u64, ceiling: u64) -> Result<u64, u64> {
    let used = used.saturating_add(earlier);
    let total = u128::from(used) + u128::from(wanted);
    match u128::from(ceiling).checked_sub(total) {
        Some(rest) => Ok(u64::try_from(rest).unwrap_or(u64::MAX)),
        None => Err(used),
    }
}

// === impl Buckets ===

impl<'a> Buckets<'a> {
    /// Locks the shards of all claims, in rising order.
    pub(crate) fn lock(limits: &'a Limits, claims: &[Claim]) -> Self {
        let indices: Vec<usize> =
            claims.iter().map(|claim| limits.shard_index(bucket(claim))).collect();
        let mut sorted = indices.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let positions = indices.iter().map(|index| sorted.partition_point(|i| i < index)).collect();
        let guards = sorted.iter().map(|index| limits.shard_at(*index)).collect();
        Self { positions, guards }
    }

    fn shard(&mut self, claim: usize) -> Option<&mut Shard> {
        let position = *self.positions.get(claim)?;
        self.guards.get_mut(position).map(|guard| &mut **guard)
    }

    /// What would remain of each claim, if every one fits.
    pub(crate) fn fit(
        &mut self,
        claims: &[Claim],
        now: UnixMillis,
    ) -> Result<Vec<u64>, ClaimError> {
        let mut remaining = Vec::with_capacity(claims.len());
        for (position, claim) in claims.iter().enumerate() {
            let earlier = claims.get(..position).unwrap_or_default();
            let shard = self.shard(position).ok_or(ClaimError::Unavailable)?;
            let (result, resets_at) = match claim {
                Claim::Rate { bucket, units, ceiling, window } => {
                    if shard.is_full(bucket, now) {
                        return Err(ClaimError::Unavailable);
                    }
                    let ends_at = now.saturating_add(millis(*window));
                    let (used, open_until) = shard.events(bucket, now).unwrap_or((0, ends_at));
                    let result = fit(used, events_before(earlier, bucket), *units, *ceiling);
                    (result, Some(open_until.min(ends_at)))
                }
                Claim::Money { bucket, amount, ceiling } => {
                    let used = shard.committed(bucket).ok_or(ClaimError::Unavailable)?;
                    let earlier = money_before(earlier, bucket);
                    (fit(used, earlier, amount.get(), ceiling.get()), None)
                }
            };
            remaining.push(result.map_err(|used| {
                let claim = u32::try_from(position).unwrap_or(u32::MAX);
                ClaimError::Exceeded(Excess { claim, used, resets_at })
            })?);
        }
        Ok(remaining)
    }

    /// Takes every claim; the caller has seen that all fit and still holds the locks.
    pub(crate) fn take(&mut self, claims: &[Claim], now: UnixMillis) -> Hold {
        let mut hold = Hold::default();
        for (position, claim) in claims.iter().enumerate() {
            let Some(shard) = self.shard(position) else { continue };
            match claim {
                Claim::Rate { units: 0, .. } => {}
                Claim::Rate { bucket, units, window, .. } => {
                    hold.rates.push(shard.count(bucket, *units, millis(*window), now));
                }
                Claim::Money { bucket, amount, ceiling } => {
                    let bucket = shard.open(bucket, *amount);
                    hold.add_money(HeldMoney { bucket, amount: *amount, ceiling: Some(*ceiling) });
                }
            }
        }
        hold
    }
}

/// Events that earlier claims of the same list take from a bucket.
fn events_before(earlier: &[Claim], name: &str) -> u64 {
    earlier.iter().fold(0, |sum, claim| match claim {
        Claim::Rate { bucket, units, .. } if bucket == name => sum.saturating_add(*units),
        _ => sum,
    })
}

/// Money that earlier claims of the same list take from a budget.
fn money_before(earlier: &[Claim], name: &str) -> u64 {
    earlier.iter().fold(0, |sum, claim| match claim {
        Claim::Money { bucket, amount, .. } if bucket == name => sum.saturating_add(amount.get()),
        _ => sum,
    })
}
