//! Virtual keys: how they are made, what they may do, when they stop.

use reqwest::Method;
use serde_json::{Value, json};
use tollgate_end_to_end::{Config, Gateway, Key, MASTER_KEY, Upstream, chat, sha256, until};

async fn gateway() -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, &["echo", "exact-2"])).await;
    (upstream, gateway)
}

async fn manage(gateway: &Gateway, action: &str, body: Value) -> tollgate_end_to_end::Answer {
    gateway.client().post(MASTER_KEY, &format!("/key/{action}"), &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_key_is_shown_once_and_known_by_its_hash_afterwards() {
    let (_upstream, gateway) = gateway().await;
    let wanted = json!({"key_alias": "mine", "models": ["echo"], "max_budget": 1.5,
        "rpm_limit": 10, "user_id": "u-1", "team_id": "t-1", "metadata": {"a": 1}});
    let made = manage(&gateway, "generate", wanted.clone()).await.ok().json();
    let key = made["key"].as_str().expect("a key").to_owned();
    assert!(key.starts_with("sk-") && key.len() >= 25, "{key}");
    assert_eq!(made["token"], sha256(&key));
    assert_eq!(made["token_id"], sha256(&key));
    assert_eq!(made["key_name"], format!("sk-...{}", &key[key.len() - 4..]));
    for (member, value) in wanted.as_object().expect("an object") {
        assert_eq!(&made[member], value, "{member}");
    }

    for asked in [key.as_str(), &sha256(&key)] {
        let path = format!("/key/info?key={asked}");
        let info = gateway.client().get(MASTER_KEY, &path).await.ok().json();
        assert_eq!(info["key"], asked);
        let info = &info["info"];
        assert_eq!(info["spend"], 0.0);
        assert_eq!(info["key_alias"], "mine");
        assert_eq!(info["models"], json!(["echo"]));
        assert_eq!(info["max_budget"], 1.5);
        assert!(info.get("token").is_none(), "{info}");
        assert!(!info.to_string().contains(&key), "the key itself is shown again");
    }
    let own = gateway.client().get(&key, "/key/info").await.ok().json();
    assert_eq!(own["info"]["key_alias"], "mine");

    let list = gateway.client().get(MASTER_KEY, "/key/list").await.ok().json();
    assert_eq!(list["keys"], json!([sha256(&key)]));
    assert_eq!(list["total_count"], 1);
    assert_eq!(list["current_page"], 1);
    assert_eq!(list["total_pages"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_refused_by_what_is_wrong_with_them() {
    let (upstream, gateway) = gateway().await;
    let client = gateway.client();
    let body = chat("echo", "hi");
    client.chat("", &body).await.refused(401, "auth_error");
    client.chat("sk-nobody-made-this-one", &body).await.refused(401, "token_not_found_in_db");
    client.chat("not-even-a-key", &body).await.refused(401, "auth_error");

    let narrow = gateway.key(json!({"models": ["exact-2"]})).await;
    gateway.chat(&narrow, &chat("exact-2", "hi")).await.ok();
    let denied = gateway.chat(&narrow, &body).await;
    denied.refused(403, "key_model_access_denied");
    assert_eq!(denied.json()["error"]["param"], "model");

    let blocked = gateway.free_key().await;
    manage(&gateway, "block", json!({"key": blocked.key})).await.ok();
    gateway.chat(&blocked, &body).await.refused(401, "auth_error");
    assert_eq!(upstream.calls().len(), 1, "a refused call reached the upstream");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_stops_when_its_time_is_over() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.key(json!({"duration": "1s"})).await;
    assert!(gateway.info(&key).await["expires"].is_string());
    let refused = until("the key's expiry", async || {
        let answer = gateway.chat(&key, &chat("echo", "hi")).await;
        (answer.status != 200).then_some(answer)
    })
    .await;
    refused.refused(401, "expired_key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_accepted_in_every_usual_header() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await.key;
    for header in ["x-api-key", "api-key", "x-litellm-api-key"] {
        let sent = [(header, key.as_str())];
        gateway.client().chat_with("", &chat("echo", header), &sent).await.ok();
    }
    gateway.client().chat(MASTER_KEY, &chat("echo", "as the administrator")).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_key_holds_for_the_very_next_call() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await;
    let body = chat("echo", "hi");
    for _ in 0..3 {
        gateway.chat(&key, &body).await.ok();
        let row = manage(&gateway, "block", json!({"key": key.key})).await.ok().json();
        assert_eq!((&row["token"], &row["blocked"]), (&json!(key.id), &json!(true)));
        gateway.chat(&key, &body).await.refused(401, "auth_error");
        let row = manage(&gateway, "unblock", json!({"key": key.id})).await.ok().json();
        assert_eq!(row["blocked"], false);
        gateway.chat(&key, &body).await.ok();
        manage(&gateway, "update", json!({"key": key.key, "models": ["exact-2"]})).await.ok();
        gateway.chat(&key, &body).await.refused(403, "key_model_access_denied");
        manage(&gateway, "update", json!({"key": key.key, "models": []})).await.ok();
    }
    gateway.chat(&key, &body).await.ok();
    let deleted = manage(&gateway, "delete", json!({"keys": [key.key]})).await.ok().json();
    assert_eq!(deleted["deleted_keys"], json!([key.key]));
    gateway.chat(&key, &body).await.refused(401, "token_not_found_in_db");
    let path = format!("/key/info?key={}", key.id);
    gateway.client().get(MASTER_KEY, &path).await.refused(404, "not_found_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_third_call_of_a_key_with_two_a_minute_is_refused() {
    let (upstream, gateway) = gateway().await;
    let key = gateway.key(json!({"rpm_limit": 2})).await;
    let body = chat("echo", "hi");
    for remaining in ["1", "0"] {
        let answer = gateway.chat(&key, &body).await.ok();
        assert_eq!(answer.header("x-ratelimit-api_key-limit-requests"), "2");
        assert_eq!(answer.header("x-ratelimit-api_key-remaining-requests"), remaining);
    }
    let answer = gateway.chat(&key, &body).await;
    answer.refused(429, "throttling_error");
    let wait: u64 = answer.header("retry-after").parse().expect("whole seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.header("rate_limit_type"), "requests");
    assert!(answer.header("reset_at").ends_with("UTC"), "{answer:?}");
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains(&key.id) && message.contains("Current limit: 2"), "{message}");
    assert_eq!(upstream.calls().len(), 2);

    let key = gateway.key(json!({"rpm_limit": 20})).await;
    let calls = (0..60).map(|_| {
        let (client, key) = (gateway.client().clone(), key.key.clone());
        tokio::spawn(async move { client.chat(&key, &chat("echo", "hi")).await.status })
    });
    let mut passed = 0;
    for call in calls.collect::<Vec<_>>() {
        passed += usize::from(call.await.expect("an answer") == 200);
    }
    assert_eq!(passed, 20, "of 60 calls at once with 20 a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_an_administrator_manages_keys() {
    let (_upstream, gateway) = gateway().await;
    let (key, other) = (gateway.free_key().await, gateway.free_key().await);
    for action in ["generate", "block", "unblock", "delete", "update"] {
        let body = json!({"key": other.key, "keys": [other.key]});
        let path = format!("/key/{action}");
        for asking in [key.key.as_str(), "", "sk-nobody-made-this-one"] {
            let answer = gateway.client().post(asking, &path, &body).await;
            assert!(matches!(answer.status, 401 | 403), "{action} by {asking:?}: {answer:?}");
            answer.error();
        }
    }
    let path = format!("/key/info?key={}", other.id);
    let answer = gateway.client().get(&key.key, &path).await;
    assert!(matches!(answer.status, 401 | 403 | 404), "{answer:?}");
    gateway.chat(&other, &chat("echo", "hi")).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn management_says_what_is_wrong_with_a_request() {
    let (_upstream, gateway) = gateway().await;
    manage(&gateway, "generate", json!({"key_alias": "taken"})).await.ok();
    let answer = manage(&gateway, "generate", json!({"key_alias": "taken"})).await;
    answer.refused(400, "bad_request_error");
    assert_eq!(answer.json()["error"]["param"], "key_alias");
    let answer = manage(&gateway, "generate", json!({"max_budget": "much"})).await;
    assert_eq!(answer.status, 422, "{answer:?}");
    let answer = manage(&gateway, "generate", json!({"duration": "soon"})).await;
    assert!((400..=500).contains(&answer.status), "{answer:?}");
    answer.error();
    for action in ["block", "update"] {
        let answer = manage(&gateway, action, json!({"key": "sk-nobody-made-this-one"})).await;
        assert_eq!(answer.status, 404, "{action}: {answer:?}");
        answer.error();
    }
    let answer = manage(&gateway, "delete", json!({"keys": ["sk-nobody-made-this-one"]})).await;
    assert_eq!(answer.status, 404, "{answer:?}");
    let request = gateway.client().request(Method::POST, "/key/generate").bearer_auth(MASTER_KEY);
    let answer = gateway.client().send(request.body("{\"max_budget\":")).await;
    assert!((400..=422).contains(&answer.status), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_and_their_state_survive_a_restart() {
    let (_upstream, mut gateway) = gateway().await;
    let own = json!({"key": "sk-chosen-by-the-operator-1", "rpm_limit": 7});
    let chosen = gateway.key(own).await;
    assert_eq!(chosen.key, "sk-chosen-by-the-operator-1");
    let blocked: Key = gateway.free_key().await;
    manage(&gateway, "block", json!({"key": blocked.key})).await.ok();
    gateway.stop().await;
    gateway.restart().await;
    gateway.chat(&chosen, &chat("echo", "hi")).await.ok();
    assert_eq!(gateway.info(&chosen).await["rpm_limit"], 7);
    gateway.chat(&blocked, &chat("echo", "hi")).await.refused(401, "auth_error");
}
