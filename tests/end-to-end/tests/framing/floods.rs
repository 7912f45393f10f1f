//! HTTP/2 connections that make much work of little: they are ended, cost little, and disturb nobody.

use std::sync::Arc;

use rustls::ClientConfig;

use crate::case::HOST;
use crate::cases;
use crate::corpus::{Setup, setup};
use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, Fate, Frames, HEADERS, LAST, PING, PRIORITY, RST_STREAM,
    SETTINGS, WINDOW_UPDATE, block, frame, length, literal,
};
use crate::sender::{End, Way};

/// After so many bad frames a connection has to be over.
const BAD_FRAMES_MAX: usize = 1000;
/// What one such connection may cost in memory.
const GROWTH_MAX_KIB: usize = 32 << 10;
/// Frames between two looks at whether the other side is still there.
const BURST: usize = 100;

/// Resident memory of a process, in KiB.
fn resident(process: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

fn request(method: &str, more: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut headers: Vec<(&[u8], &[u8])> = vec![
        (b":method", method.as_bytes()),
        (b":scheme", b"https"),
        (b":authority", HOST.as_bytes()),
        (b":path", b"/k1"),
    ];
    headers.extend_from_slice(more);
    block(&headers)
}

/// Sends bursts until the connection is over; tells after how many bad frames it was, and how.
async fn flood(
    (port, config): (u16, &Arc<ClientConfig>),
    first: &[u8],
    mut bad: impl FnMut(usize) -> Vec<u8>,
) -> (usize, Fate) {
    let mut frames = Frames::open(port, config, &[]).await;
    frames.write(first).await;
    let mut sent = 0;
    while sent < 20 * BAD_FRAMES_MAX {
        let burst: Vec<u8> = (sent..sent + BURST).flat_map(&mut bad).collect();
        frames.write(&burst).await;
        sent += BURST;
        if let Err(fate) = frames.is_alive().await {
            return (sent, fate);
        }
    }
    (sent, Fate::Silent)
}

/// An ordinary request on another connection.
async fn serves(port: u16) -> bool {
    let last = cases::last_one(1);
    let heard = Way::Whole(port).send(&last.sent(), &[]).await;
    heard.answers.iter().all(|answer| answer.status == 200) && heard.end == End::Closed
}

/// One flood: what comes first, and the bad frame of each number.
type Flood = (&'static str, Vec<u8>, Box<dyn FnMut(usize) -> Vec<u8> + Send>);

fn stream_of(index: usize) -> u32 {
    u32::try_from(index * 2 + 1).expect("few streams")
}

fn floods() -> Vec<Flood> {
    let open = |method: &str| frame(HEADERS, END_HEADERS, 1, &request(method, &[]));
    let ask =
        |index: usize| frame(HEADERS, END_HEADERS | LAST, stream_of(index), &request("GET", &[]));
    vec![
        (
            "rapid reset",
            Vec::new(),
            Box::new(move |index| {
                [ask(index), frame(RST_STREAM, 0, stream_of(index), &8_u32.to_be_bytes())].concat()
            }),
        ),
        // The server is made to reset: a window of 0 added to a stream that is answered.
        (
            "made to reset",
            Vec::new(),
            Box::new(move |index| {
                [ask(index), frame(WINDOW_UPDATE, 0, stream_of(index), &[0; 4])].concat()
            }),
        ),
        (
            "continuations",
            frame(HEADERS, 0, 1, &request("GET", &[])),
            Box::new(|index| {
                frame(CONTINUATION, 0, 1, &literal(b"x", index.to_string().as_bytes()))
            }),
        ),
        (
            "empty continuations",
            frame(HEADERS, 0, 1, &request("GET", &[])),
            Box::new(|_| frame(CONTINUATION, 0, 1, &[])),
        ),
        ("empty data", open("POST"), Box::new(|_| frame(DATA, 0, 1, &[]))),
        (
            "padding alone",
            open("POST"),
            Box::new(|_| frame(DATA, 8, 1, &[[200].to_vec(), vec![0; 200]].concat())),
        ),
        ("settings", Vec::new(), Box::new(|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]))),
        ("empty settings", Vec::new(), Box::new(|_| frame(SETTINGS, 0, 0, &[]))),
        ("pings", Vec::new(), Box::new(|index| frame(PING, 0, 0, &(index as u64).to_be_bytes()))),
        (
            "priorities",
            Vec::new(),
            Box::new(|index| frame(PRIORITY, 0, stream_of(index), &[0, 0, 0, 0, 1])),
        ),
        ("windows", open("POST"), Box::new(|_| frame(WINDOW_UPDATE, 0, 1, &1_u32.to_be_bytes()))),
        ("unknown frames", Vec::new(), Box::new(|_| frame(0x42, 0, 0, &[]))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_frames_end_their_connection_and_nothing_else() {
    let Setup { gateway, authority, tls, record: _record, _folder } = setup().await;
    let Way::Tls(_, config) = Way::tls(tls, &authority) else { unreachable!() };
    let mut table = Vec::new();
    // Whatever is set up at the first request of each kind is no growth.
    assert!(serves(gateway.port).await);
    for (name, first, bad) in floods() {
        let before = resident(gateway.pid());
        let began = std::time::Instant::now();
        let (sent, fate) = flood((tls, &config), &first, bad).await;
        let grown = resident(gateway.pid()).saturating_sub(before);
        println!("{name}: {fate:?} after {sent} frames, {:?}, {grown} KiB more", began.elapsed());
        if sent > BAD_FRAMES_MAX {
            table.push(format!("{name} | {fate:?} after {sent} bad frames"));
        }
        if grown > GROWTH_MAX_KIB {
            table.push(format!("{name} | {grown} KiB more"));
        }
        if !serves(gateway.port).await {
            table.push(format!("{name} | another connection is not served"));
        }
    }
    assert!(table.is_empty(), "\n{}", table.join("\n"));
}

/// Many requests whose headers are large only when they are unpacked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_that_unpack_to_much_cost_little() {
    let Setup { gateway, authority, tls, record: _record, _folder } = setup().await;
    let Way::Tls(_, config) = Way::tls(tls, &authority) else { unreachable!() };
    assert!(serves(gateway.port).await);
    // Remembered at place 62, then named by one byte each.
    let value = vec![b'b'; 4000];
    let mut remember = vec![0x40];
    for text in [&b"x"[..], &value] {
        remember.extend(length(text.len()));
        remember.extend_from_slice(text);
    }
    for (name, count) in [
        ("12 of 4,000 bytes", 12),
        ("1,000 of 4,000 bytes", 1000),
        ("16,000 of 4,000 bytes", 16_000),
    ] {
        let before = resident(gateway.pid());
        let mut frames = Frames::open(tls, &config, &[]).await;
        let first = [request("POST", &[]), remember.clone()].concat();
        frames.write(&frame(HEADERS, END_HEADERS, 1, &first)).await;
        for index in 1..100 {
            // Left open, so that none of it is forgotten.
            let block = [request("POST", &[]), vec![0x80 | 62; count]].concat();
            if !frames.write(&frame(HEADERS, END_HEADERS, stream_of(index), &block)).await {
                break;
            }
        }
        let alive = frames.is_alive().await;
        let grown = resident(gateway.pid()).saturating_sub(before);
        println!("{name} in each of 100 requests: {alive:?}, {grown} KiB more");
        assert!(grown <= GROWTH_MAX_KIB, "{name}: {grown} KiB more");
        assert!(serves(gateway.port).await, "{name}");
    }
}

/// A head that is too large in all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_of_headers_that_is_too_large_is_refused() {
    let Setup { gateway, authority, tls, record, _folder } = setup().await;
    let Way::Tls(_, config) = Way::tls(tls, &authority) else { unreachable!() };
    let mut frames = Frames::open(tls, &config, &[]).await;
    let mut bytes = frame(HEADERS, LAST, 1, &request("GET", &[]));
    for index in 0..20 {
        let flags = if index == 19 { END_HEADERS } else { 0 };
        bytes.extend(frame(CONTINUATION, flags, 1, &literal(b"x", &vec![b'v'; 15_000])));
    }
    frames.write(&bytes).await;
    let fate = frames.fate(1).await;
    println!("300,000 bytes of headers: {fate:?}");
    assert!(!matches!(&fate, Fate::Silent), "{fate:?}");
    assert!(record.all().0.is_empty(), "{:?}", record.all().0.len());
    assert!(serves(gateway.port).await);
}

/// A client that asks for much and takes none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_not_taken_cost_little() {
    let Setup { gateway, authority, tls, record: _record, _folder } = setup().await;
    let Way::Tls(_, config) = Way::tls(tls, &authority) else { unreachable!() };
    assert!(serves(gateway.port).await);
    let before = resident(gateway.pid());
    // The window that answers may fill is 0.
    let mut frames = Frames::open(tls, &config, &[(4, 0)]).await;
    for index in 0..1000 {
        let headers = request("GET", &[]);
        frames.write(&frame(HEADERS, END_HEADERS | LAST, stream_of(index), &headers)).await;
    }
    let alive = frames.is_alive().await;
    let grown = resident(gateway.pid()).saturating_sub(before);
    println!("1,000 answers that nobody takes: {alive:?}, {grown} KiB more");
    assert!(grown <= GROWTH_MAX_KIB, "{grown} KiB more");
    assert!(serves(gateway.port).await);
}
