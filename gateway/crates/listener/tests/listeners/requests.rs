//! Requests that are answered, and those that are refused before anybody sees them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tollgate_listener::{Deadlines, Listener};

use crate::client::{AT_MOST, GET, answer, ask, connect, rest};
use crate::server::{self, Settings, listener};

#[tokio::test]
async fn requests_follow_each_other_on_a_connection() {
    let server = server::plain();
    let mut client = connect(server.addresses[0]).await;
    for _ in 0..3 {
        let answer = ask(&mut client, GET.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let told = "GET /a body=0 client=127.0.0.1 peer=127.0.0.1 secure=false name=- certificate=0 at=plain";
        assert!(answer.ends_with(told), "{answer}");
    }
    let body = "x".repeat(200_000);
    let post =
        format!("POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert!(ask(&mut client, post.as_bytes()).await.contains("POST /b body=200000"));
    let chunks = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
                  5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    assert!(ask(&mut client, chunks.as_bytes()).await.contains("POST /c body=11"));
    assert_eq!(server.connections.open(), 1);
}

#[tokio::test]
async fn the_application_knows_which_listener_a_request_came_by() {
    let on_all = Listener { address: "0.0.0.0:0".parse().unwrap(), ..listener("all", None) };
    let listeners = vec![listener("one", None), on_all, listener("two", None)];
    let server = server::start(Settings::new(listeners));
    for (address, name) in server.addresses.iter().zip(["one", "all", "two"]) {
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port());
        let answer = ask(&mut connect(address).await, GET.as_bytes()).await;
        assert!(answer.ends_with(&format!("at={name}")), "{answer}");
    }
}

/// A client that waits in the kernel wakes up for every packet: one that came in two would show in
/// some of many rounds.
#[tokio::test]
async fn an_answers_head_and_body_leave_together() {
    let server = server::plain();
    let address = server.addresses[0];
    let client = tokio::task::spawn_blocking(move || {
        let mut client = std::net::TcpStream::connect(address).unwrap();
        for _ in 0..500 {
            client.write_all(GET.as_bytes()).unwrap();
            let mut bytes = [0; 4096];
            let count = client.read(&mut bytes).unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]);
            assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("at=plain"), "{text}");
        }
    });
    client.await.unwrap();
}

#[tokio::test]
async fn early_requests_are_answered_in_their_turn() {
    let server = server::plain();
    let mut client = connect(server.addresses[0]).await;
    let requests: String = ["/hold", "/b", "/c"]
        .map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .concat();
    client.write_all(requests.as_bytes()).await.unwrap();
    server.echo.held.notified().await;
    server.echo.release.add_permits(1);
    for path in ["/hold", "/b", "/c"] {
        let answer = answer(&mut client).await;
        assert!(answer.contains(&format!("GET {path} body=0")), "{answer}");
    }
}

/// Requests that another parser could read differently, each with a second one hidden behind it.
#[tokio::test]
async fn what_can_be_read_in_two_ways_is_refused_and_ends_the_connection() {
    let server = server::plain();
    let hidden = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
    let post = "POST /x HTTP/1.1\r\nHost: a\r\n";
    for (request, status, word) in [
        (
            format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            400,
            "two-lengths",
        ),
        (
            format!("{post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
            400,
            "content-length",
        ),
        (format!("{post}Content-Length: +5\r\n\r\nhello"), 400, "content-length"),
        (
            format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
            400,
            "transfer-encoding",
        ),
        (format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400, "header-name"),
        (
            "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            400,
            "transfer-encoding",
        ),
        ("GET /x HTTP/1.1\nHost: a\n\n".to_owned(), 400, "line-end"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n".to_owned(), 400, "line-end"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n".to_owned(), 400, "header-value"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n".to_owned(), 400, "folded-header"),
        ("GET /x HTTP/1.1\r\n\r\n".to_owned(), 400, "host"),
        ("GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400, "host"),
        ("GET /x y HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "target"),
        ("GET /x\ty HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "target"),
        ("GET http://b/x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "host-mismatch"),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n".to_owned(), 405, "connect"),
        ("REFUSED /host HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 400, "method"),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(9000)), 414, "target-too-long"),
        (
            format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: 1\r\n".repeat(60)),
            431,
            "head-too-large",
        ),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 400, "version"),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n"), 400, "chunk"),
        (format!("{post}Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n"), 400, "chunk"),
    ] {
        let mut client = connect(server.addresses[0]).await;
        // A good one first: the refusal comes in its turn.
        client.write_all(format!("{GET}{request}{hidden}").as_bytes()).await.unwrap();
        assert!(answer(&mut client).await.contains("GET /a"), "{request:?}");
        let refusal = answer(&mut client).await;
        assert!(refusal.starts_with(&format!("HTTP/1.1 {status} ")), "{request:?}: {refusal}");
        assert!(refusal.ends_with(&format!("\r\n\r\n{word}")), "{request:?}: {refusal}");
        assert_eq!(rest(&mut client).await, "", "{request:?}");
    }
}

#[tokio::test]
async fn slow_heads_and_bodies_are_refused_and_idle_connections_end() {
    let mut settings = Settings::new(vec![listener("plain", None)]);
    let short = Duration::from_millis(50);
    settings.deadlines = Deadlines { head: short, idle: short, body: short, body_rate: 0 };
    let server = server::start(settings);
    for (sent, status) in [
        ("GET / HT", Some(408)),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel", Some(408)),
        (GET, Some(200)),
        ("", None),
        ("\r\n", None),
    ] {
        let mut client = connect(server.addresses[0]).await;
        client.write_all(sent.as_bytes()).await.unwrap();
        if let Some(status) = status {
            let answer = answer(&mut client).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{sent:?}: {answer}");
        }
        assert_eq!(rest(&mut client).await, "", "{sent:?}");
    }
    let all_closed = async {
        while server.connections.open() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(AT_MOST, all_closed).await.unwrap();
}
