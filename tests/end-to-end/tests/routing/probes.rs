//! Probes, and what they mean for calls.

use tollgate_end_to_end::{Config, Gateway, MASTER_KEY, Upstream, chat, until};

use super::played;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_fails_keeps_calls_away_as_long_as_there_is_another() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new().model("pair", &base, &[("model", "err-500"), ("order", "1")]).model(
        "pair",
        &base,
        &[("model", "echo"), ("order", "2")],
    );
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let health = gateway.client().get(MASTER_KEY, "/health").await.ok().json();
    assert_eq!((&health["healthy_count"], &health["unhealthy_count"]), (&1.into(), &1.into()));
    let before = played(&upstream).len();
    for _ in 0..4 {
        gateway.chat(&key, &chat("pair", "x")).await.ok();
    }
    assert!(played(&upstream)[before..].iter().all(|name| name == "echo"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn background_probes_find_it_without_a_call() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .general("background_health_checks: true")
        .general("health_check_interval: 0.2")
        .model("pair", &base, &[("model", "err-500"), ("order", "1")])
        .model("pair", &base, &[("model", "echo"), ("order", "2")]);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    upstream.wait("two rounds of probes", |calls| calls.len() >= 4).await;
    let own = |prompt: &str| upstream.calls().iter().filter(|call| call.prompt() == prompt).count();
    until("a call that is kept away from it", async || {
        gateway.chat(&key, &chat("pair", "mine")).await.ok();
        (own("mine") > 0).then_some(())
    })
    .await;
    let calls = upstream.calls();
    let mine = calls.iter().filter(|call| call.prompt() == "mine");
    assert!(mine.into_iter().all(|call| call.model == "up-echo"));
}
