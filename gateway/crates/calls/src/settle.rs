//! The last step of every admitted call: it is priced, journalled and taken off the reservation,
//! exactly once, whatever became of it.

use tollgate_domain::{
    Admission, Call, CallId, Charge, Ending, NanoUsd, Observed, Outcome, Pricing, Principal,
    UnixMillis, key_budget, unix_now,
};
use tollgate_host::Ran;
use tollgate_ledger::{Opened, Service, Settled as SettledRecord};

use crate::pipeline::Parts;
use crate::refusal::Refusal;

/// Proof that a call was admitted. Whoever holds it must settle it.
#[must_use = "an admitted call must be settled"]
pub(crate) struct Admitted {
    pub(crate) principal: Principal,
    pub(crate) call: Call,
    pub(crate) admission: Admission,
}

/// How an admitted call ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    pub(crate) status: u16,
    /// Class of the error, if there was one.
    pub(crate) error: Option<String>,
    pub(crate) usage: Observed,
    pub(crate) first_byte_at: Option<UnixMillis>,
}

/// Proof that a call was settled: only now may its last byte go out.
pub(crate) struct Settled {
    pub(crate) principal: Principal,
    pub(crate) admission: Admission,
    pub(crate) ended: Ended,
    pub(crate) charge: Charge,
}

// === impl Ended ===

impl Ended {
    /// There was no answer but this refusal.
    pub(crate) fn failed(refusal: &Refusal) -> Self {
        Self {
            ending: Ending::Failure,
            status: refusal.status,
            error: Some(refusal.kind.clone()),
            usage: Observed::Nothing,
            first_byte_at: None,
        }
    }

    /// The client went away; 499 is what nginx writes down for that.
    pub(crate) fn interrupted(usage: Observed, first_byte_at: Option<UnixMillis>) -> Self {
        Self { ending: Ending::Interrupted, status: 499, error: None, usage, first_byte_at }
    }
}

// === impl Parts ===

impl Parts {
    /// Settles a call. `opened` is what the journal was told when it began.
    pub(crate) async fn settle(&self, admitted: Admitted, opened: Opened, ended: Ended) -> Settled {
        let Admitted { principal, call, admission } = admitted;
        let outcome = Outcome {
            deployment: opened.deployment.clone(),
            ending: ended.ending,
            usage: ended.usage,
        };
        let charge = self.price(&principal, &call, &outcome).await;
        let record = SettledRecord {
            opened,
            ending: ended.ending,
            status: ended.status,
            error: ended.error.clone(),
            usage: ended.usage,
            charge: charge.clone(),
            first_byte_at: ended.first_byte_at,
            ended_at: unix_now(),
            plugins: self.digests.clone(),
            service: Service::default(),
        };
        if let Err(error) = self.journal.settled(&record) {
            // The opened record stands; recovery will make an interrupted row of it.
            log::error!(target: "ledger", "call {}: not journalled as settled: {error}", call.id);
        }
        self.spend(call.id, &principal, charge.amount);
        Settled { principal, admission, ended, charge }
    }

    /// Asks the meter. One that fails must not make calls free: the reservation is charged.
    async fn price(&self, principal: &Principal, call: &Call, outcome: &Outcome) -> Charge {
        match self.meter.settle(principal, call, outcome).await {
            Ran::Value(charge) => charge,
            Ran::Refused(never) => match never {},
            Ran::Trapped(_) | Ran::Exceeded(_) => {
                let amount = self.limits.reserved(call.id);
                log::error!(
                    target: "ledger",
                    "call {}: the meter failed, the reservation of {} USD is charged",
                    call.id, amount.as_usd()
                );
                let zero = NanoUsd::ZERO;
                let pricing = Pricing::MeterFailed;
                Charge { amount, input: zero, cached: zero, output: zero, pricing }
            }
        }
    }

    fn spend(&self, call: CallId, principal: &Principal, amount: NanoUsd) {
        let reserved = self.limits.reserved(call) > NanoUsd::ZERO;
        let overrun = self.limits.settle(call, amount);
        if !overrun.is_none() {
            self.metrics.reservation_overrun();
            log::warn!(target: "ledger", "call {call}: {} USD above its reservation", overrun.0.as_usd());
        }
        if !reserved {
            self.limits.charge(&key_budget(&principal.key_id), amount);
        }
    }
}
