//! From a request that is ready to be sent to an answer that is settled.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tollgate_domain::{Ending, Observed, unix_now};
use tollgate_telemetry::UpstreamError;
use tollgate_upstream::{Answering, Endpoint, Outgoing, SendError};

use super::{Pipeline, UnderWay};
use crate::deployment::Deployment;
use crate::exchange::Exchange;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::relay::stream::{Relay, is_event_stream};
use crate::relay::whole::{CollectError, collect, explain, malformed, pass_through};
use crate::settle::Ended;

/// The client's last byte waits so long, at most, for the end of the upstream's framing.
const FRAMING_WAIT: Duration = Duration::from_millis(5);

/// What came of asking the upstream.
enum Fetched {
    Stream(Answering),
    Whole { headers: HeaderMap, body: Bytes },
    Refused { refusal: Refusal, headers: HeaderMap },
    ClientGone,
}

impl Pipeline {
    /// Asks the upstream, unless the client goes away first.
    pub(super) async fn send(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        outgoing: &Outgoing,
    ) {
        let deployment = under_way.deployment;
        let Some(endpoint) = &deployment.endpoint else {
            let refusal = Refusal::plugin_failed("provider", None);
            return self.fail(exchange, trace, under_way, refusal).await;
        };
        let fetched = tokio::select! {
            biased;
            fetched = self.fetch(endpoint, outgoing, deployment, under_way.envelope.streamed) => fetched,
            () = exchange.closed() => Fetched::ClientGone,
        };
        match fetched {
            Fetched::Stream(answering) => self.stream(exchange, trace, under_way, answering).await,
            Fetched::Whole { headers, body } => {
                self.whole(exchange, trace, under_way, (headers, body)).await;
            }
            Fetched::Refused { refusal, headers } => {
                let UnderWay { arrival, admitted, opened, .. } = under_way;
                trace.refusal = Some(refusal.clone());
                let ended = Ended::failed(&refusal);
                let settled = self.parts.settle(admitted, opened, ended).await;
                let mut answer = self.whole_headers(arrival, &settled, deployment, Some(&headers));
                answer.refusal(&refusal);
                self.write_refusal(exchange, trace, answer, &refusal).await;
                trace.settle(settled);
            }
            Fetched::ClientGone => {
                let UnderWay { admitted, opened, .. } = under_way;
                let ended = Ended::interrupted(Observed::Nothing, None);
                trace.settle(self.parts.settle(admitted, opened, ended).await);
            }
        }
    }

    /// The answer's head, and its body unless it is the stream that was asked for.
    async fn fetch(
        &self,
        endpoint: &Endpoint,
        outgoing: &Outgoing,
        deployment: &Deployment,
        streamed: bool,
    ) -> Fetched {
        let mut answering = match self.parts.send(endpoint, outgoing).await {
            Ok(answering) => answering,
            Err(error) => return self.send_failed(deployment, &error),
        };
        let (status, headers) = (answering.status(), answering.headers());
        let success = (200..300).contains(&status);
        if success && streamed && is_event_stream(&headers) {
            return Fetched::Stream(answering);
        }
        let collected = collect(&mut answering, self.parts.bounds.answer_bytes);
        let body = match tokio::time::timeout(deployment.timeout, collected).await {
            Ok(Ok(body)) => body,
            Ok(Err(CollectError::Send(error))) => return self.send_failed(deployment, &error),
            Ok(Err(error @ CollectError::TooLarge(_))) => {
                log::warn!(target: "upstream", "{}: {error}", deployment.id);
                self.parts.metrics.upstream_error(UpstreamError::TooLarge);
                return Fetched::Refused { refusal: malformed(deployment), headers };
            }
            Err(_elapsed) => {
                let host = endpoint.host().to_owned();
                return self.send_failed(deployment, &SendError::TimedOut { host });
            }
        };
        answering.finish().await;
        if !success {
            self.parts.metrics.upstream_error(upstream_error(status));
            let refusal = explain(deployment, status, &headers, body).await;
            return Fetched::Refused { refusal, headers };
        }
        if streamed {
            log::warn!(target: "upstream", "{}: a stream was asked for, none came", deployment.id);
            return Fetched::Refused { refusal: malformed(deployment), headers };
        }
        Fetched::Whole { headers, body }
    }

    fn send_failed(&self, deployment: &Deployment, error: &SendError) -> Fetched {
        log::warn!(target: "upstream", "{}: {error}", deployment.id);
        self.parts.metrics.upstream_error(match error {
            SendError::TimedOut { .. } => UpstreamError::Timeout,
            SendError::Broken { .. } => UpstreamError::Broken,
            _ => UpstreamError::Connect,
        });
        let refusal = Refusal::of_send(error, &deployment.provider_name);
        Fetched::Refused { refusal, headers: HeaderMap::new() }
    }

    /// Passes on an answer that has arrived whole.
    async fn whole(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        mut under_way: UnderWay<'_>,
        (headers, body): (HeaderMap, Bytes),
    ) {
        let first_byte_at = Some(unix_now());
        let UnderWay { envelope, deployment, provider, .. } = &mut under_way;
        let passed = pass_through(deployment, provider, &headers, body, envelope).await;
        let whole = match passed {
            Ok(whole) => whole,
            Err(refusal) => {
                self.parts.metrics.upstream_error(UpstreamError::Malformed);
                return self.fail(exchange, trace, under_way, refusal).await;
            }
        };
        let UnderWay { arrival, admitted, opened, deployment, .. } = under_way;
        let ended = Ended {
            ending: Ending::Success,
            status: 200,
            error: None,
            usage: whole.usage,
            first_byte_at,
        };
        let settled = self.parts.settle(admitted, opened, ended).await;
        let answer = self.whole_headers(arrival, &settled, deployment, Some(&headers));
        trace.bytes_out = whole.body.len() as u64;
        let _gone = exchange.respond(answer.with_status(200), whole.body).await;
        trace.settle(settled);
    }

    /// Relays a stream until it ends or either side goes away.
    async fn stream(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        mut answering: Answering,
    ) {
        let UnderWay { arrival, admitted, opened, envelope, deployment, .. } = under_way;
        let head = self.stream_head(arrival, &admitted, deployment, Some(&answering.headers()));
        let first_byte_at = Some(unix_now());
        let relay = Relay {
            call: arrival.call,
            deployment,
            journal: &self.parts.journal,
            model: &envelope.model,
            usage_asked: envelope.usage_asked,
            prompt_bytes: envelope.prompt_bytes(),
            event_bytes_max: self.parts.bounds.event_bytes,
        };
        if exchange.start(head).await.is_err() {
            answering.cancel().await;
            let ended = Ended::interrupted(Observed::Nothing, first_byte_at);
            return trace.settle(self.parts.settle(admitted, opened, ended).await);
        }
        let relayed = relay.run(exchange, &mut answering).await;
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
