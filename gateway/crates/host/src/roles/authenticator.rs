//! Who is calling.

use std::sync::Arc;

use tollgate_domain::{Denial, Principal};

use crate::bindings::authentication::GuestIndices;
use crate::convert;
use crate::engine::Host;
use crate::lent::Head;
use crate::load::{self, LoadError, PluginSettings, PluginSource, Why};
use crate::outcome::Ran;
use crate::plugin::Plugin;
use crate::state::{Lent, handle};

/// A component that says who is calling.
pub struct Authenticator {
    plugin: Plugin,
    guest: GuestIndices,
}

impl Host {
    /// Loads an authenticator.
    pub fn load_authenticator(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Authenticator, LoadError> {
        let plugin = Plugin::load(self, &load::AUTHENTICATOR, settings, source)?;
        let guest = GuestIndices::new(plugin.pre())
            .map_err(|error| LoadError::new(&load::AUTHENTICATOR, settings, source, Why::Contract(error)))?;
        Ok(Authenticator { plugin, guest })
    }
}

impl Authenticator {
    /// Identifies the caller from the head of its request.
    pub async fn authenticate(&self, head: Arc<Head>) -> Ran<Principal, Denial> {
        let lent = Lent { request: Some(head), ..Lent::default() };
        let ran = self.plugin.call(lent, async |mut running| {
            let called = async {
                let guest = self.guest.load(&mut running.store, &running.instance)?;
                guest.call_authenticate(&mut running.store, handle()).await
            };
            let answer = called.await;
            (running, answer)
        });
        match ran.await {
            Ran::Value(principal) => Ran::Value(convert::principal(principal)),
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
