//! What follows a request on its connection: ends, upgrades, expectations, pipelines.

use crate::case::{Corpus, Expected, Then, Wanted, get, post, request, seen, wanted};

pub(super) fn add(corpus: &mut Corpus) {
    pipelines(corpus);
    ends(corpus);
    upgrades(corpus);
    expectations(corpus);
    nominations(corpus);
}

fn both(first: Vec<Wanted>, second: Vec<Wanted>) -> Vec<Wanted> {
    [first, second].concat()
}

fn pipelines(corpus: &mut Corpus) {
    corpus.family("pipelines");
    let numbered =
        |count: usize| (0..count).map(|index| seen("GET", &format!("{{k}}/{index}"), ""));
    for count in [2, 10, 60] {
        let wanted: Vec<_> = numbered(count).collect();
        let bytes: String =
            wanted.iter().map(|wanted| request("GET", &wanted.target, "", "")).collect();
        corpus.passed(&format!("{count} requests"), bytes, wanted);
    }
    let fixed = post("Content-Length: 5\r\n", "hello");
    let chunked = post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
    let hello = || wanted("POST", "hello");
    corpus.passed(
        "a fixed body and a chunked one",
        format!("{fixed}{chunked}"),
        both(hello(), hello()),
    );
    corpus.passed(
        "a chunked body and a fixed one",
        format!("{chunked}{fixed}"),
        both(hello(), hello()),
    );
    corpus.passed(
        "a HEAD and a GET",
        format!("{}{}", request("HEAD", "{k}", "", ""), get("")),
        both(wanted("HEAD", ""), wanted("GET", "")),
    );
    corpus.then_bad(
        "a good one, then two lengths",
        format!("{fixed}{}", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")),
        hello(),
    );
    corpus.then_bad(
        "a good one, then a length and a coding",
        format!(
            "{chunked}{}",
            post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")
        ),
        hello(),
    );
    corpus.then_bad("a good one, then none", format!("{fixed}nonsense\r\n"), hello());
    let broken = post("Transfer-Encoding: chunked\r\n", "x\r\n");
    corpus.case(
        "a good one, then broken chunks",
        format!("{fixed}{broken}"),
        Expected { answered: hello(), then: Then::Broken(400) },
    );
    let large = "y".repeat(200_000);
    corpus.passed(
        "a body of 200,000 bytes",
        post("Content-Length: 200000\r\n", &large),
        wanted("POST", &large),
    );
}

fn ends(corpus: &mut Corpus) {
    corpus.family("after the last request");
    for value in ["close", "Close", "close, x", "x, close"] {
        corpus.last(
            &format!("connection {value:?}"),
            get(&format!("Connection: {value}\r\n")),
            wanted("GET", ""),
        );
    }
    corpus.last(
        "close, with a body",
        post("Connection: close\r\nContent-Length: 5\r\n", "hello"),
        wanted("POST", "hello"),
    );
    corpus.last(
        "close, with chunks",
        post("Connection: close\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        wanted("POST", "hello"),
    );
    corpus.last(
        "close, then two lengths",
        format!(
            "{}{}",
            get("Connection: close\r\n"),
            post("Content-Length: 1\r\nContent-Length: 1\r\n", "x")
        ),
        wanted("GET", ""),
    );
    let old = |method: &str, headers: &str, body: &str| {
        format!("{method} {{k}} HTTP/1.0\r\nHost: site.example\r\n{headers}\r\n{body}")
    };
    corpus.last("HTTP/1.0", old("GET", "", ""), wanted("GET", ""));
    corpus.last(
        "HTTP/1.0 with a body",
        old("POST", "Content-Length: 5\r\n", "hello"),
        wanted("POST", "hello"),
    );
    corpus.last(
        "HTTP/1.0 with a length of 0",
        old("POST", "Content-Length: 0\r\n", ""),
        wanted("POST", ""),
    );
    corpus.last(
        "HTTP/1.0 with bytes that no length covers",
        old("POST", "", "x=1"),
        wanted("POST", ""),
    );
    corpus.bad(
        "HTTP/1.0 with two lengths",
        old("POST", "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
    );
    corpus.bad("HTTP/1.0 with a list of lengths", old("POST", "Content-Length: 5, 5\r\n", "hello"));
    corpus.bad("HTTP/1.0 with two hosts", old("GET", "Host: site.example\r\n", ""));
}

fn upgrades(corpus: &mut Corpus) {
    corpus.family("upgrades");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let websocket = format!("Connection: Upgrade\r\nUpgrade: websocket\r\n{key}");
    corpus.passed("a websocket that is refused", get(&websocket), wanted("GET", ""));
    corpus.case(
        "a websocket that is taken up, with bytes before the answer",
        request("GET", "{k}/101", &websocket, ""),
        Expected { answered: vec![seen("GET", "{k}/101", "")], then: Then::Tunnel },
    );
    for upgrade in
        ["h2c", "h2c, websocket", "websocket, h2c", "TLS/1.0", "HTTP/2.0", "x", "Websocket/13", ""]
    {
        let headers = format!(
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n"
        );
        corpus.passed(&format!("{upgrade:?}"), get(&headers), wanted("GET", ""));
    }
    corpus.passed(
        "a websocket without being nominated",
        get(&format!("Upgrade: websocket\r\n{key}")),
        wanted("GET", ""),
    );
    corpus.passed(
        "a websocket by POST",
        post(&format!("{websocket}Content-Length: 5\r\n"), "hello"),
        wanted("POST", "hello"),
    );
    corpus.passed(
        "h2c with a body",
        post("Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n", "hello"),
        wanted("POST", "hello"),
    );
    corpus.passed(
        "h2c with chunks",
        post(
            "Connection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
        wanted("POST", "hello"),
    );
    corpus.then_bad(
        "h2c and the preface",
        format!(
            "{}PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            get("Connection: Upgrade\r\nUpgrade: h2c\r\n")
        ),
        wanted("GET", ""),
    );
    corpus.then_bad(
        "a websocket that is refused, and frames",
        format!("{}\u{1}\u{5}hello\r\n", get(&websocket)),
        wanted("GET", ""),
    );
    corpus.bad(
        "a websocket with two lengths",
        get(&format!("{websocket}Content-Length: 0\r\nContent-Length: 0\r\n")),
    );
    corpus.bad(
        "a websocket with a length and a coding",
        get(&format!("{websocket}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")),
    );
    let old = "GET {k} HTTP/1.0\r\nHost: site.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    corpus.last("a websocket in HTTP/1.0", old, wanted("GET", ""));
}

fn expectations(corpus: &mut Corpus) {
    corpus.family("expectations");
    for value in ["100-continue", "100-Continue"] {
        let headers = format!("Expect: {value}\r\nContent-Length: 5\r\n");
        corpus.passed(
            &format!("{value}, the body sent at once"),
            post(&headers, "hello"),
            wanted("POST", "hello"),
        );
    }
    corpus.passed(
        "chunks sent at once",
        post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        wanted("POST", "hello"),
    );
    corpus.passed("no body", get("Expect: 100-continue\r\n"), wanted("GET", ""));
    corpus.passed(
        "a length of 0",
        post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
        wanted("POST", ""),
    );
    // The body is held back; what comes in its place is taken for it, here and behind alike.
    corpus.then_bad(
        "the body held back",
        post("Expect: 100-continue\r\nContent-Length: 5\r\n", ""),
        wanted("POST", "GET /"),
    );
    corpus.bad(
        "two lengths",
        post("Expect: 100-continue\r\nContent-Length: 5\r\nContent-Length: 5\r\n", ""),
    );
    corpus.bad(
        "a length and a coding",
        post("Expect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", ""),
    );
}

fn nominations(corpus: &mut Corpus) {
    corpus.family("nominated headers");
    for nominated in [
        "content-length",
        "Content-Length, close-not",
        "host",
        "authorization",
        "transfer-encoding",
        "x-forwarded-for",
        "connection",
        "keep-alive, content-length",
        "content-type",
        "cookie",
        "upgrade",
        "te",
        "trailer",
    ] {
        let headers = format!("Connection: {nominated}\r\nContent-Length: 5\r\n");
        corpus.passed(nominated, post(&headers, "hello"), wanted("POST", "hello"));
        let headers = format!("Connection: {nominated}\r\nTransfer-Encoding: chunked\r\n");
        corpus.passed(
            &format!("{nominated}, with chunks"),
            post(&headers, "5\r\nhello\r\n0\r\n\r\n"),
            wanted("POST", "hello"),
        );
    }
}
