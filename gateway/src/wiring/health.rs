//! Health of deployments, found by real calls.

use std::sync::Arc;

use async_trait::async_trait;
use tollgate_admin::{Endpoint, HealthProbe, HealthReport};
use tollgate_calls::Pipeline;
use tollgate_domain::Principal;

/// Asks the pipeline.
pub(crate) struct PipelineProbe(pub(crate) Arc<Pipeline>);

#[async_trait]
impl HealthProbe for PipelineProbe {
    async fn probe(&self, principal: &Principal, model: Option<&str>) -> HealthReport {
        let mut report = HealthReport::default();
        for probed in self.0.probe(principal, model).await {
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
