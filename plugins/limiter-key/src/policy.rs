//! Whether a call may be made: every claim of the key's ceilings fits, or none is taken.

use tollgate_sdk::limits::{Claim, Error, Excess, MoneyClaim, RateClaim};
use tollgate_sdk::types::{
    Admission, Allowance, Call, Denial, Milliseconds, NanoUsd, Principal, Rates, Scopes, Tokens,
};

use crate::access;
use crate::estimate::Estimate;
use crate::refusal;

/// The window of `requests_per_minute`.
const MINUTE: Milliseconds = 60_000;

/// The shortest answer that is worth a call: with less, the client is told that its budget is
/// used up rather than given a stump.
const CAP_MIN: Tokens = 16;

/// What the gateway does for the limiter.
pub(crate) trait Host {
    /// The time now.
    fn now(&self) -> Milliseconds;
    /// Prices of a deployment.
    fn rates(&self, deployment: &str) -> Option<Rates>;
    /// Reserves every claim or none.
    fn reserve(&self, claims: &[Claim]) -> Result<Vec<u64>, Error>;
    /// Writes a line for the operator.
    fn report(&self, line: &str);
}

/// A budget and what the call can take of it.
struct Budget {
    ceiling: NanoUsd,
    estimate: Estimate,
}

/// What was reserved.
struct Reservation {
    amount: NanoUsd,
    output_cap: Option<Tokens>,
    remaining: Vec<u64>,
}

/// Checks the key against the call and reserves what the call can use.
pub(crate) fn admit(
    principal: &Principal,
    call: &Call,
    host: &impl Host,
) -> Result<Admission, Denial> {
    if !principal.scopes.contains(Scopes::CALL_MODELS) {
        return Err(refusal::scope());
    }
    if !access::allows(&principal.models, &call.model) {
        return Err(refusal::model(&call.model));
    }
    let budget = match principal.limits.max_budget {
        Some(ceiling) => {
            let estimate = Estimate::of(call, |deployment| host.rates(deployment))
                .map_err(|candidate| refusal::unpriced(&call.model, &candidate.deployment))?;
            Some(Budget { ceiling, estimate })
        }
        None => None,
    };
    let reservation = reserve(principal, call, budget.as_ref(), host)?;
    Ok(Admission {
        reserved: reservation.amount,
        output_cap: reservation.output_cap,
        allowances: allowances(principal, &reservation.remaining),
    })
}

/// Reserves the full amount or, if the client leaves the length of the answer to the gateway, what
/// the budget still holds.
fn reserve(
    principal: &Principal,
    call: &Call,
    budget: Option<&Budget>,
    host: &impl Host,
) -> Result<Reservation, Denial> {
    let amount = budget.map_or(0, |budget| budget.estimate.amount(budget.estimate.cap()));
    let full = claims(principal, amount);
    if full.is_empty() {
        return Ok(Reservation { amount: 0, output_cap: None, remaining: Vec::new() });
    }
    let error = match host.reserve(&full) {
        Ok(remaining) => {
            let output_cap = budget.and_then(|budget| budget.estimate.imposed_cap());
            return Ok(Reservation { amount, output_cap, remaining });
        }
        Err(error) => error,
    };
    let Some((cap, amount)) = shorter(call, budget, &full, &error) else {
        return Err(denial(principal, &full, error, host));
    };
    let less = claims(principal, amount);
    match host.reserve(&less) {
        Ok(remaining) => Ok(Reservation { amount, output_cap: Some(cap), remaining }),
        Err(error) => Err(denial(principal, &less, error, host)),
    }
}

/// The cap and amount that fit what the budget still holds, if it is the budget that the full
/// amount does not fit, the client sent no cap, and what fits is worth a call.
fn shorter(
    call: &Call,
    budget: Option<&Budget>,
    claims: &[Claim],
    error: &Error,
) -> Option<(Tokens, NanoUsd)> {
    let (Error::Exceeded(excess), Some(budget), None) = (error, budget, call.output_cap) else {
        return None;
    };
    let Some(Claim::Money(_)) = refused_claim(claims, excess) else {
        return None;
    };
    let left = budget.ceiling.saturating_sub(excess.used);
    let cap = budget.estimate.cap_within(left).filter(|cap| *cap >= CAP_MIN)?;
    Some((cap, budget.estimate.amount(cap)))
}

fn claims(principal: &Principal, amount: NanoUsd) -> Vec<Claim> {
    let rate = principal.limits.requests_per_minute.map(|ceiling| {
        let bucket = format!("key:{}:requests", principal.key_id);
        Claim::Rate(RateClaim { bucket, units: 1, ceiling, window: MINUTE })
    });
    let money = principal.limits.max_budget.map(|ceiling| {
        let bucket = format!("key:{}", principal.key_id);
        Claim::Money(MoneyClaim { bucket, amount, ceiling })
    });
    rate.into_iter().chain(money).collect()
}

fn refused_claim<'a>(claims: &'a [Claim], excess: &Excess) -> Option<&'a Claim> {
    claims.get(usize::try_from(excess.claim).ok()?)
}

fn denial(principal: &Principal, claims: &[Claim], error: Error, host: &impl Host) -> Denial {
    let excess = match error {
        Error::Exceeded(excess) => excess,
        Error::Unavailable => return refusal::unavailable(),
        Error::Invalid(why) => {
            host.report(&format!("claims refused as invalid: {why}"));
            return refusal::fault();
        }
    };
    match refused_claim(claims, &excess) {
        Some(Claim::Rate(claim)) => {
            let resets_at = excess.resets_at.unwrap_or_else(|| host.now().saturating_add(MINUTE));
            refusal::rate(principal, claim.ceiling, resets_at)
        }
        Some(Claim::Money(claim)) => {
            refusal::budget(principal, excess, claim.ceiling, claim.amount)
        }
        None => {
            host.report("the host refused a claim that was not made");
            refusal::fault()
        }
    }
}

/// What is left of the calls per minute: the first claim, if the key has that ceiling.
fn allowances(principal: &Principal, remaining: &[u64]) -> Vec<Allowance> {
    match (principal.limits.requests_per_minute, remaining.first()) {
        (Some(limit), Some(&remaining)) => {
            vec![Allowance { kind: "requests".into(), limit, remaining }]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
