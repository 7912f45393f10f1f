//! The attempts of an admitted call: one deployment after the other until an answer begins, or
//! nobody is left to be asked. Until then the client has seen nothing.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use tollgate_domain::Observed;
use tollgate_ledger::Opened;
use tollgate_routing::{Attempt, GiveUp, Last, Permit, Step};

use super::upstream::Begun;
use super::{OnItsWay, Pipeline};
use crate::attempt::{Planned, plan};
use crate::deployment::{Deployment, Routed, named};
use crate::exchange::Exchange;
use crate::record::Trace;
use crate::refusal::Refusal;
use crate::settle::Ended;

/// An answer that has begun.
pub(super) struct Answered<'p> {
    pub(super) routed: Routed,
    pub(super) permit: Permit<'p>,
    pub(super) opened: Opened,
    pub(super) begun: Begun,
    /// Parameters of the client that the provider was not sent.
    pub(super) dropped: Vec<String>,
}

/// What the search for an answer came to.
enum Found<'p> {
    Answer(Box<Answered<'p>>),
    /// Everybody who was asked failed.
    Failed(Failed),
    /// Nobody was to be asked.
    Refused(Refusal),
    ClientGone,
}

/// The attempt that failed last.
pub(super) struct Failed {
    pub(super) routed: Routed,
    pub(super) refusal: Refusal,
    /// The provider's, as far as there are any.
    pub(super) headers: HeaderMap,
}

/// What one attempt came to.
enum Tried {
    Begun(Begun, Vec<String>),
    /// Another attempt may do better.
    Failed(Refusal, HeaderMap),
    /// No attempt would.
    Stopped(Refusal),
    ClientGone,
}

impl Pipeline {
    /// From here on the call is admitted: every way out settles it.
    pub(super) async fn route(
        &self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        mut call: OnItsWay<'_, '_>,
    ) {
        let mut opened = None;
        let found = self.seek(exchange, trace, &mut call, &mut opened).await;
        let opened = |call: &OnItsWay<'_, '_>| opened.unwrap_or_else(|| call.opened(None));
        match found {
            Found::Answer(answered) => self.deliver(exchange, trace, call, *answered).await,
            Found::Failed(mut failed) => {
                let opened = opened(&call);
                if failed.refusal.cause.is_some() {
                    let callable = &call.admitted.principal.models;
                    failed.refusal = failed.refusal.routed(&call.plan, callable);
                }
                self.pass_refusal(exchange, trace, (call, opened), failed).await;
            }
            Found::Refused(refusal) => {
                let opened = opened(&call);
                self.fail(exchange, trace, (call, opened), refusal).await;
            }
            Found::ClientGone => {
                let opened = opened(&call);
                let ended = Ended::interrupted(Observed::Nothing, None);
                trace.settle(self.parts.settle(call.admitted, opened, ended).await);
            }
        }
    }

    /// Asks one deployment after the other.
    async fn seek<'p>(
        &'p self,
        exchange: &mut dyn Exchange,
        trace: &mut Trace,
        call: &mut OnItsWay<'p, '_>,
        opened: &mut Option<Opened>,
    ) -> Found<'p> {
        let models = &self.parts.models;
        let (mut last, mut failed) = (Last::Nothing, None);
        loop {
            let step = call.plan.next(last, models.now(), &mut rand::rng());
            let Attempt { group, member, mut permit, wait } = match step {
                Step::Attempt(attempt) => attempt,
                Step::GiveUp(end) => return given_up(end, failed, &call.plan.wish().model),
            };
            let routed = Routed {
                deployment: named(&member.deployment, call.plan.captured()),
                name: call.plan.name().to_owned(),
                retries: call.plan.retries(),
                fallbacks: call.plan.fallbacks(),
            };
            trace.metrics = models.metrics(group).map(Arc::clone);
            trace.routed = Some(routed.clone());
            if waited(exchange, wait).await.is_none() {
                return Found::ClientGone;
            }
            permit.began(models.now());
            let tried = self.attempt(exchange, call, opened, &routed).await;
            let (refusal, headers) = match tried {
                Tried::Begun(begun, dropped) => {
                    permit.answered(models.now());
                    let opened =
                        opened.take().unwrap_or_else(|| call.opened(Some(&routed.deployment)));
                    let answered = Answered { routed, permit, opened, begun, dropped };
                    return Found::Answer(Box::new(answered));
                }
                Tried::ClientGone => return Found::ClientGone,
                Tried::Stopped(refusal) => return Found::Refused(refusal),
                Tried::Failed(refusal, headers) => (refusal, headers),
            };
            let failure = refusal.failure();
            let this = Failed { routed, refusal, headers };
            let Some(failure) = failure else { return Found::Failed(this) };
            last = Last::Failed(permit, failure);
            failed = Some(this);
        }
    }

    /// Asks one deployment.
    async fn attempt(
        &self,
        exchange: &mut dyn Exchange,
        call: &OnItsWay<'_, '_>,
        opened: &mut Option<Opened>,
        routed: &Routed,
    ) -> Tried {
        let deployment = &routed.deployment;
        let mut provider = deployment.provider.attempt();
        let output_cap = deployment.capped(call.admitted.admission.output_cap);
        let (facts, envelope) = (&call.admitted.call, call.envelope);
        let planned = plan(&mut provider, facts, envelope, deployment, output_cap);
        let planned = match planned.await {
            Ok(planned) => planned,
            Err(refusal) => return Tried::Failed(refusal, HeaderMap::new()),
        };
        if envelope.facts.streamed {
            // A stream may last for minutes.
            provider.rest();
        }
        if let Err(refusal) = self.journal(call, opened, deployment) {
            return Tried::Stopped(refusal);
        }
        let sending = match planned {
            Planned::Answer(events) => {
                return Tried::Begun(Begun::Events { events, headers: None }, Vec::new());
            }
            Planned::Send(sending) => sending,
        };
        if !sending.dropped.is_empty() {
            let (id, dropped) = (call.arrival.call, sending.dropped.join(", "));
            log::info!(target: "upstream", "call {id}: {} is not sent {dropped}", deployment.id);
        }
        let fetched = self.fetch(provider, &sending, routed, call);
        tokio::select! {
            biased;
            fetched = fetched => match fetched {
                Ok(begun) => Tried::Begun(begun, sending.dropped),
                Err((refusal, headers)) => Tried::Failed(refusal, headers),
            },
            () = exchange.closed() => Tried::ClientGone,
        }
    }

    /// Tells the journal, before the upstream hears of the call, which deployment is asked: it is
    /// the one by which a call is priced that this process does not live to settle.
    fn journal(
        &self,
        call: &OnItsWay<'_, '_>,
        opened: &mut Option<Opened>,
        deployment: &Deployment,
    ) -> Result<(), Refusal> {
        if opened.as_ref().is_some_and(|opened| opened.deployment == deployment.priced_as) {
            return Ok(());
        }
        let opened = opened.insert(call.opened(Some(deployment)));
        self.parts.journal.opened(opened).map_err(|error| {
            log::error!(target: "ledger", "call {} is refused: {error}", opened.call);
            Refusal::not_journalled(&error)
        })
    }
}

/// Lets a while go by; none if the client went away in it.
async fn waited(exchange: &mut dyn Exchange, wait: Duration) -> Option<()> {
    if wait.is_zero() {
        return Some(());
    }
    tokio::select! {
        biased;
        () = exchange.closed() => None,
        () = tokio::time::sleep(wait) => Some(()),
    }
}

fn given_up<'p>(end: GiveUp, failed: Option<Failed>, model: &str) -> Found<'p> {
    if let Some(failed) = failed {
        return Found::Failed(failed);
    }
    let seconds = match end {
        GiveUp::Full { retry_after } => retry_after.as_secs().saturating_add(1),
        GiveUp::Failed => 1,
    };
    Found::Refused(Refusal::no_room(model, seconds))
}
