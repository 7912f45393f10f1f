//! Answers that arrive whole.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use tollgate_dialects::{Observer, renamed};
use tollgate_domain::{Dialect, Document, Failure, FailureKind, Observed};
use tollgate_host::{Answer, Attempt, Ran};
use tollgate_upstream::{Answering, SendError};

use crate::deployment::Deployment;
use crate::refusal::Refusal;

/// An error's explanation needs no more than this.
const ERROR_BYTES_MAX: usize = 1 << 20;

/// An answer ready for the client.
pub(crate) struct Whole {
    pub(crate) body: Bytes,
    pub(crate) usage: Observed,
    /// What the body is, if it is no JSON.
    pub(crate) content_type: Option<HeaderValue>,
}

/// What a client wants of an answer in its own dialect.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) dialect: Dialect,
    /// Its name for the model.
    pub(crate) model: &'a str,
    /// Bytes of its input.
    pub(crate) prompt_bytes: u64,
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
    asked: Asked<'_>,
) -> Result<Whole, Refusal> {
    let answer = answer(200, headers, bytes);
    let mut observer = Observer::new(asked.dialect);
    let Some(document) = answer.document.clone() else {
        return opaque(deployment, headers, answer.bytes, asked);
    };
    let body = renamed(asked.dialect, &document, asked.model);
    let body = body.unwrap_or_else(|| document.bytes().clone());
    let usage = match observe(deployment, asked.dialect, provider, answer).await {
        // To count is free.
        _ if asked.dialect == Dialect::AnthropicCountTokens => Observed::Nothing,
        Observed::Nothing => {
            // A provider that reports nothing does not make calls free.
            observer.whole(&document);
            observer.observed(asked.prompt_bytes)
        }
        reported => reported,
    };
    Ok(Whole { body, usage, content_type: None })
}

/// Sound, and text in the forms of subtitles, are no JSON.
fn opaque(
    deployment: &Deployment,
    headers: &HeaderMap,
    body: Bytes,
    asked: Asked<'_>,
) -> Result<Whole, Refusal> {
    if !matches!(asked.dialect, Dialect::OpenaiSpeech | Dialect::OpenaiTranscriptions) {
        log::warn!(target: "upstream", "{}: an answer is not a JSON object", deployment.id);
        return Err(malformed(deployment));
    }
    let octets = || HeaderValue::from_static("application/octet-stream");
    let content_type = headers.get(header::CONTENT_TYPE).cloned().unwrap_or_else(octets);
    let usage = Observed::Estimated(Observer::new(asked.dialect).estimate(asked.prompt_bytes));
    Ok(Whole { body, usage, content_type: Some(content_type) })
}

/// Asks the component for the usage, if the answer has a member that carries it.
pub(crate) async fn observe(
    deployment: &Deployment,
    dialect: Dialect,
    provider: &mut Attempt<'_>,
    answer: Answer,
) -> Observed {
    let native = deployment.provider.traits().native(dialect, &deployment.target.provider);
    let members = native.map_or(&[][..], |native| native.usage_members.as_slice());
    let carries = answer.document.as_ref().is_some_and(|document| {
        members.iter().any(|name| document.member(name).is_some_and(|usage| usage != "null"))
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
    let mut refusal = failed(deployment, failure, status);
    let retry_after = headers.iter().find(|(name, _)| name == "retry-after");
    refusal.retry_after = retry_after.and_then(|(_, seconds)| seconds.trim().parse().ok());
    refusal
}

/// What a component made of a provider's failure, without the deployment's secrets: some servers
/// repeat the key that they refuse.
pub(crate) fn failed(deployment: &Deployment, failure: Failure, status: u16) -> Refusal {
    let failure = Failure {
        message: deployment.wallet.masked(failure.message),
        param: failure.param.map(|param| deployment.wallet.masked(param)),
        ..failure
    };
    log::warn!(
        target: "upstream",
        "{}: status {status}, {:?}: {}", deployment.id, failure.kind, failure.message
    );
    Refusal::of_failure(&failure, &deployment.provider_name, status)
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

/// A stream that has ended within its answer.
pub(crate) fn cut(deployment: &Deployment) -> Refusal {
    let mut refusal = malformed(deployment);
    refusal.message = "litellm.APIConnectionError: APIConnectionError: the provider's stream was \
                       cut before its end"
        .to_owned();
    refusal
}

pub(crate) fn answer(status: u16, headers: &HeaderMap, bytes: Bytes) -> Answer {
    let readable = |(name, value): (&http::HeaderName, &HeaderValue)| {
        value.to_str().ok().map(|value| (name.as_str().to_owned(), value.to_owned()))
    };
    Answer {
        status,
        headers: Arc::new(headers.iter().filter_map(readable).collect()),
        document: Document::parse(bytes.clone()).ok().map(Arc::new),
        bytes,
    }
}
