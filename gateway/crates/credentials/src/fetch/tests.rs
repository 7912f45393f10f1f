use std::io::{Read, Write};
use std::net::TcpListener;

use tollgate_upstream::{UpstreamSettings, write_bundle};

use super::*;

/// Answers one request, and gives what it was sent.
fn served(answer: Vec<u8>) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        while !seen.ends_with(b"assertion=x") {
            let mut bytes = [0; 1024];
            let read = stream.read(&mut bytes).unwrap();
            assert!(read > 0, "the request broke off");
            seen.extend_from_slice(&bytes[..read]);
        }
        // The client may have had enough before the end.
        let _ = stream.write_all(&answer);
        String::from_utf8(seen).unwrap()
    });
    (url, server)
}

async fn fetched(url: &str) -> Result<FetchedAnswer, String> {
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    write_bundle(&roots, None).unwrap();
    let upstreams = Upstreams::new(UpstreamSettings {
        roots,
        pool: 1,
        connect_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(5),
    });
    TokenFetch::new(upstreams).post_form(url, "assertion=x".to_owned()).await
}

#[tokio::test]
async fn a_form_is_posted_and_the_answer_given_whatever_its_status() {
    let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}".to_vec();
    let (url, server) = served(answer);
    let answer = fetched(&url).await.unwrap_or_else(|why| panic!("{why}"));
    assert_eq!((answer.status, answer.body.as_slice()), (400, b"{}".as_slice()));
    let seen = server.join().unwrap().to_ascii_lowercase();
    assert!(seen.starts_with("post /token http/1.1\r\n"), "{seen}");
    assert!(seen.contains("content-type: application/x-www-form-urlencoded\r\n"), "{seen}");
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n".to_vec();
    answer.resize(200_000, b'x');
    let (url, server) = served(answer);
    let why = fetched(&url).await.err().unwrap();
    assert_eq!(why, "its answer is larger than 65536 bytes");
    server.join().unwrap();
}

#[tokio::test]
async fn nobody_there_is_said_without_the_form() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/token", listener.local_addr().unwrap());
    drop(listener);
    let why = fetched(&url).await.err().unwrap();
    assert!(why.starts_with("cannot connect to 127.0.0.1:"), "{why}");
    assert!(!why.contains("assertion"), "{why}");
}
