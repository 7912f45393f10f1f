//! The upstream as a program: `script ADDRESS` plays scripts for tests in other languages,
//! `fixed ADDRESS` gives one small answer as cheaply as it can, for benches.

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use tollgate_test_upstream::Upstream;

const USAGE: &str = "usage: tollgate-test-upstream script|fixed ADDRESS";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, address] = arguments.as_slice() else { return Err(USAGE.to_owned()) };
    match mode.as_str() {
        "script" => {
            let upstream = Upstream::start_on(address).await;
            println!("listening on {}", upstream.address());
            std::future::pending().await
        }
        "fixed" => {
            let listener = TcpListener::bind(address).await.map_err(|error| error.to_string())?;
            println!("listening on {}", listener.local_addr().map_err(|error| error.to_string())?);
            fixed(listener).await
        }
        _ => Err(USAGE.to_owned()),
    }
}

async fn fixed(listener: TcpListener) -> Result<(), String> {
    let answer = answer().leak();
    loop {
        let (stream, _) = listener.accept().await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        tokio::spawn(answer_all(stream, answer));
    }
}

/// Counts requests by their framing alone and answers each with the same bytes.
async fn answer_all(mut stream: TcpStream, answer: &'static [u8]) {
    let mut received = Vec::with_capacity(16 * 1024);
    loop {
        match request_length(&received) {
            Some(length) if received.len() >= length => {
                received.drain(..length);
                if stream.write_all(answer).await.is_err() {
                    return;
                }
            }
            _ => match stream.read_buf(&mut received).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            },
        }
    }
}

/// The length of the first request in `received`, once its head is there.
fn request_length(received: &[u8]) -> Option<usize> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(received.get(..end)?).ok()?;
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
    Some(end + length)
}

/// A chat completion of about 600 bytes.
fn answer() -> Vec<u8> {
    let body = concat!(
        r#"{"id":"chatcmpl-fixed","object":"chat.completion","created":1700000000,"#,
        r#""model":"fixed","system_fingerprint":"fp_fixed","choices":[{"index":0,"message":"#,
        r#"{"role":"assistant","content":"A toll is a fee for the use of a road or a bridge.","#,
        r#""refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"#,
        r#""usage":{"prompt_tokens":64,"completion_tokens":16,"total_tokens":80,"#,
        r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
        r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"#,
        r#""accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"#,
        r#""service_tier":"default"}"#,
    );
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body.as_bytes()].concat()
}
