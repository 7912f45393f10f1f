//! The most that a call can cost, before it is made.

use tollgate_sdk::femto_to_nano_ceiling;
use tollgate_sdk::types::{Call, Candidate, NanoUsd, Rates, Tokens};

/// The cap for a client that sends none: longer than most answers, short enough that one call does
/// not hold a small budget for itself.
const DEFAULT_CAP: Tokens = 4096;

const FEMTO_PER_NANO: u128 = 1_000_000;

/// What the call can cost at each deployment that may serve it.
#[derive(Debug)]
pub(crate) struct Estimate {
    bounds: Vec<Bound>,
    /// The cap per choice that the full amount counts on.
    cap: Tokens,
    /// Whether the cap has to be written into the upstream request: the client's own does not
    /// keep the call within the amount, or there is none.
    imposed: bool,
}

/// What the call can cost at one deployment: the input and, per output token, all choices.
#[derive(Debug)]
struct Bound {
    input: u128,
    per_token: u128,
    cap: Tokens,
}

// === impl Estimate ===

impl Estimate {
    /// The estimate of a call; as an error the deployment that has no price.
    pub(crate) fn of(
        call: &Call,
        rates: impl Fn(&str) -> Option<Rates>,
    ) -> Result<Self, &Candidate> {
        let mut bounds = Vec::with_capacity(call.candidates.len());
        for candidate in &call.candidates {
            let rates = rates(&candidate.deployment).ok_or(candidate)?;
            bounds.push(Bound::of(call, candidate, &rates));
        }
        let cap = bounds.iter().map(|bound| bound.cap).max().unwrap_or(0);
        let imposed = match call.output_cap {
            None => true,
            Some(own) => bounds.iter().any(|bound| bound.cap < own),
        };
        Ok(Self { bounds, cap, imposed })
    }

    /// The cap per choice that the full amount counts on.
    pub(crate) fn cap(&self) -> Tokens {
        self.cap
    }

    /// The cap if it has to be written into the upstream request.
    pub(crate) fn imposed_cap(&self) -> Option<Tokens> {
        self.imposed.then_some(self.cap)
    }

    /// The most that the call can cost with a cap, at the dearest deployment, rounded up.
    pub(crate) fn amount(&self, cap: Tokens) -> NanoUsd {
        let dearest = self.bounds.iter().map(|bound| bound.cost(cap)).max();
        femto_to_nano_ceiling(dearest.unwrap_or(0))
    }

    /// The largest cap, at most the full one, with which the amount is not above the given one.
    pub(crate) fn cap_within(&self, amount: NanoUsd) -> Option<Tokens> {
        let femto = u128::from(amount) * FEMTO_PER_NANO;
        self.bounds.iter().try_fold(self.cap, |cap, bound| Some(cap.min(bound.cap_within(femto)?)))
    }
}

// === impl Bound ===

impl Bound {
    fn of(call: &Call, candidate: &Candidate, rates: &Rates) -> Self {
        let dearest_input = [Some(rates.input), rates.cached_input, rates.cache_write];
        let input_rate = dearest_input.into_iter().flatten().max().unwrap_or(rates.input);
        let cap = call.output_cap.unwrap_or(DEFAULT_CAP);
        Self {
            // Products of two 64-bit numbers fit; a third factor may not.
            input: u128::from(call.input_bound) * u128::from(input_rate),
            per_token: u128::from(call.choices.max(1)) * u128::from(rates.output),
            cap: candidate.output_max.map_or(cap, |most| cap.min(most)),
        }
    }

    fn cost(&self, cap: Tokens) -> u128 {
        let tokens = u128::from(cap.min(self.cap));
        self.input.saturating_add(self.per_token.saturating_mul(tokens))
    }

    /// The largest cap that costs at most so much; none if the input alone costs more.
    fn cap_within(&self, femto: u128) -> Option<Tokens> {
        let left = femto.checked_sub(self.input)?;
        let tokens = left.checked_div(self.per_token).unwrap_or(u128::MAX);
        if tokens >= u128::from(self.cap) {
            // It is the deployment that ends the answer, whatever the cap.
            return Some(Tokens::MAX);
        }
        Tokens::try_from(tokens).ok()
    }
}

#[cfg(test)]
mod tests;
