//! Health of a deployment, found by a real call of one token.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;
use tollgate_domain::Principal;
use tollgate_host::{Head, HeadBuilder};

use crate::exchange::{BodyError, ClientGone, Exchange, ResponseHead};
use crate::pipeline::{Pinned, Pipeline};

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

impl Pipeline {
    /// Asks every deployment, or those of one model, for one token. The calls are admitted, journalled and billed to the
    /// principal like any other.
    pub async fn probe(&self, principal: &Principal, model: Option<&str>) -> Vec<Probed> {
        let mut probed = Vec::new();
        let groups = self.parts().models.router().groups().iter();
        for group in groups.filter(|group| model.is_none_or(|name| group.name() == name)) {
            for (index, member) in group.members().iter().enumerate() {
                // Nobody knows which of many models to ask for, or what else than a chat to ask.
                if !group.is_pattern() && member.deployment.is_for_chat {
                    let pinned = Pinned { deployment: &member.deployment, index };
                    let one = self.probe_deployment(principal, pinned).await;
                    member.health.probed(one.error.is_none());
                    probed.push(one);
                }
            }
        }
        probed
    }

    async fn probe_deployment(&self, principal: &Principal, pinned: Pinned<'_>) -> Probed {
        let deployment = pinned.deployment;
        let body = json!({
            "model": deployment.model_name,
            "messages": [{"role": "user", "content": "ping"}],
            "max_tokens": 1,
        });
        let mut answer = Kept::new();
        let body = Bytes::from(body.to_string());
        self.probe_one(&mut answer, principal, body, pinned).await;
        Probed {
            deployment: deployment.id.clone(),
            public_model: deployment.public_model.clone(),
            api_base: deployment.api_base.clone(),
            error: answer.error(),
        }
    }
}

/// An exchange without a client, which keeps the answer.
struct Kept {
    head: Arc<Head>,
    status: u16,
    body: Bytes,
}

impl Kept {
    fn new() -> Self {
        let head = HeadBuilder::new("POST", "/health", String::new()).build();
        Self { head, status: 500, body: Bytes::new() }
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
        std::future::pending().await
    }
}
