//! Which deployment is asked, and which next: seen by the client only in headers, and settled once.

mod ceilings;
mod choice;
mod fallbacks;
mod probes;
mod recorded;
mod retries;
mod streams;

use serde_json::{Value, json};
use tollgate_end_to_end::{Answer, Config, Gateway, Row, Upstream, chat, rows, until};

/// Nano-dollars for an input and an output token of [`priced`] models.
const PRICES: (i64, i64) = (1_000, 10_000);

/// A model with [`PRICES`] that the upstream plays by another name.
fn priced(config: Config, upstream: &Upstream, name: &str, played: &str) -> Config {
    let params = [
        ("model", played),
        ("input_cost_per_token", "0.000001"),
        ("output_cost_per_token", "0.00001"),
    ];
    config.model(name, &upstream.base(), &params)
}

/// What the upstream was asked to play, in order.
fn played(upstream: &Upstream) -> Vec<String> {
    let calls = upstream.calls();
    calls.iter().map(|call| call.model.trim_start_matches("up-").to_owned()).collect()
}

/// Retries and fallbacks as the client is told.
fn counts(answer: &Answer) -> (String, String) {
    let count = |name: &str| answer.header(&format!("x-litellm-attempted-{name}")).to_owned();
    (count("retries"), count("fallbacks"))
}

/// The only row of a call.
async fn row(gateway: &Gateway, call: &str) -> Row {
    let found = until("the call's row", async || {
        let rows = rows(&gateway.data()).await;
        let found: Vec<_> = rows.into_iter().filter(|row| row.call_id == call).collect();
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// A chat with more members.
fn with(mut body: Value, members: Value) -> Value {
    for (name, value) in members.as_object().expect("members") {
        body[name] = value.clone();
    }
    body
}

/// A gateway whose model `a` plays `played` and has `b`, which echoes, to stand in.
async fn standing_in(played: &str) -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let config = priced(Config::new(), &upstream, "a", played);
    let config = priced(config, &upstream, "b", "echo");
    let config = config.router("num_retries: 0").router("fallbacks: [{a: [b]}]");
    let gateway = Gateway::start(config).await;
    (upstream, gateway)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_several_deployments_saw_is_one_row_and_one_charge() {
    let upstream = Upstream::start().await;
    let config = priced(Config::new(), &upstream, "a", "flaky-9-500");
    let config = priced(config, &upstream, "b", "usage-9-3");
    let config = config.router("num_retries: 1").router("fallbacks: [{a: [b]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.key(json!({"max_budget": 1.0})).await;
    let answer = gateway.chat(&key, &chat("a", "hello")).await.ok();
    assert_eq!(played(&upstream), ["flaky-9-500", "flaky-9-500", "usage-9-3"]);
    let charge = 9 * PRICES.0 + 3 * PRICES.1;
    let row = row(&gateway, &answer.call_id()).await;
    assert_eq!((row.ending.as_str(), row.charge), ("success", charge));
    assert_eq!(gateway.spend(&key).await, charge);
    let open = gateway.metric("tollgate_open_reservations_usd").await;
    assert_eq!(open, 0.0, "what was reserved is given back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reservation_covers_the_dearest_that_may_stand_in() {
    let upstream = Upstream::start().await;
    let cheap = [("input_cost_per_token", "0"), ("output_cost_per_token", "0.000001")];
    let dear =
        [("model", "exact"), ("input_cost_per_token", "0"), ("output_cost_per_token", "0.001")];
    let config = Config::new().model("err-500", &upstream.base(), &cheap);
    let config = config.model("dear", &upstream.base(), &dear);
    let config = config.router("num_retries: 0").router("fallbacks: [{err-500: [dear]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.key(json!({"max_budget": 0.05})).await;
    let body = |tokens: u64| with(chat("err-500", "x"), json!({"max_tokens": tokens}));
    gateway.chat(&key, &body(100)).await.refused(422, "budget_exceeded");
    assert!(played(&upstream).is_empty(), "nobody is asked what the budget cannot pay");
    gateway.chat(&key, &body(40)).await.ok();
    assert_eq!(gateway.spend(&key).await, 40_000_000);
}
