//! The steps of a call in their order. Each is a function elsewhere; what stands here is how one
//! leads to the next, and that every admitted call is settled.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tollgate_domain::{Call, CallId, Dialect, Ending, Observed, Principal, UnixMillis, unix_now};
use tollgate_host::{Authenticator, Limiter, Meter};
use tollgate_ledger::{Journal, Opened};
use tollgate_limits::Limits;
use tollgate_telemetry::{AccessLog, AccessRecord, DenialKind, Metrics, ModelMetrics, StatusClass, UpstreamError};
use tollgate_upstream::{Answering, Endpoint, Outgoing, SendError, Upstreams};
use tokio::sync::Semaphore;

use crate::attempt::Planned;
use crate::deployment::{Deployment, Models};
use crate::dialect::openai_chat;
use crate::envelope::Envelope;
use crate::exchange::{BodyError, Exchange};
use crate::headers::Headers;
use crate::ids::CorrelationId;
use crate::refusal::Refusal;
use crate::relay::stream::{Relay, is_event_stream};
use crate::relay::whole::{CollectError, collect, explain, malformed, pass_through};
use crate::relay::local;
use crate::settle::{Admitted, Ended, Settled, budget_of};

/// The client's last byte waits so long, at most, for the end of the upstream's framing.
const FRAMING_WAIT: std::time::Duration = std::time::Duration::from_millis(5);

/// Bounds of the pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Bytes of one event of a stream.
    pub event_bytes: usize,
    /// Bytes of an answer that arrives whole.
    pub answer_bytes: usize,
    /// Calls in flight.
    pub calls: usize,
}

/// What the pipeline is made of.
pub struct Parts {
    /// Says who calls.
    pub authenticator: Arc<Authenticator>,
    /// Says whether a call may be made.
    pub limiter: Limiter,
    /// Says what it cost.
    pub meter: Arc<Meter>,
    /// Models and their deployments.
    pub models: Models,
    /// Connections to providers.
    pub upstreams: Arc<Upstreams>,
    /// Counters and budgets.
    pub limits: Arc<Limits>,
    /// Where calls are written down.
    pub journal: Arc<Journal>,
    /// The closed set of metrics.
    pub metrics: Arc<Metrics>,
    /// A line for each call.
    pub access: Arc<AccessLog>,
    /// Digests of the components, for the ledger.
    pub digests: Vec<String>,
    /// Bounds.
    pub bounds: Bounds,
}

/// Serves model calls.
pub struct Pipeline {
    parts: Parts,
    room: Semaphore,
}

/// One call on its way: what is known from its first byte on.
struct Arrival {
    call: CallId,
    correlation: Option<CorrelationId>,
    route: String,
    at: UnixMillis,
    began: Instant,
}

/// What is written down of a call at its end.
#[derive(Default)]
struct Trace {
    principal: Option<Principal>,
    model: Option<String>,
    metrics: Option<Arc<ModelMetrics>>,
    deployment: Option<Arc<Deployment>>,
    streamed: Option<bool>,
    bytes_in: u64,
    bytes_out: u64,
    status: u16,
    settled: Option<Settled>,
    refusal: Option<Refusal>,
}

// === impl Pipeline ===

impl Pipeline {
    /// Makes a pipeline of its parts.
    pub fn new(parts: Parts) -> Self {
        Self { room: Semaphore::new(parts.bounds.calls), parts }
    }

    /// What it is made of.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Serves one call.
    pub async fn serve(&self, exchange: &mut dyn Exchange) {
        let arrival = Arrival::new(exchange);
        let mut trace = Trace::default();
        let _in_flight = self.parts.metrics.enter();
        if let Err(refusal) = self.call(exchange, &arrival, &mut trace).await {
            self.refuse(exchange, &arrival, &mut trace, refusal).await;
        }
        self.record(exchange, &arrival, &trace);
    }

    /// A call of the gateway itself, already authenticated, to one deployment.
    pub(crate) async fn probe_one(
        &self,
        exchange: &mut dyn Exchange,
        principal: &Principal,
        body: Bytes,
        deployment: &Arc<Deployment>,
    ) {
        let arrival = Arrival::new(exchange);
        let mut trace = Trace { principal: Some(principal.clone()), ..Trace::default() };
        let called = match Envelope::read(body) {
            Ok(envelope) => self.admit(exchange, &arrival, &mut trace, envelope, Some(deployment)).await,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = called {
            self.refuse(exchange, &arrival, &mut trace, refusal).await;
        }
        self.record(exchange, &arrival, &trace);
    }

    async fn call(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
    ) -> Result<(), Refusal> {
        let _room = self.room.try_acquire().map_err(|_| Refusal::overloaded())?;
        let authenticated = self.parts.authenticator.authenticate(Arc::clone(exchange.head()));
        let principal = Refusal::of_ran("authentication", authenticated.await)??;
        trace.principal = Some(principal);
        let body = match exchange.body(self.parts.bounds.body_bytes).await {
            Ok(body) => body,
            Err(error) => return Err(self.body_refusal(error)),
        };
        trace.bytes_in = body.len() as u64;
        let envelope = Envelope::read(body)?;
        self.admit(exchange, arrival, trace, envelope, None).await
    }

    fn body_refusal(&self, error: BodyError) -> Refusal {
        match error {
            BodyError::TooLarge => {
                let max = self.parts.bounds.body_bytes;
                let message = format!("The request body is larger than {max} bytes.");
                Refusal::new(413, "invalid_request_error", message)
            }
            BodyError::Malformed => {
                Refusal::invalid("request_body", "The request body's framing is broken.")
            }
            BodyError::TimedOut => {
                Refusal::new(408, "invalid_request_error", "The request body did not arrive in time.")
            }
            BodyError::Gone(gone) => Refusal::new(499, "client_closed_request", gone.to_string()),
        }
    }

    /// From the envelope to an admission, and on.
    async fn admit(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
        envelope: Envelope,
        pinned: Option<&Arc<Deployment>>,
    ) -> Result<(), Refusal> {
        trace.model = Some(envelope.model.clone());
        trace.streamed = Some(envelope.streamed);
        let unknown = || Refusal::unknown_model(&envelope.model);
        let group = self.parts.models.group(&envelope.model).ok_or_else(unknown)?;
        trace.metrics = Some(Arc::clone(&group.metrics));
        let call = Call {
            id: arrival.call,
            dialect: Dialect::OpenaiChat,
            model: envelope.model.clone(),
            streamed: envelope.streamed,
            input_bound: envelope.input_bound,
            output_cap: envelope.output_cap,
            choices: envelope.choices,
            candidates: pinned.map_or_else(|| group.candidates(), |only| vec![only.candidate()]),
        };
        let Some(principal) = trace.principal.clone() else {
            return Err(Refusal::plugin_failed("authentication", None));
        };
        let admission =
            Refusal::of_ran("admission", self.parts.limiter.admit(&principal, &call).await)??;
        let admitted = Admitted { principal, call, admission };
        let Some(deployment) = pinned.or_else(|| group.choose()) else {
            self.parts.limits.cancel(arrival.call);
            return Err(unknown());
        };
        trace.deployment = Some(Arc::clone(deployment));
        self.attempt(exchange, arrival, trace, Asked { admitted, envelope, deployment }).await;
        Ok(())
    }

    /// From here on the call is admitted: every way out settles it.
    async fn attempt(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
        asked: Asked<'_>,
    ) {
        let Asked { admitted, envelope, deployment } = asked;
        let opened = arrival.opened(&admitted, deployment, &envelope);
        let planned = self.parts.plan(
            &admitted.call,
            &envelope.document,
            deployment,
            deployment.capped(admitted.admission.output_cap),
        );
        let planned = match planned.await {
            Ok(planned) => planned,
            Err(refusal) => {
                return self.fail(exchange, arrival, trace, (admitted, opened), refusal).await;
            }
        };
        if let Err(error) = self.parts.journal.opened(&opened) {
            log::error!(target: "ledger", "call {} is refused: {error}", arrival.call);
            let refusal = Refusal::no_journal();
            return self.fail(exchange, arrival, trace, (admitted, opened), refusal).await;
        }
        let under_way = UnderWay { arrival, admitted, opened, envelope: &envelope, deployment };
        match planned {
            Planned::Answer(events) => self.answer(exchange, trace, under_way, &events).await,
            Planned::Send(outgoing) => self.send(exchange, trace, under_way, &outgoing).await,
        }
    }

    /// Answers with a component's own events.
    async fn answer(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        events: &[tollgate_domain::Event],
    ) {
        let UnderWay { arrival, admitted, opened, envelope, deployment } = under_way;
        let usage = local::usage(events);
        let ended = Ended {
            ending: Ending::Success,
            status: 200,
            error: None,
            usage,
            first_byte_at: Some(unix_now()),
        };
        let (call, model) = (arrival.call, &envelope.model);
        if envelope.streamed {
            let head = self.stream_head(arrival, &admitted, deployment, None);
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
        let headers = self.whole_headers(arrival, &settled, deployment, None);
        let _gone = exchange.respond(headers.with_status(200), body).await;
        trace.settle(settled);
    }

    /// Asks the upstream, unless the client goes away first.
    async fn send(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        outgoing: &Outgoing,
    ) {
        let deployment = under_way.deployment;
        let Some(endpoint) = &deployment.endpoint else {
            let refusal = Refusal::plugin_failed("provider", None);
            let UnderWay { arrival, admitted, opened, .. } = under_way;
            return self.fail(exchange, arrival, trace, (admitted, opened), refusal).await;
        };
        let fetched = tokio::select! {
            biased;
            fetched = self.fetch(endpoint, outgoing, deployment, under_way.envelope.streamed) => fetched,
            () = exchange.closed() => Fetched::ClientGone,
        };
        match fetched {
            Fetched::Stream(answering) => self.stream(exchange, trace, under_way, *answering).await,
            Fetched::Whole { status, headers, body } => {
                self.whole(exchange, trace, under_way, (status, headers, body)).await;
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
            return Fetched::Stream(Box::new(answering));
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
        Fetched::Whole { status, headers, body }
    }

    fn send_failed(&self, deployment: &Deployment, error: &SendError) -> Fetched {
        log::warn!(target: "upstream", "{}: {error}", deployment.id);
        self.parts.metrics.upstream_error(match error {
            SendError::TimedOut { .. } => UpstreamError::Timeout,
            SendError::Broken { .. } => UpstreamError::Broken,
            _ => UpstreamError::Connect,
        });
        let refusal = Refusal::of_send(error, &deployment.provider_name);
        Fetched::Refused { refusal, headers: http::HeaderMap::new() }
    }

    async fn whole(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        (status, headers, body): (u16, http::HeaderMap, Bytes),
    ) {
        let UnderWay { arrival, admitted, opened, envelope, deployment } = under_way;
        let first_byte_at = Some(unix_now());
        let passed = pass_through(deployment, &headers, status, body, &envelope.model).await;
        let whole = match passed {
            Ok(whole) => whole,
            Err(refusal) => {
                self.parts.metrics.upstream_error(UpstreamError::Malformed);
                return self.fail(exchange, arrival, trace, (admitted, opened), refusal).await;
            }
        };
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

    async fn stream(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        under_way: UnderWay<'_>,
        mut answering: Answering,
    ) {
        let UnderWay { arrival, admitted, opened, envelope, deployment } = under_way;
        let head = self.stream_head(arrival, &admitted, deployment, Some(&answering.headers()));
        let first_byte_at = Some(unix_now());
        let relay = Relay {
            call: arrival.call,
            deployment,
            journal: &self.parts.journal,
            model: &envelope.model,
            usage_asked: envelope.usage_asked,
            prompt_bytes: envelope.document.member("messages").map_or(0, str::len) as u64,
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

    /// An admitted call that never reached an answer.
    async fn fail(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
        (admitted, opened): (Admitted, Opened),
        refusal: Refusal,
    ) {
        let settled = self.parts.settle(admitted, opened, Ended::failed(&refusal)).await;
        self.refuse(exchange, arrival, trace, refusal).await;
        trace.settle(settled);
    }

    async fn refuse(
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

    async fn write_refusal(
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

    fn whole_headers(
        &self,
        arrival: &Arrival,
        settled: &Settled,
        deployment: &Deployment,
        upstream: Option<&http::HeaderMap>,
    ) -> Headers {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.json();
        headers.deployment(deployment);
        headers.cost(&settled.charge);
        let spent = self.parts.limits.spent(&budget_of(&settled.principal.key_id));
        headers.limits(&settled.principal, &settled.admission, spent);
        if let Some(upstream) = upstream {
            headers.provider(upstream);
        }
        headers
    }

    fn stream_head(
        &self,
        arrival: &Arrival,
        admitted: &Admitted,
        deployment: &Deployment,
        upstream: Option<&http::HeaderMap>,
    ) -> crate::ResponseHead {
        let mut headers = Headers::new(arrival.call, arrival.correlation.as_ref());
        headers.event_stream();
        headers.deployment(deployment);
        let spent = self.parts.limits.spent(&budget_of(&admitted.principal.key_id));
        headers.limits(&admitted.principal, &admitted.admission, spent);
        if let Some(upstream) = upstream {
            headers.provider(upstream);
        }
        headers.with_status(200)
    }

    /// Metrics and the access log.
    fn record(&self, exchange: &dyn Exchange, arrival: &Arrival, trace: &Trace) {
        let took = arrival.began.elapsed();
        let status = trace.status();
        let settled = trace.settled.as_ref();
        let ending = settled.map(|settled| settled.ended.ending);
        let usage = settled.map(|settled| settled.ended.usage.usage());
        let first_byte = settled.and_then(|settled| settled.ended.first_byte_at);
        let first_byte_ms = first_byte.map(|at| at.saturating_sub(arrival.at));
        if let Some(metrics) = &trace.metrics {
            metrics.call(ending.unwrap_or(Ending::Failure), StatusClass::of(status));
            metrics.duration(took);
            if let (Some(settled), Some(usage)) = (settled, &usage) {
                metrics.usage(usage);
                metrics.spend(settled.charge.amount);
            }
            if let Some(ms) = first_byte_ms {
                metrics.first_byte(std::time::Duration::from_millis(ms));
            }
        }
        let principal = trace.principal.as_ref();
        let deployment = trace.deployment.as_ref();
        let refusal = trace.refusal.as_ref();
        self.parts.access.write(&AccessRecord {
            time: arrival.at,
            call_id: &arrival.call.to_string(),
            client_call_id: arrival.correlation.as_ref().map(CorrelationId::as_str),
            key_alias: principal.and_then(|principal| principal.key_alias.as_deref()),
            key_name: principal.map(|principal| principal.key_name.as_str()),
            method: exchange.head().method(),
            route: &arrival.route,
            status,
            model: trace.model.as_deref(),
            deployment: deployment.map(|deployment| deployment.id.as_str()),
            provider: deployment.map(|deployment| deployment.provider_name.as_str()),
            stream: trace.streamed,
            input_tokens: usage.map(|usage| usage.input),
            output_tokens: usage.map(|usage| usage.output),
            cost_usd: settled.map(|settled| settled.charge.amount.as_usd()),
            ending,
            error: refusal.map(|refusal| refusal.message.as_str()),
            denial: refusal.map(|refusal| refusal.kind.as_str()),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            first_byte_ms,
            client: exchange.head().client().parse().ok(),
            bytes_in: trace.bytes_in,
            bytes_out: trace.bytes_out,
        });
    }
}

/// A call that is admitted and has a deployment.
struct Asked<'a> {
    admitted: Admitted,
    envelope: Envelope,
    deployment: &'a Arc<Deployment>,
}

/// A call that is written down as opened.
struct UnderWay<'a> {
    arrival: &'a Arrival,
    admitted: Admitted,
    opened: Opened,
    envelope: &'a Envelope,
    deployment: &'a Deployment,
}

/// What came of asking the upstream.
enum Fetched {
    Stream(Box<Answering>),
    Whole { status: u16, headers: http::HeaderMap, body: Bytes },
    Refused { refusal: Refusal, headers: http::HeaderMap },
    ClientGone,
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

// === impl Arrival ===

impl Arrival {
    fn new(exchange: &dyn Exchange) -> Self {
        let head = exchange.head();
        Self {
            call: CallId::generate(),
            correlation: head.header("x-litellm-call-id").and_then(CorrelationId::from_header),
            route: head.path().to_owned(),
            at: unix_now(),
            began: Instant::now(),
        }
    }

    fn opened(&self, admitted: &Admitted, deployment: &Deployment, envelope: &Envelope) -> Opened {
        let principal = &admitted.principal;
        Opened {
            call: self.call,
            client_call_id: self.correlation.as_ref().map(|id| id.as_str().to_owned()),
            key_id: principal.key_id.clone(),
            key_alias: principal.key_alias.clone(),
            user_id: principal.user_id.clone(),
            team_id: principal.team_id.clone(),
            route: self.route.clone(),
            dialect: admitted.call.dialect,
            model: envelope.model.clone(),
            deployment: deployment.id.clone(),
            provider: deployment.provider_name.clone(),
            upstream_model: deployment.target.model.clone(),
            stream: envelope.streamed,
            reserved: admitted.admission.reserved,
            started_at: self.at,
        }
    }
}

// === impl Trace ===

impl Trace {
    fn settle(&mut self, settled: Settled) {
        self.settled = Some(settled);
    }

    fn status(&self) -> u16 {
        let settled = self.settled.as_ref().map_or(0, |settled| settled.ended.status);
        if self.status > 0 { self.status } else { settled }
    }
}

// === impl Ended ===

impl Ended {
    fn failed(refusal: &Refusal) -> Self {
        Self {
            ending: Ending::Failure,
            status: refusal.status,
            error: Some(refusal.kind.clone()),
            usage: Observed::Nothing,
            first_byte_at: None,
        }
    }

    /// The client went away; 499 is what nginx writes down for that.
    fn interrupted(usage: Observed, first_byte_at: Option<UnixMillis>) -> Self {
        Self { ending: Ending::Interrupted, status: 499, error: None, usage, first_byte_at }
    }
}
