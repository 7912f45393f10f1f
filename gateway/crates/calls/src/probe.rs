//! Health of a deployment, found by a real call of one token.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tollgate_domain::Principal;
use tollgate_host::{Head, HeadBuilder};

use crate::deployment::Deployment;
use crate::exchange::{BodyError, ClientGone, Exchange, ResponseHead};
use crate::pipeline::{Pinned, Pipeline};

/// Probes that are under way at once.
const AT_ONCE: usize = 8;

/// A deployment that takes longer for one token is as good as none.
const PROBE_TIME: Duration = Duration::from_secs(60);

/// What came of a probe.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The deployment's id.
    pub deployment: String,
    /// Provider and model as the configuration writes them.
    pub public_model: String,
    /// Its base, if it has one.
    pub api_base: Option<String>,
    /// What went wrong; none if it answered.
    pub error: Option<String>,
}

/// Which deployments are probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probing {
    /// All of them.
    All,
    /// Those of one model.
    Model(String),
    /// Those that are probed without anybody asking for it.
    Background,
}

impl Pipeline {
    /// Asks deployments for one token each, some at a time. The calls are admitted, journalled and
    /// billed to the principal like any other; what they find counts for routing.
    pub async fn probe(self: &Arc<Self>, principal: &Principal, which: Probing) -> Vec<Probed> {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut probes = JoinSet::new();
        for group in self.parts().models.router().groups() {
            for (index, member) in group.members().iter().enumerate() {
                // Nobody knows which of many models to ask for, or what else than a chat to ask.
                let deployment = &member.deployment;
                if group.is_pattern() || !deployment.is_for_chat || !which.is(deployment) {
                    continue;
                }
                let place = (group.position(), index);
                let (this, turns) = (Arc::clone(self), Arc::clone(&turns));
                let principal = principal.clone();
                probes.spawn(async move {
                    let _turn = turns.acquire().await;
                    (place, this.probe_at(&principal, place).await)
                });
            }
        }
        let mut probed = Vec::new();
        while let Some(ended) = probes.join_next().await {
            if let Ok((place, Some(one))) = ended {
                probed.push((place, one));
            }
        }
        probed.sort_by_key(|(place, _)| *place);
        probed.into_iter().map(|(_, one)| one).collect()
    }

    /// Asks the deployment at a place in a group.
    async fn probe_at(
        &self,
        principal: &Principal,
        (position, index): (usize, usize),
    ) -> Option<Probed> {
        let group = self.parts().models.router().groups().get(position)?;
        let member = group.members().get(index)?;
        let deployment = &member.deployment;
        let body = json!({
            "model": deployment.model_name,
            "messages": [{"role": "user", "content": "ping"}],
            "max_tokens": 1,
        });
        let mut answer = Kept::new();
        let body = Bytes::from(body.to_string());
        let pinned = Pinned { deployment, index };
        let was_asked = self.probe_one(&mut answer, principal, body, pinned).await;
        let error = answer.error();
        if was_asked {
            member.health.probed(error.is_none());
        }
        Some(Probed {
            deployment: deployment.id.clone(),
            public_model: deployment.public_model.clone(),
            api_base: deployment.api_base.clone(),
            error,
        })
    }
}

// === impl Probing ===

impl Probing {
    fn is(&self, deployment: &Deployment) -> bool {
        match self {
            Self::All => true,
            Self::Model(name) => deployment.model_name == *name,
            Self::Background => deployment.is_probed,
        }
    }
}

/// An exchange without a client, which keeps the answer.
struct Kept {
    head: Arc<Head>,
    status: u16,
    body: Bytes,
    until: Instant,
}

impl Kept {
    fn new() -> Self {
        let head = HeadBuilder::new("POST", "/health", String::new()).build();
        Self { head, status: 0, body: Bytes::new(), until: Instant::now() + PROBE_TIME }
    }

    fn error(&self) -> Option<String> {
        if self.status == 200 {
            return None;
        }
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let message = body.pointer("/error/message").and_then(|message| message.as_str());
        Some(message.unwrap_or("no answer").to_owned())
    }
}

#[async_trait]
impl Exchange for Kept {
    fn head(&self) -> &Arc<Head> {
        &self.head
    }

    async fn body(&mut self, _bytes_max: usize) -> Result<Bytes, BodyError> {
        Ok(Bytes::new())
    }

    async fn respond(&mut self, head: ResponseHead, body: Bytes) -> Result<(), ClientGone> {
        (self.status, self.body) = (head.status, body);
        Ok(())
    }

    async fn start(&mut self, head: ResponseHead) -> Result<(), ClientGone> {
        self.status = head.status;
        Ok(())
    }

    async fn write(&mut self, _bytes: Bytes) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn end(&mut self) -> Result<(), ClientGone> {
        Ok(())
    }

    async fn abort(&mut self) {}

    async fn closed(&mut self) {
        tokio::time::sleep_until(self.until).await;
    }
}
