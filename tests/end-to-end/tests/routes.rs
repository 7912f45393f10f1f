//! The routes beside model calls, and what is measured and logged.

use serde_json::{Value, json};
use tollgate_end_to_end::{Config, Gateway, MASTER_KEY, Upstream, chat};

async fn gateway() -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, &["echo", "exact-2"])).await;
    (upstream, gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn models_lists_what_a_key_may_call() {
    let (_upstream, gateway) = gateway().await;
    let (all, one) = (gateway.free_key().await, gateway.key(json!({"models": ["echo"]})).await);
    let names = async |key: &str| -> Vec<String> {
        let list = gateway.client().get(key, "/v1/models").await.ok().json();
        assert_eq!(list["object"], "list");
        let rows = list["data"].as_array().expect("rows").iter();
        let mut names: Vec<String> = rows
            .inspect(|row| assert_eq!(row["object"], "model"))
            .map(|row| row["id"].as_str().unwrap_or_default().to_owned())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&all.key).await, ["echo", "exact-2"]);
    assert_eq!(names(&one.key).await, ["echo"]);
    assert_eq!(names(MASTER_KEY).await, ["echo", "exact-2"]);
    gateway.client().get("", "/v1/models").await.refused(401, "auth_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_needs_no_key_except_where_it_tells_more() {
    let (_upstream, gateway) = gateway().await;
    let client = gateway.client();
    let alive = client.get("", "/health/liveliness").await.ok();
    assert_eq!(alive.text, "\"I'm alive!\"");
    let ready = client.get("", "/health/readiness").await.ok().json();
    assert_eq!(ready["status"], "healthy");
    assert_eq!(ready["db"], "connected");
    assert_eq!(client.get("", "/health").await.status, 401);
    let health = client.get(MASTER_KEY, "/health").await.ok().json();
    assert!(health["healthy_endpoints"].is_array(), "{health}");
    assert!(health["unhealthy_endpoints"].is_array(), "{health}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_and_plugins_are_measured_with_few_labels() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await;
    for _ in 0..5 {
        gateway.chat(&key, &chat("echo", "hi")).await.ok();
    }
    let metrics = gateway.client().get(MASTER_KEY, "/metrics").await.ok().text;
    let plugins = metrics.lines().filter(|line| line.starts_with("tollgate_plugin_"));
    let plugins: Vec<&str> = plugins.collect();
    for role in ["authenticator", "limiter", "provider", "meter"] {
        let named = plugins.iter().any(|line| line.contains(role));
        assert!(named, "{role} is not measured:\n{}", plugins.join("\n"));
    }
    assert!(!metrics.contains(&key.id), "a label holds a key's hash");
    assert!(!metrics.contains("reqwest"), "a label holds a user agent");
    let names = metrics.lines().filter_map(|line| line.split(['{', ' ']).next());
    let own = names.filter(|name| !name.starts_with('#') && !name.is_empty());
    for name in own {
        assert!(name.starts_with("tollgate_") || name.starts_with("process_"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_has_one_access_line_in_json() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await;
    let mark = gateway.mark();
    let answer = gateway.chat(&key, &chat("echo", "hi")).await.ok();
    let id = answer.call_id();
    let line = gateway.logged(mark, &[&id]).await;
    let line: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
    assert!(line.to_string().contains("echo"), "{line}");
    let lines = gateway.output();
    assert_eq!(lines.lines().filter(|line| line.contains(&id)).count(), 1, "{lines}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_carry_the_security_headers_that_clients_rely_on() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await;
    let call = gateway.chat(&key, &chat("echo", "hi")).await.ok();
    let ready = gateway.client().get("", "/health/readiness").await.ok();
    let refused = gateway.client().chat("", &chat("echo", "hi")).await;
    for answer in [call, ready, refused] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{answer:?}");
        assert_eq!(answer.header("server"), "", "{answer:?}");
    }
}
