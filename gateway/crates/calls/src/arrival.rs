//! A call as it arrives: what is known of it from its first byte on.

use std::time::Instant;

use tollgate_domain::{CallId, UnixMillis, unix_now};
use tollgate_ledger::{Account, Opened};

use crate::deployment::Deployment;
use crate::envelope::Envelope;
use crate::exchange::Exchange;
use crate::ids::CorrelationId;
use crate::settle::Admitted;

/// One call on its way.
pub(crate) struct Arrival {
    pub(crate) call: CallId,
    /// The client's own id of the call.
    pub(crate) correlation: Option<CorrelationId>,
    pub(crate) route: String,
    pub(crate) at: UnixMillis,
    pub(crate) began: Instant,
}

impl Arrival {
    /// Gives a request its id and notes when it came.
    pub(crate) fn new(exchange: &dyn Exchange) -> Self {
        let head = exchange.head();
        Self {
            call: CallId::generate(),
            correlation: head.header("x-litellm-call-id").and_then(CorrelationId::from_header),
            route: head.path().to_owned(),
            at: unix_now(),
            began: Instant::now(),
        }
    }

    /// What the journal is told before the upstream is asked.
    pub(crate) fn opened(
        &self,
        admitted: &Admitted,
        deployment: &Deployment,
        envelope: &Envelope,
    ) -> Opened {
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
            account: Account::default(),
        }
    }
}
