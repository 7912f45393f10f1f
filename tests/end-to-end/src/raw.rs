//! HTTP/1.1 by hand, for what no client library would send.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

use crate::wait::PATIENCE;

/// One connection.
pub struct Raw {
    reader: OwnedReadHalf,
    writer: OwnedWriteHalf,
    received: Vec<u8>,
}

/// An answer read by its framing.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The head.
    pub head: String,
    /// The body, without framing.
    pub body: Vec<u8>,
}

impl RawAnswer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        let value = serde_json::from_slice(&self.body);
        value.unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// A header's value by its lower-case name.
    pub fn header(&self, name: &str) -> Option<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut found = lines.filter(|(n, _)| n.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.trim().to_owned())
    }
}

/// The bytes of a chat call.
pub fn post(key: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

impl Raw {
    /// Connects to a loopback port.
    pub async fn connect(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("a fresh connection");
        let (reader, writer) = stream.into_split();
        Self { reader, writer, received: Vec::new() }
    }

    /// Connects, unless that fails.
    pub async fn try_connect(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await;
        let stream = stream.map_err(|error| format!("no connection: {error}"))?;
        stream.set_nodelay(true).expect("a fresh connection");
        let (reader, writer) = stream.into_split();
        Ok(Self { reader, writer, received: Vec::new() })
    }

    /// Writes a request and reads its answer.
    pub async fn ask(&mut self, bytes: &[u8]) -> Result<RawAnswer, String> {
        self.writer.write_all(bytes).await.map_err(|error| error.to_string())?;
        self.try_answer().await
    }

    /// Writes bytes as they are.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.expect("the gateway reads");
    }

    /// Writes while also reading, for bodies that the gateway may refuse half-way. Says whether
    /// everything was written.
    pub async fn write_unless_refused(&mut self, bytes: &[u8]) -> bool {
        let Self { reader, writer, received } = self;
        let mut writing = std::pin::pin!(writer.write_all(bytes));
        loop {
            tokio::select! {
                biased;
                wrote = &mut writing => return wrote.is_ok(),
                read = reader.read_buf(received) => match read {
                    Ok(count) if count > 0 => {}
                    _ => return false,
                },
            }
        }
    }

    async fn more(&mut self) -> Result<bool, String> {
        let read = timeout(PATIENCE, self.reader.read_buf(&mut self.received)).await;
        let read = read.map_err(|_| format!("nothing more came after {:?}", self.text()))?;
        Ok(read.map_err(|error| error.to_string())? > 0)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).chars().take(2000).collect()
    }

    async fn through(&mut self, end: &[u8]) -> Result<Vec<u8>, String> {
        loop {
            let found = self.received.windows(end.len()).position(|window| window == end);
            if let Some(at) = found {
                return Ok(self.received.drain(..at + end.len()).collect());
            }
            if !self.more().await? {
                return Err(format!("the connection ended at {:?}", self.text()));
            }
        }
    }

    async fn exactly(&mut self, length: usize) -> Result<Vec<u8>, String> {
        while self.received.len() < length {
            if !self.more().await? {
                return Err(format!("the connection ended at {:?}", self.text()));
            }
        }
        Ok(self.received.drain(..length).collect())
    }

    /// Reads one answer, interim ones included; an error text if the connection ends first.
    pub async fn try_answer(&mut self) -> Result<RawAnswer, String> {
        let head = String::from_utf8_lossy(&self.through(b"\r\n\r\n").await?).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| format!("not a status line: {head:?}"))?;
        let mut answer = RawAnswer { status, head, body: Vec::new() };
        if status < 200 {
            return Ok(answer);
        }
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        answer.body = match length {
            Some(length) => self.exactly(length).await?,
            None if answer.header("transfer-encoding").is_some() => self.chunks().await?,
            None => Vec::new(),
        };
        Ok(answer)
    }

    /// Reads one answer.
    pub async fn answer(&mut self) -> RawAnswer {
        self.try_answer().await.unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        loop {
            let line = self.through(b"\r\n").await?;
            let line = String::from_utf8_lossy(&line).into_owned();
            let size = usize::from_str_radix(line.trim(), 16);
            let size = size.map_err(|_| format!("not a chunk size: {line:?}"))?;
            let chunk = self.exactly(size + 2).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }

    /// Reads until the received bytes contain a text, without taking them.
    pub async fn sees(&mut self, text: &str) {
        while !self.received.windows(text.len()).any(|window| window == text.as_bytes()) {
            match self.more().await {
                Ok(true) => {}
                other => panic!("{text:?} did not come ({other:?}): {:?}", self.text()),
            }
        }
    }

    /// Whether nothing arrives for a while: an answer must not come yet.
    pub async fn silent_for(&mut self, while_: Duration) -> bool {
        timeout(while_, self.reader.read_buf(&mut self.received)).await.is_err()
    }
}
