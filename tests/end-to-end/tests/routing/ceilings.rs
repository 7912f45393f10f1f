//! Deployments' own ceilings.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;
use tollgate_end_to_end::{Config, Gateway, Upstream, chat, until};

use super::{played, row, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_calls_are_kept_within_a_deployments_ceiling() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .model("one", &base, &[("model", "slow"), ("max_parallel_requests", "1")])
        .models(&upstream, &["echo"]);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let (client, secret) = (gateway.client().clone(), key.key.clone());
    let first = tokio::spawn(async move { client.chat(&secret, &chat("one", "x")).await });
    upstream.wait("the first call", |calls| calls.len() == 1).await;
    let second = gateway.chat(&key, &chat("one", "x")).await;
    second.refused(429, "throttling_error");
    let message = second.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.starts_with("No deployments available for selected model"), "{message}");
    assert!(second.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0));
    assert_eq!(row(&gateway, &second.call_id()).await.ending, "failure");
    upstream.release(1);
    first.await.expect("an answer").ok();
    upstream.release(1);
    gateway.chat(&key, &chat("one", "x")).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_tokens_of_a_minute_are_kept_and_what_stands_in_takes_the_rest() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .model("few", &base, &[("model", "usage-9-3"), ("rpm", "2")])
        .model("small", &base, &[("model", "usage-40-10"), ("tpm", "60")])
        .models(&upstream, &["echo"])
        .router("num_retries: 0")
        .router("fallbacks: [{few: [echo]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    for expected in ["few", "few", "echo"] {
        let answer = gateway.chat(&key, &chat("few", "x")).await.ok();
        assert_eq!(answer.header("x-litellm-model-group"), expected);
    }
    let small = |cap: u64| with(chat("small", "x"), json!({"max_tokens": cap}));
    gateway.chat(&key, &small(5)).await.ok();
    gateway.chat(&key, &small(40)).await.refused(429, "throttling_error");
    assert_eq!(played(&upstream).iter().filter(|name| *name == "usage-40-10").count(), 1);
    gateway.chat(&key, &small(1)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_keeps_what_is_under_way_and_who_is_left_alone() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .model("one", &base, &[("model", "slow"), ("max_parallel_requests", "1")])
        .models(&upstream, &["echo"]);
    let gateway = Gateway::start(config.clone()).await;
    let key = gateway.free_key().await;
    let (client, secret) = (gateway.client().clone(), key.key.clone());
    let first = tokio::spawn(async move { client.chat(&secret, &chat("one", "x")).await });
    upstream.wait("the first call", |calls| calls.len() == 1).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_nanos();
    let mark = gateway.output().len();
    gateway.configure(&format!("{}# {now}\n", config.text()));
    gateway.logged(mark, &["is in use"]).await;
    gateway.chat(&key, &chat("one", "x")).await.refused(429, "throttling_error");
    upstream.release(1);
    first.await.expect("an answer").ok();
    until("room for another call", async || {
        upstream.release(1);
        (gateway.chat(&key, &chat("one", "x")).await.status == 200).then_some(())
    })
    .await;
}
