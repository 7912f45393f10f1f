//! Health of deployments, found by real calls.

use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tollgate_admin::{Endpoint, HealthProbe, HealthReport};
use tollgate_calls::{Pipeline, Probing};
use tollgate_domain::Principal;

/// Asks the pipeline.
pub(crate) struct PipelineProbe(pub(crate) Arc<Pipeline>);

#[async_trait]
impl HealthProbe for PipelineProbe {
    async fn probe(&self, principal: &Principal, model: Option<&str>) -> HealthReport {
        let mut report = HealthReport::default();
        let which = model.map_or(Probing::All, |name| Probing::Model(name.to_owned()));
        for probed in self.0.probe(principal, which).await {
            let endpoint = Endpoint {
                model: probed.public_model,
                model_id: probed.deployment,
                api_base: probed.api_base,
                error: probed.error,
            };
            match endpoint.error {
                None => report.healthy.push(endpoint),
                Some(_) => report.unhealthy.push(endpoint),
            }
        }
        report
    }
}

/// Probes deployments again and again, for as long as the pipeline is in use.
pub(crate) async fn probe_in_background(
    pipeline: Weak<Pipeline>,
    interval: Duration,
    principal: Principal,
) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(pipeline) = pipeline.upgrade() else { return };
        for probed in pipeline.probe(&principal, Probing::Background).await {
            if let Some(error) = probed.error {
                log::warn!(target: "upstream", "{} does not answer: {error}", probed.deployment);
            }
        }
    }
}
