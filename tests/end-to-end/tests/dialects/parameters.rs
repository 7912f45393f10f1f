//! Parameters that a provider has no place for.

use serde_json::json;

use crate::client::Speaks;
use crate::world::{World, model};

/// Parameters of chats for which Anthropic has no place.
fn unsupported() -> serde_json::Value {
    let mut body = Speaks::Chat.request(&model("anthropic", "echo"), "hello", false);
    body["seed"] = json!(7);
    body["logit_bias"] = json!({"50256": -100});
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_carried_is_refused_by_its_name() {
    let world = World::start(&["echo"]).await;
    let client = world.gateway.client();
    let answer = client.chat(&world.key.key, &unsupported()).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let message = Speaks::Chat.error(&answer);
    assert!(message.contains("seed") || message.contains("logit_bias"), "{message}");
    assert!(world.upstream.calls().is_empty());

    // The client may allow it itself.
    let mut allowed = unsupported();
    allowed["drop_params"] = true.into();
    let answer = client.chat(&world.key.key, &allowed).await.ok();
    let dropped = answer.header("x-tollgate-dropped-params");
    assert!(dropped.contains("seed") && dropped.contains("logit_bias"), "{dropped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_drop_params_it_is_dropped_and_named() {
    let world = World::start_with(&["echo"], &[("drop_params", "true")]).await;
    let client = world.gateway.client();
    for stream in [false, true] {
        let mut body = unsupported();
        body["stream"] = stream.into();
        let answer = client.chat(&world.key.key, &body).await.ok();
        let dropped = answer.header("x-tollgate-dropped-params");
        assert!(dropped.contains("seed") && dropped.contains("logit_bias"), "{dropped}");
    }
    assert!(world.gateway.output().contains("is not sent "), "the log names it, too");
    let calls = world.upstream.calls();
    let asked = calls.last().expect("a call").json();
    assert!(asked.get("seed").is_none() && asked.get("logit_bias").is_none(), "{asked}");
}
