//! Models as clients name them, and the deployments behind each.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tollgate_domain::Candidate;
use tollgate_host::{Provider, Target};
use tollgate_telemetry::ModelMetrics;
use tollgate_upstream::Endpoint;

/// A deployment of a model at a provider.
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// The name that clients use.
    pub model_name: String,
    /// Provider and model as the configuration writes them.
    pub public_model: String,
    /// The provider's name for the ledger and for messages.
    pub provider_name: String,
    /// The component that speaks for it.
    pub provider: Arc<Provider>,
    /// What the component is told.
    pub target: Target,
    /// Where it is reached; none if it answers by itself.
    pub endpoint: Option<Endpoint>,
    /// Its base as the configuration writes it, for a header and for health.
    pub api_base: Option<String>,
    /// The credential. Leaves this process only towards `endpoint`.
    pub credential: Option<String>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// The most output tokens of one choice, if known.
    pub output_max: Option<u64>,
}

/// A group of deployments under one name.
pub(crate) struct Group {
    pub(crate) deployments: Vec<Arc<Deployment>>,
    pub(crate) metrics: Arc<ModelMetrics>,
}

/// Every model that clients can name.
pub struct Models {
    groups: HashMap<String, Group>,
    names: Vec<String>,
}

// === impl Models ===

impl Models {
    /// Groups deployments by name, in the order of the configuration.
    pub fn new(
        deployments: Vec<Deployment>,
        metrics_of: impl Fn(&str) -> Arc<ModelMetrics>,
    ) -> Self {
        let mut models = Self { groups: HashMap::new(), names: Vec::new() };
        for deployment in deployments {
            let name = deployment.model_name.clone();
            let group = models.groups.entry(name.clone()).or_insert_with(|| {
                models.names.push(name.clone());
                Group { deployments: Vec::new(), metrics: metrics_of(&name) }
            });
            group.deployments.push(Arc::new(deployment));
        }
        models
    }

    /// The names, in the order of the configuration.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn group(&self, name: &str) -> Option<&Group> {
        self.groups.get(name)
    }

    pub(crate) fn deployments(&self) -> impl Iterator<Item = &Arc<Deployment>> {
        self.names.iter().filter_map(|name| self.groups.get(name)).flat_map(|g| &g.deployments)
    }
}

// === impl Group ===

impl Group {
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let each = self.deployments.iter();
        each.map(|deployment| deployment.candidate()).collect()
    }

    /// One of the deployments, each as likely as the others.
    pub(crate) fn choose(&self) -> Option<&Arc<Deployment>> {
        match self.deployments.as_slice() {
            [only] => Some(only),
            several => several.get(rand::rng().random_range(0..several.len().max(1))),
        }
    }
}

// === impl Deployment ===

impl Deployment {
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate { deployment: self.id.clone(), output_max: self.output_max }
    }

    /// The output cap that the admission rests on, as far as it applies here: a reservation
    /// counts each candidate with its own maximum.
    pub(crate) fn capped(&self, admitted: Option<u64>) -> Option<u64> {
        match (admitted, self.output_max) {
            (Some(cap), Some(max)) => Some(cap.min(max)),
            (cap, _) => cap,
        }
    }
}
