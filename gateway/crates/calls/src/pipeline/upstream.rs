//! From a request that is ready to be sent to an answer that has begun; and from there to one that
//! is settled.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::time::{Instant, timeout_at};
use tollgate_dialects::Frames;
use tollgate_domain::{Ending, Event, Observed, unix_now};
use tollgate_host::{Attempt, Framing};
use tollgate_routing::Permit;
use tollgate_telemetry::UpstreamError;
use tollgate_upstream::{Answering, Endpoint, SendError};

use super::answer::Told;
use super::route::Answered;
use super::{OnItsWay, Pipeline};
use crate::attempt::{Sending, target};
use crate::deployment::{Deployment, Routed};
use crate::exchange::Exchange;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::relay::passing::{Passing, Wanted};
use crate::relay::stream::{Course, Relay, is_event_stream};
use crate::relay::translating::{Decoding, NoEvents, Translating, framing};
use crate::relay::whole::{Asked, CollectError, Whole, collect, explain, malformed, pass_through};
use crate::settle::Ended;

/// The client's last byte waits so long, at most, for the end of the upstream's framing.
const FRAMING_WAIT: Duration = Duration::from_millis(5);

/// An answer that has begun. Nothing of it has reached the client.
pub(super) enum Begun {
    /// One that is all there as events: a component's own, or one that was decoded whole.
    Events { events: Vec<Event>, headers: Option<HeaderMap> },
    /// One that has arrived whole.
    Whole { headers: HeaderMap, whole: Whole },
    /// A stream.
    Stream { answering: Box<Answering>, course: Course },
}

/// Why none began, with the provider's headers as far as there are any.
type NotBegun = (Refusal, HeaderMap);

impl Pipeline {
    /// The answer's head, and its body unless it is the stream that was asked for.
    pub(super) async fn fetch(
        &self,
        mut provider: Attempt<'_>,
        sending: &Sending,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
    ) -> Result<Begun, NotBegun> {
        let deployment = &routed.deployment;
        let Some(endpoint) = &deployment.endpoint else {
            return Err((Refusal::plugin_failed("provider", None), HeaderMap::new()));
        };
        let facts = &call.envelope.facts;
        let left = self.left(call, deployment);
        let wait = deployment.first_byte_timeout(facts.streamed).min(left);
        let until = Instant::now() + wait;
        let whole_until = Instant::now() + deployment.timeout.min(left);
        let sent = self.parts.send(endpoint, &sending.outgoing, wait).await;
        let mut answering = sent.map_err(|error| self.send_failed(deployment, &error))?;
        let (status, headers) = (answering.status(), answering.headers());
        let success = (200..300).contains(&status);
        if success && is_stream(sending, &headers, facts.streamed) {
            return self.begin_stream(sending, routed, call, (answering, until)).await;
        }
        let body = self.collected(deployment, endpoint, (&mut answering, whole_until)).await?;
        answering.finish().await;
        if !success {
            self.parts.metrics.upstream_error(upstream_error(status));
            let refusal = explain(deployment, status, &headers, body).await;
            return Err((refusal, headers));
        }
        let begun = match sending.decoded {
            Some(framing) => {
                let events = self.decoded(sending, routed, call, (framing, body)).await;
                events.map(|events| Begun::Events { events, headers: Some(headers.clone()) })
            }
            None if facts.streamed && call.arrival.dialect.neutral().is_some() => {
                let id = &deployment.id;
                log::warn!(target: "upstream", "{id}: a stream was asked for, none came");
                Err(malformed(deployment))
            }
            None => {
                let (dialect, prompt_bytes) = (call.arrival.dialect, facts.prompt_bytes);
                let asked = Asked { dialect, model: &routed.name, prompt_bytes };
                let passed = pass_through(deployment, &mut provider, &headers, body, asked);
                passed.await.map(|whole| Begun::Whole { headers: headers.clone(), whole })
            }
        };
        begun.map_err(|refusal| {
            self.parts.metrics.upstream_error(UpstreamError::Malformed);
            (refusal, headers)
        })
    }

    /// The events of an answer that has arrived whole.
    async fn decoded(
        &self,
        sending: &Sending,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
        (framing, body): (Framing, Bytes),
    ) -> Result<Vec<Event>, Refusal> {
        let mut decoding = self.decoding(sending, routed, call, framing).await?;
        let mut events = decoding.push(&body).await?;
        events.extend(decoding.finish().await?);
        Ok(events)
    }

    async fn decoding(
        &self,
        sending: &Sending,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
        how: Framing,
    ) -> Result<Decoding, Refusal> {
        let deployment = Arc::clone(&routed.deployment);
        let target = target(&deployment, call.envelope);
        let made =
            Refusal::of_ran("provider", deployment.provider.decoder(&sending.call, &target).await);
        let decoder = match made? {
            Ok(decoder) => decoder,
            Err(never) => match never {},
        };
        let bounds = self.parts.bounds;
        let bytes_max =
            if how == Framing::Whole { bounds.answer_bytes } else { bounds.event_bytes };
        drop(target);
        Ok(Decoding { deployment, decoder, frames: Frames::new(framing(how), bytes_max) })
    }

    /// A stream has begun when its first bytes are there, and are no error; one that is decoded,
    /// when they have made an event.
    async fn begin_stream(
        &self,
        sending: &Sending,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
        (mut answering, until): (Answering, Instant),
    ) -> Result<Begun, NotBegun> {
        let begun = match sending.decoded {
            Some(framing) => {
                let begun =
                    self.begin_translating(sending, routed, call, (framing, &mut answering));
                timeout_at(until, begun).await
            }
            None => timeout_at(until, self.begin_passing(routed, call, &mut answering)).await,
        };
        let deployment = &routed.deployment;
        let failed = match begun {
            Ok(Ok(course)) => {
                return Ok(Begun::Stream { answering: Box::new(answering), course });
            }
            Ok(Err(NoEvents::Refused(refusal))) => {
                self.parts.metrics.upstream_error(UpstreamError::Unavailable);
                (refusal, answering.headers())
            }
            Ok(Err(NoEvents::Send(error))) => self.send_failed(deployment, &error),
            Err(_elapsed) => {
                let host = deployment.endpoint.as_ref().map_or("", |endpoint| endpoint.host());
                self.send_failed(deployment, &SendError::TimedOut { host: host.to_owned() })
            }
        };
        answering.cancel().await;
        Err(failed)
    }

    async fn begin_translating(
        &self,
        sending: &Sending,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
        (framing, answering): (Framing, &mut Answering),
    ) -> Result<Course, NoEvents> {
        let decoding = self.decoding(sending, routed, call, framing).await;
        let written = (call.arrival.dialect, self.subject(call, routed));
        let decoding = decoding.map_err(NoEvents::Refused)?;
        let translating = Translating::begin(decoding, written, answering).await?;
        Ok(Course::Translating(Box::new(translating)))
    }

    async fn begin_passing(
        &self,
        routed: &Routed,
        call: &OnItsWay<'_, '_>,
        answering: &mut Answering,
    ) -> Result<Course, NoEvents> {
        let deployment = &routed.deployment;
        let Some(first) = answering.next().await.map_err(NoEvents::Send)? else {
            log::warn!(target: "upstream", "{}: an empty stream", deployment.id);
            return Err(NoEvents::Refused(malformed(deployment)));
        };
        let wanted = Wanted {
            dialect: call.arrival.dialect,
            model: routed.name.clone(),
            usage_asked: call.envelope.facts.usage_asked,
            event_bytes_max: self.parts.bounds.event_bytes,
        };
        let passing = Passing::begin(Arc::clone(deployment), wanted, first).await;
        Ok(Course::Passing(Box::new(passing.map_err(NoEvents::Refused)?)))
    }

    async fn collected(
        &self,
        deployment: &Deployment,
        endpoint: &Endpoint,
        (answering, until): (&mut Answering, Instant),
    ) -> Result<Bytes, NotBegun> {
        let collected = collect(answering, self.parts.bounds.answer_bytes);
        match timeout_at(until, collected).await {
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

    /// How long an answer may still take: a call has its time, however many are asked. A deployment
    /// whose own time is longer has that.
    fn left(&self, call: &OnItsWay<'_, '_>, deployment: &Deployment) -> Duration {
        match call.plan.wish().until {
            Some(until) if deployment.timeout <= self.parts.bounds.call_time => {
                until.since(self.parts.models.now())
            }
            _ => deployment.timeout,
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
        let Answered { routed, mut permit, opened, begun, dropped } = answered;
        let told = |upstream| Told { routed: &routed, upstream, dropped: &dropped };
        match begun {
            Begun::Events { events, headers } => {
                let told = told(headers.as_ref());
                self.answer(exchange, trace, (call, opened, told), &events).await;
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
                let mut answer = self.whole_headers(call.arrival, &settled, told(Some(&headers)));
                if let Some(kind) = whole.content_type {
                    answer.content_type(kind);
                }
                trace.bytes_out = whole.body.len() as u64;
                let _gone = exchange.respond(answer.with_status(200), whole.body).await;
                trace.settle(settled);
            }
            Begun::Stream { answering, course } => {
                let headers = answering.headers();
                let told = told(Some(&headers));
                let stream = Stream { told, permit: &permit, answering: *answering, course };
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
        let Stream { told, permit, mut answering, course } = stream;
        let head = self.stream_head(arrival, &admitted, told);
        let first_byte_at = Some(unix_now());
        let relay = Relay {
            call: arrival.call,
            deployment: &told.routed.deployment,
            journal: &self.parts.journal,
            prompt_bytes: envelope.facts.prompt_bytes,
        };
        if exchange.start(head).await.is_err() {
            answering.cancel().await;
            let ended = Ended::interrupted(Observed::Nothing, first_byte_at);
            return trace.settle(self.parts.settle(admitted, opened, ended).await);
        }
        let relayed = relay.run(exchange, course, &mut answering).await;
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
    told: Told<'a>,
    permit: &'a Permit<'a>,
    answering: Answering,
    course: Course,
}

/// Whether an answer is relayed as it comes.
fn is_stream(sending: &Sending, headers: &HeaderMap, streamed: bool) -> bool {
    match sending.decoded {
        Some(framing) => streamed && framing != Framing::Whole,
        None => streamed && is_event_stream(headers),
    }
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
