//! The closed set of metrics.

mod families;
mod handles;
mod label;
mod process;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use prometheus::{IntCounter, IntGauge, Registry, TextEncoder};

use families::{Families, Maker, Totals};
pub use handles::{ModelMetrics, PluginMetrics};
pub use label::{DenialKind, PluginOutcome, Role, StatusClass, Surface, TokenKind, UpstreamError};
use label::{Label, PerLabel};
use process::Process;

/// Media type of [`Metrics::render`].
pub const METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The label of calls for a model that the configuration does not name.
pub const UNKNOWN_MODEL: &str = "unknown";

/// Which build runs.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    /// The version.
    pub version: &'static str,
    /// The revision of the sources.
    pub revision: &'static str,
}

/// Gauges whose value is asked for when metrics are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// Calls that are admitted and not yet settled.
    OpenReservations,
    /// Journal records that are not yet in the store.
    StoreQueue,
}

/// A metric that cannot be made, because its name is taken or not valid.
#[derive(Debug, thiserror::Error)]
#[error("a metric cannot be registered")]
pub struct MetricsError(#[from] prometheus::Error);

/// All metrics of the process.
pub struct Metrics {
    registry: Registry,
    families: Families,
    totals: Totals,
    requests: PerLabel<Surface, PerLabel<StatusClass, IntCounter>>,
    denials: PerLabel<DenialKind, IntCounter>,
    upstream_errors: PerLabel<UpstreamError, IntCounter>,
    models: RwLock<HashMap<String, Arc<ModelMetrics>>>,
    unknown_model: Arc<ModelMetrics>,
    process: Mutex<Process>,
}

/// Counts a call as under way until it is dropped.
pub struct InFlight(IntGauge);

// === impl Metrics ===

impl Metrics {
    /// Makes all families.
    pub fn new(build: Build) -> Result<Self, MetricsError> {
        let registry = Registry::new();
        let maker = Maker(&registry);
        let families = maker.families()?;
        let totals = maker.totals()?;
        let process = Mutex::new(Process::register(&maker)?);
        maker.build_info(build)?;
        Ok(Self {
            requests: PerLabel::build(|surface: Surface| {
                PerLabel::build(|status: StatusClass| {
                    totals.requests.with_label_values(&[surface.value(), status.value()])
                })
            }),
            denials: PerLabel::build(|kind: DenialKind| {
                totals.denials.with_label_values(&[kind.value()])
            }),
            upstream_errors: PerLabel::build(|kind: UpstreamError| {
                totals.upstream_errors.with_label_values(&[kind.value()])
            }),
            models: RwLock::default(),
            unknown_model: Arc::new(ModelMetrics::resolve(&families, UNKNOWN_MODEL)),
            registry,
            families,
            totals,
            process,
        })
    }

    /// Makes the metrics of model groups. To be called with each configuration; what is known
    /// keeps its counts. Names must come from the configuration, never from a client.
    pub fn declare_models<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let mut models = self.models.write();
        for name in names {
            if !models.contains_key(name) {
                let resolved = ModelMetrics::resolve(&self.families, name);
                models.insert(name.to_owned(), Arc::new(resolved));
            }
        }
    }

    /// The metrics of a model group; those of [`UNKNOWN_MODEL`] if it was not declared.
    pub fn model(&self, name: &str) -> Arc<ModelMetrics> {
        self.models.read().get(name).unwrap_or(&self.unknown_model).clone()
    }

    /// The metrics of a plugin of the configuration. To be called once, when it is loaded.
    pub fn plugin(&self, name: &str, role: Role) -> PluginMetrics {
        PluginMetrics::resolve(&self.families, name, role)
    }

    /// An HTTP request was answered.
    pub fn request(&self, surface: Surface, status: u16) {
        let row = self.requests.get(surface);
        if let Some(count) = row.and_then(|row| row.get(StatusClass::of(status))) {
            count.inc();
        }
    }

    /// A call was refused before a provider was asked.
    pub fn denial(&self, kind: DenialKind) {
        if let Some(count) = self.denials.get(kind) {
            count.inc();
        }
    }

    /// An attempt at a provider failed.
    pub fn upstream_error(&self, kind: UpstreamError) {
        if let Some(count) = self.upstream_errors.get(kind) {
            count.inc();
        }
    }

    /// A call begins.
    pub fn enter(&self) -> InFlight {
        self.totals.in_flight.inc();
        InFlight(self.totals.in_flight.clone())
    }

    /// How many calls are under way.
    pub fn in_flight(&self) -> u64 {
        u64::try_from(self.totals.in_flight.get()).unwrap_or(0)
    }

    /// A call cost more than was reserved for it.
    pub fn reservation_overrun(&self) {
        self.totals.overruns.inc();
    }

    /// Records were journalled.
    pub fn journalled(&self, records: u64, bytes: u64) {
        self.totals.journal_records.inc_by(records);
        self.totals.journal_bytes.inc_by(bytes);
    }

    /// Lines of the access log were lost.
    pub fn access_log_dropped(&self, lines: u64) {
        self.totals.access_log_dropped.inc_by(lines);
    }

    /// Another configuration was to take effect; it did, or it was refused.
    pub fn reloaded(&self, is_applied: bool) {
        let outcome = if is_applied { "applied" } else { "refused" };
        self.totals.reloads.with_label_values(&[outcome]).inc();
    }

    /// Whether the store answers.
    pub fn set_store_up(&self, up: bool) {
        self.totals.store_up.set(i64::from(up));
    }

    /// Has a gauge ask for its value whenever metrics are read. Once for each gauge.
    pub fn pull(
        &self,
        gauge: Pulled,
        read: impl Fn() -> f64 + Send + Sync + 'static,
    ) -> Result<(), MetricsError> {
        Maker(&self.registry).pulled(gauge, Box::new(read))
    }

    /// All metrics as Prometheus' text.
    pub fn render(&self) -> String {
        self.process.lock().refresh();
        let mut text = String::new();
        // It fails only for a family without a name or a metric, which the registry leaves out.
        let _ = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text);
        text
    }
}

// === impl InFlight ===

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
