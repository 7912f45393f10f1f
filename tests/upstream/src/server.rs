//! The listener and the test's handle on it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::certificate::Authority;
use crate::connection::serve;
use crate::record::{Call, Record};
use crate::wire::Wire;

/// How long a test waits for something to reach the upstream.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running upstream. It ends with this value.
pub struct Upstream {
    address: SocketAddr,
    encrypted: bool,
    record: Arc<Record>,
    task: JoinHandle<()>,
}

impl Upstream {
    /// Starts on a free loopback port, without TLS.
    pub async fn start() -> Self {
        Self::listen("127.0.0.1:0", None).await
    }

    /// Starts on a free loopback port, with a certificate of this authority.
    pub async fn start_tls(authority: &Authority) -> Self {
        let acceptor = TlsAcceptor::from(authority.issue().server());
        Self::listen("127.0.0.1:0", Some(acceptor)).await
    }

    /// Starts on this address, without TLS.
    pub async fn start_on(address: &str) -> Self {
        Self::listen(address, None).await
    }

    async fn listen(address: &str, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(address).await.expect("an address to listen on");
        let address = listener.local_addr().expect("a bound address");
        let record = Arc::new(Record::new());
        let encrypted = acceptor.is_some();
        let task = tokio::spawn(accept(listener, acceptor, Arc::clone(&record)));
        Self { address, encrypted, record, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The `api_base` of a deployment served here.
    pub fn base(&self) -> String {
        match self.encrypted {
            true => format!("https://localhost:{}/v1", self.address.port()),
            false => format!("http://{}/v1", self.address),
        }
    }

    /// Lets held answers go on by `permits` steps.
    pub fn release(&self, permits: usize) {
        self.record.gate.add_permits(permits);
    }

    /// What was received so far.
    pub fn calls(&self) -> Vec<Call> {
        self.record.calls().clone()
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        self.record.connections()
    }

    /// Waits until the record satisfies a condition; panics after 15 seconds.
    pub async fn wait(&self, what: &str, reached: impl Fn(&[Call]) -> bool) -> Vec<Call> {
        self.record.wait(what, PATIENCE, reached).await
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptor: Option<TlsAcceptor>, record: Arc<Record>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Only a delay would follow from failing here.
        let _ = stream.set_nodelay(true);
        tokio::spawn(handle(stream, acceptor.clone(), Arc::clone(&record)));
    }
}

async fn handle(stream: TcpStream, acceptor: Option<TlsAcceptor>, record: Arc<Record>) {
    let wire = match acceptor {
        None => Wire::new(Box::new(stream)),
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => Wire::new(Box::new(stream)),
            // A refused certificate: the test looks for calls that must not have come.
            Err(_) => return,
        },
    };
    serve(wire, record).await;
}
