//! Counters and budgets.

use std::time::Duration;

use tollgate_domain::{Claim, ClaimError, NanoUsd};

use crate::bindings::limits;
use crate::state::State;

impl limits::Host for State {
    fn reserve(
        &mut self,
        claims: Vec<limits::Claim>,
    ) -> wasmtime::Result<Result<Vec<u64>, limits::Error>> {
        self.count_host_call()?;
        let Some(call) = self.lent.call else {
            return Ok(Err(limits::Error::Invalid("no call is being admitted".to_owned())));
        };
        let claims: Vec<Claim> = claims.into_iter().map(from_wit).collect();
        let reserved = self.capabilities.limits.reserve(call, &claims);
        self.has_reserved |= reserved.is_ok();
        Ok(reserved.map_err(error_to_wit))
    }

    fn spent(&mut self, bucket: String) -> wasmtime::Result<Result<u64, limits::Error>> {
        self.count_host_call()?;
        let spent = self.capabilities.limits.spent(&bucket);
        Ok(spent.map(NanoUsd::get).ok_or(limits::Error::Unavailable))
    }
}

fn from_wit(claim: limits::Claim) -> Claim {
    match claim {
        limits::Claim::Rate(rate) => Claim::Rate {
            bucket: rate.bucket,
            units: rate.units,
            ceiling: rate.ceiling,
            window: Duration::from_millis(rate.window),
        },
        limits::Claim::Money(money) => Claim::Money {
            bucket: money.bucket,
            amount: NanoUsd::new(money.amount),
            ceiling: NanoUsd::new(money.ceiling),
        },
    }
}

fn error_to_wit(error: ClaimError) -> limits::Error {
    match error {
        ClaimError::Exceeded(excess) => limits::Error::Exceeded(limits::Excess {
            claim: excess.claim,
            used: excess.used,
            resets_at: excess.resets_at,
        }),
        ClaimError::Invalid(why) => limits::Error::Invalid(why.to_owned()),
        ClaimError::Unavailable => limits::Error::Unavailable,
    }
}
