//! Further attempts in the same group.

use std::time::{Duration, Instant};

use tollgate_end_to_end::{Config, Gateway, Upstream, chat};

use super::{counts, played};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_is_asked_again_and_the_client_sees_only_the_answer() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["flaky-2-500", "err-400", "err-500"])
        .router("num_retries: 2");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let answer = gateway.chat(&key, &chat("flaky-2-500", "x")).await.ok();
    assert_eq!(counts(&answer), ("2".to_owned(), "0".to_owned()));
    assert_eq!(played(&upstream).len(), 3);
    let answer = gateway.chat(&key, &chat("err-400", "x")).await;
    answer.refused(400, "invalid_request_error");
    assert_eq!(played(&upstream).len(), 4, "what is wrong with the request stays wrong");
    let answer = gateway.chat(&key, &chat("err-500", "x")).await;
    answer.refused(500, "internal_server_error");
    assert_eq!(counts(&answer).0, "2", "two further attempts were made");
    assert_eq!(played(&upstream).len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_deployment_is_asked_at_once_and_the_failed_one_left_alone() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .model("pair", &base, &[("model", "err-429"), ("order", "1")])
        .model("pair", &base, &[("model", "echo"), ("order", "2")])
        .router("num_retries: 2")
        .router("cooldown_time: 300");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let began = Instant::now();
    let answer = gateway.chat(&key, &chat("pair", "x")).await.ok();
    assert_eq!(counts(&answer).0, "1");
    assert!(began.elapsed() < Duration::from_secs(5), "the upstream asked for 7 seconds");
    for _ in 0..5 {
        let answer = gateway.chat(&key, &chat("pair", "x")).await.ok();
        assert_eq!(counts(&answer).0, "0");
    }
    assert_eq!(played(&upstream).iter().filter(|name| *name == "err-429").count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_is_all_left_alone_is_asked_once_all_the_same() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .model("pair", &upstream.base(), &[("model", "err-500")])
        .model("pair", &upstream.base(), &[("model", "err-500")])
        .router("num_retries: 2")
        .router("allowed_fails: 0")
        .router("cooldown_time: 300");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    for (call, asked) in [2, 3, 4, 5].into_iter().enumerate() {
        let answer = gateway.chat(&key, &chat("pair", "x")).await;
        answer.refused(500, "internal_server_error");
        assert_eq!(played(&upstream).len(), asked, "call {call}");
        let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(message.contains("scripted upstream error 500"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_while_its_call_waits_ends_it() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["err-429", "echo"])
        .router("num_retries: 2")
        .router("retry_after: 30");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let (client, secret) = (gateway.client().clone(), key.key.clone());
    let call = tokio::spawn(async move { client.try_chat(&secret, &chat("err-429", "x")).await });
    upstream.wait("the first attempt", |calls| calls.len() == 1).await;
    call.abort();
    let row = tollgate_end_to_end::until("the call's row", async || {
        tollgate_end_to_end::rows(&gateway.data()).await.into_iter().next()
    })
    .await;
    assert_eq!((row.ending.as_str(), row.charge), ("interrupted", 0));
    assert_eq!(played(&upstream).len(), 1);
    gateway.serves(&key).await;
}
