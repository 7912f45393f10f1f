//! HTTP/2 by hand, frame by frame, for what no client library would send.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

/// END_STREAM, or ACK.
pub(crate) const LAST: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// A connection.
pub(crate) struct Frames {
    stream: TlsStream<TcpStream>,
    received: Vec<u8>,
}

/// A frame that came.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What became of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The body of the answer.
    Answered(String),
    Reset(u32),
    GoneAway(u32),
    Closed,
    /// Nothing came for as long as anybody waited.
    Silent,
}

// === impl Frames ===

impl Frames {
    /// Opens a connection with these settings of ours.
    pub(crate) async fn open(
        port: u16,
        config: &Arc<ClientConfig>,
        settings: &[(u16, u32)],
    ) -> Self {
        let mut config = ClientConfig::clone(config);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("a fresh connection");
        let name = ServerName::try_from("localhost").expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let mut frames = Self { stream: stream.expect("a handshake"), received: Vec::new() };
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let settings = settings
            .iter()
            .flat_map(|(id, value)| id.to_be_bytes().into_iter().chain(value.to_be_bytes()));
        bytes.extend(frame(SETTINGS, 0, 0, &settings.collect::<Vec<_>>()));
        frames.write(&bytes).await;
        frames
    }

    /// Writes bytes; `false` if the other side takes no more.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> bool {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(timeout(PATIENCE, written).await, Ok(Ok(())))
    }

    /// The next frame; none at the end, or if none comes.
    pub(crate) async fn next(&mut self) -> Result<Frame, Fate> {
        loop {
            if let Some(frame) = self.take() {
                return Ok(frame);
            }
            match timeout(PATIENCE, self.stream.read_buf(&mut self.received)).await {
                Err(_) => return Err(Fate::Silent),
                Ok(Ok(count)) if count > 0 => {}
                Ok(_) => return Err(Fate::Closed),
            }
        }
    }

    fn take(&mut self) -> Option<Frame> {
        let [a, b, c, kind, flags, rest @ ..] = &self.received[..] else { return None };
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let stream = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) & 0x7fff_ffff;
        let payload = rest.get(4..4 + length)?.to_vec();
        let frame = Frame { kind: *kind, flags: *flags, stream, payload };
        self.received.drain(..9 + length);
        Some(frame)
    }

    /// Reads until a stream has its answer, or the connection its end.
    pub(crate) async fn fate(&mut self, stream: u32) -> Fate {
        let mut body = Vec::new();
        loop {
            let frame = match self.next().await {
                Ok(frame) => frame,
                Err(fate) => return fate,
            };
            match frame.kind {
                SETTINGS if frame.flags & LAST == 0 => {
                    self.write(&self::frame(SETTINGS, LAST, 0, &[])).await;
                }
                GOAWAY if code(&frame, 4) != 0 => return Fate::GoneAway(code(&frame, 4)),
                RST_STREAM if frame.stream == stream => return Fate::Reset(code(&frame, 0)),
                DATA if frame.stream == stream => body.extend_from_slice(&frame.payload),
                _ => {}
            }
            let is_last = matches!(frame.kind, DATA | HEADERS) && frame.flags & LAST != 0;
            if is_last && frame.stream == stream {
                return Fate::Answered(String::from_utf8_lossy(&body).into_owned());
            }
        }
    }

    /// Whether the other side still answers: waits for its word on a PING of ours.
    pub(crate) async fn is_alive(&mut self) -> Result<(), Fate> {
        const OURS: &[u8] = b"tollgate";
        if !self.write(&frame(PING, 0, 0, OURS)).await {
            // What it said before is more telling.
            while let Ok(frame) = self.next().await {
                if frame.kind == GOAWAY {
                    return Err(Fate::GoneAway(code(&frame, 4)));
                }
            }
            return Err(Fate::Closed);
        }
        loop {
            let frame = self.next().await?;
            match frame.kind {
                PING if frame.flags & LAST != 0 && frame.payload == OURS => return Ok(()),
                GOAWAY => return Err(Fate::GoneAway(code(&frame, 4))),
                _ => {}
            }
        }
    }
}

fn code(frame: &Frame, at: usize) -> u32 {
    let code = frame.payload.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    code.map_or(0, u32::from_be_bytes)
}

/// The bytes of a frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let mut bytes = length[1..].to_vec();
    bytes.extend([kind, flags]);
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header as HPACK has it, with nothing remembered and nothing compressed.
pub(crate) fn literal(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    for text in [name, value] {
        bytes.extend(length(text.len()));
        bytes.extend_from_slice(text);
    }
    bytes
}

/// A length with a prefix of seven bits.
pub(crate) fn length(count: usize) -> Vec<u8> {
    if count < 0x7f {
        return vec![count as u8];
    }
    let (mut bytes, mut rest) = (vec![0x7f], count - 0x7f);
    while rest >= 0x80 {
        bytes.push((rest % 0x80) as u8 | 0x80);
        rest /= 0x80;
    }
    bytes.push(rest as u8);
    bytes
}

/// Headers one after the other.
pub(crate) fn block(headers: &[(&[u8], &[u8])]) -> Vec<u8> {
    headers.iter().flat_map(|(name, value)| literal(name, value)).collect()
}
