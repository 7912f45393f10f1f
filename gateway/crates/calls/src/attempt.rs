//! One attempt at a deployment: the provider's component makes the request, the host puts the
//! credential in, the connection is made.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use tollgate_domain::{Call, Document, Event};
use tollgate_host::{Attempt, CredentialScheme, Plan, UpstreamBody, UpstreamRequest};
use tollgate_upstream::{Answering, Endpoint, Outgoing, SendError};

use crate::deployment::Deployment;
use crate::pipeline::Parts;
use crate::refusal::Refusal;
use crate::wish;

/// Headers that a provider's component may not set: the host does, or the connection needs them.
const HOST_ONLY: [&str; 9] = [
    "host",
    "content-length",
    "content-type",
    "connection",
    "transfer-encoding",
    "te",
    "upgrade",
    "authorization",
    "proxy-authorization",
];

/// What a provider's component decided.
pub(crate) enum Planned {
    /// This request is to be sent.
    Send(Outgoing),
    /// This is the answer.
    Answer(Vec<Event>),
}

/// Lets the component make the upstream request.
pub(crate) async fn plan(
    provider: &mut Attempt<'_>,
    call: &Call,
    document: &Arc<Document>,
    deployment: &Deployment,
    output_cap: Option<u64>,
) -> Result<Planned, Refusal> {
    let encoded = provider.encode(call, Arc::clone(document), &deployment.target, output_cap);
    let plan = Refusal::of_ran("provider", encoded.await)?
        .map_err(|failure| Refusal::of_failure(&failure, &deployment.provider_name, 400))?;
    match plan {
        Plan::Answer(events) => Ok(Planned::Answer(events)),
        Plan::Send(request) => {
            outgoing(request, document, deployment).map(Planned::Send).map_err(|why| {
                log::error!(
                    target: "plugins",
                    "provider {}: its request cannot be sent: {why}",
                    deployment.provider_name
                );
                Refusal::plugin_failed("provider", None)
            })
        }
    }
}

impl Parts {
    /// Sends the request and waits for the answer's head.
    pub(crate) async fn send(
        &self,
        endpoint: &Endpoint,
        outgoing: &Outgoing,
        wait: Duration,
    ) -> Result<Answering, SendError> {
        let sent = self.upstreams.send(endpoint, outgoing);
        match tokio::time::timeout(wait, sent).await {
            Ok(sent) => sent,
            Err(_elapsed) => Err(SendError::TimedOut { host: endpoint.host().to_owned() }),
        }
    }
}

fn outgoing(
    request: UpstreamRequest,
    document: &Document,
    deployment: &Deployment,
) -> Result<Outgoing, String> {
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| format!("`{}` is no method", request.method))?;
    if !request.path.starts_with('/') || request.path.split('/').any(|part| part == "..") {
        return Err("its path does not begin with `/`, or leaves the deployment's base".to_owned());
    }
    let mut headers = vec![(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    for (name, value) in &request.headers {
        headers.push(own_header(name, value)?);
    }
    let mut path = request.path;
    if let (Some(scheme), Some(credential)) = (&request.credential, &deployment.credential) {
        put_credential(scheme, credential, &mut headers, &mut path)?;
    }
    let body = match request.body {
        UpstreamBody::Edited(mut edits) => {
            edits.extend(wish::removals(document));
            document.edited(&edits).map_err(|e| e.to_string())?
        }
        UpstreamBody::Replaced(bytes) => Bytes::from(bytes),
    };
    Ok(Outgoing { method, path, headers, body, read_timeout: deployment.timeout })
}

fn own_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header name"))?;
    if HOST_ONLY.contains(&parsed.as_str()) {
        return Err(format!("the header `{name}` is the host's"));
    }
    let value = HeaderValue::from_str(value).map_err(|_| format!("bad value for `{name}`"))?;
    Ok((parsed, value))
}

/// The only place where a provider's credential is written into a request, which goes to the
/// deployment's own endpoint.
fn put_credential(
    scheme: &CredentialScheme,
    credential: &str,
    headers: &mut Vec<(HeaderName, HeaderValue)>,
    path: &mut String,
) -> Result<(), String> {
    let unusable = || "the deployment's credential cannot be put into a header".to_owned();
    let mut secret = |name: HeaderName, text: &str| {
        let mut value = HeaderValue::from_str(text).map_err(|_| unusable())?;
        value.set_sensitive(true);
        headers.push((name, value));
        Ok(())
    };
    match scheme {
        CredentialScheme::Bearer => secret(header::AUTHORIZATION, &format!("Bearer {credential}")),
        CredentialScheme::Header(name) => {
            let name = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header"))?;
            secret(name, credential)
        }
        CredentialScheme::Query(name) => {
            path.push(if path.contains('?') { '&' } else { '?' });
            percent_encode(path, name);
            path.push('=');
            percent_encode(path, credential);
            Ok(())
        }
        CredentialScheme::Sigv4(_) | CredentialScheme::GoogleToken(_) => {
            Err("the scheme of its credential is not known".to_owned())
        }
    }
}

fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_goes_where_the_scheme_says() {
        let (mut headers, mut path) = (Vec::new(), "/x?a=1".to_owned());
        put_credential(&CredentialScheme::Bearer, "s", &mut headers, &mut path).unwrap();
        let named = CredentialScheme::Header("Api-Key".to_owned());
        put_credential(&named, "s", &mut headers, &mut path).unwrap();
        let query = CredentialScheme::Query("key".to_owned());
        put_credential(&query, "a b&c", &mut headers, &mut path).unwrap();
        assert_eq!(headers[0], (header::AUTHORIZATION, HeaderValue::from_static("Bearer s")));
        assert_eq!(headers[1].0.as_str(), "api-key");
        assert!(headers.iter().all(|(_, value)| value.is_sensitive()));
        assert_eq!(path, "/x?a=1&key=a%20b%26c");
    }

    #[test]
    fn a_component_cannot_set_headers_of_the_host() {
        for name in ["Host", "authorization", "transfer-encoding", "bad name", "x\r\ny"] {
            assert!(own_header(name, "v").is_err(), "{name}");
        }
        assert!(own_header("x-version", "a\nb").is_err());
        assert!(own_header("x-version", "1").is_ok());
    }
}
