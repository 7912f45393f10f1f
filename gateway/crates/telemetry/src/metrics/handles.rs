//! Handles of one model group or one plugin: resolved once, then only atomic additions.

use std::time::Duration;

use prometheus::{Counter, Histogram, IntCounter};
use tollgate_domain::{Ending, NanoUsd, Usage};

use super::families::Families;
use super::label::{EndingLabel, Label, PerLabel, PluginOutcome, Role, StatusClass, TokenKind};

/// The metrics of one model group.
pub struct ModelMetrics {
    calls: PerLabel<EndingLabel, PerLabel<StatusClass, IntCounter>>,
    seconds: Histogram,
    first_byte: Histogram,
    tokens: PerLabel<TokenKind, IntCounter>,
    spend: Counter,
}

/// The metrics of one plugin in one role.
pub struct PluginMetrics {
    calls: PerLabel<PluginOutcome, IntCounter>,
    seconds: Histogram,
}

// === impl ModelMetrics ===

impl ModelMetrics {
    pub(super) fn resolve(families: &Families, model: &str) -> Self {
        Self {
            calls: PerLabel::build(|ending: EndingLabel| {
                PerLabel::build(|status: StatusClass| {
                    let labels = [model, ending.value(), status.value()];
                    families.calls.with_label_values(&labels)
                })
            }),
            seconds: families.call_seconds.with_label_values(&[model]),
            first_byte: families.first_byte_seconds.with_label_values(&[model]),
            tokens: PerLabel::build(|kind: TokenKind| {
                families.tokens.with_label_values(&[model, kind.value()])
            }),
            spend: families.spend.with_label_values(&[model]),
        }
    }

    /// A call ended.
    pub fn call(&self, ending: Ending, status: StatusClass) {
        if let Some(count) = self.calls.get(EndingLabel(ending)).and_then(|row| row.get(status)) {
            count.inc();
        }
    }

    /// How long it took in all.
    pub fn duration(&self, took: Duration) {
        self.seconds.observe(took.as_secs_f64());
    }

    /// How long its first byte took.
    pub fn first_byte(&self, took: Duration) {
        self.first_byte.observe(took.as_secs_f64());
    }

    /// What it used.
    pub fn usage(&self, usage: &Usage) {
        for (kind, tokens) in [
            (TokenKind::Input, usage.input),
            (TokenKind::Output, usage.output),
            (TokenKind::CachedInput, usage.cached_input),
            (TokenKind::CacheWrite, usage.cache_write),
            (TokenKind::Reasoning, usage.reasoning),
        ] {
            if let Some(count) = self.tokens.get(kind) {
                count.inc_by(tokens);
            }
        }
    }

    /// What it cost.
    pub fn spend(&self, amount: NanoUsd) {
        self.spend.inc_by(amount.as_usd());
    }
}

// === impl PluginMetrics ===

impl PluginMetrics {
    pub(super) fn resolve(families: &Families, plugin: &str, role: Role) -> Self {
        Self {
            calls: PerLabel::build(|outcome: PluginOutcome| {
                families.plugin_calls.with_label_values(&[plugin, role.value(), outcome.value()])
            }),
            seconds: families.plugin_seconds.with_label_values(&[plugin]),
        }
    }

    /// A call of the plugin ended.
    pub fn call(&self, outcome: PluginOutcome, took: Duration) {
        if let Some(count) = self.calls.get(outcome) {
            count.inc();
        }
        self.seconds.observe(took.as_secs_f64());
    }
}
