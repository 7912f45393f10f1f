//! Calls into components, counted.

use std::collections::HashMap;
use std::time::Duration;

use tollgate_host::Watch;
use tollgate_telemetry::{Metrics, PluginMetrics, PluginOutcome, Role};

/// Metrics of each component, resolved once.
pub(crate) struct PluginWatch(HashMap<String, PluginMetrics>);

impl PluginWatch {
    pub(crate) fn new(metrics: &Metrics, names: Vec<(String, Role)>) -> Self {
        let resolved = names.into_iter().map(|(name, role)| {
            let plugin = metrics.plugin(&name, role);
            (name, plugin)
        });
        Self(resolved.collect())
    }
}

impl Watch for PluginWatch {
    fn called(&self, plugin: &str, _role: &'static str, outcome: &'static str, took: Duration) {
        let outcome = match outcome {
            "value" => PluginOutcome::Value,
            "refused" => PluginOutcome::Refused,
            "trapped" => PluginOutcome::Trapped,
            "exceeded" => PluginOutcome::Exceeded,
            _ => PluginOutcome::Failed,
        };
        if let Some(metrics) = self.0.get(plugin) {
            metrics.call(outcome, took);
        }
    }
}
