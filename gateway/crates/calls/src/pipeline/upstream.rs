//! From a request that is ready to be sent to an answer that has begun; and from there to one that
//! is settled.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::Instant;
use tollgate_domain::{Ending, Event, Observed, unix_now};
use tollgate_host::Attempt;
use tollgate_routing::Permit;
use tollgate_telemetry::UpstreamError;
use tollgate_upstream::{Answering, Endpoint, Outgoing, SendError};

use super::route::Answered;
use super::{OnItsWay, Pipeline};
use crate::deployment::{Deployment, Routed};
use crate::envelope::Envelope;
use crate::exchange::Exchange;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::relay::stream::{Relay, first_error, is_event_stream};
use crate::relay::whole::{CollectError, Whole, collect, explain, malformed, pass_through};
use crate::settle::Ended;

/// The client's last byte waits so long, at most, for the end of the upstream's framing.
const FRAMING_WAIT: Duration = Duration::from_millis(5);

/// An answer that has begun. Nothing of it has reached the client.
pub(super) enum Begun {
    /// A component's own.
    Events(Vec<Event>),
    /// One that has arrived whole.
    Whole { headers: HeaderMap, whole: Whole },
    /// A stream, and what has arrived of it.
    Stream { answering: Box<Answering>, first: Bytes },
}

/// Why none began, with the provider's headers as far as there are any.
type NotBegun = (Refusal, HeaderMap);

impl Pipeline {
    /// The answer's head, and its body unless it is the stream that was asked for.
    pub(super) async fn fetch(
        &self,
        (mut provider, deployment): (Attempt<'_>, &Deployment),
        outgoing: &Outgoing,
        name: &str,
        envelope: &Envelope,
    ) -> Result<Begun, NotBegun> {
        let Some(endpoint) = &deployment.endpoint else {
            return Err((Refusal::plugin_failed("provider", None), HeaderMap::new()));
        };
        let streamed = envelope.streamed;
        let until = Instant::now() + deployment.first_byte_timeout(streamed);
        let wait = deployment.first_byte_timeout(streamed);
        let sent = self.parts.send(endpoint, outgoing, wait).await;
        let mut answering = sent.map_err(|error| self.send_failed(deployment, &error))?;
        let (status, headers) = (answering.status(), answering.headers());
        let success = (200..300).contains(&status);
        if success && streamed && is_event_stream(&headers) {
            return self.begin_stream(deployment, endpoint, answering, until).await;
        }
        let body = self.collected(deployment, endpoint, &mut answering).await?;
        answering.finish().await;
        if !success {
            self.parts.metrics.upstream_error(upstream_error(status));
            let refusal = explain(deployment, status, &headers, body).await;
            return Err((refusal, headers));
        }
        if streamed {
            log::warn!(target: "upstream", "{}: a stream was asked for, none came", deployment.id);
            return Err((malformed(deployment), headers));
        }
        let passed = pass_through(deployment, &mut provider, &headers, body, (name, envelope));
        match passed.await {
            Ok(whole) => Ok(Begun::Whole { headers, whole }),
            Err(refusal) => {
                self.parts.metrics.upstream_error(UpstreamError::Malformed);
                Err((refusal, headers))
            }
        }
    }

    /// A stream has begun when its first bytes are there, and are no error.
    async fn begin_stream(
        &self,
        deployment: &Deployment,
        endpoint: &Endpoint,
        mut answering: Answering,
        until: Instant,
    ) -> Result<Begun, NotBegun> {
        let failed = match tokio::time::timeout_at(until, answering.next()).await {
            Ok(Ok(Some(first))) => match first_error(deployment, &first).await {
                None => return Ok(Begun::Stream { answering: Box::new(answering), first }),
                Some(refusal) => {
                    self.parts.metrics.upstream_error(UpstreamError::Unavailable);
                    (refusal, answering.headers())
                }
            },
            Ok(Ok(None)) => {
                log::warn!(target: "upstream", "{}: an empty stream", deployment.id);
                self.parts.metrics.upstream_error(UpstreamError::Malformed);
                (malformed(deployment), answering.headers())
            }
            Ok(Err(error)) => self.send_failed(deployment, &error),
            Err(_elapsed) => self.timed_out(deployment, endpoint),
        };
        answering.cancel().await;
        Err(failed)
    }

    async fn collected(
        &self,
        deployment: &Deployment,
        endpoint: &Endpoint,
        answering: &mut Answering,
    ) -> Result<Bytes, NotBegun> {
        let collected = collect(answering, self.parts.bounds.answer_bytes);
        match tokio::time::timeout(deployment.timeout, collected).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(CollectError::Send(error))) => Err(self.send_failed(deployment, &error)),
            Ok(Err(error @ CollectError::TooLarge(_))) => {
                log::warn!(target: "upstream", "{}: {error}", deployment.id);
                self.parts.metrics.upstream_error(UpstreamError::TooLarge);
                Err((malformed(deployment), answering.headers()))
            }
            Err(_elapsed) => Err(self.timed_out(deployment, endpoint)),
        }
    }

    fn timed_out(&self, deployment: &Deployment, endpoint: &Endpoint) -> NotBegun {
        let host = endpoint.host().to_owned();
        self.send_failed(deployment, &SendError::TimedOut { host })
    }

    fn send_failed(&self, deployment: &Deployment, error: &SendError) -> NotBegun {
        log::warn!(target: "upstream", "{}: {error}", deployment.id);
        self.parts.metrics.upstream_error(match error {
            SendError::TimedOut { .. } => UpstreamError::Timeout,
            SendError::Broken { .. } => UpstreamError::Broken,
            _ => UpstreamError::Connect,
        });
        (Refusal::of_send(error, &deployment.provider_name), HeaderMap::new())
    }

    /// Gives the client an answer that has begun.
    pub(super) async fn deliver(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        call: OnItsWay<'_, '_>,
        answered: Answered<'_>,
    ) {
        let Answered { routed, mut permit, opened, begun } = answered;
        match begun {
            Begun::Events(events) => {
                self.answer(exchange, trace, (call, opened, &routed), &events).await;
            }
            Begun::Whole { headers, whole } => {
                let ended = Ended {
                    ending: Ending::Success,
                    status: 200,
                    error: None,
                    usage: whole.usage,
                    first_byte_at: Some(unix_now()),
                };
                let settled = self.parts.settle(call.admitted, opened, ended).await;
                let answer = self.whole_headers(call.arrival, &settled, &routed, Some(&headers));
                trace.bytes_out = whole.body.len() as u64;
                let _gone = exchange.respond(answer.with_status(200), whole.body).await;
                trace.settle(settled);
            }
            Begun::Stream { answering, first } => {
                let stream =
                    Stream { routed: &routed, permit: &permit, answering: *answering, first };
                self.stream(exchange, trace, (call, opened), stream).await;
            }
        }
        if let Some(usage) = trace.usage() {
            permit.used(usage.input.saturating_add(usage.output), self.parts.models.now());
        }
    }

    /// Relays a stream until it ends or either side goes away.
    async fn stream(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (call, opened): (OnItsWay<'_, '_>, tollgate_ledger::Opened),
        stream: Stream<'_>,
    ) {
        let OnItsWay { arrival, admitted, envelope, .. } = call;
        let Stream { routed, permit, mut answering, first } = stream;
        let head = self.stream_head(arrival, &admitted, routed, Some(&answering.headers()));
        let first_byte_at = Some(unix_now());
        let relay = Relay {
            call: arrival.call,
            deployment: &routed.deployment,
            journal: &self.parts.journal,
            model: &routed.name,
            usage_asked: envelope.usage_asked,
            prompt_bytes: envelope.prompt_bytes(),
            event_bytes_max: self.parts.bounds.event_bytes,
        };
        if exchange.start(head).await.is_err() {
            answering.cancel().await;
            let ended = Ended::interrupted(Observed::Nothing, first_byte_at);
            return trace.settle(self.parts.settle(admitted, opened, ended).await);
        }
        let relayed = relay.run(exchange, first, &mut answering).await;
        if let Some(failure) = relayed.error.as_ref().and_then(Refusal::failure) {
            permit.failed(&failure, self.parts.models.now());
        }
        let error = relayed.error.as_ref().map(|refusal| refusal.kind.clone());
        let ended = Ended {
            ending: relayed.ending,
            status: 200,
            error,
            usage: relayed.usage,
            first_byte_at,
        };
        let settle = self.parts.settle(admitted, opened, ended);
        let (settled, late) = tokio::join!(settle, release(answering, relayed.ending));
        trace.bytes_out = relayed.bytes_out + relayed.last.len() as u64;
        trace.refusal = relayed.error;
        if relayed.ending != Ending::Interrupted && exchange.write(relayed.last).await.is_ok() {
            let _gone = exchange.end().await;
        } else {
            exchange.abort().await;
        }
        if let Some(late) = late {
            late.finish().await;
        }
        trace.settle(settled);
    }
}

/// A stream that has begun.
struct Stream<'a> {
    routed: &'a Routed,
    permit: &'a Permit<'a>,
    answering: Answering,
    first: Bytes,
}

/// Gives a stream's connection back before the client sees the end, so that its next call finds
/// it; one whose framing ends late is given back here, to be finished after the client's answer.
async fn release(mut answering: Answering, ending: Ending) -> Option<Answering> {
    if ending != Ending::Success {
        answering.cancel().await;
        return None;
    }
    if answering.drained(FRAMING_WAIT).await {
        answering.finish().await;
        return None;
    }
    Some(answering)
}

/// The metric's label for an answer with an error status.
fn upstream_error(status: u16) -> UpstreamError {
    match status {
        401 => UpstreamError::Authentication,
        403 => UpstreamError::Permission,
        404 => UpstreamError::NotFound,
        429 => UpstreamError::RateLimited,
        400..=499 => UpstreamError::InvalidRequest,
        500..=599 => UpstreamError::Unavailable,
        _ => UpstreamError::Malformed,
    }
}
