//! Connections over a limit.

use tokio::io::AsyncWriteExt;
use tollgate_listener::{ConnectionLimits, Listener};

use crate::client::{AT_MOST, Client, GET, ask, connect, rest, secure};
use crate::server::{self, Settings, listener};
use crate::tls::Authority;

#[tokio::test]
async fn connections_over_the_limit_are_told_or_closed() {
    let authority = Authority::new();
    let mut settings = Settings::new(vec![
        listener("plain", None),
        listener("secure", Some(authority.tls("a.example"))),
    ]);
    settings.limits = ConnectionLimits { open: 1, per_client: 9 };
    let server = server::start(settings);
    let mut first = connect(server.addresses[0]).await;
    ask(&mut first, GET.as_bytes()).await;
    assert_eq!(server.connections.open(), 1);
    let mut second = connect(server.addresses[0]).await;
    second.write_all(GET.repeat(20).as_bytes()).await.unwrap();
    let told = rest(&mut second).await;
    assert!(told.starts_with("HTTP/1.1 503 ") && told.contains("Retry-After: 1\r\n"), "{told}");
    let config = Client::default().config();
    assert!(secure(server.addresses[1], "a.example", &config).await.is_err());
    assert_eq!(server.connections.refused(), 2);
    assert!(ask(&mut first, GET.as_bytes()).await.starts_with("HTTP/1.1 200 "));
    drop(first);
    let room = async {
        while server.connections.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(AT_MOST, room).await.unwrap();
    let mut second = connect(server.addresses[0]).await;
    assert!(ask(&mut second, GET.as_bytes()).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_client_behind_a_proxy_has_its_own_limit() {
    let proxied = Listener {
        proxy_protocol: Some(vec!["127.0.0.1/32".parse().unwrap()]),
        ..listener("proxied", None)
    };
    let mut settings = Settings::new(vec![proxied]);
    settings.limits = ConnectionLimits { open: 9, per_client: 1 };
    let server = server::start(settings);
    let mut held = Vec::new();
    for (client, status) in [("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 503)] {
        let mut stream = connect(server.addresses[0]).await;
        let header = format!("PROXY TCP4 {client} 198.51.100.1 4711 443\r\n");
        stream.write_all(header.as_bytes()).await.unwrap();
        let answer = match status {
            200 => ask(&mut stream, GET.as_bytes()).await,
            _ => rest(&mut stream).await,
        };
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{client}: {answer}");
        held.push(stream);
    }
}
