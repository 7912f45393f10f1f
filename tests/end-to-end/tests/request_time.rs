//! A request has its time, however its pieces come: bodies and answers that drip without end are
//! ended. A WebSocket may last.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{interval, timeout};
use tollgate_end_to_end::{Behind, Config, Gateway, free_port};

const REQUEST_TIMEOUT: Duration = Duration::from_secs(1);
/// Between two pieces; no limit on the waits between them is reached.
const DRIP: Duration = Duration::from_millis(50);
/// Long before this everything has ended.
const PATIENCE: Duration = Duration::from_secs(30);

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\npage";
const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n\
                        upgrade: websocket\r\n\r\n";

async fn gateway(address: &str) -> Gateway {
    let timeout = REQUEST_TIMEOUT.as_secs();
    let listener = free_port();
    let section = format!(
        "edge:\n  limits: {{request_timeout: {timeout}s}}\n  listeners:\n    - address: \
         127.0.0.1:{listener}\n  sites:\n    - hosts: ['*']\n      routes: [{{path: /, to: \
         gateway}}]\n    - hosts: [a.example]\n      routes: [{{path: /, to: '{address}', \
         public: true}}]\n"
    );
    Gateway::start(Config::new().section(&section)).await
}

async fn begin(gateway: &Gateway, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port)).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("a head");
    stream
}

/// Sends pieces until the gateway has had enough, and gives what it answered.
async fn drip(stream: TcpStream, piece: &[u8]) -> String {
    let (mut reader, mut writer) = stream.into_split();
    let mut received = Vec::new();
    let mut ticks = interval(DRIP);
    let answered = async {
        loop {
            tokio::select! {
                read = reader.read_to_end(&mut received) => return read,
                _ = ticks.tick() => {
                    // Once the gateway has ended the connection, only its answer is of interest.
                    let _ended = writer.write_all(piece).await;
                }
            }
        }
    };
    timeout(PATIENCE, answered).await.expect("an end").expect("an answer");
    String::from_utf8_lossy(&received).into_owned()
}

/// A server that answers every request with a stream that never ends. Gives its address.
async fn endless() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                            transfer-encoding: chunked\r\n\r\n";
                let mut ticks = interval(DRIP);
                let mut written = stream.write_all(head.as_bytes()).await;
                while written.is_ok() {
                    ticks.tick().await;
                    written = stream.write_all(b"9\r\ndata: x\n\n\r\n").await;
                }
            });
        }
    });
    format!("http://{address}")
}

/// A server that reads and says nothing. Gives its address.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 1024];
                while stream.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_drips_without_end_is_refused() {
    let page = Behind::start(ANSWER).await;
    let gateway = gateway(&page.address).await;
    let short = "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 60000\r\n\r\n";
    let began = Instant::now();
    let answer = drip(begin(&gateway, short).await, b"x").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(began.elapsed() >= REQUEST_TIMEOUT);
    assert_eq!(page.count(), 0, "a request that is not whole reaches no server");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_drips_without_end_is_refused_on_its_way() {
    let gateway = gateway(&silent().await).await;
    let chunked = "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n";
    let began = Instant::now();
    let answer = drip(begin(&gateway, chunked).await, b"1\r\nx\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(began.elapsed() >= REQUEST_TIMEOUT);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_drips_without_end_is_cut() {
    let gateway = gateway(&endless().await).await;
    let began = Instant::now();
    let mut stream = begin(&gateway, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    let mut received = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut received)).await.expect("an end");
    assert!(began.elapsed() >= REQUEST_TIMEOUT, "it lasted {:?}", began.elapsed());
    let received = String::from_utf8_lossy(&received);
    assert!(received.starts_with("HTTP/1.1 200"), "{received}");
    assert!(received.contains("data: x"), "what came in time was passed on: {received}");
    // Cut, not ended: no client takes it for whole.
    assert!(read.is_err() || !received.ends_with("0\r\n\r\n"), "{received}");
    let mut next = begin(&gateway, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await;
    assert_ne!(next.read(&mut [0; 1024]).await.expect("the next one is served"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_websocket_lasts() {
    let echo = Behind::start(SWITCHED).await;
    let gateway = gateway(&echo.address).await;
    let head = "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\n\
                Upgrade: websocket\r\n\r\n";
    let mut stream = begin(&gateway, head).await;
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut received).await.expect("a head"), 0);
    }
    assert!(received.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&received));
    let (began, mut ticks) = (Instant::now(), interval(DRIP));
    let mut echoed = [0; 4];
    while began.elapsed() < REQUEST_TIMEOUT * 2 {
        ticks.tick().await;
        stream.write_all(b"ping").await.expect("an open connection");
        let read = timeout(PATIENCE, stream.read_exact(&mut echoed)).await.expect("an echo");
        read.expect("an open connection");
        assert_eq!(&echoed, b"ping");
    }
}
