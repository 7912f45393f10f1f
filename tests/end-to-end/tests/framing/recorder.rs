//! A server behind a route that keeps every byte it gets, and what it takes them for.
//!
//! It reads strictly: what it does not understand as one plain request is kept as it is.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What came over the connections.
#[derive(Clone, Default)]
pub(crate) struct Record {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    open: usize,
    requests: Vec<Received>,
    stray: Vec<Vec<u8>>,
}

/// A request that came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Received {
    pub(crate) head: Vec<u8>,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) authorization: String,
    pub(crate) body: Vec<u8>,
    /// It came to its end.
    pub(crate) is_whole: bool,
}

/// How the bytes after a head are framed.
enum Body {
    Fixed(usize),
    Chunked,
}

// === impl Record ===

impl Record {
    /// Listens on loopback; gives the address as a route names it.
    pub(crate) async fn start() -> (Self, String) {
        let record = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let kept = record.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                kept.lock(|shared| shared.open += 1);
                let kept = kept.clone();
                tokio::spawn(async move {
                    serve(stream, &kept).await;
                    kept.lock(|shared| shared.open -= 1);
                });
            }
        });
        (record, address)
    }

    fn lock<T>(&self, use_it: impl FnOnce(&mut Shared) -> T) -> T {
        use_it(&mut self.shared.lock().expect("nobody panics here"))
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.lock(|shared| shared.open)
    }

    /// Every request, and every run of bytes that is none, behind the head before it.
    pub(crate) fn all(&self) -> (Vec<Received>, Vec<Vec<u8>>) {
        self.lock(|shared| (shared.requests.clone(), shared.stray.clone()))
    }
}

// === impl Received ===

impl Received {
    /// Takes a head apart. None: it is no plain request.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(head).into_owned();
        let mut first = text.split("\r\n").next()?.split(' ');
        let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
        if first.next() != Some("HTTP/1.1") || first.next().is_some() {
            return None;
        }
        let mut received = Self { head: head.to_vec(), method, target, ..Self::default() };
        received.authorization = received.values("authorization").pop().unwrap_or_default();
        Some(received)
    }

    /// The values of a header, by its lower-case name.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.head).into_owned();
        let lines = text.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        let values = lines.filter(|(found, _)| found.trim().eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.trim().to_owned()).collect()
    }

    fn body(&self) -> Body {
        if !self.values("transfer-encoding").is_empty() {
            return Body::Chunked;
        }
        let length = self.values("content-length");
        Body::Fixed(length.first().and_then(|length| length.parse().ok()).unwrap_or(0))
    }

    /// What another server could read differently. A request that a gateway writes has none of it.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        let Some(head) = self.head.strip_suffix(b"\r\n\r\n") else {
            return vec!["the head has no end".to_owned()];
        };
        let text = String::from_utf8_lossy(head).into_owned();
        let plain = |line: &str| line.chars().all(|c| c == '\t' || !c.is_control());
        for line in text.split("\r\n") {
            if !plain(line) {
                doubts.push(format!("a control byte in {line:?}"));
            }
        }
        for line in text.split("\r\n").skip(1) {
            let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^`|~".contains(c);
            match line.split_once(':') {
                Some((name, _)) if !name.is_empty() && name.chars().all(is_token) => {}
                _ => doubts.push(format!("the line {line:?}")),
            }
        }
        let (lengths, codings) = (self.values("content-length"), self.values("transfer-encoding"));
        if lengths.len() + codings.len() > 1 {
            doubts.push(format!("lengths {lengths:?} and codings {codings:?}"));
        }
        if !lengths
            .iter()
            .all(|length| length.bytes().all(|b| b.is_ascii_digit()) && !length.is_empty())
        {
            doubts.push(format!("the length {lengths:?}"));
        }
        if !codings.iter().all(|coding| coding == "chunked") {
            doubts.push(format!("the coding {codings:?}"));
        }
        if self.values("host").len() != 1 {
            doubts.push(format!("the hosts {:?}", self.values("host")));
        }
        if !self.target.starts_with('/') || !self.target.bytes().all(|b| b.is_ascii_graphic()) {
            doubts.push(format!("the target {:?}", self.target));
        }
        for gone in ["upgrade", "te", "trailer", "http2-settings", "keep-alive"] {
            let values = self.values(gone);
            if !(values.is_empty() || gone == "upgrade" && values == ["websocket"]) {
                doubts.push(format!("{gone}: {values:?}"));
            }
        }
        doubts
    }
}

/// Bytes as they come.
struct Reader {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Reader {
    async fn more(&mut self) -> Option<()> {
        let read = self.stream.read_buf(&mut self.received).await;
        read.is_ok_and(|count| count > 0).then_some(())
    }

    async fn through(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.received.windows(end.len()).position(|window| window == end) {
                return Some(self.received.drain(..at + end.len()).collect());
            }
            self.more().await?;
        }
    }

    async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.received.len() < count {
            self.more().await?;
        }
        Some(self.received.drain(..count).collect())
    }

    async fn body(&mut self, body: Body) -> Option<Vec<u8>> {
        match body {
            Body::Fixed(count) => self.exactly(count).await,
            Body::Chunked => {
                let mut whole = Vec::new();
                loop {
                    let line = self.through(b"\r\n").await?;
                    let size = std::str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?;
                    let size = usize::from_str_radix(size, 16).ok()?;
                    let chunk = self.exactly(size + 2).await?;
                    whole.extend_from_slice(chunk.strip_suffix(b"\r\n")?);
                    if size == 0 {
                        return Some(whole);
                    }
                }
            }
        }
    }
}

/// Answers requests until the connection ends; what is left over is kept.
async fn serve(stream: TcpStream, record: &Record) {
    let mut reader = Reader { stream, received: Vec::new() };
    let mut before = Vec::new();
    while let Some(head) = reader.through(b"\r\n\r\n").await {
        let Some(mut received) = Received::of(&head) else {
            record.lock(|shared| shared.stray.push([&before[..], b" >>> ", &head].concat()));
            return;
        };
        if !received.values("expect").is_empty() {
            // Whoever is not there to read it has its request cut short below.
            let _ = reader.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        }
        before.clone_from(&head);
        let body = reader.body(received.body()).await;
        received.is_whole = body.is_some();
        received.body = body.unwrap_or_default();
        let is_whole = received.is_whole;
        let answer = answer(&received);
        let is_upgrade = answer.starts_with("HTTP/1.1 101");
        record.lock(|shared| shared.requests.push(received));
        if !is_whole || reader.stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
        if is_upgrade {
            return tunnel(reader).await;
        }
    }
    if !reader.received.is_empty() {
        record.lock(|shared| shared.stray.push([&before[..], b" >>> ", &reader.received].concat()));
    }
}

/// Names the request that it answers.
fn answer(received: &Received) -> String {
    if received.target.ends_with("/101") && !received.values("upgrade").is_empty() {
        return "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n".to_owned();
    }
    let Received { method, target, authorization, .. } = received;
    let text = format!("{method} {target} {authorization}");
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        text.len()
    );
    if method == "HEAD" { head } else { head + &text }
}

/// Says everything back, up to the end of the second victim.
async fn tunnel(mut reader: Reader) {
    let mut said = Vec::new();
    loop {
        let bytes = std::mem::take(&mut reader.received);
        said.extend_from_slice(&bytes);
        let is_over = said.ends_with(b"Connection: close\r\n\r\n");
        let written = reader.stream.write_all(&bytes).await;
        if is_over || written.is_err() || reader.more().await.is_none() {
            return;
        }
    }
}
