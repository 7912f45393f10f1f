use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

use super::*;

const LIMITS: GuardLimits = GuardLimits { header_bytes: 16 << 10, header_count: 20 };
const REQUEST: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const DEADLINES: Deadlines = Deadlines {
    head: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    body: Duration::from_secs(30),
    body_rate: 0,
};

fn pair_with(deadlines: Deadlines) -> (Guarded, DuplexStream) {
    let (near, far) = tokio::io::duplex(1 << 20);
    (Guarded::new(Box::new(near), LIMITS, deadlines), far)
}

fn pair() -> (Guarded, DuplexStream) {
    pair_with(DEADLINES)
}

async fn read_once(guarded: &mut Guarded) -> Vec<u8> {
    let mut bytes = vec![0; 64 << 10];
    let count = guarded.read(&mut bytes).await.unwrap();
    bytes.truncate(count);
    bytes
}

/// Whether a read waits for so many seconds at least.
async fn is_waiting_for(guarded: &mut Guarded, seconds: u64) -> bool {
    let mut bytes = [0; 1];
    let read = guarded.read(&mut bytes);
    tokio::time::timeout(Duration::from_secs(seconds), read).await.is_err()
}

/// Whether a read waits for good: not even the longest deadline ends it.
async fn is_waiting(guarded: &mut Guarded) -> bool {
    is_waiting_for(guarded, 1000).await
}

fn post(length: usize) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")
}

#[tokio::test(start_paused = true)]
async fn a_head_comes_whole_and_the_next_request_in_its_turn() {
    let (mut guarded, mut far) = pair();
    let (first, second) = REQUEST.split_at(10);
    far.write_all(first.as_bytes()).await.unwrap();
    assert!(is_waiting_for(&mut guarded, 9).await);
    far.write_all(format!("{second}{REQUEST}").as_bytes()).await.unwrap();
    assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
    assert!(is_waiting(&mut guarded).await);
    assert!(guarded.begin_request());
    assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
    assert!(guarded.begin_request());
    far.write_all(REQUEST.as_bytes()).await.unwrap();
    assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
}

#[tokio::test(start_paused = true)]
async fn bodies_arrive_as_they_were_sent_however_they_are_cut() {
    let body: Vec<u8> = (0..300_000_u32).map(|index| index.to_le_bytes()[0]).collect();
    let mut chunked = b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (index, part) in body.chunks(70_000).enumerate() {
        chunked.extend_from_slice(format!("{:x};n={index}\r\n", part.len()).as_bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n3\r\nabc\r\n");
    }
    chunked.extend_from_slice(b"0\r\nX-Sum: 1\r\n\r\n");
    let fixed = [post(body.len()).as_bytes(), &body].concat();
    for request in [fixed, chunked] {
        for (sent, taken) in [(1_000_000, 1_000_000), (4096, 100_000), (9973, 8191), (70_003, 64)] {
            let (mut guarded, mut far) = pair();
            let bytes = [&request[..], REQUEST.as_bytes()].concat();
            tokio::spawn(async move {
                for part in bytes.chunks(sent) {
                    far.write_all(part).await.unwrap();
                    tokio::task::yield_now().await;
                }
                far
            });
            let mut received = Vec::new();
            let mut part = vec![0; taken];
            while received.len() < request.len() {
                let count = guarded.read(&mut part).await.unwrap();
                assert_ne!(count, 0);
                received.extend_from_slice(&part[..count]);
            }
            assert!(received == request, "sent by {sent}, taken by {taken}");
            assert!(guarded.begin_request());
            assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_head_is_replaced_and_nothing_follows_it() {
    let (mut guarded, mut far) = pair();
    far.write_all(REQUEST.as_bytes()).await.unwrap();
    assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
    assert!(guarded.begin_request());
    far.write_all(format!("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n{REQUEST}").as_bytes())
        .await
        .unwrap();
    let mut stand_in = String::new();
    while !stand_in.ends_with("\r\n\r\n") {
        let mut part = [0; 7];
        let count = guarded.read(&mut part).await.unwrap();
        stand_in.push_str(std::str::from_utf8(&part[..count]).unwrap());
    }
    assert_eq!(stand_in, Fault::Target.stand_in());
    assert!(is_waiting(&mut guarded).await);
    assert!(!guarded.begin_request());
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_gets_its_answer_and_its_time() {
    let (mut guarded, mut far) = pair();
    far.write_all(b"GET /\r\n").await.unwrap();
    assert_eq!(read_once(&mut guarded).await, Fault::RequestLine.stand_in().as_bytes());
    let begun = Instant::now();
    let closed = tokio::spawn(async move {
        guarded.write_all(b"answer").await.unwrap();
        AsyncWriteExt::shutdown(&mut guarded).await.unwrap();
    });
    // More than the pipe holds: it is taken, or this would not end.
    far.write_all(&vec![b'x'; 3 << 20]).await.unwrap();
    let mut answer = String::new();
    far.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "answer");
    closed.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1);
}

#[tokio::test(start_paused = true)]
async fn broken_chunks_fail_the_read_with_their_fault() {
    let (mut guarded, mut far) = pair();
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    far.write_all(format!("{head}3\r\nabc\r\nzz\r\n").as_bytes()).await.unwrap();
    assert_eq!(read_once(&mut guarded).await, format!("{head}3\r\nabc\r\n").as_bytes());
    for _ in 0..2 {
        let error = guarded.read(&mut [0; 9]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert_eq!(Fault::behind(&error), Some(Fault::Chunk));
    }
    assert!(!guarded.begin_request());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_refused_in_time() {
    let (mut guarded, mut far) = pair();
    let dripping = tokio::spawn(async move {
        for byte in REQUEST.bytes() {
            tokio::time::sleep(Duration::from_secs(2)).await;
            if far.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        far
    });
    let begun = Instant::now();
    assert_eq!(read_once(&mut guarded).await, Fault::HeadTimeout.stand_in().as_bytes());
    // Ten seconds from the first byte, which came after two.
    assert_eq!(begun.elapsed().as_secs(), 12);
    dripping.abort();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_ends_without_a_word() {
    let (mut guarded, mut far) = pair();
    for _ in 0..2 {
        far.write_all(REQUEST.as_bytes()).await.unwrap();
        assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
        assert!(guarded.begin_request());
        assert!(is_waiting_for(&mut guarded, 74).await);
    }
    let begun = Instant::now();
    assert!(read_once(&mut guarded).await.is_empty());
    assert_eq!(begun.elapsed().as_secs(), 1);
    assert!(!guarded.begin_request());
}

#[tokio::test(start_paused = true)]
async fn a_body_may_pause_but_not_stop() {
    let (mut guarded, mut far) = pair();
    far.write_all(post(10).as_bytes()).await.unwrap();
    read_once(&mut guarded).await;
    for _ in 0..4 {
        assert!(is_waiting_for(&mut guarded, 29).await);
        far.write_all(b"x").await.unwrap();
        assert_eq!(read_once(&mut guarded).await, b"x");
        // What the server takes its time for is not the client's.
        tokio::time::sleep(Duration::from_secs(100)).await;
    }
    let begun = Instant::now();
    let error = guarded.read(&mut [0; 9]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert!(!guarded.begin_request());
}

#[tokio::test(start_paused = true)]
async fn a_body_must_keep_its_pace() {
    for (rate, is_slow) in [(0, false), (9, false), (11, true)] {
        let (mut guarded, mut far) = pair_with(Deadlines { body_rate: rate, ..DEADLINES });
        far.write_all(post(1000).as_bytes()).await.unwrap();
        tokio::spawn(async move {
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if far.write_all(&[b'x'; 10]).await.is_err() {
                    break;
                }
            }
            far
        });
        let read = async {
            let mut left = 1000 + post(1000).len();
            while left > 0 {
                left -= guarded.read(&mut [0; 4096]).await?;
            }
            Ok::<_, Error>(())
        };
        let read = read.await;
        assert_eq!(read.is_err(), is_slow, "at least {rate} bytes each second");
        if let Err(error) = read {
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_is_noticed_while_its_request_is_answered() {
    for early in ["", REQUEST] {
        let (mut guarded, mut far) = pair();
        far.write_all(format!("{REQUEST}{early}").as_bytes()).await.unwrap();
        assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
        assert!(is_waiting(&mut guarded).await);
        drop(far);
        assert!(read_once(&mut guarded).await.is_empty());
        assert!(!guarded.begin_request());
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_cannot_fill_the_memory_with_early_requests() {
    let (mut guarded, mut far) = pair();
    far.write_all(REQUEST.repeat(30_000).as_bytes()).await.unwrap();
    assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
    assert!(is_waiting(&mut guarded).await);
    assert!(guarded.inbox.bytes().len() <= EARLY_BYTES_MAX + (16 << 10));
    for _ in 1..30_000 {
        assert!(guarded.begin_request());
        assert_eq!(read_once(&mut guarded).await, REQUEST.as_bytes());
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgraded_connection_is_opaque() {
    let wish = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
    for (answer, passes) in [("HTTP/1.1 101 Yes\r\n\r\n", true), ("HTTP/1.1 403 No\r\n\r\n", false)]
    {
        let (mut guarded, mut far) = pair();
        far.write_all(format!("{wish}\x01\x02 any bytes").as_bytes()).await.unwrap();
        assert_eq!(read_once(&mut guarded).await, wish.as_bytes());
        assert!(is_waiting(&mut guarded).await);
        guarded.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.unwrap();
        guarded.write_all(answer.as_bytes()).await.unwrap();
        if passes {
            assert_eq!(read_once(&mut guarded).await, b"\x01\x02 any bytes");
            assert!(is_waiting(&mut guarded).await);
            far.write_all(&[0; 99]).await.unwrap();
            assert_eq!(read_once(&mut guarded).await, [0; 99]);
            drop(far);
            assert!(read_once(&mut guarded).await.is_empty());
        } else {
            assert!(is_waiting(&mut guarded).await);
            assert!(guarded.begin_request());
            let refused = String::from_utf8(read_once(&mut guarded).await).unwrap();
            assert!(refused.starts_with("REFUSED"), "{refused}");
        }
    }
}
