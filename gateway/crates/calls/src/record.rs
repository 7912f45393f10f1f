//! What is written down of a call at its end: metrics and a line of the access log. The ledger's
//! row is not made here, see `settle`.

use std::sync::Arc;
use std::time::Duration;

use tollgate_domain::{Ending, Principal, Usage};
use tollgate_telemetry::{AccessRecord, ModelMetrics, StatusClass};

use crate::arrival::Arrival;
use crate::deployment::Routed;
use crate::exchange::Exchange;
use crate::ids::CorrelationId;
use crate::pipeline::Parts;
use crate::refusal::Refusal;
use crate::settle::Settled;

/// What became known of a call on its way.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) principal: Option<Principal>,
    pub(crate) model: Option<String>,
    pub(crate) metrics: Option<Arc<ModelMetrics>>,
    pub(crate) routed: Option<Routed>,
    pub(crate) streamed: Option<bool>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// The status that was written, where it is not the one that was settled.
    pub(crate) status: u16,
    pub(crate) settled: Option<Settled>,
    pub(crate) refusal: Option<Refusal>,
}

// === impl Trace ===

impl Trace {
    /// Keeps the proof that the call was settled.
    pub(crate) fn settle(&mut self, settled: Settled) {
        self.settled = Some(settled);
    }

    fn status(&self) -> u16 {
        let settled = self.settled.as_ref().map_or(0, |settled| settled.ended.status);
        if self.status > 0 { self.status } else { settled }
    }

    fn ending(&self) -> Option<Ending> {
        self.settled.as_ref().map(|settled| settled.ended.ending)
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.settled.as_ref().map(|settled| settled.ended.usage.usage())
    }

    /// How long the first byte of the answer took.
    fn first_byte_ms(&self, arrival: &Arrival) -> Option<u64> {
        let at = self.settled.as_ref()?.ended.first_byte_at?;
        Some(at.saturating_sub(arrival.at))
    }

    /// Counts the call for its model, if it got so far as to have one.
    fn measure(&self, arrival: &Arrival, took: Duration) {
        let Some(metrics) = &self.metrics else { return };
        let ending = self.ending().unwrap_or(Ending::Failure);
        metrics.call(ending, StatusClass::of(self.status()));
        metrics.duration(took);
        if let (Some(settled), Some(usage)) = (&self.settled, self.usage()) {
            metrics.usage(&usage);
            metrics.spend(settled.charge.amount);
        }
        if let Some(ms) = self.first_byte_ms(arrival) {
            metrics.first_byte(Duration::from_millis(ms));
        }
    }
}

// === impl Parts ===

impl Parts {
    /// Metrics and the access log.
    pub(crate) fn record(&self, exchange: &dyn Exchange, arrival: &Arrival, trace: &Trace) {
        let took = arrival.began.elapsed();
        trace.measure(arrival, took);
        let usage = trace.usage();
        let settled = trace.settled.as_ref();
        let principal = trace.principal.as_ref();
        let routed = trace.routed.as_ref();
        let deployment = routed.map(|routed| &routed.deployment);
        let refusal = trace.refusal.as_ref();
        self.access.write(&AccessRecord {
            time: arrival.at,
            call_id: &arrival.call.to_string(),
            client_call_id: arrival.correlation.as_ref().map(CorrelationId::as_str),
            key_alias: principal.and_then(|principal| principal.key_alias.as_deref()),
            key_name: principal.map(|principal| principal.key_name.as_str()),
            method: exchange.head().method(),
            route: arrival.route,
            status: trace.status(),
            model: trace.model.as_deref(),
            deployment: deployment.map(|deployment| deployment.id.as_str()),
            provider: deployment.map(|deployment| deployment.provider_name.as_str()),
            retries: routed.map(|routed| routed.retries).filter(|count| *count > 0),
            fallbacks: routed.map(|routed| routed.fallbacks).filter(|count| *count > 0),
            stream: trace.streamed,
            input_tokens: usage.map(|usage| usage.input),
            output_tokens: usage.map(|usage| usage.output),
            cost_usd: settled.map(|settled| settled.charge.amount.as_usd()),
            ending: trace.ending(),
            error: refusal.map(|refusal| refusal.message.as_str()),
            denial: refusal.map(|refusal| refusal.kind.as_str()),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            first_byte_ms: trace.first_byte_ms(arrival),
            client: exchange.head().client().parse().ok(),
            bytes_in: trace.bytes_in,
            bytes_out: trace.bytes_out,
        });
    }
}
