//! Bad input: a clear error, a log line that names the cause, and the next request served.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tollgate_end_to_end::{
    Answer, Config, Gateway, Key, MASTER_KEY, Raw, Upstream, chat, post, rows, streamed, until,
};

async fn gateway(models: &[&str]) -> (Upstream, Gateway, Key) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, models)).await;
    let key = gateway.free_key().await;
    (upstream, gateway, key)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_not_a_chat_request_is_refused_with_the_reason() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    let message = r#""messages":[{"role":"user","content":"hi"}]"#;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("cut JSON", br#"{"model":"echo","messages":["#.to_vec()),
        ("not JSON", b"model=echo&messages=hi".to_vec()),
        ("an array", b"[1,2,3]".to_vec()),
        ("a number", b"42".to_vec()),
        ("two values", format!(r#"{{"model":"echo",{message}}} {{}}"#).into_bytes()),
        ("not UTF-8", b"{\"model\":\"echo\",\"messages\":[\"\xff\xfe\"]}".to_vec()),
        ("no model", format!("{{{message}}}").into_bytes()),
        ("null model", format!(r#"{{"model":null,{message}}}"#).into_bytes()),
        ("model is a number", format!(r#"{{"model":7,{message}}}"#).into_bytes()),
        ("unknown model", format!(r#"{{"model":"nope",{message}}}"#).into_bytes()),
        ("two models", format!(r#"{{"model":"echo","model":"echo",{message}}}"#).into_bytes()),
        (
            "two models, one escaped",
            format!(r#"{{"model":"echo","mod\u0065l":"other",{message}}}"#).into_bytes(),
        ),
        ("no messages", br#"{"model":"echo"}"#.to_vec()),
        ("messages is a text", br#"{"model":"echo","messages":"hi"}"#.to_vec()),
        ("messages is an object", br#"{"model":"echo","messages":{}}"#.to_vec()),
        (
            "stream is a text",
            format!(r#"{{"model":"echo","stream":"yes",{message}}}"#).into_bytes(),
        ),
        (
            "max_tokens is a text",
            format!(r#"{{"model":"echo","max_tokens":"many",{message}}}"#).into_bytes(),
        ),
        (
            "max_tokens is negative",
            format!(r#"{{"model":"echo","max_tokens":-5,{message}}}"#).into_bytes(),
        ),
        ("n is a text", format!(r#"{{"model":"echo","n":"two",{message}}}"#).into_bytes()),
        (
            "stream_options is a list",
            format!(r#"{{"model":"echo","stream":true,"stream_options":[],{message}}}"#)
                .into_bytes(),
        ),
    ];
    for (case, body) in cases {
        let mark = gateway.mark();
        let answer = gateway.client().chat_raw(&key.key, body).await;
        assert_eq!(answer.status, 400, "{case}: {answer:?}");
        assert_eq!(answer.error(), "invalid_request_error", "{case}");
        gateway.logged(mark, &[&answer.call_id()]).await;
    }
    assert!(upstream.calls().is_empty(), "{:?}", upstream.calls());

    let answer = gateway.client().chat_raw(&key.key, br#"{"model":"echo"}"#.to_vec()).await;
    assert_eq!(answer.json()["error"]["param"], "messages");
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_nesting_does_not_exhaust_the_stack() {
    let (_upstream, gateway, key) = gateway(&["echo"]).await;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        let body = format!(r#"{{"model":"echo","messages":{deep}}}"#);
        let answer = gateway.client().chat_raw(&key.key, body).await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
        let message = r#"[{"role":"user","content":"hi"}]"#;
        let body = format!(r#"{{"model":"echo","messages":{message},"deep":{deep}}}"#);
        let answer = gateway.client().chat_raw(&key.key, body).await;
        assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
        gateway.serves(&key).await;
    }
}

fn head(key: &str, framing: &str) -> String {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\n{framing}\r\n\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_over_the_limit_is_refused_however_it_is_framed() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    let body = chat("echo", &"x".repeat(30_000_000)).to_string();
    let length = format!("content-length: {}", body.len());

    let mut raw = Raw::connect(gateway.port).await;
    raw.write(head(&key.key, &length).as_bytes()).await;
    raw.write_unless_refused(body.as_bytes()).await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(answer.json()["error"]["code"], "413");

    let mut raw = Raw::connect(gateway.port).await;
    raw.write(head(&key.key, "transfer-encoding: chunked").as_bytes()).await;
    let mut framed = Vec::new();
    for piece in body.as_bytes().chunks(64 * 1024) {
        framed.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        framed.extend_from_slice(piece);
        framed.extend_from_slice(b"\r\n");
    }
    framed.extend_from_slice(b"0\r\n\r\n");
    raw.write_unless_refused(&framed).await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 413, "{answer:?}");

    // Whoever asks first need not send it at all.
    let mut raw = Raw::connect(gateway.port).await;
    let framing = format!("{length}\r\nexpect: 100-continue");
    raw.write(head(&key.key, &framing).as_bytes()).await;
    assert_eq!(raw.answer().await.status, 413);

    assert!(upstream.calls().is_empty());
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_a_body_can_be_set() {
    let upstream = Upstream::start().await;
    let section = "limits:\n  body_bytes: 4KiB\n";
    let config = Config::new().models(&upstream, &["echo"]).section(section);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    gateway.chat(&key, &chat("echo", &"x".repeat(3_000))).await.ok();
    let answer = gateway.chat(&key, &chat("echo", &"x".repeat(5_000))).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    answer.error();
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_methods_and_paths_are_told_apart() {
    let (_upstream, gateway, key) = gateway(&["echo"]).await;
    let client = gateway.client();
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let request = client.request(method, "/v1/chat/completions").bearer_auth(&key.key);
        let answer = client.send(request).await;
        assert_eq!(answer.status, 405, "{answer:?}");
        assert_eq!(answer.header("allow"), "POST");
        assert!(answer.text.contains("Method Not Allowed"), "{answer:?}");
    }
    for path in ["/v1/nothing", "/", "/v1/chat/completions/more", "/v1//chat/completions"] {
        let answer = client.get(&key.key, path).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        assert!(answer.text.contains("Not Found"), "{path}: {answer:?}");
    }
    let answer = client.get(MASTER_KEY, "/key/generate").await;
    assert_eq!(answer.status, 405, "{answer:?}");
    gateway.serves(&key).await;
}

/// Makes a call and checks its error and that the log names the cause.
async fn fails(gateway: &Gateway, key: &Key, model: &str, causes: &[&str]) -> Answer {
    let mark = gateway.mark();
    let answer = gateway.chat(key, &chat(model, "hi")).await;
    answer.error();
    let id = answer.call_id();
    gateway.logged(mark, &[&id]).await;
    gateway.logged(mark, causes).await;
    let streamed = gateway.chat(key, &streamed(model, "hi")).await;
    assert_eq!(streamed.status, answer.status, "streamed: {streamed:?}");
    streamed.error();
    gateway.serves(key).await;
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstreams_error_reaches_the_client_with_its_status() {
    let statuses = [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "invalid_request_error"),
        (429, "throttling_error"),
        (500, "internal_server_error"),
        (503, "internal_server_error"),
    ];
    let models: Vec<String> = statuses.iter().map(|(status, _)| format!("err-{status}")).collect();
    let mut names: Vec<&str> = models.iter().map(String::as_str).collect();
    names.push("echo");
    let (_upstream, gateway, key) = gateway(&names).await;
    for (status, kind) in statuses {
        let model = format!("err-{status}");
        let cause = format!("scripted upstream error {status}");
        let answer = fails(&gateway, &key, &model, &[&cause, &status.to_string()]).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.error(), kind, "{answer:?}");
        assert!(answer.text.contains(&cause), "{answer:?}");
    }
    let answer = gateway.chat(&key, &chat("err-429", "hi")).await;
    assert_eq!(answer.header("llm_provider-retry-after"), "7", "{answer:?}");
    let count = statuses.len() * 3 + 1;
    let stored = until("a row for every call", async || {
        let stored = rows(&gateway.data()).await;
        (stored.len() == count).then_some(stored)
    })
    .await;
    let failed = stored.iter().filter(|row| row.ending == "failure");
    assert_eq!(failed.count(), statuses.len() * 2 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upstream_that_answers_nonsense_or_not_at_all_is_an_error_of_ours() {
    let upstream = Upstream::start().await;
    let base = upstream.base();
    let config = Config::new()
        .models(&upstream, &["echo", "garbage", "empty", "reset"])
        .model("slow", &base, &[("timeout", "0.3")])
        .model("refused", "http://127.0.0.1:9/v1", &[])
        .model("nowhere", "http://does-not-exist.invalid/v1", &[]);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let cases: [(&str, &[&str]); 5] = [
        ("garbage", &["json", "malformed", "understood"]),
        ("empty", &["json", "empty", "malformed", "understood"]),
        ("reset", &["reset", "closed"]),
        ("refused", &["refused", "connect"]),
        ("nowhere", &["resolve", "lookup", "dns", "address"]),
    ];
    for (model, causes) in cases {
        let answer = fails(&gateway, &key, model, causes).await;
        assert!((500..=504).contains(&answer.status), "{model}: {answer:?}");
    }
    let answer = fails(&gateway, &key, "slow", &["timeout", "timed out"]).await;
    assert_eq!(answer.status, 408, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_cut_in_its_middle_is_never_passed_as_whole() {
    let (_upstream, gateway, key) = gateway(&["echo", "cut", "reset-midstream"]).await;
    for model in ["cut", "reset-midstream"] {
        let mark = gateway.mark();
        match gateway.client().try_chat(&key.key, &chat(model, "hi")).await {
            Ok(answer) => {
                assert!((500..=504).contains(&answer.status), "{answer:?}");
                answer.error();
            }
            // The head was out already: then the framing says that the rest is missing.
            Err(error) => assert!(!error.is_empty()),
        }
        gateway.logged(mark, &["cut", "closed", "reset", "incomplete", "ended", "eof"]).await;
        gateway.serves(&key).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_answer_of_ten_megabytes_is_passed() {
    let (_upstream, gateway, key) = gateway(&["echo", "big-event"]).await;
    let answer = gateway.chat(&key, &chat("big-event", "hi")).await.ok();
    assert!(answer.content().len() >= 10_000_000);
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_are_not_http_do_not_disturb_the_others() {
    let (upstream, gateway, key) = gateway(&["echo"]).await;
    let good = String::from_utf8(post(&key.key, &chat("echo", "hi").to_string())).expect("text");
    let smuggled = good.replace("content-length", "transfer-encoding: chunked\r\ncontent-length");
    let cases: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
        smuggled.as_bytes(),
    ];
    for case in cases {
        let mut raw = Raw::connect(gateway.port).await;
        raw.write(case).await;
        // A refusal or a closed connection; what must not come is a success.
        if !raw.silent_for(Duration::from_millis(300)).await
            && let Ok(answer) = raw.try_answer().await
        {
            assert!((400..=505).contains(&answer.status), "{case:?}: {answer:?}");
        }
        gateway.serves(&key).await;
    }
    let calls = upstream.calls();
    assert!(calls.iter().all(|call| call.prompt() == "still there?"), "{calls:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_or_half_sent_request_does_not_hold_up_the_others() {
    let (_upstream, gateway, key) = gateway(&["echo"]).await;
    let bytes = post(&key.key, &chat("echo", "half").to_string());
    let mut held = Vec::new();
    for cut in [1, 20, bytes.len() / 2, bytes.len() - 1] {
        let mut raw = Raw::connect(gateway.port).await;
        raw.write(&bytes[..cut]).await;
        held.push(raw);
    }
    for _ in 0..5 {
        gateway.serves(&key).await;
    }
    drop(held);
    gateway.serves(&key).await;
    let info = gateway.info(&key).await;
    assert_eq!(info["spend"], json!(0.0));
}
