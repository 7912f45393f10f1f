//! Connections that a proxy in front hands on.

use tokio::io::AsyncWriteExt;
use tollgate_listener::Listener;

use crate::client::{Client, GET, ask, connect, over, rest};
use crate::server::{self, Settings, listener};
use crate::tls::Authority;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n";
const BINARY: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\x12\x67\x01\xbb";

fn behind(networks: &str, listener: Listener) -> Listener {
    Listener { proxy_protocol: Some(vec![networks.parse().unwrap()]), ..listener }
}

#[tokio::test]
async fn a_trusted_proxy_tells_the_client() {
    let authority = Authority::new();
    let tls = authority.tls("a.example");
    let server = server::start(Settings::new(vec![
        behind("127.0.0.0/8", listener("plain", None)),
        behind("127.0.0.0/8", listener("secure", Some(tls))),
    ]));
    let told = "client=192.0.2.7 peer=127.0.0.1";
    for header in [LINE, BINARY] {
        let mut client = connect(server.addresses[0]).await;
        let answer = ask(&mut client, &[header, GET.as_bytes()].concat()).await;
        assert!(answer.contains(told), "{answer}");
        // The header stands once, before the first request.
        assert!(ask(&mut client, GET.as_bytes()).await.contains(told));
        let mut client = connect(server.addresses[1]).await;
        client.write_all(header).await.unwrap();
        let mut client = over(client, "a.example", &Client::default().config()).await.unwrap();
        let answer = ask(&mut client, GET.as_bytes()).await;
        assert!(answer.contains(told) && answer.contains("secure=true"), "{answer}");
    }
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let server = server::start(Settings::new(vec![
        behind("192.0.2.0/24", listener("far", None)),
        behind("127.0.0.1/32", listener("near", None)),
        listener("plain", None),
    ]));
    for (address, header) in
        [(0, LINE), (0, BINARY), (1, &b""[..]), (1, b"PROXY TCP4 nonsense\r\n")]
    {
        let mut client = connect(server.addresses[address]).await;
        client.write_all(&[header, GET.as_bytes()].concat()).await.unwrap();
        assert_eq!(rest(&mut client).await, "");
    }
    assert_eq!(server.connections.refused(), 4);
    // Where no header is expected, one is no request.
    let mut client = connect(server.addresses[2]).await;
    let answer = ask(&mut client, &[LINE, GET.as_bytes()].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}
