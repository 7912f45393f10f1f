//! Model calls, whole and streamed, over every protocol.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::HashSet;
use tempfile::TempDir;
use tollgate_end_to_end::{
    Authority, Builder, Client, Config, Gateway, Key, MASTER_KEY, Trust, Upstream, chat, streamed,
};

async fn gateway(models: &[&str]) -> (Upstream, Gateway, Key) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, models)).await;
    let key = gateway.free_key().await;
    (upstream, gateway, key)
}

async fn answers_whole_and_streamed(client: &Client, key: &str, version: reqwest::Version) {
    let answer = client.chat(key, &chat("echo", "hello")).await.ok();
    assert_eq!(answer.version, version);
    assert_eq!(answer.json()["model"], "echo", "the asked name, not the upstream's");
    assert_eq!(answer.json()["object"], "chat.completion");
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 9);
    assert!(answer.content().starts_with("echo: hello"), "{answer:?}");
    assert!(answer.header("content-type").starts_with("application/json"));

    let stream = client.chat(key, &streamed("echo", "hello")).await.ok();
    assert_eq!(stream.version, version);
    assert!(stream.header("content-type").starts_with("text/event-stream"), "{stream:?}");
    assert_eq!(stream.streamed_content(), answer.content());
    let events = stream.events();
    assert_eq!(events.last().map(String::as_str), Some("[DONE]"));
    for event in &events[..events.len() - 1] {
        let chunk: Value = serde_json::from_str(event).expect("JSON");
        assert_eq!(chunk["model"], "echo", "the asked name, not the upstream's");
        assert_eq!(chunk["object"], "chat.completion.chunk");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_answered_over_http_and_over_both_versions_of_https() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new();
    let builder = Builder::new(Config::new().models(&upstream, &["echo"]));
    let (builder, port) = builder.tls(folder.path(), &authority);
    let gateway = builder.start().await;
    let key = gateway.free_key().await.key;

    answers_whole_and_streamed(gateway.client(), &key, reqwest::Version::HTTP_11).await;
    let base = format!("https://localhost:{port}");
    let http1 = Client::new(&base, Trust::Http1(&authority));
    answers_whole_and_streamed(&http1, &key, reqwest::Version::HTTP_11).await;
    let http2 = Client::new(&base, Trust::Http2(&authority));
    answers_whole_and_streamed(&http2, &key, reqwest::Version::HTTP_2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_route_without_its_version_is_the_same() {
    let (_upstream, gateway, key) = gateway(&["echo"]).await;
    let body = chat("echo", "short route");
    let answer = gateway.client().post(&key.key, "/chat/completions", &body).await.ok();
    assert!(answer.content().starts_with("echo: short route"));
    assert!(!answer.call_id().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_has_an_id_of_its_own_and_echoes_the_clients() {
    let (_upstream, gateway, key) = gateway(&["echo", "err-500"]).await;
    let mut seen = HashSet::new();
    for body in [chat("echo", "a"), streamed("echo", "b"), chat("err-500", "c")] {
        let answer = gateway.chat(&key, &body).await;
        let own = answer.call_id();
        assert_eq!(answer.header("x-litellm-call-id"), own, "the same id when none was sent");
        assert_eq!(own.as_bytes().get(14), Some(&b'7'), "not a UUID version 7: {own}");
        assert!(seen.insert(own));

        for _ in 0..2 {
            let sent = [("x-litellm-call-id", "the-clients-own")];
            let answer = gateway.client().chat_with(&key.key, &body, &sent).await;
            assert_eq!(answer.header("x-litellm-call-id"), "the-clients-own");
            assert!(seen.insert(answer.call_id()), "an id was given twice");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_gateway_does_not_know_reaches_the_upstream_as_it_was_written() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    let rest = concat!(
        r#""messages": [ {"role":"user", "content":"caf\u00e9 \ud83d\ude00 naïve", "#,
        r#""unknown_inside": {"b":1,"a":[1.0,1.00,1e400,-0.0]}} ],"#,
        "\n\t",
        r#""big": 123456789012345678901234567890, "unknown_param":{"z":null,"A" : "\/\u0041"},"#,
        r#""temperature":0.10000000000000000555,"response_format":{"type":"json_object"},"#,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"x-y":[ ]}}}]"#,
    );
    for stream in ["", r#","stream":true"#] {
        let body = format!(r#"{{"model":"echo", {rest}{stream}}}"#);
        gateway.client().chat_raw(&key.key, body.as_bytes()).await.ok();
        let calls = upstream.calls();
        let received = &calls.last().expect("a call").body;
        type Members = BTreeMap<String, Box<RawValue>>;
        let sent: Members = serde_json::from_str(&body).expect("JSON");
        let mut got: Members = serde_json::from_slice(received).expect("JSON");
        assert_eq!(got.remove("model").expect("a model").get(), r#""up-echo""#);
        let options = got.remove("stream_options");
        assert_eq!(options.is_some(), !stream.is_empty(), "usage is asked for in streams alone");
        let texts = |members: &Members| -> BTreeMap<String, String> {
            members.iter().map(|(name, value)| (name.clone(), value.get().to_owned())).collect()
        };
        let mut sent = texts(&sent);
        sent.remove("model");
        assert_eq!(texts(&got), sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstream_gets_the_deployments_credential_and_nothing_of_the_clients() {
    let upstream = Upstream::start().await;
    let config = Config::new().model("echo", &upstream.base(), &[("api_key", "sk-deployment-7")]);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let headers = [
        ("x-client-secret", "mine"),
        ("cookie", "session=mine"),
        ("x-api-key", "sk-mine"),
        ("user-agent", "the-clients-agent"),
        ("openai-organization", "org-mine"),
        ("x-forwarded-for", "10.9.8.7"),
    ];
    gateway.client().chat_with(&key.key, &chat("echo", "hi"), &headers).await.ok();
    let calls = upstream.calls();
    let call = calls.last().expect("a call");
    assert_eq!(call.header("authorization"), Some("Bearer sk-deployment-7"));
    assert_eq!(call.target, "/v1/chat/completions");
    assert_eq!(call.header("host"), Some(upstream.address().to_string().as_str()));
    assert!(call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let head = call.head.to_lowercase();
    for secret in [key.key.as_str(), "mine", "the-clients-agent", "10.9.8.7", MASTER_KEY] {
        assert!(!head.contains(&secret.to_lowercase()), "{secret} in {head}");
    }
    let authorizations = call.headers.iter().filter(|(name, _)| name == "authorization");
    assert_eq!(authorizations.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_one_after_another_share_one_upstream_connection() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    for turn in 0..20 {
        let body = if turn % 2 == 0 { chat("echo", "a") } else { streamed("echo", "b") };
        gateway.chat(&key, &body).await.ok();
    }
    assert_eq!(upstream.calls().len(), 20);
    assert_eq!(upstream.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pooled_connection_that_has_died_is_replaced_without_the_client_noticing() {
    let (upstream, gateway, key) = gateway(&["early-close"]).await;
    for _ in 0..10 {
        gateway.chat(&key, &chat("early-close", "again")).await.ok();
    }
    assert_eq!(upstream.calls().len(), 10, "no call is sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_https_upstream_is_verified_with_the_configured_authority() {
    let authority = Authority::new();
    let folder = TempDir::new().expect("a folder");
    let file = authority.write(folder.path());
    let upstream = Upstream::start_tls(&authority).await;
    let config = Config::new().models(&upstream, &["echo"]);
    let section = format!("upstream:\n  ca_file: {}\n", file.display());
    let trusting = Gateway::start(config.clone().section(&section)).await;
    let key = trusting.free_key().await;
    trusting.chat(&key, &chat("echo", "over TLS")).await.ok();
    trusting.chat(&key, &streamed("echo", "over TLS")).await.ok();
    assert_eq!(upstream.calls().len(), 2);

    let wary = Gateway::start(config).await;
    let key = wary.free_key().await;
    let answer = wary.chat(&key, &chat("echo", "over TLS")).await;
    assert!((500..=504).contains(&answer.status), "{answer:?}");
    answer.error();
    assert_eq!(upstream.calls().len(), 2, "an unverified upstream must not get the call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configured_answer_needs_no_upstream() {
    let (upstream, gateway, key) = {
        let upstream = Upstream::start().await;
        let mock = [("mock_response", "Paid in full.")];
        let config = Config::new().model("demo", &upstream.base(), &mock);
        let gateway = Gateway::start(config).await;
        let key = gateway.free_key().await;
        (upstream, gateway, key)
    };
    let answer = gateway.chat(&key, &chat("demo", "what do I owe?")).await.ok();
    assert_eq!(answer.content(), "Paid in full.");
    assert_eq!(answer.json()["model"], "demo");
    assert_eq!(answer.json()["choices"][0]["finish_reason"], "stop");
    let usage = answer.json()["usage"].clone();
    assert!(usage["total_tokens"].as_u64().is_some_and(|total| total > 0), "{usage}");

    let mut body = streamed("demo", "what do I owe?");
    body["stream_options"] = json!({"include_usage": true});
    let stream = gateway.chat(&key, &body).await.ok();
    assert_eq!(stream.streamed_content(), "Paid in full.");
    assert_eq!(stream.events().last().map(String::as_str), Some("[DONE]"));
    assert!(upstream.calls().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_each_get_their_own_answer() {
    let (_upstream, gateway, key) = gateway(&["echo"]).await;
    let calls = (0..100).map(|number| {
        let (client, key) = (gateway.client().clone(), key.key.clone());
        tokio::spawn(async move {
            let marker = format!("marker-{number}.");
            let whole = client.chat(&key, &chat("echo", &marker)).await.ok();
            assert!(whole.content().contains(&marker), "{whole:?}");
            let stream = client.chat(&key, &streamed("echo", &marker)).await.ok();
            assert!(stream.streamed_content().contains(&marker), "{stream:?}");
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("the call's checks");
    }
}
