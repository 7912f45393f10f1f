//! The steps of a call in their order. Each is a function elsewhere; what stands here is how one
//! leads to the next, and that every admitted call is settled.

mod answer;
mod route;
mod upstream;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, TryAcquireError};
use tollgate_domain::{Call, Dialect, Principal};
use tollgate_host::{Authenticator, Limiter, Meter};
use tollgate_ledger::{Journal, Opened};
use tollgate_limits::Limits;
use tollgate_routing::Plan;
use tollgate_telemetry::{AccessLog, Metrics};
use tollgate_upstream::Upstreams;

use crate::arrival::Arrival;
use crate::deployment::{Deployment, Models};
use crate::envelope::{Called, Envelope};
use crate::exchange::{BodyError, Exchange};
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::settle::Admitted;
use crate::wish;

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
    /// Time for a whole call until its answer has begun, all attempts together.
    pub call_time: Duration,
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

/// The route that calls of the gateway itself are counted under.
const PROBE_ROUTE: &str = "/health";

/// Serves model calls.
pub struct Pipeline {
    parts: Parts,
    room: Semaphore,
}

/// A call that is authenticated and read.
struct Asked<'a> {
    envelope: Envelope,
    /// The one deployment that may answer, if it is not to be chosen.
    pinned: Option<Pinned<'a>>,
}

/// A deployment in its group.
#[derive(Clone, Copy)]
pub(crate) struct Pinned<'a> {
    pub(crate) deployment: &'a Arc<Deployment>,
    pub(crate) index: usize,
}

/// A call that is admitted, on its way from deployment to deployment.
struct OnItsWay<'p, 'a> {
    arrival: &'a Arrival,
    admitted: Admitted,
    envelope: &'a Envelope,
    plan: Plan<'p, Arc<Deployment>>,
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

    /// Takes no new calls; those under way go on.
    pub fn close(&self) {
        self.room.close();
    }

    /// Serves one call.
    pub async fn serve(&self, exchange: &mut dyn Exchange, called: &Called) {
        let arrival = Arrival::new(exchange, called);
        let mut trace = Trace::default();
        let _in_flight = self.parts.metrics.enter();
        if let Err(refusal) = self.call(exchange, called, (&arrival, &mut trace)).await {
            self.refuse(exchange, &arrival, &mut trace, refusal).await;
        }
        self.parts.record(exchange, &arrival, &trace);
    }

    /// A call of the gateway itself, already authenticated, to one deployment. Gives whether the
    /// deployment was asked: not if the principal may not call it, for one.
    pub(crate) async fn probe_one(
        &self,
        exchange: &mut dyn Exchange,
        principal: &Principal,
        body: Bytes,
        pinned: Pinned<'_>,
    ) -> bool {
        let called = Called { dialect: Dialect::OpenaiChat, model: None, route: PROBE_ROUTE };
        let arrival = Arrival::new(exchange, &called);
        let mut trace = Trace { principal: Some(principal.clone()), ..Trace::default() };
        let called = match Envelope::read(&called, None, body) {
            Ok(envelope) => {
                let asked = Asked { envelope, pinned: Some(pinned) };
                self.admit(exchange, &arrival, &mut trace, asked).await
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = called {
            self.refuse(exchange, &arrival, &mut trace, refusal).await;
        }
        self.parts.record(exchange, &arrival, &trace);
        trace.routed.is_some()
    }

    async fn call(
        &self,
        exchange: &mut dyn Exchange,
        called: &Called,
        (arrival, trace): (&Arrival, &mut Trace),
    ) -> Result<(), Refusal> {
        let _room = self.room.try_acquire().map_err(|full| match full {
            TryAcquireError::NoPermits => Refusal::overloaded(),
            TryAcquireError::Closed => Refusal::stopping(),
        })?;
        let authenticated = self.parts.authenticator.authenticate(Arc::clone(exchange.head()));
        let principal = Refusal::of_ran("authentication", authenticated.await)??;
        trace.principal = Some(principal);
        let body = match exchange.body(self.parts.bounds.body_bytes).await {
            Ok(body) => body,
            Err(error) => return Err(self.body_refusal(error)),
        };
        trace.bytes_in = body.len() as u64;
        let envelope = Envelope::read(called, exchange.head().header("content-type"), body)?;
        self.admit(exchange, arrival, trace, Asked { envelope, pinned: None }).await
    }

    /// From the envelope to an admission, and on.
    async fn admit(
        &self,
        exchange: &mut dyn Exchange,
        arrival: &Arrival,
        trace: &mut Trace,
        asked: Asked<'_>,
    ) -> Result<(), Refusal> {
        let Asked { envelope, pinned } = asked;
        let facts = &envelope.facts;
        trace.model = Some(facts.model.clone());
        trace.streamed = Some(facts.streamed);
        let models = &self.parts.models;
        let mut wish = wish::read(&envelope)?;
        wish.until = Some(models.now().plus(self.parts.bounds.call_time));
        let Some(mut plan) = models.router().plan(wish) else {
            let callable = trace.principal.as_ref().map_or(&[][..], |principal| &principal.models);
            return Err(Refusal::unknown_model(&facts.model).explained(
                &models.router().rules().fallbacks,
                &facts.model,
                callable,
            ));
        };
        trace.metrics = models.metrics(plan.group()).map(Arc::clone);
        let Some(principal) = trace.principal.clone() else {
            return Err(Refusal::plugin_failed("authentication", None));
        };
        wish::check(plan.wish(), &principal.models)?;
        let candidates = match pinned {
            Some(pinned) => {
                plan = plan.pinned_to(pinned.index);
                vec![pinned.deployment.candidate()]
            }
            None => models.candidates(plan.wish()),
        };
        let call = Call {
            id: arrival.call,
            dialect: arrival.dialect,
            model: facts.model.clone(),
            streamed: facts.streamed,
            input_bound: facts.input_bound,
            output_cap: facts.output_cap,
            choices: facts.choices,
            candidates,
        };
        let admission =
            Refusal::of_ran("admission", self.parts.limiter.admit(&principal, &call).await)??;
        let admitted = Admitted { principal, call, admission };
        let on_its_way = OnItsWay { arrival, admitted, envelope: &envelope, plan };
        self.route(exchange, trace, on_its_way).await;
        Ok(())
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
            BodyError::TimedOut => Refusal::new(
                408,
                "invalid_request_error",
                "The request body did not arrive in time.",
            ),
            BodyError::Gone(gone) => Refusal::new(499, "client_closed_request", gone.to_string()),
        }
    }
}

// === impl OnItsWay ===

impl OnItsWay<'_, '_> {
    /// What the journal is told of it.
    fn opened(&self, deployment: Option<&Deployment>) -> Opened {
        self.arrival.opened(&self.admitted, deployment, self.envelope)
    }
}
