//! Who is calling.

use std::sync::Arc;
use std::time::Instant;

use tollgate_domain::{Denial, Principal};
use wasmtime::component::Resource;

use crate::bindings::types as wit;
use crate::convert;
use crate::engine::Host;
use crate::lent::Head;
use crate::load::{self, LoadError, PluginSettings, PluginSource};
use crate::outcome::Ran;
use crate::plugin::{Function, Plugin, Signature};
use crate::state::{Lent, LentRequest, handle};

/// A component that says who is calling.
pub struct Authenticator {
    plugin: Plugin,
    authenticate: Function<Authenticate>,
}

struct Authenticate;

impl Signature for Authenticate {
    type Params<'a> = (Resource<LentRequest>,);
    type Returns = (Result<wit::Principal, wit::Denial>,);
}

impl Host {
    /// Loads an authenticator.
    pub fn load_authenticator(
        &self,
        settings: &PluginSettings,
        source: &PluginSource,
    ) -> Result<Authenticator, LoadError> {
        let plugin = Plugin::load(self, &load::AUTHENTICATOR, settings, source)?;
        let authenticate = plugin
            .function("authenticate")
            .map_err(|why| LoadError::new(&load::AUTHENTICATOR, settings, source, why))?;
        Ok(Authenticator { plugin, authenticate })
    }
}

impl Authenticator {
    /// Identifies the caller from the head of its request.
    pub async fn authenticate(&self, head: Arc<Head>) -> Ran<Principal, Denial> {
        let began = Instant::now();
        let lent = Lent { request: Some(head), ..Lent::default() };
        let ran = self.plugin.call(&self.authenticate, lent, || (handle(),)).await;
        let ran = ran.answered(|(answer,)| answer.map(convert::principal).map_err(convert::denial));
        self.plugin.watched(began, ran)
    }

    /// SHA-256 of the component, for the ledger.
    pub fn digest(&self) -> &str {
        &self.plugin.digest
    }
}
