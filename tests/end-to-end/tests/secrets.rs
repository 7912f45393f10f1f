//! Secrets stay where they belong.

use std::path::Path;

use tollgate_end_to_end::{
    Builder, Config, Gateway, Key, MASTER_KEY, Upstream, chat, streamed, until,
};

const PROVIDER_KEY: &str = "sk-canary-of-the-provider-9f3a77d1";

const MODELS: &[&str] = &[
    "echo",
    "err-400",
    "err-401",
    "err-500",
    "garbage",
    "reset",
    "cut",
    "cut-clean",
    "midstream-error",
];

/// Standard base64, without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=group.len() {
            text.push(ALPHABET[(bits >> (18 - 6 * digit) & 63) as usize] as char);
        }
    }
    text
}

/// What a secret looks like as it is, in hexadecimal, and in base64 at each alignment.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    forms.push(secret.bytes().map(|byte| format!("{byte:02x}")).collect());
    for skip in 0..3 {
        // Whole groups only: those do not depend on what comes before or after.
        let bytes = &secret.as_bytes()[skip..];
        forms.push(base64(&bytes[..bytes.len() / 3 * 3]));
    }
    forms
}

fn assert_absent(place: &str, bytes: &[u8], secrets: &[(&str, &str)]) {
    for (name, secret) in secrets {
        for form in forms(secret) {
            let found = bytes.windows(form.len()).any(|window| window == form.as_bytes());
            assert!(!found, "{name} is in {place} as {form}");
        }
    }
}

fn assert_absent_below(folder: &Path, secrets: &[(&str, &str)]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files += assert_absent_below(&path, secrets);
        } else if let Ok(bytes) = std::fs::read(&path) {
            assert_absent(&path.display().to_string(), &bytes, secrets);
            files += 1;
        }
    }
    files
}

/// Every kind of call; gives all that clients were told, except how keys were made.
async fn exercise(gateway: &Gateway, key: &Key) -> String {
    let mut told = String::new();
    let client = gateway.client();
    for model in MODELS.iter().chain(&["unknown-model"]) {
        for body in [chat(model, "hi"), streamed(model, "hi")] {
            if let Ok(answer) = client.try_chat(&key.key, &body).await {
                told += &format!("{:?}{}", answer.headers, answer.text);
            }
        }
    }
    let wrong = format!("{}-but-wrong", key.key);
    for bad in [wrong.as_str(), &MASTER_KEY[..MASTER_KEY.len() - 1]] {
        let answer = client.chat(bad, &chat("echo", "hi")).await;
        told += &answer.text;
    }
    let answer = client.chat_raw(&key.key, format!("{{\"model\": {}", key.key)).await;
    assert_eq!(answer.status, 400);
    let path = format!("/key/info?key={}", key.id);
    for path in [path.as_str(), "/key/list", "/v1/models", "/metrics", "/health"] {
        told += &client.get(MASTER_KEY, path).await.text;
    }
    let block = serde_json::json!({"key": key.id});
    told += &client.post(MASTER_KEY, "/key/block", &block).await.ok().text;
    told += &client.chat(&key.key, &chat("echo", "hi")).await.text;
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_logged_measured_told_or_stored() {
    let upstream = Upstream::start().await;
    let mut config = Config::new();
    for model in MODELS {
        config = config.model(model, &upstream.base(), &[("api_key", "os.environ/CANARY")]);
    }
    config = config.model("refused", "http://127.0.0.1:9/v1", &[("api_key", "os.environ/CANARY")]);
    let builder = Builder::new(config).environment("CANARY", PROVIDER_KEY);
    let mut gateway = builder.environment("LOG_LEVEL", "debug").start().await;
    let key = gateway.free_key().await;
    let secrets = [
        ("the master key", MASTER_KEY),
        ("the virtual key", &key.key),
        ("the provider's", PROVIDER_KEY),
    ];

    let told = exercise(&gateway, &key).await;
    assert!(told.contains("tollgate_"), "the metrics were not read");
    assert_absent("an answer", told.as_bytes(), &secrets);
    let credential = format!("Bearer {PROVIDER_KEY}");
    let calls = upstream.calls();
    assert!(calls.iter().all(|call| call.header("authorization") == Some(&credential)));

    until("the log", async || gateway.output().contains("err-400").then_some(())).await;
    assert_absent("the log", gateway.output().as_bytes(), &secrets);
    assert!(assert_absent_below(&gateway.data(), &secrets) > 1, "journal and database");
    gateway.kill();
    assert_absent_below(&gateway.data(), &secrets);
}
