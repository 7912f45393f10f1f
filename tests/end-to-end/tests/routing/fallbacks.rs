//! Groups that stand in for others.

use serde_json::json;
use tollgate_end_to_end::{Config, Gateway, Upstream, chat, streamed};

use super::{counts, played, priced, row, standing_in, with};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_before_the_first_byte_is_hidden_by_a_fallback() {
    for fault in [
        "err-500",
        "err-503",
        "err-429",
        "err-401",
        "err-404",
        "err-400",
        "reset",
        "garbage",
        "empty",
        "error-first",
    ] {
        let (upstream, gateway) = standing_in(fault).await;
        let key = gateway.free_key().await;
        for body in [chat("a", "hello"), streamed("a", "hello")] {
            let answer = gateway.chat(&key, &body).await.ok();
            let content = match body["stream"] == true {
                true => answer.streamed_content(),
                false => answer.content(),
            };
            assert!(content.starts_with("echo: hello"), "{fault}: {answer:?}");
            assert_eq!(counts(&answer), ("0".to_owned(), "1".to_owned()), "{fault}");
            assert_eq!(answer.header("x-litellm-model-group"), "b", "{fault}");
            let row = row(&gateway, &answer.call_id()).await;
            assert_eq!((row.ending.as_str(), row.input_tokens), ("success", 9), "{fault}");
        }
        assert_eq!(played(&upstream).last().map(String::as_str), Some("echo"), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_connection_is_hidden_by_a_fallback() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .model("down", "http://127.0.0.1:9/v1", &[])
        .models(&upstream, &["echo"])
        .router("num_retries: 0")
        .router("default_fallbacks: [echo]");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let answer = gateway.chat(&key, &chat("down", "x")).await.ok();
    assert_eq!(answer.json()["model"], "echo", "the name of the model that stood in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_error_is_told_and_who_was_tried() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["err-500", "err-503", "err-400", "context"])
        .router("num_retries: 0")
        .router("fallbacks: [{err-500: [err-503]}]")
        .router("context_window_fallbacks: [{err-400: [err-500]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let answer = gateway.chat(&key, &chat("err-500", "x")).await;
    answer.refused(503, "internal_server_error");
    let message = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("scripted upstream error 503"), "{message}");
    assert!(message.contains("model group 'err-500' failed, and so did"), "{message}");
    assert_eq!(row(&gateway, &answer.call_id()).await.ending, "failure");
    let message = |answer: &tollgate_end_to_end::Answer| {
        answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    let answer = gateway.chat(&key, &chat("err-400", "x")).await;
    assert_eq!(
        message(&answer),
        "litellm.BadRequestError: OpenAIException - scripted upstream error 400\n\nLiteLLM: model \
         group 'err-400' failed with the error above and no fallback model group was found for it, \
         so the request was not retried on another model. Fallbacks are configured for: err-500. \
         Add a fallbacks entry for that model group (Router fallbacks or proxy \
         router_settings.fallbacks) to retry on another model."
    );
    let answer = gateway.chat(&key, &chat("context", "x")).await;
    let expected = "model group 'context' failed with the error above. No fallback was attempted.";
    assert!(message(&answer).ends_with(expected), "{answer:?}");
    assert_eq!(answer.header("x-litellm-timeout"), "600.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn input_that_does_not_fit_goes_where_it_does() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["context", "echo", "err-500"])
        .router("num_retries: 2")
        .router("fallbacks: [{context: [err-500]}]")
        .router("context_window_fallbacks: [{context: [echo]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    gateway.chat(&key, &chat("context", "x")).await.ok();
    assert_eq!(played(&upstream), ["context", "echo"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_names_refuses_and_counts() {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .models(&upstream, &["err-500", "err-503", "echo"])
        .router("num_retries: 0")
        .router("fallbacks: [{err-500: [echo]}]");
    let gateway = Gateway::start(config).await;
    let key = gateway.key(json!({"models": ["err-500", "echo"]})).await;
    let refused = with(chat("err-500", "x"), json!({"disable_fallbacks": true}));
    let answer = gateway.chat(&key, &refused).await;
    answer.refused(500, "internal_server_error");
    let error = &answer.json()["error"]["message"];
    assert_eq!(
        error,
        "litellm.InternalServerError: InternalServerError: OpenAIException - scripted upstream error 500",
        "a client that wants no fallbacks is not told of them"
    );
    let again = with(chat("err-500", "x"), json!({"num_retries": 1, "fallbacks": ["echo"]}));
    gateway.chat(&key, &again).await.ok();
    assert_eq!(played(&upstream), ["err-500", "err-500", "err-500", "echo"]);
    let sent = upstream.calls().last().expect("a call").json();
    for member in ["num_retries", "fallbacks", "disable_fallbacks"] {
        assert!(sent.get(member).is_none(), "{member} is the gateway's: {sent}");
    }
    let forbidden = with(chat("err-500", "x"), json!({"fallbacks": ["err-503"]}));
    gateway.chat(&key, &forbidden).await.refused(403, "key_model_access_denied");
    let wrong = with(chat("err-500", "x"), json!({"fallbacks": "echo"}));
    gateway.chat(&key, &wrong).await.refused(400, "invalid_request_error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fallback_is_priced_as_what_it_is() {
    let upstream = Upstream::start().await;
    let free = [("input_cost_per_token", "0"), ("output_cost_per_token", "0")];
    let config = Config::new().model("err-500", &upstream.base(), &free);
    let config = priced(config, &upstream, "b", "usage-10-2");
    let config = config.router("num_retries: 0").router("default_fallbacks: [b]");
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let answer = gateway.chat(&key, &streamed("err-500", "x")).await.ok();
    assert_eq!(row(&gateway, &answer.call_id()).await.charge, 30_000);
}
