//! What each deployment proves itself with: from its row, else from the environment.

use std::sync::Arc;

use tollgate_calls::Credential;
use tollgate_config::Deployment;
use tollgate_credentials::{AwsKeys, GoogleTokens, ServiceAccount, SystemClock};
use tollgate_host::ProviderName;
use tollgate_upstream::Upstreams;

use crate::wiring::google::PooledTokenEndpoint;

/// The secret that is a Google service account.
const GOOGLE: &str = "vertex_credentials";
/// The secret by which AWS's are known.
const AWS: &str = "aws_access_key_id";

/// The credential of a deployment; a text says what is wrong with it.
pub(crate) fn credential(
    model: &Deployment,
    known: Option<&ProviderName>,
    upstreams: &Arc<Upstreams>,
) -> Result<Credential, String> {
    let secret = |name: &str| model.secrets.get(name).map(|secret| secret.expose().to_owned());
    let aws = match secret(AWS) {
        Some(_) => Some(AwsKeys::find(&secret, &|_| None).map_err(|why| why.to_string())?),
        None => None,
    };
    let google = match secret(GOOGLE) {
        Some(json) => Some(ServiceAccount::parse(&json).map_err(|why| why.to_string())?),
        None => None,
    };
    let tokens = |account| {
        let endpoint = Arc::new(PooledTokenEndpoint(Arc::clone(upstreams)));
        Arc::new(GoogleTokens::new(account, endpoint, Arc::new(SystemClock)))
    };
    Ok(Credential { key: key(model, known), aws: aws.map(Arc::new), google: google.map(tokens) })
}

/// A variable's key is only for the provider's own address: no other server may see it. Providers
/// without one are whatever the row says.
fn key(model: &Deployment, known: Option<&ProviderName>) -> Option<String> {
    if let Some(key) = &model.api_key {
        return Some(key.expose().to_owned());
    }
    let known = known.filter(|_| model.mock_response.is_none())?;
    let is_own = model.api_base.is_none() || known.default_base.is_none();
    let variable = known.key_variable.as_ref().filter(|_| is_own)?;
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}
