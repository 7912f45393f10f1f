//! Names, aliases, patterns and strategies.

use tollgate_end_to_end::{Config, Gateway, Upstream, chat};

use super::{played, row};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pattern_serves_every_name_that_fits_it_under_that_name() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new().model("wild/*", &base, &[("model", "*")]).model(
        "wild/echo",
        &base,
        &[("model", "usage-1-1")],
    );
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let answer = gateway.chat(&key, &chat("wild/usage-7-8", "x")).await.ok();
    assert_eq!(answer.json()["model"], "wild/usage-7-8");
    assert_eq!(answer.header("x-litellm-model-group"), "wild/usage-7-8");
    assert_eq!(answer.header("x-litellm-model-name"), "openai/up-usage-7-8");
    assert_eq!(row(&gateway, &answer.call_id()).await.input_tokens, 7);
    gateway.chat(&key, &chat("wild/echo", "x")).await.ok();
    assert_eq!(played(&upstream), ["usage-7-8", "usage-1-1"], "an exact name comes first");
    gateway.chat(&key, &chat("other/echo", "x")).await.refused(400, "invalid_request_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alias_is_a_name_of_its_own_for_the_client() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["echo"])
        .router("num_retries: 0")
        .router("model_group_alias: {nick: echo, secret: {model: echo, hidden: true}}");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    for name in ["nick", "secret"] {
        let answer = gateway.chat(&key, &chat(name, "x")).await.ok();
        assert_eq!(answer.json()["model"], name);
        assert_eq!(answer.header("x-litellm-model-group"), name);
    }
    let listed = gateway.client().get(&key.key, "/v1/models").await.ok().json();
    let names: Vec<_> = listed["data"].as_array().expect("models").iter().collect();
    let names: Vec<_> = names.iter().filter_map(|model| model["id"].as_str()).collect();
    assert_eq!(names, ["echo", "nick"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_is_kept_and_the_cheapest_chosen() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let price = |played, price| {
        [("model", played), ("input_cost_per_token", price), ("output_cost_per_token", price)]
    };
    let config = Config::new()
        .model("ordered", &base, &[("model", "usage-2-2"), ("order", "2")])
        .model("ordered", &base, &[("model", "usage-1-1"), ("order", "1")])
        .model("priced", &base, &price("usage-3-3", "0.002"))
        .model("priced", &base, &price("usage-4-4", "0.001"))
        .router("num_retries: 0")
        .router("routing_strategy: cost-based-routing");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    for _ in 0..6 {
        gateway.chat(&key, &chat("ordered", "x")).await.ok();
        gateway.chat(&key, &chat("priced", "x")).await.ok();
    }
    assert!(played(&upstream).iter().all(|name| name == "usage-1-1" || name == "usage-4-4"));
}
