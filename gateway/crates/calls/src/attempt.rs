//! One attempt at a deployment: the provider's component makes the request, the host puts the
//! credential in, the connection is made.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use tollgate_credentials::{Addressed, AwsScope, PutError, Scheme, TokenError};
use tollgate_domain::{Call, Event, Failure, FailureKind};
use tollgate_host::{
    Attempt, CredentialScheme, Framing, Plan, Reading, Target, UpstreamBody, UpstreamRequest,
};
use tollgate_upstream::{Answering, Endpoint, Outgoing, SendError};

use crate::deployment::Deployment;
use crate::envelope::Envelope;
use crate::pipeline::Parts;
use crate::refusal::Refusal;
use crate::speech::Spoken;
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
    Send(Box<Sending>),
    /// This is the answer.
    Answer(Vec<Event>),
}

/// A request that is ready, and what becomes of its answer.
pub(crate) struct Sending {
    pub(crate) outgoing: Outgoing,
    /// How the answer is decoded; none if it passes through.
    pub(crate) decoded: Option<Framing>,
    /// The facts as the provider was told them.
    pub(crate) call: Call,
    /// Parameters of the client that the request does not carry.
    pub(crate) dropped: Vec<String>,
}

/// Lets the component make the upstream request.
pub(crate) async fn plan(
    provider: &mut Attempt<'_>,
    call: &Call,
    envelope: &Envelope,
    deployment: &Deployment,
    output_cap: Option<u64>,
) -> Result<Planned, Refusal> {
    let target = target(deployment, envelope);
    let spoken = envelope.request.to(deployment, target.drop_params)?;
    let call = Call { dialect: spoken.dialect, ..call.clone() };
    let encoded = provider.encode(&call, Arc::clone(&spoken.document), &target, output_cap);
    let plan = Refusal::of_ran("provider", encoded.await)?
        .map_err(|failure| Refusal::of_failure(&failure, &deployment.provider_name, 400))?;
    let request = match plan {
        Plan::Answer(events) => return Ok(Planned::Answer(events)),
        Plan::Send(request) => request,
    };
    let is_translated = spoken.dialect != envelope.request.dialect();
    let decoded = match request.reading {
        Reading::Decode(framing) => Some(framing),
        Reading::PassThrough if !is_translated => None,
        Reading::PassThrough if call.streamed => Some(Framing::ServerSentEvents),
        Reading::PassThrough => Some(Framing::Whole),
    };
    let mut dropped = spoken.dropped.clone();
    dropped.extend(request.dropped.iter().cloned());
    let made = outgoing(request, &spoken, envelope, deployment).await;
    let outgoing = made.map_err(|why| unsendable(deployment, &why))?;
    Ok(Planned::Send(Box::new(Sending { outgoing, decoded, call, dropped })))
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

/// The deployment as its component sees it: a client may let parameters be dropped itself.
pub(crate) fn target<'a>(deployment: &'a Deployment, envelope: &Envelope) -> Cow<'a, Target> {
    match envelope.drop_params {
        Some(drop_params) if drop_params != deployment.target.drop_params => {
            Cow::Owned(Target { drop_params, ..deployment.target.clone() })
        }
        _ => Cow::Borrowed(&deployment.target),
    }
}

/// Why a request of a component's cannot be sent.
#[derive(Debug, thiserror::Error)]
enum Unsendable {
    /// It is no request for this deployment.
    #[error("{0}")]
    Request(String),
    /// It has no credential.
    #[error(transparent)]
    Credential(#[from] PutError),
}

fn unsendable(deployment: &Deployment, why: &Unsendable) -> Refusal {
    let provider = &deployment.provider_name;
    log::error!(target: "plugins", "provider {provider}: its request cannot be sent: {why}");
    // The cause names settings and hosts; it goes to the log.
    let (kind, status, message) = match why {
        Unsendable::Credential(
            PutError::AwsKeys(_)
            | PutError::Account(_)
            | PutError::Token(TokenError::Refused { .. } | TokenError::Unsigned),
        ) => {
            (FailureKind::Authentication, 401, "the deployment's credential is missing or refused")
        }
        Unsendable::Credential(PutError::Token(_)) => {
            (FailureKind::Unavailable, 503, "no token can be got at present")
        }
        Unsendable::Credential(_) | Unsendable::Request(_) => {
            return Refusal::plugin_failed("provider", None);
        }
    };
    let failure = Failure { kind, message: message.to_owned(), param: None, code: None };
    Refusal::of_failure(&failure, provider, status)
}

/// Whether a path stays below the deployment's base, whoever on the way resolves its dots.
fn stays_below(path: &str) -> bool {
    let only_dots = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        matches!(plain.as_str(), "." | "..")
    };
    let (path, _) = path.split_once(['?', '#']).unwrap_or((path, ""));
    path.starts_with('/') && !path.split(['/', '\\']).any(only_dots)
}

async fn outgoing(
    request: UpstreamRequest,
    spoken: &Spoken,
    envelope: &Envelope,
    deployment: &Deployment,
) -> Result<Outgoing, Unsendable> {
    let unusable = Unsendable::Request;
    let method = Method::from_bytes(request.method.as_bytes())
        .map_err(|_| unusable(format!("`{}` is no method", request.method)))?;
    if !stays_below(&request.path) {
        let why = "its path does not begin with `/`, or leaves the deployment's base";
        return Err(unusable(why.to_owned()));
    }
    let (body, content_type) = body(request.body, spoken, envelope).map_err(unusable)?;
    let mut headers = vec![(header::CONTENT_TYPE, content_type)];
    for (name, value) in &request.headers {
        headers.push(own_header(name, value).map_err(unusable)?);
    }
    let (path, read_timeout) = (request.path, deployment.timeout);
    let mut outgoing = Outgoing { method, path, headers, body, read_timeout };
    if let (Some(wanted), Some(endpoint)) = (&request.credential, &deployment.endpoint) {
        let addressed = Addressed {
            method: outgoing.method.as_str(),
            authority: &endpoint.authority(),
            base_path: endpoint.base_path(),
            path: &mut outgoing.path,
            headers: &mut outgoing.headers,
            body: &outgoing.body,
        };
        deployment.wallet.put(scheme(wanted), addressed).await?;
    }
    Ok(outgoing)
}

fn scheme(wanted: &CredentialScheme) -> Scheme<'_> {
    match wanted {
        CredentialScheme::Bearer => Scheme::Bearer,
        CredentialScheme::Header(name) => Scheme::Header(name),
        CredentialScheme::Query(name) => Scheme::Query(name),
        CredentialScheme::Sigv4(scope) => {
            Scheme::Sigv4(AwsScope { service: &scope.service, region: &scope.region })
        }
        CredentialScheme::GoogleToken(scope) => Scheme::GoogleToken(scope),
    }
}

fn body(
    body: UpstreamBody,
    spoken: &Spoken,
    envelope: &Envelope,
) -> Result<(Bytes, HeaderValue), String> {
    let json = HeaderValue::from_static("application/json");
    let mut edits = match body {
        UpstreamBody::Edited(edits) => edits,
        UpstreamBody::Replaced(bytes) => return Ok((bytes.into(), json)),
    };
    edits.extend(wish::removals(&spoken.document));
    match &envelope.form {
        Some(form) => {
            let kind = HeaderValue::try_from(form.content_type()).map_err(|e| e.to_string())?;
            Ok((form.edited(&edits), kind))
        }
        None => Ok((spoken.document.edited(&edits).map_err(|e| e.to_string())?, json)),
    }
}

fn own_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let parsed = HeaderName::try_from(name).map_err(|_| format!("`{name}` is no header name"))?;
    if HOST_ONLY.contains(&parsed.as_str()) {
        return Err(format!("the header `{name}` is the host's"));
    }
    let value = HeaderValue::from_str(value).map_err(|_| format!("bad value for `{name}`"))?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_base() {
        for path in ["/a/b", "/a..b/...", "/", "/a?x=/../y", "/a%2eb"] {
            assert!(stays_below(path), "{path}");
        }
        for path in ["", "a", "/..", "/a/../b", "/a/%2e%2E/b", "/a/.%2e?x", "/a/./b", "/a\\..\\b"] {
            assert!(!stays_below(path), "{path}");
        }
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
