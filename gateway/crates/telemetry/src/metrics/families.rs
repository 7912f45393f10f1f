//! Makes the metric families. The only place where metrics get their names.

use prometheus::core::Collector;
use prometheus::{
    CounterVec, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    PullingGauge, Registry,
};

use super::label::{
    DenialKind, EndingLabel, Label, PluginOutcome, Role, StatusClass, Surface, TokenKind,
    UpstreamError,
};
use super::{MetricsError, Pulled};

/// Label of a model group of the configuration.
pub(super) const MODEL: &str = "model";
/// Label of a plugin of the configuration.
pub(super) const PLUGIN: &str = "plugin";

/// Whole calls: most take between half a second and half a minute, streams of long answers minutes.
const DURATION_SECONDS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];
/// First bytes come sooner.
const FIRST_BYTE_SECONDS: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];
/// Plugins are expected to take tens of microseconds; what takes 100 ms is about to be stopped.
const PLUGIN_SECONDS: &[f64] = &[1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 2e-2, 1e-1];

/// Families that have a label with values from the configuration.
pub(super) struct Families {
    pub(super) calls: IntCounterVec,
    pub(super) call_seconds: HistogramVec,
    pub(super) first_byte_seconds: HistogramVec,
    pub(super) tokens: IntCounterVec,
    pub(super) spend: CounterVec,
    pub(super) plugin_calls: IntCounterVec,
    pub(super) plugin_seconds: HistogramVec,
}

/// Families that have none.
pub(super) struct Totals {
    pub(super) requests: IntCounterVec,
    pub(super) denials: IntCounterVec,
    pub(super) upstream_errors: IntCounterVec,
    pub(super) in_flight: IntGauge,
    pub(super) overruns: IntCounter,
    pub(super) journal_bytes: IntCounter,
    pub(super) journal_records: IntCounter,
    pub(super) access_log_dropped: IntCounter,
    pub(super) store_up: IntGauge,
    pub(super) reloads: IntCounterVec,
}

/// Registers families as it makes them.
pub(super) struct Maker<'a>(pub(super) &'a Registry);

impl Maker<'_> {
    pub(super) fn families(&self) -> Result<Families, MetricsError> {
        Ok(Families {
            calls: self.counters(
                "tollgate_calls_total",
                "Model calls that ended.",
                &[MODEL, EndingLabel::NAME, StatusClass::NAME],
            )?,
            call_seconds: self.histograms(
                ("tollgate_call_duration_seconds", "From a call's head to its last byte."),
                MODEL,
                DURATION_SECONDS,
            )?,
            first_byte_seconds: self.histograms(
                ("tollgate_first_byte_seconds", "From a call's head to its answer's first byte."),
                MODEL,
                FIRST_BYTE_SECONDS,
            )?,
            tokens: self.counters(
                "tollgate_tokens_total",
                "Tokens used; cached and reasoning tokens are part of input and output.",
                &[MODEL, TokenKind::NAME],
            )?,
            spend: self.add(CounterVec::new(
                Opts::new("tollgate_spend_usd_total", "Dollars charged."),
                &[MODEL],
            )?)?,
            plugin_calls: self.counters(
                "tollgate_plugin_calls_total",
                "Calls of plugins.",
                &[PLUGIN, Role::NAME, PluginOutcome::NAME],
            )?,
            plugin_seconds: self.histograms(
                ("tollgate_plugin_seconds", "Time that a plugin's call took, waiting included."),
                PLUGIN,
                PLUGIN_SECONDS,
            )?,
        })
    }

    pub(super) fn totals(&self) -> Result<Totals, MetricsError> {
        Ok(Totals {
            requests: self.counters(
                "tollgate_requests_total",
                "HTTP requests answered.",
                &[Surface::NAME, StatusClass::NAME],
            )?,
            denials: self.counters(
                "tollgate_denials_total",
                "Calls refused before a provider was asked.",
                &[DenialKind::NAME],
            )?,
            upstream_errors: self.counters(
                "tollgate_upstream_errors_total",
                "Attempts at a provider that failed.",
                &[UpstreamError::NAME],
            )?,
            in_flight: self.gauge("tollgate_in_flight_calls", "Calls under way.")?,
            overruns: self.counter(
                "tollgate_reservation_overruns_total",
                "Calls that cost more than was reserved for them.",
            )?,
            journal_bytes: self.counter("tollgate_journal_bytes_total", "Bytes journalled.")?,
            journal_records: self
                .counter("tollgate_journal_records_total", "Records journalled.")?,
            access_log_dropped: self.counter(
                "tollgate_access_log_dropped_total",
                "Lines of the access log that could not be written.",
            )?,
            store_up: self.gauge("tollgate_store_up", "1 if the store answers, else 0.")?,
            reloads: self.counters(
                "tollgate_config_reloads_total",
                "Configurations that were to take effect in a running gateway.",
                &["outcome"],
            )?,
        })
    }

    /// The gauge that says which build runs.
    pub(super) fn build_info(&self, build: super::Build) -> Result<(), MetricsError> {
        let opts = Opts::new("tollgate_build_info", "Always 1; the labels say which build runs.")
            .const_label("version", build.version)
            .const_label("revision", build.revision);
        self.add(IntGauge::with_opts(opts)?)?.set(1);
        Ok(())
    }

    /// A gauge that asks for its value when it is read.
    pub(super) fn pulled(
        &self,
        gauge: Pulled,
        read: Box<dyn Fn() -> f64 + Send + Sync>,
    ) -> Result<(), MetricsError> {
        let (name, help) = match gauge {
            Pulled::OpenReservations => ("tollgate_open_reservations", "Calls not yet settled."),
            Pulled::StoreQueue => {
                ("tollgate_store_queue", "Journal records that are not yet in the store.")
            }
        };
        self.add(PullingGauge::new(name, help, read)?).map(drop)
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, MetricsError> {
        self.add(IntGauge::new(name, help)?)
    }

    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, MetricsError> {
        self.add(IntCounter::new(name, help)?)
    }

    fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, MetricsError> {
        self.add(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    fn histograms(
        &self,
        (name, help): (&str, &str),
        label: &str,
        buckets: &[f64],
    ) -> Result<HistogramVec, MetricsError> {
        let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.add(HistogramVec::new(opts, &[label])?)
    }

    pub(super) fn add<C: Collector + Clone + 'static>(&self, metric: C) -> Result<C, MetricsError> {
        self.0.register(Box::new(metric.clone()))?;
        Ok(metric)
    }
}
