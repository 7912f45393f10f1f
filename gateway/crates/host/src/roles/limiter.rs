//! Whether a call may be made.

use tollgate_domain::{Admission, Call, Denial, Principal};

use crate::bindings::admission::GuestIndices;
use crate::convert;
use crate::engine::Host;
use crate::load::{self, LoadError, PluginSettings, PluginSource, Why};
use crate::outcome::Ran;
use crate::plugin::Plugin;
use crate::state::Lent;

/// A component that says whether a call may be made.
pub struct Limiter {
    plugin: Plugin,
    guest: GuestIndices,
}

impl Host {
    /// Loads a limiter.
    pub fn load_limiter(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Limiter, LoadError> {
        let plugin = Plugin::load(self, &load::LIMITER, settings, source)?;
        let guest = GuestIndices::new(plugin.pre())
            .map_err(|error| LoadError::new(&load::LIMITER, settings, source, Why::Contract(error)))?;
        Ok(Limiter { plugin, guest })
    }
}

impl Limiter {
    /// Asks for admission. Unless it is given, nothing stays reserved for the call.
    pub async fn admit(&self, principal: &Principal, call: &Call) -> Ran<Admission, Denial> {
        let lent = Lent { call: Some(call.id), ..Lent::default() };
        let (principal, facts) = (convert::principal_to_wit(principal), convert::call_to_wit(call));
        let ran = self.plugin.call(lent, async |mut running| {
            let called = async {
                let guest = self.guest.load(&mut running.store, &running.instance)?;
                guest.call_admit(&mut running.store, &principal, &facts).await
            };
            let answer = called.await;
            (running, answer)
        });
        let ran = ran.await;
        if !matches!(ran, Ran::Value(_)) {
            self.plugin.capabilities.limits.cancel(call.id);
        }
        match ran {
            Ran::Value(admission) => Ran::Value(convert::admission(admission)),
            Ran::Refused(denial) => Ran::Refused(convert::denial(denial)),
            Ran::Trapped(why) => Ran::Trapped(why),
            Ran::Exceeded(limit) => Ran::Exceeded(limit),
        }
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }
}
