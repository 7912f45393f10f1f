//! Answers that arrive whole.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use tollgate_domain::{Document, Edit, Failure, FailureKind, Observed};
use tollgate_host::{Answer, Attempt, Ran};
use tollgate_upstream::{Answering, SendError};

use crate::deployment::Deployment;
use crate::envelope::Envelope;
use crate::refusal::Refusal;
use crate::relay::observed::Seen;

/// An error's explanation needs no more than this.
const ERROR_BYTES_MAX: usize = 1 << 20;

/// An answer ready for the client.
pub(crate) struct Whole {
    pub(crate) body: Bytes,
    pub(crate) usage: Observed,
}

/// Why an answer could not be read whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    /// The connection failed.
    #[error(transparent)]
    Send(#[from] SendError),
    /// It is longer than allowed.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// Reads an answer to its end.
pub(crate) async fn collect(
    answering: &mut Answering,
    bytes_max: usize,
) -> Result<Bytes, CollectError> {
    let Some(first) = answering.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = answering.next().await? else { return Ok(first) };
    let mut collected = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(bytes) = next {
        collected.extend_from_slice(&bytes);
        if collected.len() > bytes_max {
            return Err(CollectError::TooLarge(bytes_max));
        }
        next = answering.next().await?;
    }
    Ok(collected.freeze())
}

/// Lets the component see the usage and puts the name that the client asked for in the place of
/// the provider's. Every other byte stays.
pub(crate) async fn pass_through(
    deployment: &Deployment,
    provider: &mut Attempt<'_>,
    headers: &HeaderMap,
    bytes: Bytes,
    (model, envelope): (&str, &Envelope),
) -> Result<Whole, Refusal> {
    let answer = answer(200, headers, bytes);
    let Some(document) = answer.document.clone() else {
        log::warn!(
            target: "upstream",
            "{}: an answer is not a JSON object", deployment.id
        );
        return Err(malformed(deployment));
    };
    let body = renamed(&document, model).unwrap_or_else(|| document.bytes().clone());
    let usage = match observe(deployment, provider, answer).await {
        Observed::Nothing => {
            // A provider that reports nothing does not make calls free.
            let mut seen = Seen::default();
            seen.chunk(&document);
            seen.observed(envelope.prompt_bytes())
        }
        reported => reported,
    };
    Ok(Whole { body, usage })
}

/// The document under the client's name for the model; none if it is there already.
pub(crate) fn renamed(document: &Document, model: &str) -> Option<Bytes> {
    let wanted = serde_json::Value::from(model).to_string();
    match document.member("model") {
        Some(name) if name != wanted => document.edited(&[Edit::set("model", wanted)]).ok(),
        _ => None,
    }
}

/// Asks the component for the usage, if the answer has the member that carries it.
pub(crate) async fn observe(
    deployment: &Deployment,
    provider: &mut Attempt<'_>,
    answer: Answer,
) -> Observed {
    let carries = answer.document.as_ref().is_some_and(|document| {
        let natives = &deployment.provider.traits().native;
        let members = natives.iter().flat_map(|native| &native.usage_members);
        members.into_iter().any(|name| document.member(name).is_some_and(|usage| usage != "null"))
    });
    if !carries {
        return Observed::Nothing;
    }
    match provider.observe(answer).await {
        Ran::Value(Some(usage)) => Observed::Reported(usage),
        Ran::Value(None) | Ran::Trapped(_) | Ran::Exceeded(_) => Observed::Nothing,
        Ran::Refused(never) => match never {},
    }
}

/// What the client is told about an upstream's error.
pub(crate) async fn explain(
    deployment: &Deployment,
    status: u16,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Refusal {
    let bytes = bytes.slice(..bytes.len().min(ERROR_BYTES_MAX));
    explain_answer(deployment, answer(status, headers, bytes)).await
}

pub(crate) async fn explain_answer(deployment: &Deployment, answer: Answer) -> Refusal {
    let (status, headers) = (answer.status, Arc::clone(&answer.headers));
    let ran = deployment.provider.attempt().explain(answer).await;
    let failure = match Refusal::of_ran("provider", ran) {
        Ok(Ok(failure)) => failure,
        Ok(Err(never)) => match never {},
        Err(refusal) => return refusal,
    };
    log::warn!(
        target: "upstream",
        "{}: status {status}, {:?}: {}", deployment.id, failure.kind, failure.message
    );
    let mut refusal = Refusal::of_failure(&failure, &deployment.provider_name, status);
    let retry_after = headers.iter().find(|(name, _)| name == "retry-after");
    refusal.retry_after = retry_after.and_then(|(_, seconds)| seconds.trim().parse().ok());
    refusal
}

pub(crate) fn malformed(deployment: &Deployment) -> Refusal {
    let failure = Failure {
        kind: FailureKind::Malformed,
        message: "The provider's answer could not be understood.".to_owned(),
        param: None,
        code: None,
    };
    Refusal::of_failure(&failure, &deployment.provider_name, 200)
}

pub(crate) fn answer(status: u16, headers: &HeaderMap, bytes: Bytes) -> Answer {
    let readable = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    Answer {
        status,
        headers: Arc::new(headers.iter().filter_map(readable).collect()),
        document: Document::parse(bytes.clone()).ok().map(Arc::new),
        bytes,
    }
}
