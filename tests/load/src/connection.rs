//! One HTTP/1.1 connection on which one stream follows the other.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::figures::Figures;
use crate::stamps;

/// How a stream ends in chunked framing.
const END: &[u8] = b"0\r\n\r\n";

/// What is asked, and where.
pub(crate) struct Target {
    authority: String,
    tls: Option<TlsConnector>,
    request: Vec<u8>,
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

pub(crate) struct Connection {
    wire: Box<dyn Wire>,
    received: Vec<u8>,
}

// === impl Target ===

impl Target {
    /// Reads the URL, and the key and the certificate from the environment.
    pub(crate) fn read(url: &str, body: &[u8]) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
        let (authority, path) = rest.split_once('/').ok_or("the URL has no path")?;
        let tls = match scheme {
            "http" => None,
            "https" => {
                Some(trusting(&std::env::var("LOAD_CA").map_err(|_| "LOAD_CA is not set")?)?)
            }
            _ => return Err(format!("{scheme} is neither http nor https")),
        };
        let key = std::env::var("LOAD_KEY").unwrap_or_else(|_| "sk-nobody".to_owned());
        let head = format!(
            "POST /{path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bearer {key}\r\n\
             content-type: application/json\r\naccept: text/event-stream\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let request = [head.as_bytes(), body].concat();
        Ok(Self { authority: authority.to_owned(), tls, request })
    }
}

fn trusting(file: &str) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(file).map_err(|error| error.to_string())?;
    roots.add(certificate).map_err(|error| error.to_string())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

// === impl Connection ===

impl Connection {
    pub(crate) async fn open(target: &Target) -> Result<Self, String> {
        let stream = TcpStream::connect(&target.authority).await.map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let host = target.authority.split(':').next().unwrap_or_default().to_owned();
        let wire: Box<dyn Wire> = match &target.tls {
            None => Box::new(stream),
            Some(connector) => {
                let name = ServerName::try_from(host).map_err(|error| error.to_string())?;
                let stream = connector.connect(name, stream).await;
                Box::new(stream.map_err(|error| error.to_string())?)
            }
        };
        Ok(Self { wire, received: Vec::with_capacity(16 * 1024) })
    }

    /// Asks for one stream and reads it to its end.
    pub(crate) async fn stream(
        &mut self,
        target: &Target,
        figures: &mut Figures,
    ) -> Result<(), String> {
        self.received.clear();
        let asked = stamps::now();
        self.wire.write_all(&target.request).await.map_err(|error| error.to_string())?;
        let (mut looked, mut first) = (0, true);
        loop {
            let read = self.wire.read_buf(&mut self.received).await;
            if read.map_err(|error| error.to_string())? == 0 {
                return Err(format!("the stream was cut: {}", self.tail()));
            }
            let now = stamps::now();
            let (stamps, done) = stamps::read(&self.received[looked..]);
            looked += done;
            for stamp in stamps {
                if std::mem::take(&mut first) {
                    let upstream = stamp.sent.saturating_sub(stamp.had);
                    figures.first_token(now.saturating_sub(asked).saturating_sub(upstream));
                }
                figures.event(now.saturating_sub(stamp.sent));
            }
            if self.received.ends_with(END) {
                break;
            }
        }
        match first {
            true => Err(format!("the answer had no event: {}", self.tail())),
            false => {
                figures.finished();
                Ok(())
            }
        }
    }

    /// The last of what came, for a message.
    fn tail(&self) -> String {
        let start = self.received.len().saturating_sub(300);
        String::from_utf8_lossy(&self.received[start..]).into_owned()
    }
}
