//! What each deployment proves itself with: from its row, else from the environment.

use std::sync::Arc;

use tollgate_config::{Deployment, Secret};
use tollgate_credentials::{Sources, SystemClock, TokenFetch, Wallet};
use tollgate_host::ProviderName;
use tollgate_upstream::Upstreams;

/// The credentials of a deployment; a text says what is wrong with them. The configuration has
/// read the variables of clouds already.
pub(crate) fn wallet(
    model: &Deployment,
    known: Option<&ProviderName>,
    upstreams: &Arc<Upstreams>,
) -> Result<Wallet, String> {
    let secret = |name: &str| model.secrets.get(name).map(|secret| secret.expose().to_owned());
    let sources = Sources { key: key(model, known), settings: &secret, environment: &|_| None };
    let tokens = Arc::new(TokenFetch::new(Arc::clone(upstreams)));
    let wallet = Wallet::open(sources, tokens, Arc::new(SystemClock));
    wallet.fault().map_or(Ok(wallet), Err)
}

/// A variable's key is only for the provider's own address: no other server may see it. Providers
/// without one are whatever the row says.
fn key(model: &Deployment, known: Option<&ProviderName>) -> Option<Secret> {
    if let Some(key) = &model.api_key {
        return Some(key.clone());
    }
    let known = known.filter(|_| model.mock_response.is_none())?;
    let is_own = model.api_base.is_none() || known.default_base.is_none();
    let variable = known.key_variable.as_ref().filter(|_| is_own)?;
    std::env::var(variable).ok().filter(|value| !value.is_empty()).map(Secret::new)
}
