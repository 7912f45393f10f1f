//! The least of an edge that can answer the CA: one HTTP listener, one TLS listener.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tollgate_acme::Challenges;

/// Listens until it is dropped.
pub(crate) struct Edge {
    pub(crate) http: u16,
    pub(crate) tls: u16,
    _tasks: JoinSet<()>,
}

impl Edge {
    pub(crate) async fn start(challenges: &Challenges) -> Self {
        let (http, tls) = (listener().await, listener().await);
        let ports = (port(&http), port(&tls));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_http(http, challenges.clone()));
        tasks.spawn(serve_tls(tls, challenges.clone()));
        Self { http: ports.0, tls: ports.1, _tasks: tasks }
    }

    /// One that takes connections on its HTTP port, tells of them and never answers.
    pub(crate) async fn silent() -> (Self, mpsc::Receiver<TcpStream>) {
        let (http, tls) = (listener().await, listener().await);
        let ports = (port(&http), port(&tls));
        let (tell, told) = mpsc::channel(16);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((stream, _)) = http.accept().await {
                tell.send(stream).await.unwrap();
            }
        });
        (Self { http: ports.0, tls: ports.1, _tasks: tasks }, told)
    }
}

async fn listener() -> TcpListener {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

async fn serve_http(listener: TcpListener, challenges: Challenges) {
    while let Ok((stream, _)) = listener.accept().await {
        // The CA gives up when a connection breaks; so does the test.
        let _ = answer_http(stream, &challenges).await;
    }
}

async fn answer_http(mut stream: TcpStream, challenges: &Challenges) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let token = path.strip_prefix(Challenges::HTTP_PATH);
    let (status, body) = match token.and_then(|token| challenges.http_answer(token)) {
        Some(answer) => ("200 OK", answer),
        None => ("404 Not Found", "nothing here".to_owned()),
    };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn serve_tls(listener: TcpListener, challenges: Challenges) {
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Answering(challenges)));
    config.alpn_protocols = vec![Challenges::TLS_PROTOCOL.to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let _ = stream.shutdown().await;
        }
    }
}

/// Shows the certificates of challenges, and no other.
#[derive(Debug)]
struct Answering(Challenges);

impl ResolvesServerCert for Answering {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let only: Vec<&[u8]> = hello.alpn()?.collect();
        if only != [Challenges::TLS_PROTOCOL] {
            return None;
        }
        let answer = self.0.tls_answer(hello.server_name()?)?;
        let key = PrivateKeyDer::Pkcs8(answer.private_key.clone().into());
        let key = any_supported_type(&key).ok()?;
        let chain = vec![CertificateDer::from(answer.certificate.clone())];
        Some(Arc::new(CertifiedKey::new(chain, key)))
    }
}
