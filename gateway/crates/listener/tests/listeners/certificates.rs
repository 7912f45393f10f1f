//! Certificates that are renewed while clients connect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pingora_core::services::Service as _;
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tollgate_listener::{CertificateWatch, Resumption, Tls};

use crate::client::{AT_MOST, Client, secure};
use crate::server::{self, Settings, listener};
use crate::tls::Authority;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_fail_no_handshake() {
    let authority = Authority::new();
    let settings = authority.settings(&["a.example"]);
    let tls = Tls::new(&settings, &Resumption::new(100).unwrap()).unwrap();
    let server = server::start(Settings::new(vec![listener("secure", Some(tls))]));
    let address = server.addresses[0];
    let mut watcher =
        CertificateWatch::new(Arc::clone(&settings.certificates)).every(Duration::from_millis(1));
    let (_shutdown, watch) = watch::channel(false);
    tokio::spawn(async move { watcher.start_service(None, watch, 1).await });
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let is_over = Arc::clone(&is_over);
            tokio::spawn(async move {
                let mut handshakes = 0;
                while !is_over.load(Ordering::Relaxed) {
                    secure(address, "a.example", &Client::default().config()).await.unwrap();
                    handshakes += 1;
                }
                handshakes
            })
        })
        .collect();
    let mut before = served(address).await;
    for round in 0..5 {
        let files = authority.files("a.example");
        let renewed = tokio::time::timeout(AT_MOST, another(address, &before)).await;
        before = renewed.unwrap_or_else(|_| panic!("round {round}: never served"));
        // One that is of no use changes nothing, and does not keep the next one out.
        std::fs::write(&files.certificate, "broken").unwrap();
        assert_eq!(served(address).await, before);
    }
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
    assert_eq!(server.connections.failed_handshakes(), 0);
}

async fn served(address: std::net::SocketAddr) -> CertificateDer<'static> {
    let client = secure(address, "a.example", &Client::default().config()).await.unwrap();
    client.get_ref().1.peer_certificates().unwrap()[0].clone()
}

async fn another(
    address: std::net::SocketAddr,
    before: &CertificateDer<'_>,
) -> CertificateDer<'static> {
    loop {
        let now = served(address).await;
        if now != *before {
            return now;
        }
    }
}
