use super::*;

const LIMITS: GuardLimits = GuardLimits { header_bytes: 4096, header_count: 20 };
const VICTIM: &str = "GET /victim HTTP/1.1\r\nHost: v.example\r\n\r\n";

/// What a connection hands on, and the fault that ended it, if bytes come in pieces of these sizes.
fn pieces(bytes: &[u8], mut size: impl FnMut() -> usize) -> (Vec<u8>, Option<Fault>) {
    let mut guard = Guard::new(LIMITS);
    let (mut buffer, mut held, mut out) = (Vec::new(), 0, Vec::new());
    let mut rest = bytes;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(size().clamp(1, rest.len()));
        rest = after;
        buffer.extend_from_slice(piece);
        loop {
            let checked = guard.check(&buffer, &mut held);
            out.extend(buffer.drain(..checked.released));
            if checked.fault.is_some() {
                return (out, checked.fault);
            }
            if !guard.is_servers_turn() {
                break;
            }
            assert!(guard.begin_request());
        }
    }
    (out, None)
}

/// The same for any cut into pieces.
fn handed_on(bytes: &[u8]) -> (Vec<u8>, Option<Fault>) {
    let whole = pieces(bytes, || usize::MAX);
    assert_eq!(pieces(bytes, || 1), whole, "byte by byte: {:?}", String::from_utf8_lossy(bytes));
    let mut state = 0x9e37_79b9_u32;
    for _ in 0..8 {
        let cut = pieces(bytes, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 28) as usize
        });
        assert_eq!(cut, whole, "in pieces: {:?}", String::from_utf8_lossy(bytes));
    }
    whole
}

fn assert_passes(request: &str) {
    let bytes = format!("{request}{VICTIM}").into_bytes();
    assert_eq!(handed_on(&bytes), (bytes, None), "{request:?}");
}

fn assert_refused(request: &str, fault: Fault) {
    assert_refused_bytes(format!("{request}{VICTIM}").as_bytes(), fault);
}

fn assert_refused_bytes(bytes: &[u8], fault: Fault) {
    let (out, found) = handed_on(bytes);
    let text = String::from_utf8_lossy(bytes);
    assert_eq!(found, Some(fault), "{text:?}");
    assert!(out.is_empty(), "{text:?} was handed on: {:?}", String::from_utf8_lossy(&out));
}

fn with_headers(headers: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: a.example\r\n{headers}\r\n")
}

#[test]
fn ordinary_requests_pass_with_what_follows_them() {
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /x?y=%20&z HTTP/1.1\r\nHost: a:8080\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://A.example/x HTTP/1.1\r\nHost: A.example\r\n\r\n",
        "M-SEARCH /x HTTP/1.1\r\nHost: a\r\nX:\r\nY: \t v \t\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: caf\u{e9}\r\n\r\n",
    ] {
        assert_passes(request);
    }
}

#[test]
fn bodies_end_where_they_are_said_to() {
    assert_passes(&format!("{}hello", with_headers("Content-Length: 5\r\n")));
    assert_passes(&format!("{}hello", with_headers("Content-Length: 0005\r\n")));
    let chunked = with_headers("Transfer-Encoding: chunked\r\n");
    for body in [
        "0\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "A;x=y; z=\"q\"\r\n0123456789\r\n00\r\n\r\n",
        "1\r\nx\r\n0\r\nX-Sum: 1\r\nY: 2\r\n\r\n",
    ] {
        assert_passes(&format!("{chunked}{body}"));
    }
    // A body that looks like a request is a body.
    let inner = "GET /inner HTTP/1.1\r\nContent-Length: +1\r\n\r\n";
    assert_passes(&format!(
        "{}{inner}",
        with_headers(&format!("Content-Length: {}\r\n", inner.len()))
    ));
}

#[test]
fn lengths_that_can_be_read_in_two_ways_are_refused() {
    for value in ["+5", "-5", "5, 5", "5 5", "0x5", "", "5a", "5;", "9999999999999999999"] {
        assert_refused(
            &with_headers(&format!("Content-Length: {value}\r\n")),
            Fault::ContentLength,
        );
    }
    assert_refused(
        &with_headers("Content-Length: 5\r\nContent-Length: 5\r\n"),
        Fault::ContentLength,
    );
    let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    assert_refused(&with_headers(both), Fault::TwoLengths);
    for value in
        ["gzip, chunked", "chunked, chunked", "identity", "x", "", "chunked;a", "\"chunked\""]
    {
        let header = format!("Transfer-Encoding: {value}\r\n");
        assert_refused(&with_headers(&header), Fault::TransferEncoding);
    }
    assert_refused(
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        Fault::TransferEncoding,
    );
}

#[test]
fn lines_and_names_must_be_exact() {
    for (headers, fault) in [
        ("X : 1\r\n", Fault::HeaderName),
        (": 1\r\n", Fault::HeaderName),
        ("X\r\n", Fault::HeaderName),
        ("X(: 1\r\n", Fault::HeaderName),
        ("X: 1\r\n folded\r\n", Fault::Folded),
        (" X: 1\r\n", Fault::Folded),
        ("X: a\u{0}b\r\n", Fault::HeaderValue),
        ("X: a\u{7f}b\r\n", Fault::HeaderValue),
        ("X: a\rb\r\n", Fault::LineEnd),
        ("X: a\n", Fault::LineEnd),
        ("X: a\r\r\n", Fault::LineEnd),
        ("Host: b\r\n", Fault::Host),
    ] {
        assert_refused(&with_headers(headers), fault);
    }
}

#[test]
fn the_request_line_must_be_exact() {
    let tail = "\r\nHost: a\r\n\r\n";
    for (line, fault) in [
        ("GET /", Fault::RequestLine),
        ("GET  / HTTP/1.1", Fault::Target),
        ("GET / x HTTP/1.1", Fault::Target),
        ("GET /\t HTTP/1.1", Fault::Target),
        ("GET /\u{e9} HTTP/1.1", Fault::Target),
        ("GET /#x HTTP/1.1", Fault::Target),
        ("GET /<x> HTTP/1.1", Fault::Target),
        ("GET /`x HTTP/1.1", Fault::Target),
        ("GET /?\"x HTTP/1.1", Fault::Target),
        ("GET x HTTP/1.1", Fault::Target),
        ("GET * HTTP/1.1", Fault::Target),
        ("GET ftp://a/ HTTP/1.1", Fault::Target),
        ("GET http://u@a/ HTTP/1.1", Fault::Target),
        ("GET http://b/ HTTP/1.1", Fault::HostMismatch),
        ("GET http://A/ HTTP/1.1", Fault::HostMismatch),
        ("G(T / HTTP/1.1", Fault::Method),
        (" / HTTP/1.1", Fault::Method),
        ("REFUSED /host HTTP/1.1", Fault::Method),
        ("CONNECT a:443 HTTP/1.1", Fault::Connect),
        ("GET / HTTP/1.2", Fault::Version),
        ("GET / HTTP/2.0", Fault::Version),
        ("GET / HTTP/1.1 ", Fault::Version),
    ] {
        assert_refused(&format!("{line}{tail}"), fault);
    }
    assert_refused("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Fault::RequestLine);
    assert_refused("GET / HTTP/1.1\r\n\r\n", Fault::Host);
    for host in [
        "", "a b", "a/b", "a@b", "a:", "a:b", "a:123456", "[::1", "[]", "[::1]x", "a,b c", "a,b",
        "a%62",
    ] {
        assert_refused(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"), Fault::Host);
    }
}

#[test]
fn no_byte_outside_visible_ascii_passes_in_a_target() {
    for byte in (0..=b' ').chain(0x7f..=0xff) {
        let mut bytes = b"GET /a".to_vec();
        bytes.push(byte);
        bytes.extend_from_slice(b"b HTTP/1.1\r\nHost: a\r\n\r\n");
        let (out, fault) = handed_on(&bytes);
        assert!(fault.is_some() && out.is_empty(), "{byte:#x}");
    }
}

#[test]
fn broken_chunks_are_refused_where_they_break() {
    let head = with_headers("Transfer-Encoding: chunked\r\n");
    for body in [
        "g\r\n",
        "\r\n",
        "+5\r\nhello\r\n",
        "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5 \r\nhello\r\n",
        "5\nhello\r\n",
        "5;a\rb\r\nhello\r\n",
        "5;a\u{0}\r\nhello\r\n",
        "0000000000000005\r\nhello\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "0\r\nHost: b\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n",
        "0\r\nx y: 1\r\n\r\n",
        "0\r\n folded\r\n\r\n",
    ] {
        let bytes = format!("{head}{body}{VICTIM}").into_bytes();
        let (out, fault) = handed_on(&bytes);
        assert_eq!(fault, Some(Fault::Chunk), "{body:?}");
        let out = String::from_utf8(out).unwrap();
        assert!(out.starts_with(&head) && !out.contains("victim"), "{body:?}: {out:?}");
    }
}

#[test]
fn heads_have_bounds() {
    let long = "x".repeat(9000);
    assert_refused(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), Fault::TargetTooLong);
    assert_refused(&with_headers(&format!("X: {long}\r\n")), Fault::HeadTooLarge);
    assert_refused(&with_headers(&"X: 1\r\n".repeat(20)), Fault::HeadTooLarge);
    assert_passes(&with_headers(&"X: 1\r\n".repeat(19)));
}

#[test]
fn after_a_wish_for_another_protocol_the_answer_decides() {
    let wish = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let frames = b"\x81\x05hello not http";
    for (answer, passes) in [("HTTP/1.1 101 Switching", true), ("HTTP/1.1 400 Bad", false)] {
        let mut guard = Guard::new(LIMITS);
        let mut held = 0;
        assert_eq!(guard.check(wish.as_bytes(), &mut held).released, wish.len());
        assert!(guard.awaits_answer());
        assert_eq!(guard.check(frames, &mut held), Checked { released: 0, fault: None });
        guard.answered(b"HTTP/1.1 100 Continue");
        assert!(guard.awaits_answer());
        guard.answered(answer.as_bytes());
        let checked = guard.check(frames, &mut held);
        assert_eq!(checked.released == frames.len(), passes, "{answer}");
        assert_eq!(guard.begin_request(), !passes, "{answer}");
    }
}

#[test]
fn nothing_of_a_next_request_passes_before_its_time() {
    let mut guard = Guard::new(LIMITS);
    let mut held = 0;
    let two = format!("{VICTIM}{VICTIM}");
    for _ in 0..2 {
        let checked = guard.check(two.as_bytes(), &mut held);
        assert_eq!(checked, Checked { released: VICTIM.len(), fault: None });
        assert_eq!(guard.check(VICTIM.as_bytes(), &mut held).released, 0);
        assert!(guard.begin_request());
    }
}

#[test]
fn an_upgrade_header_alone_changes_nothing() {
    assert_passes("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n");
}

#[test]
fn what_is_waited_for_is_known() {
    let mut guard = Guard::new(LIMITS);
    let mut held = 0;
    assert_eq!(guard.waiting(0), Waiting::Request);
    guard.check(b"GET / HT", &mut held);
    assert_eq!(guard.waiting(8), Waiting::Head);
    let mut guard = Guard::new(LIMITS);
    guard.check(with_headers("Content-Length: 3\r\n").as_bytes(), &mut held);
    assert_eq!(guard.waiting(0), Waiting::Body);
    assert!(!guard.begin_request());
    guard.passed(3);
    assert_eq!(guard.waiting(0), Waiting::Other);
    assert!(guard.begin_request());
    assert_eq!(guard.waiting(0), Waiting::Request);
    guard.check(b"\r\n", &mut held);
    assert_eq!(guard.waiting(2), Waiting::Request);
}
