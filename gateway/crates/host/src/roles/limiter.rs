//! Whether a call may be made.

use std::time::Instant;

use tollgate_domain::{Admission, Call, Denial, Principal};

use crate::bindings::types as wit;
use crate::convert;
use crate::engine::Host;
use crate::load::{self, LoadError, PluginSettings, PluginSource};
use crate::outcome::Ran;
use crate::plugin::{Function, Plugin, Signature};
use crate::state::Lent;

/// A component that says whether a call may be made.
pub struct Limiter {
    plugin: Plugin,
    admit: Function<Admit>,
}

struct Admit;

impl Signature for Admit {
    type Params<'a> = (&'a wit::Principal, &'a wit::Call);
    type Returns = (Result<wit::Admission, wit::Denial>,);
}

impl Host {
    /// Loads a limiter.
    pub fn load_limiter(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Limiter, LoadError> {
        let plugin = Plugin::load(self, &load::LIMITER, settings, source)?;
        let admit = plugin
            .function("admit")
            .map_err(|why| LoadError::new(&load::LIMITER, settings, source, why))?;
        Ok(Limiter { plugin, admit })
    }
}

impl Limiter {
    /// Asks for admission. Unless it is given, nothing stays reserved for the call.
    pub async fn admit(&self, principal: &Principal, call: &Call) -> Ran<Admission, Denial> {
        let began = Instant::now();
        let lent = Lent { call: Some(call.id), ..Lent::default() };
        let (principal, facts) = (convert::principal_to_wit(principal), convert::call_to_wit(call));
        let ran = self.plugin.call(&self.admit, lent, || (&principal, &facts)).await;
        let ran = ran.answered(|(answer,)| answer.map(convert::admission).map_err(convert::denial));
        if !matches!(ran, Ran::Value(_)) {
            self.plugin.capabilities.limits.cancel(call.id);
        }
        self.plugin.watched(began, ran)
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }
}
