//! The end of a service.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{AT_MOST, answer, connect, rest};
use crate::server;

#[tokio::test]
async fn no_connection_is_taken_any_more_and_open_ones_finish() {
    let server = server::plain();
    let mut client = connect(server.addresses[0]).await;
    client.write_all(b"GET /hold HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    server.echo.held.notified().await;
    server.shutdown.send(true).unwrap();
    tokio::time::timeout(AT_MOST, server.task).await.unwrap().unwrap();
    assert!(TcpStream::connect(server.addresses[0]).await.is_err());
    assert_eq!(server.connections.open(), 1);
    server.echo.release.add_permits(1);
    assert!(answer(&mut client).await.starts_with("HTTP/1.1 200 "));
    drop(client);
}

#[tokio::test]
async fn a_request_after_the_last_is_not_waited_for() {
    let server = server::plain();
    let mut client = connect(server.addresses[0]).await;
    server.shutdown.send(true).unwrap();
    // It was accepted before the end, or is refused with the listener.
    let _ = client.write_all(crate::client::GET.as_bytes()).await;
    let all = rest(&mut client).await;
    assert!(all.is_empty() || all.contains("Connection: close"), "{all}");
}
