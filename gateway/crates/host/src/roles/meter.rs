//! What a call cost.

use std::convert::Infallible;

use tollgate_domain::{Call, Charge, Outcome, Principal};

use crate::bindings::metering::GuestIndices;
use crate::convert;
use crate::engine::Host;
use crate::load::{self, LoadError, PluginSettings, PluginSource, Why};
use crate::outcome::Ran;
use crate::plugin::Plugin;
use crate::state::Lent;

/// A component that says what a call cost.
pub struct Meter {
    plugin: Plugin,
    guest: GuestIndices,
}

impl Host {
    /// Loads a meter.
    pub fn load_meter(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Meter, LoadError> {
        let plugin = Plugin::load(self, &load::METER, settings, source)?;
        let guest = GuestIndices::new(plugin.pre())
            .map_err(|error| LoadError::new(&load::METER, settings, source, Why::Contract(error)))?;
        Ok(Meter { plugin, guest })
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
        let lent = Lent { call: Some(call.id), ..Lent::default() };
        let principal = convert::principal_to_wit(principal);
        let (facts, outcome) = (convert::call_to_wit(call), convert::outcome_to_wit(outcome));
        let ran = self.plugin.call(lent, async |mut running| {
            let called = async {
                let guest = self.guest.load(&mut running.store, &running.instance)?;
                guest.call_settle(&mut running.store, &principal, &facts, &outcome).await
            };
            let answer = called.await;
            (running, answer.map(|charge| Ok(convert::charge(charge))))
        });
        ran.await
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }
}
