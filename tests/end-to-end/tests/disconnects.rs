//! Clients that go away, and clients that send more before they have their answer.

use tempfile::TempDir;
use tollgate_end_to_end::{
    Authority, Builder, Client, Config, Ending, Gateway, Key, Raw, Row, Trust, Upstream, chat,
    post, rows, streamed, until,
};

fn config(upstream: &Upstream) -> Config {
    Config::new()
        .models(upstream, &["echo", "slow"])
        .priced(upstream, "gated", "0.000001", "0.00001")
}

async fn gateway() -> (Upstream, Gateway, Key) {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(config(&upstream)).await;
    let key = gateway.free_key().await;
    (upstream, gateway, key)
}

async fn row(gateway: &Gateway, id: &str) -> Row {
    until("the call's row", async || {
        rows(&gateway.data()).await.into_iter().find(|row| row.call_id == id)
    })
    .await
}

/// Reads some events of a stream, goes away, and checks what follows from that.
async fn leaves_a_stream(client: &Client, upstream: &Upstream, gateway: &Gateway, key: &Key) {
    let before = upstream.calls().len();
    let spent = gateway.spend(key).await;
    upstream.release(4);
    let mut stream = client.stream(&key.key, &streamed("gated", "I will leave")).await;
    for _ in 0..4 {
        stream.event().await;
    }
    let id = stream.call_id();
    drop(stream);
    let calls = upstream
        .wait("the cancellation", |calls| {
            calls.get(before).is_some_and(|call| call.ending == Ending::Cancelled)
        })
        .await;
    assert_eq!(calls[before].deltas_sent, 3);
    let row = row(gateway, &id).await;
    assert_eq!(row.ending, "interrupted", "{row:?}");
    assert!(row.output_tokens > 0, "what was received is billed: {row:?}");
    assert!(row.charge > 0, "{row:?}");
    assert_eq!(gateway.spend(key).await - spent, row.charge);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_a_stream_cancels_the_upstream_and_bills_what_arrived() {
    let upstream = Upstream::start().await;
    let folder = TempDir::new().expect("a folder");
    let authority = Authority::new();
    let (builder, port) = Builder::new(config(&upstream)).tls(folder.path(), &authority);
    let gateway = builder.start().await;
    let key = gateway.free_key().await;
    let base = format!("https://localhost:{port}");

    leaves_a_stream(gateway.client(), &upstream, &gateway, &key).await;
    // Connections of these clients close with them: h1 by its socket, h2 by a stream reset.
    let http1 = Client::new(&base, Trust::Http1(&authority));
    leaves_a_stream(&http1, &upstream, &gateway, &key).await;
    let http2 = Client::new(&base, Trust::Http2(&authority));
    leaves_a_stream(&http2, &upstream, &gateway, &key).await;
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_before_the_answer_cancels_the_upstream() {
    let (upstream, gateway, key) = gateway().await;
    let mut raw = Raw::connect(gateway.port).await;
    raw.write(&post(&key.key, &chat("slow", "I will leave").to_string())).await;
    upstream.wait("the call", |calls| calls.len() == 1).await;
    drop(raw);
    upstream.wait("the cancellation", |calls| calls[0].ending == Ending::Cancelled).await;
    let stored = until("the call's row", async || rows(&gateway.data()).await.pop()).await;
    assert_eq!(stored.ending, "interrupted", "{stored:?}");
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_arrives_while_another_waits_loses_no_byte() {
    let (upstream, gateway, key) = gateway().await;
    for stream in [false, true] {
        let before = upstream.calls().len();
        let mut first = if stream { streamed("slow", "first") } else { chat("slow", "first") };
        first["user"] = "one".into();
        let second = post(&key.key, &chat("echo", "second").to_string());
        let (early, late) = second.split_at(1);

        let mut raw = Raw::connect(gateway.port).await;
        raw.write(&post(&key.key, &first.to_string())).await;
        upstream.wait("the first call", |calls| calls.len() == before + 1).await;
        // One byte by itself: the one that a careless watch for the client's end would eat.
        raw.write(early).await;
        gateway.serves(&key).await;
        raw.write(late).await;
        gateway.serves(&key).await;
        upstream.release(1);

        let answer = raw.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.text().contains("echo: first"), "{answer:?}");
        let answer = raw.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.text().contains("echo: second"), "{answer:?}");
        let calls = upstream.calls();
        assert_eq!(calls[before].ending, Ending::Played, "the first was taken for gone");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_sent_in_one_write_are_answered_in_their_order() {
    let (_upstream, gateway, key) = gateway().await;
    let messages: Vec<String> = (0..8).map(|number| format!("number-{number}.")).collect();
    let bytes = messages.iter().map(|message| post(&key.key, &chat("echo", message).to_string()));
    let mut raw = Raw::connect(gateway.port).await;
    raw.write(&bytes.collect::<Vec<_>>().concat()).await;
    for message in messages {
        let answer = raw.answer().await;
        assert!(answer.text().contains(&message), "{message}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_asks_before_it_sends_its_body_is_answered_at_once() {
    let (_upstream, gateway, key) = gateway().await;
    let body = chat("echo", &"x".repeat(3 << 20)).to_string();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        key.key,
        body.len()
    );
    let mut raw = Raw::connect(gateway.port).await;
    for _ in 0..2 {
        raw.write(head.as_bytes()).await;
        assert_eq!(raw.answer().await.status, 100);
        assert!(raw.write_unless_refused(body.as_bytes()).await);
        let answer = raw.answer().await;
        assert_eq!(answer.status, 200, "{}", answer.head);
        assert!(answer.text().contains("echo: xxx"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_in_chunks_is_read_as_a_whole() {
    let (upstream, gateway, key) = gateway().await;
    let body = chat("echo", "in chunks").to_string();
    let mut raw = Raw::connect(gateway.port).await;
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
        key.key
    );
    raw.write(head.as_bytes()).await;
    for piece in body.as_bytes().chunks(7) {
        raw.write(format!("{:x}\r\n", piece.len()).as_bytes()).await;
        raw.write(piece).await;
        raw.write(b"\r\n").await;
    }
    raw.write(b"0\r\n\r\n").await;
    let answer = raw.answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.text().contains("echo: in chunks"));
    assert_eq!(upstream.calls()[0].json()["messages"][0]["content"], "in chunks");
}
