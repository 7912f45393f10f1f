//! HTTP/2 requests that would be something else in HTTP/1.

use std::sync::Arc;

use rustls::ClientConfig;
use tollgate_end_to_end::until;

use crate::case::{Case, HOST};
use crate::corpus::{Setup, setup};
use crate::frames::{DATA, END_HEADERS, Fate, Frames, HEADERS, LAST, block, frame};
use crate::sender::Way;

type Header<'a> = (&'a [u8], &'a [u8]);

/// A request in HTTP/2.
struct Tried {
    name: String,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// Of its DATA frames; none: the headers are the end.
    data: Vec<Vec<u8>>,
    /// It may pass, with this body; the rest is refused.
    passes: Option<&'static str>,
}

/// The usual headers with some left out (empty value: none) and more behind.
fn headers(path: &str, replaced: &[Header<'_>], more: &[Header<'_>]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let usual: [Header<'_>; 4] = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", HOST.as_bytes()),
        (b":path", path.as_bytes()),
    ];
    let mut headers = Vec::new();
    for (name, value) in usual {
        match replaced.iter().find(|(replaced, _)| *replaced == name) {
            Some((_, b"")) => {}
            Some((_, other)) => headers.push((name.to_vec(), other.to_vec())),
            None => headers.push((name.to_vec(), value.to_vec())),
        }
    }
    headers.extend(more.iter().map(|(name, value)| (name.to_vec(), value.to_vec())));
    headers
}

fn bad(name: &str, path: &str, replaced: &[Header<'_>], more: &[Header<'_>]) -> Tried {
    Tried {
        name: name.to_owned(),
        headers: headers(path, replaced, more),
        data: Vec::new(),
        passes: None,
    }
}

/// Every request, by the number in its path.
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn tried() -> Vec<Tried> {
    let mut all = Vec::new();
    let path = |all: &Vec<Tried>| format!("/k{}", all.len() + 1);
    let smuggled: &[u8] =
        b"x\r\nHost: other\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: site.example\r\nX: y";
    // Bytes that end a line, or more, in a value, a name, a pseudo header.
    for bytes in [
        &b"a\r\nX-Other: b"[..],
        b"a\nX-Other: b",
        b"a\rX-Other: b",
        b"a\0b",
        b"a\r",
        b"a\n",
        smuggled,
        b"\r\n\r\n",
        b"a\x0bb",
        b"a\x7fb",
        b"a\x01b",
    ] {
        let at = path(&all);
        all.push(bad(
            &format!("value {:?}", String::from_utf8_lossy(bytes)),
            &at,
            &[],
            &[(b"x", bytes)],
        ));
        let at = path(&all);
        all.push(bad(
            &format!("cookie {:?}", String::from_utf8_lossy(bytes)),
            &at,
            &[],
            &[(b"cookie", bytes)],
        ));
    }
    for name in [
        &b"X-Upper"[..],
        b"x\r\ny",
        b"x\ny",
        b"x y",
        b"x:",
        b"x: y",
        b"",
        b"x\0",
        b" x",
        b"x ",
        b"transfer-encoding\r\nx",
        b"x\xe9",
        b"Host",
        b"x(y",
        b"\tx",
        b"x: 1\r\ntransfer-encoding",
    ] {
        let at = path(&all);
        all.push(bad(
            &format!("name {:?}", String::from_utf8_lossy(name)),
            &at,
            &[],
            &[(name, b"v")],
        ));
    }
    for (name, value) in [
        (&b"transfer-encoding"[..], &b"chunked"[..]),
        (b"transfer-encoding", b"identity"),
        (b"connection", b"close"),
        (b"connection", b"keep-alive"),
        (b"connection", b"x-forwarded-for"),
        (b"keep-alive", b"timeout=5"),
        (b"proxy-connection", b"keep-alive"),
        (b"upgrade", b"websocket"),
        (b"upgrade", b"h2c"),
        (b"te", b"gzip"),
        (b"te", b"trailers, chunked"),
        (b":path", b"/other"),
        (b":method", b"POST"),
        (b":authority", b"other.example"),
        (b":scheme", b"http"),
        (b":status", b"200"),
        (b":unknown", b"x"),
        (b":", b"x"),
        (b"content-length", b"5"),
        (b"content-length", b"+0"),
        (b"content-length", b"0, 0"),
        (b"content-length", b"x"),
        (b"content-length", b"99999999999999999999"),
        (b"host", b"other.example"),
        (b"content-length", b"0x0"),
    ] {
        let at = path(&all);
        let name = format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let header = name.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (name_, value) = header.expect("a header");
        all.push(bad(&name, &at, &[], &[(name_.as_bytes(), value.as_bytes())]));
    }
    for (name, value) in [
        (&b":path"[..], &b""[..]),
        (b":path", b"k"),
        (b":path", b"/{k} HTTP/1.1\r\nX: y"),
        (b":path", b"/a b"),
        (b":path", b"/a\tb"),
        (b":path", b"/a\0b"),
        (b":path", b"/a\r\nb"),
        (b":path", b"/a\nb"),
        (b":path", b"/a\xe9"),
        (b":path", b"*"),
        (b":path", b"http://other.example/"),
        (b":path", b" /a"),
        (b":path", b"/a "),
        (b":path", b"?q"),
        (b":method", b""),
        (b":method", b"GET /smuggled HTTP/1.1\r\nX: y"),
        (b":method", b"G T"),
        (b":method", b"GET\r\n"),
        (b":method", b"CONNECT"),
        (b":method", b"REFUSED"),
        (b":method", b"G\0T"),
        (b":scheme", b""),
        (b":scheme", b"https\r\nX: y"),
        (b":scheme", b"ht tp"),
        (b":authority", b"site.example\r\nX: y"),
        (b":authority", b"site.example other"),
        (b":authority", b"u@site.example"),
        (b":authority", b"site.example:x"),
        (b":authority", b"a/b"),
        (b":authority", b"site.example\0"),
    ] {
        let name_ =
            format!("{} {:?}", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
        let at = path(&all);
        all.push(bad(&name_, &at, &[(name, value)], &[]));
    }
    // A pseudo header behind a regular one.
    let at = path(&all);
    let mut late = headers(&at, &[(b":path", b"")], &[(b"x", b"y")]);
    late.push((b":path".to_vec(), at.into_bytes()));
    all.push(Tried {
        name: "a late :path".to_owned(),
        headers: late,
        data: Vec::new(),
        passes: None,
    });
    // Lengths that are not those of the body.
    for (length, parts) in [
        ("5", vec!["hell"]),
        ("5", vec!["helloX"]),
        ("5", vec!["hello", "X"]),
        ("0", vec!["x"]),
        ("5", vec![""]),
        ("1", vec!["GET /smuggled HTTP/1.1\r\n\r\n"]),
    ] {
        let at = path(&all);
        let headers =
            headers(&at, &[(b":method", b"POST")], &[(b"content-length", length.as_bytes())]);
        let data = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        all.push(Tried {
            name: format!("length {length} with {parts:?}"),
            headers,
            data,
            passes: None,
        });
    }
    passing(&mut all);
    all
}

/// What is in order, though it looks odd in HTTP/1.
fn passing(all: &mut Vec<Tried>) {
    let chunks = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: site.example\r\n\r\n";
    for (name, more, parts) in [
        ("a body that looks like chunks", vec![], vec![chunks]),
        ("a body in parts", vec![], vec!["GET /smug", "gled HTTP/1.1\r\n\r\n"]),
        ("a body with its length", vec![("content-length", "5")], vec!["he", "llo"]),
        ("an empty body", vec![], vec![""]),
        ("a body that ends with an empty frame", vec![], vec!["hello", ""]),
        ("a body of empty frames", vec![], vec!["", "", ""]),
        ("te: trailers", vec![("te", "trailers")], vec!["x"]),
        ("the same host twice over", vec![("host", HOST)], vec!["x"]),
        ("a cookie in crumbs", vec![("cookie", "a=1"), ("cookie", "b=2")], vec!["x"]),
        (
            "names that only look like it",
            vec![
                ("x-transfer-encoding", "chunked"),
                ("transfer_encoding", "chunked"),
                ("content_length", "9"),
            ],
            vec!["x"],
        ),
        ("expect", vec![("expect", "100-continue")], vec!["x"]),
    ] {
        let at = format!("/k{}", all.len() + 1);
        let more: Vec<Header<'_>> =
            more.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let headers = headers(&at, &[(b":method", b"POST")], &more);
        let body: String = parts.concat();
        let data = parts.iter().map(|part| part.as_bytes().to_vec()).collect();
        all.push(Tried { name: name.to_owned(), headers, data, passes: Some(body.leak()) });
    }
}

impl Tried {
    fn frames(&self) -> Vec<u8> {
        let headers: Vec<Header<'_>> = self.headers.iter().map(|(n, v)| (&n[..], &v[..])).collect();
        let flags = if self.data.is_empty() { END_HEADERS | LAST } else { END_HEADERS };
        let mut bytes = frame(HEADERS, flags, 1, &block(&headers));
        for (index, part) in self.data.iter().enumerate() {
            let flags = if index + 1 == self.data.len() { LAST } else { 0 };
            bytes.extend(frame(DATA, flags, 1, part));
        }
        bytes
    }
}

/// A request behind the tried one, with a canary.
fn victim(number: usize) -> Vec<u8> {
    let (path, canary) = (format!("/v{number}a"), format!("Bearer canary-{number}a"));
    let headers = headers(&path, &[], &[(b"authorization", canary.as_bytes())]);
    let headers: Vec<Header<'_>> = headers.iter().map(|(n, v)| (&n[..], &v[..])).collect();
    frame(HEADERS, END_HEADERS | LAST, 3, &block(&headers))
}

/// Sends one and its victim, and says what is wrong with the answers.
async fn ask(
    port: u16,
    config: &Arc<ClientConfig>,
    number: usize,
    tried: &Tried,
) -> Option<String> {
    let mut frames = Frames::open(port, config, &[(1, 0)]).await;
    frames.write(&[tried.frames(), victim(number)].concat()).await;
    let fate = frames.fate(1).await;
    let is_answered_from_behind =
        matches!(&fate, Fate::Answered(body) if body.contains("/k") || body.contains("/v"));
    let is_refused = match &fate {
        Fate::Answered(body) => {
            ["\"error\"", "Not Found"].iter().any(|word| body.contains(word)) || body.is_empty()
        }
        Fate::Reset(_) | Fate::GoneAway(_) | Fate::Closed => true,
        Fate::Silent => false,
    };
    let problem = match tried.passes {
        Some(_) if !is_answered_from_behind => Some(format!("is answered {fate:?}")),
        None if is_answered_from_behind || !is_refused => Some(format!("is not refused: {fate:?}")),
        _ => None,
    };
    if problem.is_some() || !matches!(fate, Fate::Answered(_) | Fate::Reset(_)) {
        return problem;
    }
    // The victim may have been answered before; on a connection that lives, another one is.
    let again = victim(number);
    let again = [&again[..5], &5_u32.to_be_bytes(), &again[9..]].concat();
    frames.write(&again).await;
    match frames.fate(5).await {
        Fate::Answered(body)
            if body.trim() == format!("GET /v{number}a Bearer canary-{number}a") =>
        {
            None
        }
        Fate::GoneAway(_) | Fate::Closed => None,
        other => Some(format!("FOREIGN: the next request gets {other:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http2_requests_are_the_same_in_http1_or_none() {
    let Setup { mut gateway, record, authority, tls, _folder } = setup().await;
    let Way::Tls(_, config) = Way::tls(tls, &authority) else { unreachable!() };
    let all = tried();
    let mut table = Vec::new();
    for (index, tried) in all.iter().enumerate() {
        if let Some(problem) = ask(tls, &config, index + 1, tried).await {
            table.push(format!("{} | {} | {problem}", index + 1, tried.name));
        }
    }
    gateway.stop().await;
    until("the end of all connections behind", async || (record.open() == 0).then_some(())).await;
    let (received, stray) = record.all();
    table.extend(stray.iter().map(|bytes| format!("DESYNC: {:?}", String::from_utf8_lossy(bytes))));
    for request in &received {
        let number = Case::number_of(&request.target);
        let tried = number.and_then(|number| all.get(number.wrapping_sub(1)));
        let name = tried.map_or("-", |tried| &tried.name);
        table
            .extend(request.doubts().iter().map(|doubt| format!("{name} | DOUBT behind: {doubt}")));
        let is_victim = request.target.starts_with("/v");
        let canary = request.target.replace("/v", "Bearer canary-");
        let is_right = match tried {
            None => false,
            Some(_) if is_victim => request.body.is_empty() && request.authorization == canary,
            Some(tried) => match tried.passes {
                Some(body) => request.body == body.as_bytes() && request.is_whole,
                // Refused when its body did not fit: it never became whole, unless it said that
                // there is none.
                None => !request.is_whole || request.values("content-length") == ["0"],
            },
        };
        if !is_right {
            table.push(format!(
                "{name} | DESYNC: {} {:?} {:?}",
                request.method, request.target, request.body
            ));
        }
    }
    println!("{} requests over HTTP/2, {} came behind", all.len(), received.len());
    assert!(table.is_empty(), "\n{}", table.join("\n"));
}
