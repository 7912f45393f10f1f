//! Certificates that are renewed on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;
use tollgate_end_to_end::{
    Authority, Builder, Client, Config, Gateway, Key, Streams, Trust, Upstream, replace, until,
};

/// Rotations, of which every fifth is waited for.
const ROTATIONS: usize = 50;
/// A new certificate must be in use in this time.
const SEEN_WITHIN: Duration = Duration::from_secs(2);
/// Clients that open TLS connections.
const CLIENTS: usize = 6;

struct World {
    upstream: Upstream,
    gateway: Gateway,
    key: Key,
    authority: Arc<Authority>,
    files: (PathBuf, PathBuf),
    base: String,
    _folder: TempDir,
}

async fn world() -> World {
    let (upstream, folder) = (Upstream::start().await, TempDir::new().expect("a folder"));
    let authority = Arc::new(Authority::new());
    let config = Config::new().models(&upstream, &["echo", "gated"]);
    let (builder, port) = Builder::new(config).tls(folder.path(), &authority);
    let gateway = builder.start().await;
    let key = gateway.free_key().await;
    let files = (folder.path().join("certificate.pem"), folder.path().join("private-key.pem"));
    let base = format!("https://localhost:{port}");
    World { upstream, gateway, key, authority, files, base, _folder: folder }
}

/// A handshake of a client that has never been there, and the certificate that it saw.
async fn served(authority: &Authority, base: &str) -> Result<Vec<u8>, String> {
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).expect("PEM");
    let client = reqwest::Client::builder().tls_certs_only([root]).tls_info(true).no_proxy();
    let client = client.build().map_err(|error| format!("{error:?}"))?;
    let answer = client.get(format!("{base}/health/liveliness")).send().await;
    let answer = answer.map_err(|error| format!("{error:?}"))?;
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>();
    let seen = info.and_then(|info| info.peer_certificate()).map(<[u8]>::to_vec);
    seen.ok_or_else(|| "no certificate".to_owned())
}

fn der(pem: &str) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM").to_vec()
}

struct Shared {
    stopped: AtomicBool,
    done: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_handshake_fails_while_certificates_are_rotated() {
    let World { upstream, gateway, key, authority, files, base, _folder } = world().await;
    let over_tls = Client::new(&base, Trust::Http2(&authority));
    let streams = Streams::open(&[&over_tls], &upstream, &key, 8).await;
    let shared = Arc::new(Shared { stopped: AtomicBool::new(false), done: AtomicUsize::new(0) });
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (shared, authority) = (Arc::clone(&shared), Arc::clone(&authority));
            let base = base.clone();
            tokio::spawn(async move {
                let mut failed = Vec::new();
                while !shared.stopped.load(Ordering::Relaxed) {
                    failed.extend(served(&authority, &base).await.err());
                    shared.done.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                failed
            })
        })
        .collect();
    let more = async |count: usize| {
        let goal = shared.done.load(Ordering::Relaxed) + count;
        let done = async || (shared.done.load(Ordering::Relaxed) >= goal).then_some(());
        until("more handshakes", done).await;
    };
    let mut slowest = Duration::ZERO;
    for rotation in 0..ROTATIONS * crate::soak() {
        let next = authority.issue();
        let (certificate, private_key) = (next.certificate.as_bytes(), next.private_key.as_bytes());
        let in_place = rotation % 2 == 1;
        if in_place {
            std::fs::write(&files.0, certificate).expect("the certificate's file");
        } else {
            replace(&files.0, certificate);
        }
        more(3).await;
        if in_place {
            std::fs::write(&files.1, private_key).expect("the key's file");
        } else {
            replace(&files.1, private_key);
        }
        if rotation % 5 < 4 {
            more(5).await;
            continue;
        }
        let (written, expected) = (Instant::now(), der(&next.certificate));
        until("the new certificate", async || {
            (served(&authority, &base).await.as_ref() == Ok(&expected)).then_some(())
        })
        .await;
        slowest = slowest.max(written.elapsed());
    }
    shared.stopped.store(true, Ordering::Relaxed);
    let mut failed = Vec::new();
    for client in clients {
        failed.extend(client.await.expect("a client does not panic"));
    }
    let count = shared.done.load(Ordering::Relaxed);
    let (whole, cut) = streams.finish(&upstream).await;
    println!("{count} handshakes, {} failed; seen after {slowest:?} at most", failed.len());
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(whole, 8, "{cut:?}");
    assert!(slowest <= SEEN_WITHIN, "{slowest:?}");
    gateway.serves(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_keeps_the_old_certificate_and_is_logged() {
    let World { upstream: _up, gateway, key: _, authority, files, base, _folder } = world().await;
    let before = served(&authority, &base).await.expect("a handshake");
    let mark = gateway.mark();
    replace(&files.0, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let line = gateway.logged(mark, &["stays in use"]).await;
    println!("{line}");
    assert!(line.contains(&files.0.display().to_string().to_lowercase()), "{line}");
    assert_eq!(served(&authority, &base).await.as_ref(), Ok(&before));
    // Nor does a reload take it.
    gateway.signal(tollgate_end_to_end::Signal::HUP);
    until("the reload's refusal", async || {
        let refused = gateway.metric("tollgate_config_reloads_total{outcome=\"refused\"}").await;
        (refused >= 1.0).then_some(())
    })
    .await;
    assert_eq!(served(&authority, &base).await.as_ref(), Ok(&before));
    let next = authority.issue();
    replace(&files.0, next.certificate.as_bytes());
    replace(&files.1, next.private_key.as_bytes());
    until("the next certificate", async || {
        (served(&authority, &base).await.as_ref() == Ok(&der(&next.certificate))).then_some(())
    })
    .await;
}
