//! Routes beside those of chats, names of models in paths, and what passes byte for byte.

use serde_json::{Value, json};

use crate::client::Speaks;
use crate::world::{World, model};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_chat_passes_to_providers_that_have_it() {
    let world = World::start(&["echo"]).await;
    let (client, key) = (world.gateway.client(), &world.key.key);
    let mine = model("openai", "echo");
    for (path, body, member, used) in [
        ("/v1/embeddings", json!({"input": "x"}), "/data/0/embedding/1", (8, 0)),
        ("/embeddings", json!({"input": ["x"]}), "/data/0/embedding/1", (8, 0)),
        ("/v1/moderations", json!({"input": "x"}), "/results/0/flagged", (1, 0)),
    ] {
        let mut body = body;
        body["model"] = mine.as_str().into();
        let answer = client.post(key, path, &body).await.ok();
        assert!(answer.json().pointer(member).is_some(), "{path}: {answer:?}");
        assert_eq!(answer.json()["model"], mine, "{path}");
        let row = world.row(&answer.call_id()).await;
        assert_eq!((row.input_tokens, row.output_tokens), used, "{path}: {row:?}");
    }
    let count = Speaks::Messages.request(&model("anthropic", "echo"), "hello", false);
    let answer = client.post(key, "/v1/messages/count_tokens", &count).await.ok();
    assert_eq!(answer.json()["input_tokens"], 42);
    assert_eq!(world.row(&answer.call_id()).await.charge, 0, "to count is free");
    let answer = client.post(
        key,
        "/v1/moderations",
        &json!({
            "model": model("anthropic", "echo"), "input": "x",
        }),
    );
    let answer = answer.await;
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(Speaks::Chat.error(&answer).contains("does not support"), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_reaches_the_provider_with_its_file_as_it_was() {
    let world = World::start(&["echo"]).await;
    let file = "\u{0}RIFF--x\r\n\r\n--";
    let part = |head: &str, value: &str| {
        format!("--edge\r\ncontent-disposition: form-data; {head}\r\n\r\n{value}\r\n")
    };
    let form = [
        part("name=\"file\"; filename=\"a.wav\"", file),
        part("name=\"model\"", &model("openai", "echo")),
        part("name=\"language\"", "fr"),
        "--edge--\r\n".to_owned(),
    ];
    let client = world.gateway.client();
    let request = client
        .request(reqwest::Method::POST, "/v1/audio/transcriptions")
        .header("content-type", "multipart/form-data; boundary=edge")
        .bearer_auth(&world.key.key)
        .body(form.concat());
    let answer = client.send(request).await.ok();
    assert_eq!(answer.json()["text"], "as was said");
    let row = world.row(&answer.call_id()).await;
    assert_eq!((row.input_tokens, row.output_tokens), (14, 5), "{row:?}");
    let calls = world.upstream.calls();
    let sent = String::from_utf8_lossy(&calls[0].body).into_owned();
    assert_eq!(sent, form.concat().replace("openai-echo", "up-echo"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_may_name_the_model() {
    let world = World::start(&["echo"]).await;
    let (client, key) = (world.gateway.client(), &world.key.key);
    let mut body = Speaks::Chat.request("", "hello", false);
    body.as_object_mut().expect("an object").remove("model");
    for path in [
        "/engines/openai-echo/chat/completions",
        "/openai/deployments/anthropic-echo/chat/completions?api-version=2024-10-21",
    ] {
        let answer = client.post(key, path, &body).await.ok();
        assert!(answer.content().starts_with("echo: hello"), "{path}: {answer:?}");
    }
}

/// An answer of the provider's own dialect, as the upstream wrote it under the client's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn anthropics_own_dialect_passes_byte_for_byte_but_for_the_models_name() {
    let world = World::start(&["echo"]).await;
    let (client, key) = (world.gateway.client(), &world.key.key);
    let mine = model("anthropic", "echo");
    let mut body = Speaks::Messages.request(&mine, "hello", false);
    body["metadata"] = json!({"user_id": "u"});
    body["unknown"] = json!({"kept": [1, 2]});
    let answer = client.post(key, "/v1/messages", &body).await.ok();
    let expected: Value = json!({
        "id": "msg_scripted", "type": "message", "role": "assistant", "model": mine,
        "content": [{"type": "text", "text": "echo: hello word1 word2"}],
        "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 9, "output_tokens": 3},
    });
    assert_eq!(answer.text, expected.to_string());
    let calls = world.upstream.calls();
    let mut sent = body.clone();
    sent["model"] = "up-echo".into();
    assert_eq!(calls[0].json(), sent, "nothing is lost or added");
    assert_eq!(calls[0].header("x-api-key"), Some("sk-provider-credential"));

    body["stream"] = true.into();
    let stream = client.post(key, "/v1/messages", &body).await.ok();
    assert!(stream.text.starts_with("event: message_start\ndata: {"), "{stream:?}");
    assert!(stream.text.contains(&format!("\"model\":\"{mine}\"")), "{stream:?}");
    assert!(stream.text.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}
