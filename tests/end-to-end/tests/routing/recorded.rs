//! LiteLLM's recorded answers where routing has a part in them. Each file is one: the request, and
//! what of the answer is compared.

use std::path::PathBuf;

use serde_json::Value;
use tollgate_end_to_end::{Config, Gateway, MASTER_KEY, Upstream};

/// What is answered otherwise, on purpose.
const DIFFERENCES: &[(&str, u16, &str)] =
    &[("chat-deployment-rpm-3", 429, "a deployment's `rpm` is a ceiling, not a weight alone")];

fn recorded(name: &str) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/routing/recorded");
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    // The upstream of the record introduced itself otherwise.
    let text = text.replace("mock upstream error", "scripted upstream error");
    serde_json::from_str(&text).expect("JSON")
}

/// Asks what was asked, and compares.
async fn replay(gateway: &Gateway, name: &str) {
    let case = recorded(name);
    let answer = gateway.client().chat(MASTER_KEY, &case["request"]).await;
    if let Some((_, status, reason)) = DIFFERENCES.iter().find(|(known, ..)| *known == name) {
        assert_eq!(answer.status, *status, "{name}: {reason}");
        return;
    }
    assert_eq!(u64::from(answer.status), case["status"], "{name}: {answer:?}");
    for (header, value) in case["headers"].as_object().expect("headers") {
        assert_eq!(answer.header(header), value.as_str().unwrap_or_default(), "{name}: {header}");
    }
    match case.get("error") {
        Some(error) => assert_eq!(&answer.json()["error"], error, "{name}"),
        None => assert_eq!(answer.json()["model"], case["model"], "{name}"),
    }
}

fn playing<'a>(played: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[("model", played)], more].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fallbacks_and_errors_are_told_as_recorded() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let mut config = Config::new()
        .model("gpt-4o-mini", &base, &playing("echo", &[]))
        .model("limited", &base, &playing("echo", &[("rpm", "2")]))
        .model("wild/*", &base, &playing("echo", &[]))
        .model("fb-500", &base, &playing("err-500", &[]))
        .model("ctx-window", &base, &playing("context", &[]))
        .model("ctx-window-nofb", &base, &playing("context", &[]));
    let errors = ["err-401", "err-403", "err-404", "err-429", "err-500", "err-503"];
    config = config.models(&upstream, &errors);
    let config = config
        .router("num_retries: 0")
        .router("allowed_fails: 1000")
        .router("fallbacks: [{fb-500: [gpt-4o-mini]}]")
        .router("context_window_fallbacks: [{ctx-window: [gpt-4o-mini]}]");
    let gateway = Gateway::start(config).await;
    for name in [
        "chat-fallback",
        "chat-ctx-fallback",
        "chat-ctx-nofallback",
        "chat-disable-fallbacks",
        "chat-wildcard",
        "chat-upstream-401",
        "chat-upstream-403",
        "chat-upstream-404",
        "chat-upstream-429",
        "chat-upstream-500",
        "chat-upstream-503",
        "chat-deployment-rpm-1",
        "chat-deployment-rpm-1",
        "chat-deployment-rpm-3",
    ] {
        replay(&gateway, name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_aliases_and_cooldowns_are_as_recorded() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .model("gpt-4o-mini", &base, &playing("echo", &[]))
        .model("ordered", &base, &playing("echo", &[("order", "1")]))
        .model("ordered", &base, &playing("err-500", &[("order", "2")]))
        .model("pair500", &base, &playing("err-500", &[]))
        .model("pair500", &base, &playing("err-500", &[]))
        .model("pair429", &base, &playing("err-429", &[]))
        .model("pair429", &base, &playing("err-429", &[]))
        .router("num_retries: 2")
        .router("allowed_fails: 1")
        .router("cooldown_time: 10")
        .router("model_group_alias: {gpt-alias: gpt-4o-mini}");
    let gateway = Gateway::start(config).await;
    replay(&gateway, "chat-ordered").await;
    replay(&gateway, "chat-group-alias").await;
    for _ in 0..4 {
        replay(&gateway, "chat-cooldown-4").await;
    }
    for _ in 0..2 {
        replay(&gateway, "chat-cooldown429-2").await;
    }
}
