use std::collections::BTreeSet;
use std::time::Duration;

use tollgate_domain::{Ending, FailureKind, NanoUsd, Usage};

use super::*;

fn metrics() -> Metrics {
    Metrics::new(Build { version: "1", revision: "abc" }).unwrap()
}

/// Name, labels and value of each sample line.
fn samples(text: &str) -> Vec<(String, String, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = match series.split_once('{') {
                Some((name, labels)) => (name, labels.strip_suffix('}').unwrap()),
                None => (series, ""),
            };
            (name.to_owned(), labels.to_owned(), value.parse().unwrap())
        })
        .collect()
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in\n{text}")).parse().unwrap()
}

#[test]
fn what_is_counted_is_rendered() {
    let metrics = metrics();
    metrics.declare_models(["a"]);
    let model = metrics.model("a");
    model.call(Ending::Success, StatusClass::of(200));
    model.duration(Duration::from_millis(300));
    model.first_byte(Duration::from_millis(60));
    model.usage(&Usage { input: 3, output: 4, ..Usage::default() });
    model.spend(NanoUsd::new(1_500_000_000));
    metrics.denial(DenialKind::of("budget_exceeded", 422));
    metrics.upstream_error(FailureKind::RateLimited.into());
    metrics.request(Surface::Admin, 404);
    let plugin = metrics.plugin("auth-litellm", Role::Authenticator);
    plugin.call(PluginOutcome::Trapped, Duration::from_micros(20));
    metrics.journalled(2, 200);
    metrics.pull(Pulled::OpenReservations, || 7.0).unwrap();
    let _in_flight = metrics.enter();
    let text = metrics.render();
    for (series, expected) in [
        ("tollgate_calls_total{ending=\"success\",model=\"a\",status=\"2xx\"}", 1.0),
        ("tollgate_call_duration_seconds_bucket{model=\"a\",le=\"0.5\"}", 1.0),
        ("tollgate_tokens_total{kind=\"output\",model=\"a\"}", 4.0),
        ("tollgate_spend_usd_total{model=\"a\"}", 1.5),
        ("tollgate_denials_total{kind=\"budget\"}", 1.0),
        ("tollgate_upstream_errors_total{kind=\"rate_limited\"}", 1.0),
        ("tollgate_requests_total{status=\"4xx\",surface=\"admin\"}", 1.0),
        ("tollgate_journal_bytes_total", 200.0),
        ("tollgate_open_reservations", 7.0),
        ("tollgate_in_flight_calls", 1.0),
        ("tollgate_build_info{revision=\"abc\",version=\"1\"}", 1.0),
    ] {
        assert_eq!(value(&text, series), expected, "{series}");
    }
    let plugin = "tollgate_plugin_calls_total{outcome=\"trapped\",plugin=\"auth-litellm\",\
                  role=\"authenticator\"}";
    assert_eq!(value(&text, plugin), 1.0);
}

#[test]
fn a_model_that_only_a_client_named_becomes_no_label() {
    let metrics = metrics();
    metrics.declare_models(["a"]);
    for name in ["b", "a\"} 1", ""] {
        metrics.model(name).call(Ending::Failure, StatusClass::of(404));
    }
    let models: BTreeSet<_> = samples(&metrics.render())
        .into_iter()
        .filter(|(name, ..)| name == "tollgate_calls_total")
        .filter_map(|(_, labels, _)| {
            let model = labels.split(',').find_map(|pair| pair.strip_prefix("model="))?;
            Some(model.to_owned())
        })
        .collect();
    assert_eq!(models, BTreeSet::from(["\"a\"".to_owned(), "\"unknown\"".to_owned()]));
}

#[test]
fn the_families_are_a_closed_set() {
    let metrics = metrics();
    let text = metrics.render();
    let families: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_whitespace().next())
        .collect();
    assert_eq!(
        families,
        [
            "process_cpu_seconds_total",
            "process_max_fds",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
            "tollgate_access_log_dropped_total",
            "tollgate_build_info",
            "tollgate_call_duration_seconds",
            "tollgate_calls_total",
            "tollgate_denials_total",
            "tollgate_first_byte_seconds",
            "tollgate_in_flight_calls",
            "tollgate_journal_bytes_total",
            "tollgate_journal_records_total",
            "tollgate_requests_total",
            "tollgate_reservation_overruns_total",
            "tollgate_spend_usd_total",
            "tollgate_store_up",
            "tollgate_tokens_total",
            "tollgate_upstream_errors_total",
        ]
    );
}

#[test]
fn a_made_up_denial_kind_is_classed_by_its_status() {
    assert_eq!(DenialKind::of("tenant-42", 429), DenialKind::RateLimit);
    assert_eq!(DenialKind::of("tenant-42", 418), DenialKind::Other);
    assert_eq!(DenialKind::of("auth_error", 401), DenialKind::Authentication);
}

#[test]
fn the_process_is_measured() {
    let text = metrics().render();
    assert!(value(&text, "process_resident_memory_bytes") > 1e6);
    assert!(value(&text, "process_start_time_seconds") > 1.6e9);
    assert!(value(&text, "process_open_fds") >= 3.0);
    assert!(value(&text, "process_max_fds") >= 3.0);
}

#[test]
fn declaring_a_model_again_keeps_its_counts_and_a_call_leaves_when_dropped() {
    let metrics = metrics();
    metrics.declare_models(["a"]);
    metrics.model("a").spend(NanoUsd::new(1_000_000_000));
    metrics.declare_models(["a", "b"]);
    drop(metrics.enter());
    assert_eq!(value(&metrics.render(), "tollgate_spend_usd_total{model=\"a\"}"), 1.0);
    assert_eq!(metrics.in_flight(), 0);
}
