//! Sends a case and takes down everything that comes back until the connection ends.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tollgate_end_to_end::Authority;

/// Longer than any connection of a case stays open.
const PATIENCE: Duration = Duration::from_secs(8);

/// How a case travels.
#[derive(Clone)]
pub(crate) enum Way {
    /// In the clear, in as few packets as it fits in.
    Whole(u16),
    /// In the clear, a few bytes at a time.
    Pieces(u16),
    /// Over TLS.
    Tls(u16, Arc<ClientConfig>),
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    pub(crate) answers: Vec<Answer>,
    /// Bytes behind the last answer.
    pub(crate) rest: Vec<u8>,
    pub(crate) end: End,
}

/// A final answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// How the connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    /// It has not, for as long as anybody waited.
    #[default]
    Open,
    /// In order.
    Closed,
    /// By an error.
    Broken(String),
}

// === impl Way ===

impl Way {
    pub(crate) fn tls(port: u16, authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("PEM");
        roots.add(root).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the default versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self::Tls(port, Arc::new(config))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Whole(_) => "plain",
            Self::Pieces(_) => "in pieces",
            Self::Tls(..) => "over TLS",
        }
    }

    /// Sends bytes; `methods` are those of the answers that have to come, for HEAD has no body.
    pub(crate) async fn send(&self, bytes: &[u8], methods: &[String]) -> Heard {
        let port = match self {
            Self::Whole(port) | Self::Pieces(port) | Self::Tls(port, _) => *port,
        };
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
        stream.set_nodelay(true).expect("a fresh connection");
        let piece = if matches!(self, Self::Pieces(_)) { 11 } else { usize::MAX };
        match self {
            Self::Tls(_, config) => {
                let name = ServerName::try_from("localhost").expect("a name");
                let connector = TlsConnector::from(Arc::clone(config));
                let stream = connector.connect(name, stream).await.expect("a handshake");
                exchange(stream, bytes, piece, methods).await
            }
            _ => exchange(stream, bytes, piece, methods).await,
        }
    }
}

async fn exchange<S>(stream: S, bytes: &[u8], piece: usize, methods: &[String]) -> Heard
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut received = Vec::new();
    let writing = async {
        for piece in bytes.chunks(piece.min(bytes.len().max(1))) {
            // A refusal comes before the end of what is sent.
            if writer.write_all(piece).await.is_err() || writer.flush().await.is_err() {
                return;
            }
            if piece.len() < bytes.len() {
                tokio::task::yield_now().await;
            }
        }
    };
    let reading = async {
        loop {
            match timeout(PATIENCE, reader.read_buf(&mut received)).await {
                Err(_) => return End::Open,
                Ok(Ok(0)) => return End::Closed,
                Ok(Ok(_)) => {}
                // Who closes without a word of TLS ends the connection all the same.
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                    return End::Closed;
                }
                Ok(Err(error)) => return End::Broken(error.to_string()),
            }
        }
    };
    let ((), end) = tokio::join!(writing, reading);
    parse(received, methods, end)
}

/// Takes what was received apart.
pub(crate) fn parse(received: Vec<u8>, methods: &[String], end: End) -> Heard {
    let mut heard = Heard { end, ..Heard::default() };
    let mut rest = &received[..];
    while let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let head = String::from_utf8_lossy(&rest[..at]).into_owned();
        let status = head.strip_prefix("HTTP/1.1 ").and_then(|head| head.get(..3)?.parse().ok());
        let Some(status) = status else { break };
        let after = &rest[at + 4..];
        if (102..200).contains(&status) || status == 100 {
            rest = after;
            continue;
        }
        let header = |name: &str| {
            let mut lines = head.lines().filter_map(|line| line.split_once(": "));
            lines
                .find(|(found, _)| found.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_owned())
        };
        let is_bodiless =
            status == 101 || methods.get(heard.answers.len()).is_some_and(|m| m == "HEAD");
        let taken = match (is_bodiless, header("content-length"), header("transfer-encoding")) {
            (true, _, _) => Some((Vec::new(), 0)),
            (_, Some(length), _) => {
                let length = length.parse::<usize>().unwrap_or(usize::MAX);
                after.get(..length).map(|body| (body.to_vec(), length))
            }
            (_, None, Some(_)) => unchunked(after),
            _ => Some((Vec::new(), 0)),
        };
        let Some((body, length)) = taken else { break };
        let body = String::from_utf8_lossy(&body).into_owned();
        heard.answers.push(Answer { status, body });
        rest = &after[length..];
        if status == 101 {
            break;
        }
    }
    heard.rest = rest.to_vec();
    heard
}

/// A chunked body, and how many bytes it is of.
fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
        let size =
            usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}
