//! A call as it arrives: what is known of it from its first byte on.

use std::time::Instant;

use tollgate_domain::{CallId, Dialect, UnixMillis, unix_now};
use tollgate_ledger::{Account, Opened};

use crate::deployment::Deployment;
use crate::envelope::{Called, Envelope};
use crate::exchange::Exchange;
use crate::ids::CorrelationId;
use crate::settle::Admitted;

/// One call on its way.
pub(crate) struct Arrival {
    pub(crate) call: CallId,
    /// The client's own id of the call.
    pub(crate) correlation: Option<CorrelationId>,
    pub(crate) route: &'static str,
    /// The client's dialect, in which it is answered from the first word on.
    pub(crate) dialect: Dialect,
    pub(crate) at: UnixMillis,
    pub(crate) began: Instant,
}

impl Arrival {
    /// Gives a request its id and notes when it came.
    pub(crate) fn new(exchange: &dyn Exchange, called: &Called) -> Self {
        let head = exchange.head();
        Self {
            call: CallId::generate(),
            correlation: head.header("x-litellm-call-id").and_then(CorrelationId::from_header),
            route: called.route,
            dialect: called.dialect,
            at: unix_now(),
            began: Instant::now(),
        }
    }

    /// What the journal is told before an upstream is asked. Without a deployment nobody is.
    pub(crate) fn opened(
        &self,
        admitted: &Admitted,
        deployment: Option<&Deployment>,
        envelope: &Envelope,
    ) -> Opened {
        let told =
            |name: fn(&Deployment) -> &String| deployment.map(name).cloned().unwrap_or_default();
        let principal = &admitted.principal;
        Opened {
            call: self.call,
            client_call_id: self.correlation.as_ref().map(|id| id.as_str().to_owned()),
            key_id: principal.key_id.clone(),
            key_alias: principal.key_alias.clone(),
            user_id: principal.user_id.clone(),
            team_id: principal.team_id.clone(),
            route: self.route.to_owned(),
            dialect: admitted.call.dialect,
            model: envelope.facts.model.clone(),
            deployment: told(|deployment| &deployment.priced_as),
            provider: told(|deployment| &deployment.provider_name),
            upstream_model: told(|deployment| &deployment.target.model),
            stream: envelope.facts.streamed,
            reserved: admitted.admission.reserved,
            started_at: self.at,
            account: Account::default(),
        }
    }
}
