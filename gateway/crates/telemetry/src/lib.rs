//! What Tollgate tells its operators: metrics, one line per call, and its own log.
//!
//! Metrics are a closed set. Their names and labels are written in this crate; the only label
//! values that come from outside are model groups and plugins of the configuration. What a client
//! sends never becomes a label, and no secret is written: see [`redact`].
//!
//! ```
//! use tollgate_domain::{Ending, NanoUsd};
//! use tollgate_telemetry::{Build, Metrics, StatusClass};
//!
//! let metrics = Metrics::new(Build { version: "0.1.0", revision: "unknown" })?;
//! metrics.declare_models(["gpt-4o-mini"]);
//! let model = metrics.model("gpt-4o-mini");
//! model.call(Ending::Success, StatusClass::of(200));
//! model.spend(NanoUsd::new(2_850));
//! assert!(metrics.render().contains("tollgate_calls_total{ending=\"success\""));
//! # Ok::<(), tollgate_telemetry::MetricsError>(())
//! ```

mod access;
mod metrics;
mod operator;
mod redact;

pub use access::{AccessLog, AccessRecord};
pub use metrics::{
    Build, DenialKind, InFlight, METRICS_CONTENT_TYPE, Metrics, MetricsError, ModelMetrics,
    PluginMetrics, PluginOutcome, Pulled, Role, StatusClass, Surface, TokenKind, UNKNOWN_MODEL,
    UpstreamError,
};
pub use operator::{Log, LogError, parse_level};
pub use redact::redact;

use std::fmt::Write as _;

/// Appends a time as ISO 8601 in UTC with milliseconds.
fn push_time(out: &mut String, millis: u64) {
    let timestamp = i64::try_from(millis)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    // Writing to a String cannot fail.
    let _ = write!(out, "{timestamp:.3}");
}
