//! Prices of deployments, from the configuration.

use std::collections::HashMap;

use tollgate_config::Deployment;
use tollgate_domain::Rates;
use tollgate_host::Prices;

/// Prices by deployment.
pub(crate) struct ConfiguredPrices(HashMap<String, Rates>);

impl ConfiguredPrices {
    pub(crate) fn new(deployments: &[Deployment]) -> Self {
        let priced = deployments.iter().filter_map(|deployment| {
            deployment.rates.clone().map(|rates| (deployment.id.clone(), rates))
        });
        Self(priced.collect())
    }
}

impl Prices for ConfiguredPrices {
    fn of(&self, deployment: &str) -> Option<Rates> {
        self.0.get(deployment).cloned()
    }
}
