//! Whole answers and whole streams.

use tollgate_end_to_end::until;

use crate::client::{ALL, Speaks, WITH_TOOLS, parsed_events};
use crate::world::{PROVIDERS, World, model};

const EXPECTED: &str = "echo: hello word1 word2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialect_is_answered_by_every_provider_whole_and_streamed() {
    let world = World::start(&["echo"]).await;
    let client = world.gateway.client();
    for (provider, _) in PROVIDERS {
        for speaks in ALL {
            let model = model(provider, "echo");
            let case = format!("{speaks:?} on {provider}");
            let body = speaks.request(&model, "hello", false);
            let answer = client.post(&world.key.key, speaks.path(), &body).await;
            assert_eq!(answer.status, 200, "{case}: {answer:?}");
            let whole = answer.json();
            assert_eq!(speaks.text(&whole), EXPECTED, "{case}");
            assert_eq!(speaks.usage(&whole), (9, 3), "{case}: {whole}");
            assert_eq!(whole["model"], model, "{case}: the asked name");
            let row = world.row(&answer.call_id()).await;
            assert_eq!(
                (row.ending.as_str(), row.input_tokens, row.output_tokens, row.charge),
                ("success", 9, 3, 39_000),
                "{case}"
            );

            let body = speaks.request(&model, "hello", true);
            let answer = client.post(&world.key.key, speaks.path(), &body).await.ok();
            let events = parsed_events(&answer.events());
            assert_eq!(speaks.streamed_text(&events), EXPECTED, "{case}: {answer:?}");
            assert!(speaks.is_whole(&events), "{case}: {answer:?}");
            assert!(!speaks.has_failed(&events), "{case}: {answer:?}");
            let row = world.row(&answer.call_id()).await;
            assert_eq!((row.input_tokens, row.output_tokens), (9, 3), "{case}: {row:?}");
        }
    }
    let calls = world.upstream.calls();
    let signed = |call: &&tollgate_end_to_end::Call| {
        call.header("authorization").is_some_and(|value| value.starts_with("AWS4-HMAC-SHA256 "))
    };
    assert_eq!(calls.iter().filter(signed).count(), 2 * ALL.len(), "Bedrock's calls are signed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tool_is_called_and_its_result_carried_back_on_every_provider() {
    let world = World::start(&["tool"]).await;
    let client = world.gateway.client();
    for (provider, _) in PROVIDERS {
        for speaks in WITH_TOOLS {
            let case = format!("{speaks:?} on {provider}");
            let body = speaks.request(&model(provider, "tool"), "weather?", false);
            let body = speaks.with_tool(body);
            let answer = client.post(&world.key.key, speaks.path(), &body).await;
            assert_eq!(answer.status, 200, "{case}: {answer:?}");
            let (name, arguments, reason) = speaks.call(&answer.json());
            assert_eq!((name.as_str(), &arguments["city"]), ("get_weather", &"Paris".into()));
            let expected = match speaks {
                Speaks::Chat | Speaks::Completions => "tool_calls",
                Speaks::Messages => "tool_use",
                Speaks::Responses => "function_call",
            };
            assert_eq!(reason, expected, "{case}: {answer:?}");
            let next = speaks.with_result(body, &answer.json());
            let last = client.post(&world.key.key, speaks.path(), &next).await;
            assert_eq!(last.status, 200, "{case}: {last:?}");
            assert!(speaks.text(&last.json()).starts_with("echo: "), "{case}: {last:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_refuses_is_told_in_the_clients_dialect() {
    let world = World::start(&["err-429", "err-500"]).await;
    let client = world.gateway.client();
    for (provider, _) in PROVIDERS {
        for (script, status) in [("err-429", 429), ("err-500", 500)] {
            for (speaks, stream) in ALL.into_iter().zip([false, true, true, false]) {
                let case = format!("{speaks:?} on {provider}, {script}");
                let body = speaks.request(&model(provider, script), "hello", stream);
                let answer = client.post(&world.key.key, speaks.path(), &body).await;
                assert_eq!(answer.status, status, "{case}: {answer:?}");
                let message = speaks.error(&answer);
                assert!(message.contains("scripted upstream error"), "{case}: {message}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_of_the_gateway_are_in_the_clients_dialect_too() {
    let world = World::start(&["echo"]).await;
    let client = world.gateway.client();
    for speaks in ALL {
        let body = speaks.request("nobody", "hello", false);
        let answer = client.post(&world.key.key, speaks.path(), &body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(speaks.error(&answer).contains("model=nobody"), "{answer:?}");
        let answer = client.post("sk-wrong", speaks.path(), &body).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        speaks.error(&answer);
    }
    until("nothing was asked", async || world.upstream.calls().is_empty().then_some(())).await;
}
