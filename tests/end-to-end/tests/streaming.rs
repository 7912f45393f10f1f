//! Streams: when bytes pass, what is hidden, what a cut looks like.

use serde_json::{Value, json};
use tollgate_end_to_end::{Config, Gateway, Key, Upstream, chat, streamed, until};

async fn gateway(models: &[&str]) -> (Upstream, Gateway, Key) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, models)).await;
    let key = gateway.free_key().await;
    (upstream, gateway, key)
}

fn usages(events: &[String]) -> Vec<Value> {
    let values = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    values.filter(|value| !value["usage"].is_null()).collect()
}

fn finish_reasons(events: &[String]) -> Vec<Value> {
    let values = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let reasons = values.map(|value| value["choices"][0]["finish_reason"].clone());
    reasons.filter(|reason| !reason.is_null()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_passes_while_the_upstream_holds_the_next() {
    let (upstream, gateway, key) = gateway(&["gated"]).await;
    // The role, then one delta after another: each must arrive before the next one is sent.
    upstream.release(1);
    let mut stream = gateway.client().stream(&key.key, &streamed("gated", "now")).await;
    assert!(stream.event().await.contains("assistant"));
    for sent in 1..=8 {
        assert_eq!(upstream.calls()[0].deltas_sent, sent - 1);
        upstream.release(1);
        let event = stream.event().await;
        assert!(event.contains("content"), "{event}");
    }
    upstream.release(2);
    let rest = stream.rest().await.expect("a whole stream");
    assert_eq!(rest.last().map(String::as_str), Some("[DONE]"));
    assert_eq!(finish_reasons(&rest), ["stop"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_is_always_asked_for_and_shown_only_to_who_asked() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    let options = [None, Some(json!({"include_usage": false})), Some(json!({}))];
    for option in options {
        let mut body = streamed("echo", "hi");
        if let Some(option) = &option {
            body["stream_options"] = option.clone();
        }
        let answer = gateway.chat(&key, &body).await.ok();
        assert_eq!(usages(&answer.events()), Vec::<Value>::new(), "{option:?}");
        let asked = upstream.calls().last().expect("a call").json();
        assert_eq!(asked["stream_options"]["include_usage"], true, "{option:?}");
    }

    let mut body = streamed("echo", "hi");
    body["stream_options"] = json!({"include_usage": true, "include_obfuscation": false});
    let answer = gateway.chat(&key, &body).await.ok();
    let shown = usages(&answer.events());
    assert_eq!(shown.len(), 1, "{answer:?}");
    assert_eq!(shown[0]["usage"]["prompt_tokens"], 9);
    assert_eq!(shown[0]["usage"]["completion_tokens"], 3);
    assert_eq!(shown[0]["model"], "echo");
    let asked = upstream.calls().last().expect("a call").json();
    assert_eq!(asked["stream_options"]["include_obfuscation"], false, "an option was lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_arrive_one_by_one_make_the_same_stream() {
    let (_upstream, gateway, key) = gateway(&["echo", "split"]).await;
    let whole = gateway.chat(&key, &streamed("echo", "ünï")).await.ok();
    let split = gateway.chat(&key, &streamed("split", "ünï")).await.ok();
    assert_eq!(whole.streamed_content(), split.streamed_content());
    assert_eq!(whole.events().len(), split.events().len());
    assert_eq!(usages(&split.events()), Vec::<Value>::new());
    let answer = gateway.chat(&key, &chat("split", "ünï")).await.ok();
    assert_eq!(answer.content(), whole.streamed_content());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_before_the_first_byte_is_a_plain_error() {
    let (_upstream, gateway, key) = gateway(&["err-429", "err-500"]).await;
    for (model, status) in [("err-429", 429), ("err-500", 500)] {
        let answer = gateway.chat(&key, &streamed(model, "hi")).await;
        assert_eq!(answer.status, status);
        answer.error();
        assert!(answer.header("content-type").starts_with("application/json"), "{answer:?}");
    }
}

/// The events of a stream that the upstream broke, and whether its end looked orderly.
async fn broken(gateway: &Gateway, key: &Key, model: &str) -> (Vec<String>, bool) {
    let mut stream = gateway.client().stream(&key.key, &streamed(model, "hi")).await;
    let mut events = Vec::new();
    loop {
        match stream.next().await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, true),
            Err(_) => return (events, false),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_cut_upstream_is_an_error_and_never_a_stop() {
    let models = ["cut", "cut-clean", "reset-midstream", "midstream-error"];
    let (_upstream, gateway, key) = gateway(&models).await;
    for model in models {
        let (events, orderly) = broken(&gateway, &key, model).await;
        let text = events.join("\n");
        assert!(text.contains("echo: hi"), "{model}: what had arrived must be passed: {text}");
        assert_eq!(finish_reasons(&events), Vec::<Value>::new(), "{model}");
        assert!(!events.iter().any(|event| event == "[DONE]"), "{model}: {text}");
        let errors = events.iter().filter_map(|event| serde_json::from_str::<Value>(event).ok());
        let errors: Vec<Value> = errors.filter(|value| value["error"].is_object()).collect();
        assert_eq!(errors.len(), 1, "{model} (orderly end: {orderly}): {text}");
        let message = errors[0]["error"]["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{model}: {text}");
    }
    let row = async || {
        let rows = tollgate_end_to_end::rows(&gateway.data()).await;
        (rows.len() == models.len()).then_some(rows)
    };
    for row in until("a row for each broken stream", row).await {
        assert_ne!(row.ending, "success", "{row:?}");
        assert!(row.output_tokens > 0, "what was received is counted: {row:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_ten_megabytes_neither_breaks_the_stream_nor_the_gateway() {
    let (_upstream, gateway, key) = gateway(&["echo", "big-event"]).await;
    let (events, _) = broken(&gateway, &key, "big-event").await;
    let text = events.join("\n");
    let whole = events.last().map(String::as_str) == Some("[DONE]");
    assert!(whole || text.contains("\"error\""), "neither whole nor an error");
    if whole {
        assert!(text.len() > 10_000_000, "bytes were lost: {}", text.len());
    }
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_without_usage_is_counted_from_what_arrived() {
    let upstream = Upstream::start().await;
    let config = Config::new().priced(&upstream, "no-usage", "0.000001", "0.000002");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    gateway.chat(&key, &streamed("no-usage", "how much is this?")).await.ok();
    let streamed = gateway.spend(&key).await;
    assert!(streamed > 0, "a stream without reported usage was free");
    gateway.chat(&key, &chat("no-usage", "how much is this?")).await.ok();
    assert!(gateway.spend(&key).await > streamed, "an answer without reported usage was free");
}
