//! SIGTERM.

use std::time::{Duration, Instant};

use tollgate_end_to_end::{
    Client, Config, Ending, Gateway, Key, Raw, Signal, Streams, Trust, Upstream, chat, free_port,
    until,
};

/// Open streams.
const STREAMS: usize = 50;

async fn gateway(limits: &str) -> (Upstream, Gateway, Key) {
    let (upstream, tls) = (Upstream::start().await, free_port());
    let section = format!(
        "edge:\n  limits: {{{limits}}}\n  listeners:\n    - address: 127.0.0.1:{tls}\n      \
         tls: {{self_signed: [localhost]}}\n  sites:\n    - hosts: ['*']\n      \
         routes: [{{path: /, to: gateway}}]\n"
    );
    let config = Config::new().models(&upstream, &["echo", "gated"]).section(&section);
    let gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    (upstream, gateway, key)
}

async fn until_refused(port: u16) {
    until("new connections' refusal", async || Raw::try_connect(port).await.is_err().then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_whole_and_the_process_ends_after_the_last() {
    let (upstream, mut gateway, key) = gateway("drain_timeout: 60s").await;
    let streams = Streams::open(&[gateway.client()], &upstream, &key, STREAMS).await;
    let ids = streams.ids();
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    until_refused(gateway.port).await;
    let refused = asked.elapsed();
    let (whole, cut) = streams.finish(&upstream).await;
    let finished = Instant::now();
    assert_eq!((whole, cut.len()), (STREAMS, 0), "{cut:?}");
    let status = gateway.exited().await;
    let ended = finished.elapsed();
    println!("refused after {refused:?}, {whole} whole, ended {ended:?} after the last, {status}");
    assert_eq!(status.code(), Some(0));
    assert!(ended < Duration::from_secs(3), "{ended:?}");
    gateway.has_one_row_each(&ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_waited_for_who_asks_for_nothing() {
    let (_upstream, mut gateway, key) = gateway("drain_timeout: 60s").await;
    let mut idle = Raw::connect(gateway.port).await;
    let request = b"GET /health/liveliness HTTP/1.1\r\nhost: a\r\n\r\n";
    idle.ask(request).await.expect("an answer");
    let _silent = Raw::connect(gateway.port).await;
    let mut half = Raw::connect(gateway.port).await;
    half.write(b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n").await;
    gateway.serves(&key).await;
    let asked = Instant::now();
    let status = gateway.stop().await;
    println!("ended after {:?}, {status}", asked.elapsed());
    assert_eq!(status.code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_at_once() {
    let (upstream, mut gateway, key) = gateway("drain_timeout: 60s").await;
    let streams = Streams::open(&[gateway.client()], &upstream, &key, 3).await;
    let ids = streams.ids();
    gateway.signal(Signal::TERM);
    until_refused(gateway.port).await;
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    let status = gateway.exited().await;
    println!("ended {:?} after the second signal, {status}", asked.elapsed());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    upstream.wait("the calls' ends", |c| c.iter().all(|c| c.ending != Ending::Open)).await;
    let (whole, _) = streams.finish(&upstream).await;
    assert_eq!(whole, 0);
    gateway.restart_ended().await;
    let stored = until("rows of what was cut", async || {
        let rows = tollgate_end_to_end::rows(&gateway.data()).await;
        ids.iter().all(|id| rows.iter().any(|row| &row.call_id == id)).then_some(rows)
    })
    .await;
    assert_eq!(stored.len(), ids.len(), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_end_is_left_after_the_drain_timeout() {
    let (upstream, mut gateway, key) = gateway("drain_timeout: 1s").await;
    let _streams = Streams::open(&[gateway.client()], &upstream, &key, 3).await;
    let asked = Instant::now();
    let status = gateway.stop().await;
    println!("ended after {:?}, {status}", asked.elapsed());
    let time = asked.elapsed();
    assert!(time > Duration::from_millis(950) && time < Duration::from_secs(4), "{time:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_taken_for_the_delay_while_readiness_is_denied() {
    let (_upstream, mut gateway, key) = gateway("drain_delay: 2s").await;
    let asked = Instant::now();
    gateway.signal(Signal::TERM);
    let fresh = || Client::new(&format!("http://127.0.0.1:{}", gateway.port), Trust::Plain);
    until("readiness is denied", async || {
        let answer = fresh().get("", "/health/readiness").await;
        (answer.status == 503).then_some(())
    })
    .await;
    fresh().chat(&key.key, &chat("echo", "before the stop")).await.ok();
    let alive = fresh().get("", "/health/liveliness").await;
    assert_eq!(alive.status, 200);
    assert_eq!(alive.header("connection"), "close");
    assert!(asked.elapsed() < Duration::from_secs(2), "too slow to see anything");
    until_refused(gateway.port).await;
    let refused = asked.elapsed();
    assert!(refused > Duration::from_millis(1900), "{refused:?}");
    let status = gateway.exited().await;
    println!("refused after {refused:?}, ended after {:?}, {status}", asked.elapsed());
    assert_eq!(status.code(), Some(0));
}
