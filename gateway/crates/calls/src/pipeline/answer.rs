//! What the client is told: a component's own answer, refusals, and the heads of all answers.

use std::sync::Arc;

use http::HeaderMap;
use tollgate_dialects::{Subject, error_body};
use tollgate_domain::{Ending, Event, key_budget, unix_now};
use tollgate_ledger::Opened;
use tollgate_telemetry::DenialKind;

use super::route::Failed;
use super::{OnItsWay, Pipeline};
use crate::arrival::Arrival;
use crate::deployment::Routed;
use crate::exchange::{Exchange, ResponseHead};
use crate::headers::Headers;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::relay::local;
use crate::settle::{Admitted, Ended, Settled};

/// What the head of an answer tells of where it comes from.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) routed: &'a Routed,
    /// The provider's own headers.
    pub(super) upstream: Option<&'a HeaderMap>,
    /// Parameters of the client that the provider was not sent.
    pub(super) dropped: &'a [String],
}

impl Pipeline {
    /// Answers with events that are all there.
    pub(super) async fn answer(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (call, opened, told): (OnItsWay<'_, '_>, Opened, Told<'_>),
        events: &[Event],
    ) {
        let subject = self.subject(&call, told.routed);
        let OnItsWay { arrival, admitted, envelope, .. } = call;
        let usage = local::usage(events, envelope.facts.prompt_bytes);
        let ended = Ended {
            ending: Ending::Success,
            status: 200,
            error: None,
            usage,
            first_byte_at: Some(unix_now()),
        };
        if envelope.facts.streamed {
            let head = self.stream_head(arrival, &admitted, told);
            let written = local::stream(arrival.dialect, subject, events);
            let (body, last) = written.unwrap_or_default();
            trace.bytes_out = (body.len() + last.len()) as u64;
            let sent = match exchange.start(head).await {
                Ok(()) => exchange.write(body).await,
                Err(gone) => Err(gone),
            };
            let settled = self.parts.settle(admitted, opened, ended).await;
            if sent.is_ok() && exchange.write(last).await.is_ok() {
                let _gone = exchange.end().await;
            }
            return trace.settle(settled);
        }
        let settled = self.parts.settle(admitted, opened, ended).await;
        let body = local::body(arrival.dialect, &subject, events);
        trace.bytes_out = body.len() as u64;
        let headers = self.whole_headers(arrival, &settled, told);
        let _gone = exchange.respond(headers.with_status(200), body).await;
        trace.settle(settled);
    }

    /// What an answer that is written here says of itself.
    pub(super) fn subject(&self, call: &OnItsWay<'_, '_>, routed: &Routed) -> Subject {
        let facts = &call.envelope.facts;
        Subject {
            usage_asked: facts.usage_asked,
            request: Some(Arc::clone(call.envelope.request.document())),
            kept_bytes_max: self.parts.bounds.answer_bytes,
            ..Subject::new(call.arrival.call.to_string(), &routed.name, unix_now() / 1000)
        }
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
        let told = Told { routed: &routed, upstream: Some(&upstream), dropped: &[] };
        let mut answer = self.whole_headers(arrival, &settled, told);
        answer.timeout(&routed.deployment);
        answer.refusal(&refusal);
        self.write_refusal(exchange, trace, (arrival, answer), &refusal).await;
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
        self.write_refusal(exchange, trace, (arrival, headers), &refusal).await;
        trace.refusal = Some(refusal);
    }

    /// Writes a refusal below a head that is made already.
    pub(super) async fn write_refusal(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        (arrival, headers): (&Arrival, Headers),
        refusal: &Refusal,
    ) {
        let body = error_body(arrival.dialect, &refusal.fault());
        trace.bytes_out = body.len() as u64;
        trace.status = refusal.status;
        let _gone = exchange.respond(headers.with_status(refusal.status), body).await;
    }

    /// Headers of an answer whose cost is known.
    pub(super) fn whole_headers(
        &self,
        arrival: &Arrival,
        settled: &Settled,
        told: Told<'_>,
    ) -> Headers {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.json();
        headers.routed(told.routed);
        headers.dropped(told.dropped);
        headers.cost(&settled.charge);
        let spent = self.parts.limits.spent(&key_budget(&settled.principal.key_id));
        headers.limits(&settled.principal, &settled.admission, spent);
        if let Some(upstream) = told.upstream {
            headers.provider(upstream, &told.routed.deployment);
        }
        headers
    }

    /// The head of a stream, whose cost is not known yet.
    pub(super) fn stream_head(
        &self,
        arrival: &Arrival,
        admitted: &Admitted,
        told: Told<'_>,
    ) -> ResponseHead {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.event_stream();
        headers.routed(told.routed);
        headers.dropped(told.dropped);
        let spent = self.parts.limits.spent(&key_budget(&admitted.principal.key_id));
        headers.limits(&admitted.principal, &admitted.admission, spent);
        if let Some(upstream) = told.upstream {
            headers.provider(upstream, &told.routed.deployment);
        }
        headers.with_status(200)
    }
}
