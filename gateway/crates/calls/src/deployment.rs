//! Models as clients name them, and the deployments behind each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_credentials::Wallet;
use tollgate_domain::Candidate;
use tollgate_host::{Provider, Target};
use tollgate_routing::{Group, Healths, Knobs, Moment, Router, Row, Rules, Wish};
use tollgate_telemetry::ModelMetrics;
use tollgate_upstream::Endpoint;

/// A deployment of a model at a provider.
#[derive(Clone)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// The name under which prices and the ledger know it: the id, and for a deployment of many
    /// models a blank and the model after it.
    pub priced_as: String,
    /// The name that clients use, or a pattern of names.
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
    pub endpoint: Option<Arc<Endpoint>>,
    /// Its base as the configuration writes it, for a header and for health.
    pub api_base: Option<String>,
    /// Its credentials. They leave this process only towards `endpoint`.
    pub wallet: Arc<Wallet>,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a stream may take to begin.
    pub stream_timeout: Duration,
    /// The most output tokens of one choice, if known.
    pub output_max: Option<u64>,
    /// Whether it is for chats, and so can be probed with one.
    pub is_for_chat: bool,
    /// Whether it is probed in the background, if that is done at all.
    pub is_probed: bool,
}

/// A deployment that a call came to, and how.
#[derive(Clone)]
pub(crate) struct Routed {
    pub(crate) deployment: Arc<Deployment>,
    /// The model that the client is told: the one that it asked for, or the one that stood in.
    pub(crate) name: String,
    pub(crate) retries: u32,
    pub(crate) fallbacks: u32,
}

/// What is known of deployments from their calls. It outlives a change of the configuration.
pub struct Conditions {
    healths: Healths,
    origin: Instant,
}

/// Every model that clients can name.
pub struct Models {
    router: Router<Arc<Deployment>>,
    /// By the position of the group.
    metrics: Vec<Arc<ModelMetrics>>,
    names: Vec<String>,
    conditions: Arc<Conditions>,
}

// === impl Conditions ===

impl Default for Conditions {
    fn default() -> Self {
        Self { healths: Healths::default(), origin: Instant::now() }
    }
}

// === impl Models ===

impl Models {
    /// Groups deployments by name, in the order of the configuration.
    pub fn new(
        rules: Rules,
        rows: Vec<(Deployment, Knobs)>,
        conditions: &Arc<Conditions>,
        metrics_of: impl Fn(&str) -> Arc<ModelMetrics>,
    ) -> Self {
        let rows = rows.into_iter().map(|(deployment, knobs)| Row {
            id: deployment.id.clone(),
            group: deployment.model_name.clone(),
            knobs,
            deployment: Arc::new(deployment),
        });
        let router = Router::new(rules, rows, &conditions.healths);
        let metrics = router.groups().iter().map(|group| metrics_of(group.name())).collect();
        let mut names: Vec<_> = router.groups().iter().map(|g| g.name().to_owned()).collect();
        let aliases = router.rules().aliases.iter().filter(|(_, alias)| !alias.hidden);
        let mut aliases: Vec<_> = aliases.map(|(name, _)| name.clone()).collect();
        aliases.sort();
        aliases.retain(|name| !names.contains(name));
        names.extend(aliases);
        Self { router, metrics, names, conditions: Arc::clone(conditions) }
    }

    /// The names that clients are told: groups in the order of the configuration, then aliases.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub(crate) fn router(&self) -> &Router<Arc<Deployment>> {
        &self.router
    }

    /// The time on the clock of [`Conditions`].
    pub(crate) fn now(&self) -> Moment {
        Moment::at(self.conditions.origin.elapsed())
    }

    /// The deployments that a call may come to, each once.
    pub(crate) fn candidates(&self, wish: &Wish) -> Vec<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for reached in self.router.reach(wish) {
            let deployment = named(&reached.member.deployment, reached.captured.as_deref());
            if candidates.iter().all(|known| known.deployment != deployment.priced_as) {
                candidates.push(deployment.candidate());
            }
        }
        candidates
    }

    pub(crate) fn metrics(&self, group: &Group<Arc<Deployment>>) -> Option<&Arc<ModelMetrics>> {
        self.metrics.get(group.position())
    }
}

// === impl Deployment ===

impl Deployment {
    pub(crate) fn candidate(&self) -> Candidate {
        Candidate { deployment: self.priced_as.clone(), output_max: self.output_max }
    }

    /// The output cap that the admission rests on, as far as it applies here: a reservation
    /// counts each candidate with its own maximum.
    pub(crate) fn capped(&self, admitted: Option<u64>) -> Option<u64> {
        match (admitted, self.output_max) {
            (Some(cap), Some(max)) => Some(cap.min(max)),
            (cap, _) => cap,
        }
    }

    /// The longest wait for an answer to begin.
    pub(crate) fn first_byte_timeout(&self, streamed: bool) -> Duration {
        if streamed { self.stream_timeout } else { self.timeout }
    }
}

/// The deployment that a call comes to: itself or, if it stands for many models, the one that the
/// client named.
pub(crate) fn named(deployment: &Arc<Deployment>, captured: Option<&str>) -> Arc<Deployment> {
    let model = &deployment.target.model;
    let Some(captured) = captured.filter(|_| model.contains('*')) else {
        return Arc::clone(deployment);
    };
    // A row for whatever a client names: its provider can stand before the name, too.
    let own = format!("{}/", deployment.provider_name);
    let part =
        if model == "*" { captured.strip_prefix(&own).unwrap_or(captured) } else { captured };
    let mut one = Deployment::clone(deployment);
    one.target.model = model.replacen('*', part, 1);
    one.public_model = format!("{}/{}", one.provider_name, one.target.model);
    one.priced_as = format!("{} {}", one.id, one.target.model);
    Arc::new(one)
}
