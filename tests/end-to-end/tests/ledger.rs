//! The ledger: every call whose answer ended has its row, none twice, whatever happens.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};
use tollgate_end_to_end::{
    Client, Config, Ending, Gateway, Raw, Row, Upstream, chat, rows, streamed, until,
};

/// Nano-dollars for an input and an output token.
const PRICES: (i64, i64) = (1_000, 10_000);

/// Calls in flight at any time of the load.
const WORKERS: u64 = 16;

async fn gateway() -> (Upstream, Gateway) {
    let upstream = Upstream::start().await;
    let config = Config::new()
        .priced(&upstream, "exact", "0.000001", "0.00001")
        .priced(&upstream, "gated", "0.000001", "0.00001");
    let gateway = Gateway::start(config).await;
    (upstream, gateway)
}

/// A call whose answer the client has seen end: its id and the tokens it used.
type Finished = Vec<(String, i64)>;

/// What the workers of a load share.
struct Load {
    client: Client,
    key: String,
    next: AtomicU64,
    finished: AtomicU64,
    stopped: AtomicBool,
}

impl Load {
    /// Makes calls until the gateway is gone, whole and streamed in turn.
    async fn work(self: Arc<Self>) -> Finished {
        let mut finished = Vec::new();
        while !self.stopped.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let tokens = 1 + number % 50;
            let stream = number.is_multiple_of(2);
            let mut body = match stream {
                true => streamed("exact", &format!("call-{number}")),
                false => chat("exact", &format!("call-{number}")),
            };
            body["max_tokens"] = tokens.into();
            let Ok(answer) = self.client.try_chat(&self.key, &body).await else { continue };
            let whole = !stream || answer.events().last().is_some_and(|event| event == "[DONE]");
            if answer.status == 200 && whole {
                finished.push((answer.call_id(), tokens as i64));
                self.finished.fetch_add(1, Ordering::Relaxed);
            }
        }
        finished
    }
}

/// Runs a load, kills the gateway in the midst of it, and gives what had finished.
async fn load_and_kill(gateway: &mut Gateway, key: &str, first: u64, kill_at: u64) -> Finished {
    let load = Arc::new(Load {
        client: gateway.client().clone(),
        key: key.to_owned(),
        next: AtomicU64::new(first),
        finished: AtomicU64::new(0),
        stopped: AtomicBool::new(false),
    });
    let workers: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(Arc::clone(&load).work())).collect();
    until("the load's first part", async || {
        (load.finished.load(Ordering::Relaxed) >= kill_at).then_some(())
    })
    .await;
    gateway.kill();
    load.stopped.store(true, Ordering::Relaxed);
    let mut finished = Vec::new();
    for worker in workers {
        finished.extend(worker.await.expect("a worker does not fail"));
    }
    finished
}

fn by_id(rows: Vec<Row>) -> HashMap<String, Row> {
    let count = rows.len();
    let by_id: HashMap<String, Row> =
        rows.into_iter().map(|row| (row.call_id.clone(), row)).collect();
    assert_eq!(by_id.len(), count, "a call has two rows");
    by_id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_in_mid_load_every_ended_call_has_its_row_and_none_has_two() {
    let (upstream, mut gateway) = gateway().await;
    let key = gateway.free_key().await;
    let mut finished = Finished::new();
    for (round, kill_at) in [60, 100, 140].into_iter().enumerate() {
        let first = round as u64 * 1_000_000;
        finished.extend(load_and_kill(&mut gateway, &key.key, first, kill_at).await);
        gateway.restart().await;

        let stored = until("a row for every ended call", async || {
            let stored = by_id(rows(&gateway.data()).await);
            finished.iter().all(|(id, _)| stored.contains_key(id)).then_some(stored)
        })
        .await;
        for (id, tokens) in &finished {
            let row = &stored[id];
            assert_eq!(row.ending, "success", "{row:?}");
            assert_eq!((row.input_tokens, row.output_tokens), (10, *tokens), "{row:?}");
            assert_eq!(row.charge, 10 * PRICES.0 + tokens * PRICES.1, "{row:?}");
            assert_eq!(row.key_id, key.id);
        }
        // Every call that reached the upstream was opened in the journal before.
        let calls = upstream.calls();
        let stored = until("a row for every call the upstream saw", async || {
            let stored = rows(&gateway.data()).await;
            (stored.len() >= calls.len()).then_some(stored)
        })
        .await;
        let billed: i64 = stored.iter().map(|row| row.output_tokens).sum();
        let used: u64 = calls.iter().filter_map(|call| call.usage_sent).map(|usage| usage.1).sum();
        let ended: i64 = finished.iter().map(|(_, tokens)| tokens).sum();
        let most: i64 = calls.iter().filter_map(|call| call.json()["max_tokens"].as_i64()).sum();
        assert!(billed >= ended && billed <= most, "{ended} <= {billed} <= {most}, used {used}");
        let charged: i64 = stored.iter().map(|row| row.charge).sum();
        assert_eq!(gateway.spend(&key).await, charged, "the key's sum is that of its rows");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_open_at_the_kill_becomes_one_interrupted_row() {
    let (upstream, mut gateway) = gateway().await;
    let key = gateway.free_key().await;
    upstream.release(4);
    let mut stream = gateway.client().stream(&key.key, &streamed("gated", "cut me")).await;
    for _ in 0..4 {
        stream.event().await;
    }
    let id = stream.call_id();
    gateway.kill();
    upstream.wait("the upstream's cancellation", |calls| calls[0].ending != Ending::Open).await;
    for _ in 0..2 {
        gateway.restart().await;
        let row = until("the interrupted row", async || {
            rows(&gateway.data()).await.into_iter().find(|row| row.call_id == id)
        })
        .await;
        assert_eq!(row.ending, "interrupted", "{row:?}");
        assert_eq!(rows(&gateway.data()).await.len(), 1, "recovery is done once");
        gateway.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_stop_lets_open_calls_end_and_keeps_their_rows() {
    let (upstream, mut gateway) = gateway().await;
    let key = gateway.free_key().await;
    upstream.release(2);
    let mut stream = gateway.client().stream(&key.key, &streamed("gated", "drain me")).await;
    stream.event().await;
    let id = stream.call_id();
    let (client, port) = (gateway.client().clone(), gateway.port);
    let stopping = async {
        let status = gateway.stop().await;
        (status, rows(&gateway.data()).await)
    };
    let ending = async {
        until("the end's beginning", async || Raw::try_connect(port).await.is_err().then_some(()))
            .await;
        assert!(client.try_chat(&key.key, &chat("gated", "too late")).await.is_err());
        upstream.release(20);
        stream.rest().await
    };
    let ((status, stored), rest) = tokio::join!(stopping, ending);
    let rest = rest.expect("a whole stream");
    assert_eq!(rest.last().map(String::as_str), Some("[DONE]"));
    assert!(status.success(), "{status}");
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].call_id.as_str(), stored[0].ending.as_str()), (id.as_str(), "success"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clients_repeated_id_neither_loses_nor_joins_rows() {
    let (_upstream, gateway) = gateway().await;
    let key = gateway.free_key().await;
    let mut body: Value = chat("exact", "again");
    body["max_tokens"] = json!(3);
    for _ in 0..5 {
        let sent = [("x-litellm-call-id", "always-the-same")];
        gateway.client().chat_with(&key.key, &body, &sent).await.ok();
    }
    let stored = until("five rows", async || {
        let stored = rows(&gateway.data()).await;
        (stored.len() == 5).then_some(stored)
    })
    .await;
    by_id(stored);
    assert_eq!(gateway.spend(&key).await, 5 * (10 * PRICES.0 + 3 * PRICES.1));
}
