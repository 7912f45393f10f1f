//! Many clients that are slow in every way, and those beside them who are not.
//!
//! `SLOW_CLIENTS` says how many: a thousand unless it is set, ten thousand in `make slow-clients`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{interval, timeout};
use tollgate_end_to_end::{Behind, Config, Gateway, free_port, until};

/// Within this a head has to be whole.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two bytes of a slow head.
const DRIP: Duration = Duration::from_secs(1);
/// Connections that are being opened at once.
const OPENING: usize = 200;
/// What a slow connection may cost. Ours of that is a buffer of 2 KiB for the head; the rest is the
/// task that pingora gives each connection, with the buffer of its socket. With ten thousand, 26 KiB
/// were measured; a thousand also pay for what is set up once.
const KIB_PER_SOCKET_MAX: usize = 40;
/// After its deadline a slow head is answered within this, ten thousand at once included.
const GRACE: Duration = Duration::from_secs(15);

fn clients() -> usize {
    let told = std::env::var("SLOW_CLIENTS").ok();
    told.map_or(1000, |told| told.parse().expect("SLOW_CLIENTS is a number"))
}

/// Resident memory of a process, in KiB.
fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Files that a process has open.
fn files(process: u32) -> usize {
    std::fs::read_dir(format!("/proc/{process}/fd")).expect("a process").count()
}

async fn gateway(behind: &Behind, limits: &str) -> Gateway {
    let tls = free_port();
    let section = format!(
        "edge:\n  limits: {{{limits}}}\n  listeners:\n    - address: 127.0.0.1:{tls}\n      tls: {{self_signed: [site.example]}}\n  \
         sites:\n    - hosts: ['*']\n      routes: [{{path: /health, to: gateway}}]\n    - hosts: [site.example]\n      \
         routes: [{{path: /, to: '{}', public: true}}]\n",
        behind.address
    );
    Gateway::start(Config::new().section(&section)).await
}

fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// Opens a connection and begins it with these bytes.
async fn begin(port: u16, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    stream.write_all(bytes).await.expect("the gateway reads");
    stream
}

/// Opens so many connections that all begin alike.
async fn begin_many(port: u16, count: usize, bytes: &'static [u8]) -> Vec<TcpStream> {
    let room = Arc::new(Semaphore::new(OPENING));
    let mut tasks = Vec::new();
    for _ in 0..count {
        let room = Arc::clone(&room);
        tasks.push(tokio::spawn(async move {
            let _turn = room.acquire().await.expect("nobody closes it");
            begin(port, bytes).await
        }));
    }
    let mut streams = Vec::new();
    for task in tasks {
        streams.push(task.await.expect("no panic"));
    }
    streams
}

/// Goes on with a head until the gateway has had enough; gives its answer and how long that took.
async fn drip(mut stream: TcpStream, began: Instant) -> (String, Duration) {
    let mut ticks = interval(DRIP);
    let mut received = Vec::new();
    loop {
        tokio::select! {
            read = stream.read_buf(&mut received) => if read.unwrap_or(0) == 0 {
                return (String::from_utf8_lossy(&received).into_owned(), began.elapsed());
            },
            _ = ticks.tick() => if stream.write_all(b"x").await.is_err() {
                return (String::from_utf8_lossy(&received).into_owned(), began.elapsed());
            },
        }
    }
}

/// Good traffic, a hundred requests in a second, until it is told to stop.
struct Good {
    asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    failed: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Vec<Duration>>,
}

impl Good {
    fn start(port: u16) -> Self {
        let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let asked = Arc::new(AtomicUsize::new(0));
        let (stopped, fails) = (Arc::clone(&stop), Arc::clone(&failed));
        let counted = Arc::clone(&asked);
        let task = tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(10));
            let mut tasks = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                ticks.tick().await;
                let fails = Arc::clone(&fails);
                counted.fetch_add(1, Ordering::Relaxed);
                tasks.push(tokio::spawn(async move {
                    let began = Instant::now();
                    if !matches!(timeout(Duration::from_secs(10), ask(port)).await, Ok(true)) {
                        fails.fetch_add(1, Ordering::Relaxed);
                    }
                    began.elapsed()
                }));
            }
            let mut times = Vec::new();
            for task in tasks {
                times.push(task.await.expect("no panic"));
            }
            times.sort();
            times
        });
        Self { asked, stop, failed, task }
    }

    /// How many requests there were, how many of them failed, and the time of the slowest hundredth.
    async fn end(self) -> (usize, usize, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let times = self.task.await.expect("no panic");
        let slow = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
        (times.len(), self.failed.load(Ordering::Relaxed), slow)
    }
}

async fn ask(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let request = b"GET /good HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n";
    let mut received = Vec::new();
    stream.write_all(request).await.is_ok()
        && stream.read_to_end(&mut received).await.is_ok()
        && received.starts_with(b"HTTP/1.1 200")
}

#[tokio::test]
async fn a_body_that_does_not_come_is_the_clients_fault_and_reaches_no_server() {
    let page = Behind::start(&answer("page")).await;
    let gateway = gateway(&page, "body_timeout: 300ms").await;
    let head = b"POST / HTTP/1.1\r\nHost: site.example\r\nContent-Length: 10\r\n\r\nabc";
    let mut stream = begin(gateway.port, head).await;
    let mut received = Vec::new();
    let read = timeout(GRACE, stream.read_to_end(&mut received)).await;
    assert!(read.is_ok_and(|read| read.is_ok()), "the connection ends");
    let received = String::from_utf8_lossy(&received);
    assert!(received.starts_with("HTTP/1.1 408"), "{received}");
    assert_eq!(page.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_cost_little_and_hold_up_nobody() {
    let count = clients();
    let page = Behind::start(&answer("page")).await;
    let room = count * 2;
    let limits = format!("connections: {room}, connections_per_client: 0");
    let gateway = gateway(&page, &limits).await;
    let (port, process) = (gateway.port, gateway.pid());
    for _ in 0..200 {
        assert!(ask(port).await);
    }
    let alone = Good::start(port);
    until("good traffic", async || (alone.asked.load(Ordering::Relaxed) >= 200).then_some(()))
        .await;
    let (_, failed, p99_alone) = alone.end().await;
    assert_eq!(failed, 0);

    let (memory, open) = (resident(process), files(process));
    let good = Good::start(port);
    let began = Instant::now();
    let heads =
        begin_many(port, count, b"GET /slow HTTP/1.1\r\nHost: site.example\r\nX-Slow: ").await;
    until("all slow clients to be connected", async || {
        (files(process) >= open + count).then_some(())
    })
    .await;
    let opened = began.elapsed();
    let grown = resident(process).saturating_sub(memory) * 1024 / count;
    // Some whose body does not come, and some that do not read their answer.
    let post = b"POST /slow HTTP/1.1\r\nHost: site.example\r\nContent-Length: 1000\r\n\r\nx";
    let bodies = begin_many(port, count / 20, post).await;
    let readers =
        begin_many(port, count / 20, b"GET /slow HTTP/1.1\r\nHost: site.example\r\n\r\n").await;

    let dripping: Vec<_> = heads.into_iter().map(|head| tokio::spawn(drip(head, began))).collect();
    let (mut refused, mut latest) = (0, Duration::ZERO);
    for task in dripping {
        let (answer, took) = task.await.expect("no panic");
        refused += usize::from(answer.starts_with("HTTP/1.1 408"));
        latest = latest.max(took);
    }
    let (asked, failed, p99) = good.end().await;
    println!(
        "{count} slow heads opened in {opened:?}: {grown} bytes of memory each; {refused} were answered 408, \
         the last one after {latest:?}; beside them {asked} good requests, {failed} failed, p99 {p99:?} \
         (alone {p99_alone:?})"
    );
    assert_eq!(failed, 0, "good requests failed");
    assert_eq!(refused, count, "answered 408");
    assert!(latest < HEADER_TIMEOUT + opened + GRACE, "{latest:?}");
    assert!(grown <= KIB_PER_SOCKET_MAX * 1024, "{grown} bytes for each slow socket");
    drop((bodies, readers));
    until("the slow sockets to be gone", async || (files(process) < open + 50).then_some(())).await;
    assert!(ask(port).await);
}

/// Connects from one of the addresses of loopback, and asks.
async fn from(source: [u8; 4], port: u16) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((source, 0))).expect("an address of loopback");
    let mut stream = socket.connect(SocketAddr::from(([127, 0, 0, 1], port))).await.ok()?;
    stream.write_all(b"GET /good HTTP/1.1\r\nHost: site.example\r\n\r\n").await.ok()?;
    Some(stream)
}

/// The status of the first answer, and whether the connection then ends.
async fn status(stream: Option<&mut TcpStream>) -> String {
    let mut received = [0; 1024];
    let Some(stream) = stream else { return String::new() };
    let read = timeout(Duration::from_secs(10), stream.read(&mut received)).await;
    let count = read.ok().and_then(Result::ok).unwrap_or(0);
    String::from_utf8_lossy(&received[..count]).chars().take(12).collect()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_over_a_limit_are_told_and_others_are_served() {
    let page = Behind::start(&answer("page")).await;
    let gateway = gateway(&page, "connections: 60, connections_per_client: 20").await;
    let port = gateway.port;
    let mut held = Vec::new();
    for _ in 0..20 {
        let mut stream = from([127, 0, 0, 2], port).await;
        assert_eq!(status(stream.as_mut()).await, "HTTP/1.1 200");
        held.extend(stream);
    }
    for _ in 0..5 {
        let mut stream = from([127, 0, 0, 2], port).await.expect("a connection");
        assert_eq!(status(Some(&mut stream)).await, "HTTP/1.1 503");
        assert!(is_closed(&mut stream).await);
        assert!(ask(port).await, "another client is served");
    }
    // What ends makes room.
    held.pop();
    until("room for another one", async || {
        let mut stream = from([127, 0, 0, 2], port).await;
        let is_served = status(stream.as_mut()).await == "HTTP/1.1 200";
        held.extend(stream.filter(|_| is_served));
        is_served.then_some(())
    })
    .await;
    // The limit in all holds for everybody.
    for client in 3..10 {
        for _ in 0..20 {
            let mut stream = from([127, 0, 0, client], port).await;
            match status(stream.as_mut()).await.as_str() {
                "HTTP/1.1 200" => held.extend(stream),
                "HTTP/1.1 503" => {}
                other => panic!("{other:?}"),
            }
        }
    }
    // The harness's own client keeps a connection or two.
    assert!((55..=60).contains(&held.len()), "{} were served", held.len());
    let mut stream = from([127, 0, 0, 77], port).await.expect("a connection");
    assert_eq!(status(Some(&mut stream)).await, "HTTP/1.1 503");
    drop(held);
    until("all to be served again", async || ask(port).await.then_some(())).await;
}
