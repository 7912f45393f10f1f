//! A host that grants nothing: providers need nothing.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tollgate_domain::{CallId, Claim, ClaimError, Document, KeyHash, KeyRecord, NanoUsd, Rates};
use tollgate_host::{
    Capabilities, Host, HostSettings, Keys, Limits, PluginSettings, PluginSource, Prices, Provider,
    StoreUnavailable, Watch,
};

struct Nothing;

#[async_trait]
impl Keys for Nothing {
    async fn lookup(&self, _: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable> {
        Err(StoreUnavailable)
    }

    fn cached(&self, _: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        None
    }
}

impl Limits for Nothing {
    fn reserve(&self, _: CallId, _: &[Claim]) -> Result<Vec<u64>, ClaimError> {
        Err(ClaimError::Unavailable)
    }
    fn cancel(&self, _: CallId) {}
    fn spent(&self, _: &str) -> Option<NanoUsd> {
        None
    }
}

impl Prices for Nothing {
    fn of(&self, _: &str) -> Option<Rates> {
        None
    }
}

impl Watch for Nothing {
    fn called(&self, _: &str, _: &'static str, _: &'static str, _: Duration) {}
}

/// A host for a few instances.
pub(crate) fn host() -> Host {
    let nothing = Arc::new(Nothing);
    let capabilities = Capabilities {
        keys: Arc::clone(&nothing) as _,
        limits: Arc::clone(&nothing) as _,
        prices: Arc::clone(&nothing) as _,
        watch: nothing,
    };
    let settings = HostSettings { calls_max: 10, memory_max: 16 << 20, cache_dir: None };
    Host::new(&settings, capabilities).unwrap()
}

/// An embedded provider. Its time is not what is tested, on whatever machine.
pub(crate) async fn provider(host: &Host, name: &str) -> Arc<Provider> {
    let usual = PluginSettings::named(name).memory_max;
    provider_in(host, name, usual).await
}

/// The same in instances with so many bytes of memory.
pub(crate) async fn provider_in(host: &Host, name: &str, memory_max: usize) -> Arc<Provider> {
    let (_, bytes) =
        tollgate_components::PROVIDERS.iter().find(|(known, _)| *known == name).unwrap();
    let settings = PluginSettings {
        deadline: Duration::from_secs(10),
        wall: Duration::from_secs(60),
        memory_max,
        ..PluginSettings::named(name)
    };
    Arc::new(host.load_provider(&settings, &PluginSource::BuiltIn(bytes)).await.unwrap())
}

/// A body as the host lends it.
pub(crate) fn document(body: String) -> Arc<Document> {
    Arc::new(Document::parse(Bytes::from(body)).unwrap())
}
