//! Another binary takes the sockets over.

use std::time::{Duration, Instant};

use tempfile::TempDir;
use tollgate_end_to_end::{
    Authority, Builder, Client, Config, Gateway, Key, Load, Raw, RawAnswer, Signal, Streams, Trust,
    Upstream, chat, free_port, until,
};

/// Streams that last across each hand-over, half of them h2.
const STREAMS: usize = 50;

/// For no longer than this may a new connection wait for somebody to accept it.
const STALL: Duration = Duration::from_secs(1);

struct World {
    upstream: Upstream,
    gateway: Gateway,
    key: Key,
    tls: [Client; 2],
    _folder: TempDir,
}

async fn world() -> World {
    let (upstream, folder, authority) =
        (Upstream::start().await, TempDir::new().expect("a folder"), Authority::new());
    let config = Config::new().models(&upstream, &["echo", "gated"]);
    let (builder, port) = Builder::new(config).tls(folder.path(), &authority);
    let gateway = builder.start().await;
    let key = gateway.free_key().await;
    let base = format!("https://localhost:{port}");
    let tls = [Trust::Http1(&authority), Trust::Http2(&authority)].map(|t| Client::new(&base, t));
    World { upstream, gateway, key, tls, _folder: folder }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_refused_failed_or_cut_by_upgrades_under_load() {
    let World { upstream, mut gateway, key, tls, _folder } = world().await;
    let body = chat("echo", "upgrade");
    let [h1, h2] = &tls;
    let load = Load::new()
        .strict((gateway.port, &key, &body), 12, |_| Ok(()))
        .library(h1, &key, &body, 4)
        .library(h2, &key, &body, 4);
    load.more(100).await;
    let mut ids = Vec::new();
    let rounds = 3 * crate::soak();
    for round in 1..=rounds {
        let streams = Streams::open(&[gateway.client(), h2], &upstream, &key, STREAMS).await;
        ids.extend(streams.ids());
        let begun = Instant::now();
        let mut old = gateway.upgrade().await;
        let taken = begun.elapsed();
        load.more(200).await;
        assert!(old.is_running(), "it left its streams alone");
        let (whole, cut) = streams.finish(&upstream).await;
        assert_eq!(whole, STREAMS, "{cut:?}");
        let finished = Instant::now();
        let status = old.exited().await;
        let ended = finished.elapsed();
        println!("upgrade {round}: taken after {taken:?}, {whole} whole, old {status} {ended:?}");
        assert_eq!(status.code(), Some(0));
        assert!(ended < Duration::from_secs(4), "{ended:?}");
    }
    load.more(100).await;
    let tally = load.stop().await;
    let (answered, slowest) = (tally.ids.len(), tally.slowest);
    println!("{answered} answered, {} failed, slowest {slowest:?}", tally.failed.len());
    assert!(tally.failed.is_empty(), "{} failed: {:#?}", tally.failed.len(), tally.failed);
    assert!(slowest < STALL, "{slowest:?}");
    ids.extend(tally.ids);
    gateway.has_one_row_each(&ids).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_must_be_somebody_to_take_over_from() {
    let upstream = Upstream::start().await;
    let gateway = Builder::new(Config::new().models(&upstream, &["echo"])).prepare();
    let status = gateway.beside(&["--upgrade"]).await;
    let output = gateway.output();
    let line = output.lines().last().unwrap_or_default().to_owned();
    println!("{status}: {line}");
    assert_eq!(status.code(), Some(1), "{output}");
    assert!(output.contains("there is no gateway to take over from"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_successor_the_process_goes_on() {
    let World { upstream, mut gateway, key, tls: _, _folder } = world().await;
    let streams = Streams::open(&[gateway.client()], &upstream, &key, 3).await;
    let mark = gateway.mark();
    gateway.signal(Signal::QUIT);
    let mut connection = Raw::connect(gateway.port).await;
    gateway.logged(mark, &["no hand-over"]).await;
    connection.write(b"GET /health/readiness HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let answer = connection.answer().await;
    let connection = answer.header("connection");
    assert_eq!((answer.status, connection.as_deref()), (200, Some("keep-alive")), "{answer:?}");
    gateway.serves(&key).await;
    let (whole, cut) = streams.finish(&upstream).await;
    assert_eq!(whole, 3, "{cut:?}");
    let mut old = gateway.upgrade().await;
    assert_eq!(old.exited().await.code(), Some(0));
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_in_the_first_moments_do_not_kill() {
    let World { upstream: _up, mut gateway, key, tls: _, _folder } = world().await;
    let status = gateway.stop().await;
    assert_eq!(status.code(), Some(0));
    gateway.spawn();
    let name = format!("{}\n", gateway.pid());
    let pid = gateway.data().join("tollgate.pid");
    until("its name", async || {
        std::fs::read_to_string(&pid).is_ok_and(|text| text == name).then_some(())
    })
    .await;
    gateway.signal(Signal::HUP);
    gateway.signal(Signal::QUIT);
    gateway.ready().await;
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_that_never_takes_the_sockets_ends_nothing() {
    let World { upstream, gateway, key, tls: _, _folder } = world().await;
    let streams = Streams::open(&[gateway.client()], &upstream, &key, 3).await;
    let path = gateway.data().join("handover.sock");
    let dead = std::os::unix::net::UnixListener::bind(path).expect("a socket");
    let mark = gateway.mark();
    gateway.signal(Signal::QUIT);
    let line = gateway.logged(mark, &["no hand-over"]).await;
    println!("{line}");
    assert!(line.contains("not received"), "{line}");
    drop(dead);
    Raw::connect(gateway.port).await;
    gateway.serves(&key).await;
    let (whole, cut) = streams.finish(&upstream).await;
    assert_eq!(whole, 3, "{cut:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_waits_for_no_delay_and_denies_no_readiness() {
    let (upstream, port) = (Upstream::start().await, free_port());
    let section = format!(
        "edge:\n  limits: {{drain_delay: 60s}}\n  listeners:\n    - address: 127.0.0.1:{port}\n      \
         tls: {{self_signed: [localhost]}}\n  sites:\n    - hosts: ['*']\n      \
         routes: [{{path: /, to: gateway}}]\n"
    );
    let config = Config::new().models(&upstream, &["echo"]).section(&section);
    let mut gateway = Gateway::start(config).await;
    let key = gateway.free_key().await;
    let ready = |answer: &RawAnswer| match answer.json()["status"].as_str() {
        Some("healthy") => Ok(()),
        other => Err(format!("{other:?}")),
    };
    let probe = b"GET /health/readiness HTTP/1.1\r\nhost: a\r\n\r\n".to_vec();
    let load = Load::new().asking((gateway.port, probe), 4, ready);
    load.more(20).await;
    let mut old = gateway.upgrade().await;
    assert_eq!(old.exited().await.code(), Some(0));
    load.more(20).await;
    let tally = load.stop().await;
    assert!(tally.failed.is_empty(), "{:#?}", tally.failed);
    gateway.serves(&key).await;
}
