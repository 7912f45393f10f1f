//! What the client is told: a component's own answer, refusals, and the heads of all answers.

use http::HeaderMap;
use tollgate_domain::{Ending, Event, key_budget, unix_now};
use tollgate_ledger::Opened;
use tollgate_telemetry::DenialKind;

use super::route::Failed;
use super::{OnItsWay, Pipeline};
use crate::arrival::Arrival;
use crate::deployment::Routed;
use crate::dialect::openai_chat;
use crate::exchange::{Exchange, ResponseHead};
use crate::headers::Headers;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::relay::local;
use crate::settle::{Admitted, Ended, Settled};

impl Pipeline {
    /// Answers with a component's own events.
    pub(super) async fn answer(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (call, opened, routed): (OnItsWay<'_, '_>, Opened, &Routed),
        events: &[Event],
    ) {
        let OnItsWay { arrival, admitted, envelope, .. } = call;
        let usage = local::usage(events);
        let ended = Ended {
            ending: Ending::Success,
            status: 200,
            error: None,
            usage,
            first_byte_at: Some(unix_now()),
        };
        let (call, model) = (arrival.call, &routed.name);
        if envelope.streamed {
            let head = self.stream_head(arrival, &admitted, routed, None);
            let body = local::stream(call, model, events, envelope.usage_asked);
            trace.bytes_out = body.len() as u64;
            let sent = match exchange.start(head).await {
                Ok(()) => exchange.write(body).await,
                Err(gone) => Err(gone),
            };
            let settled = self.parts.settle(admitted, opened, ended).await;
            if sent.is_ok() && exchange.write(local::stream_end()).await.is_ok() {
                let _gone = exchange.end().await;
            }
            return trace.settle(settled);
        }
        let settled = self.parts.settle(admitted, opened, ended).await;
        let body = local::whole(call, model, events);
        trace.bytes_out = body.len() as u64;
        let headers = self.whole_headers(arrival, &settled, routed, None);
        let _gone = exchange.respond(headers.with_status(200), body).await;
        trace.settle(settled);
    }

    /// An admitted call that never reached an answer.
    pub(super) async fn fail(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (call, opened): (OnItsWay<'_, '_>, Opened),
        refusal: Refusal,
    ) {
        let OnItsWay { arrival, admitted, .. } = call;
        let settled = self.parts.settle(admitted, opened, Ended::failed(&refusal)).await;
        self.refuse(exchange, arrival, trace, refusal).await;
        trace.settle(settled);
    }

    /// An admitted call whose providers refused it, the last one in this way.
    pub(super) async fn pass_refusal(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (call, opened): (OnItsWay<'_, '_>, Opened),
        failed: Failed,
    ) {
        let OnItsWay { arrival, admitted, .. } = call;
        let Failed { routed, refusal, headers: upstream } = failed;
        trace.refusal = Some(refusal.clone());
        let settled = self.parts.settle(admitted, opened, Ended::failed(&refusal)).await;
        let mut answer = self.whole_headers(arrival, &settled, &routed, Some(&upstream));
        answer.timeout(&routed.deployment);
        answer.refusal(&refusal);
        self.write_refusal(exchange, trace, answer, &refusal).await;
        trace.settle(settled);
    }

    /// Tells the client why there is no answer.
    pub(super) async fn refuse(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
        refusal: Refusal,
    ) {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.json();
        headers.refusal(&refusal);
        self.parts.metrics.denial(DenialKind::of(&refusal.kind, refusal.status));
        self.write_refusal(exchange, trace, headers, &refusal).await;
        trace.refusal = Some(refusal);
    }

    /// Writes a refusal below a head that is made already.
    pub(super) async fn write_refusal(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        headers: Headers,
        refusal: &Refusal,
    ) {
        let body = openai_chat::error_body(refusal);
        trace.bytes_out = body.len() as u64;
        trace.status = refusal.status;
        let _gone = exchange.respond(headers.with_status(refusal.status), body).await;
    }

    /// Headers of an answer whose cost is known.
    pub(super) fn whole_headers(
        &self,
        arrival: &Arrival,
        settled: &Settled,
        routed: &Routed,
        upstream: Option<&HeaderMap>,
    ) -> Headers {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.json();
        headers.routed(routed);
        headers.cost(&settled.charge);
        let spent = self.parts.limits.spent(&key_budget(&settled.principal.key_id));
        headers.limits(&settled.principal, &settled.admission, spent);
        if let Some(upstream) = upstream {
            headers.provider(upstream);
        }
        headers
    }

    /// The head of a stream, whose cost is not known yet.
    pub(super) fn stream_head(
        &self,
        arrival: &Arrival,
        admitted: &Admitted,
        routed: &Routed,
        upstream: Option<&HeaderMap>,
    ) -> ResponseHead {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.event_stream();
        headers.routed(routed);
        let spent = self.parts.limits.spent(&key_budget(&admitted.principal.key_id));
        headers.limits(&admitted.principal, &admitted.admission, spent);
        if let Some(upstream) = upstream {
            headers.provider(upstream);
        }
        headers.with_status(200)
    }
}
