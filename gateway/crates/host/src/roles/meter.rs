//! What a call cost.

use std::convert::Infallible;
use std::time::Instant;

use tollgate_domain::{Call, Charge, Outcome, Principal};

use crate::bindings::types as wit;
use crate::convert;
use crate::engine::Host;
use crate::load::{self, LoadError, PluginSettings, PluginSource};
use crate::outcome::Ran;
use crate::plugin::{Function, Plugin, Signature};
use crate::state::Lent;

/// A component that says what a call cost.
pub struct Meter {
    plugin: Plugin,
    settle: Function<Settle>,
}

struct Settle;

impl Signature for Settle {
    type Params<'a> = (&'a wit::Principal, &'a wit::Call, &'a wit::Outcome);
    type Returns = (wit::Charge,);
}

impl Host {
    /// Loads a meter.
    pub fn load_meter(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Meter, LoadError> {
        let plugin = Plugin::load(self, &load::METER, settings, source)?;
        let settle = plugin
            .function("settle")
            .map_err(|why| LoadError::new(&load::METER, settings, source, why))?;
        Ok(Meter { plugin, settle })
    }
}

impl Meter {
    /// Prices a call that was admitted.
    pub async fn settle(
        &self,
        principal: &Principal,
        call: &Call,
        outcome: &Outcome,
    ) -> Ran<Charge, Infallible> {
        let began = Instant::now();
        let lent = Lent { call: Some(call.id), ..Lent::default() };
        let principal = convert::principal_to_wit(principal);
        let (facts, outcome) = (convert::call_to_wit(call), convert::outcome_to_wit(outcome));
        let ran = self.plugin.call(&self.settle, lent, || (&principal, &facts, &outcome)).await;
        self.plugin.watched(began, ran.answered(|(charge,)| Ok(convert::charge(charge))))
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }
}
