//! Prices of deployments, from the configuration.

use std::collections::HashMap;

use tollgate_config::{Config, PriceTable};
use tollgate_domain::Rates;
use tollgate_host::Prices;

/// Prices by deployment.
pub(crate) struct ConfiguredPrices {
    own: HashMap<String, Rates>,
    /// Providers of deployments that stand for many models.
    of_many: HashMap<String, String>,
    table: PriceTable,
}

impl ConfiguredPrices {
    pub(crate) fn new(config: &Config) -> Self {
        let (mut own, mut of_many) = (HashMap::new(), HashMap::new());
        for deployment in &config.models {
            let id = || deployment.id.clone();
            own.extend(deployment.rates.clone().map(|rates| (id(), rates)));
            if deployment.model.contains('*') {
                of_many.insert(id(), deployment.provider.clone());
            }
        }
        Self { own, of_many, table: config.prices.clone() }
    }
}

impl Prices for ConfiguredPrices {
    /// The deployment's own prices. One that stands for many models is named with a blank and the
    /// model after its id: the table knows what that costs.
    fn of(&self, deployment: &str) -> Option<Rates> {
        let (id, model) = deployment.split_once(' ').unwrap_or((deployment, ""));
        if let Some(rates) = self.own.get(id) {
            return Some(rates.clone());
        }
        let provider = self.of_many.get(id)?;
        self.table.get(&format!("{provider}/{model}")).map(|price| price.rates.clone())
    }
}
