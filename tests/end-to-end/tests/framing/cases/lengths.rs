//! `Content-Length`: alone, twice, and beside `Transfer-Encoding`.

use crate::case::{Corpus, get, post, request, wanted};

/// What a smuggler would have behind the request that is passed.
const INNER: &str = "GET /smuggled HTTP/1.1\r\nHost: site.example\r\nX: y\r\n\r\n";

pub(super) fn add(corpus: &mut Corpus) {
    values(corpus);
    twice(corpus);
    beside_a_coding(corpus);
    without_a_body(corpus);
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn values(corpus: &mut Corpus) {
    corpus.family("content-length");
    for value in ["5", "05", "0000000005", "  5", "5 ", "\t5\t"] {
        let name = format!("length {value:?} is plain");
        corpus.passed(
            &name,
            post(&format!("Content-Length:{value}\r\n"), "hello"),
            wanted("POST", "hello"),
        );
    }
    let values = [
        "",
        "+5",
        "-5",
        "-0",
        "+0",
        "5, 5",
        "5,5",
        "5,",
        ",5",
        "5 5",
        "0, 0",
        "0,5",
        "5;",
        "5;q=1",
        "0x5",
        "5h",
        "5.0",
        "5e0",
        "1e1",
        "\"5\"",
        "'5'",
        "(5)",
        "5\u{b}",
        "5\u{c}",
        "\u{b}5",
        "5\0",
        "\u{0665}",
        "\u{a0}5",
        "5\u{a0}",
        "5_0",
        "five",
        "0b101",
        "0o5",
        "NaN",
        "99999999999999999999",
        "18446744073709551621",
        "340282366920938463463374607431768211461",
        "5\r",
        "5\rX: y",
    ];
    for value in values {
        let name = format!("length {value:?}");
        corpus.bad(&name, post(&format!("Content-Length: {value}\r\n"), "hello"));
    }
    for name in [
        "Content-Length ",
        "Content-Length\t",
        " Content-Length",
        "Content-Length\0",
        "Content\r-Length",
        "Content-Length\u{b}",
    ] {
        corpus.bad(&format!("length under {name:?}"), post(&format!("{name}: 5\r\n"), "hello"));
    }
    // A name with an underscore is another header's; that it might be taken for this one, no
    // upstream is tempted to.
    corpus.passed(
        "length with an underscore",
        post("Content_Length: 99\r\nContent-Length: 5\r\n", "hello"),
        wanted("POST", "hello"),
    );
    corpus.bad("length on a second line", post("Content-Length:\r\n 5\r\n", "hello"));
    corpus.bad("length with a continued value", post("Content-Length: 1\r\n\t0\r\n", "0123456789"));
}

fn twice(corpus: &mut Corpus) {
    corpus.family("two content-lengths");
    for (first, second) in [
        ("5", "5"),
        ("5", "6"),
        ("6", "5"),
        ("0", "5"),
        ("5", "0"),
        ("5", "+5"),
        ("5", ""),
        ("0", "0"),
        ("5", "05"),
    ] {
        for name in ["Content-Length", "content-length", "CONTENT-LENGTH"] {
            let headers = format!("Content-Length: {first}\r\n{name}: {second}\r\n");
            corpus.bad(&format!("{first:?} and {name} {second:?}"), post(&headers, "hello"));
        }
    }
    let apart = "Content-Length: 5\r\nX-Between: 1\r\nContent-Length: 30\r\n";
    corpus.bad("with a header between", post(apart, "hello"));
    corpus.bad("three times", post(&"Content-Length: 5\r\n".repeat(3), "hello"));
    corpus.bad("twice on a GET", get("Content-Length: 0\r\nContent-Length: 0\r\n"));
}

fn beside_a_coding(corpus: &mut Corpus) {
    corpus.family("content-length and transfer-encoding");
    let bodies = [
        ("the chunks end first", "6", "0\r\n\r\nG"),
        (
            "the length ends first",
            "4",
            "5c\r\nGET {k}/smuggled HTTP/1.1\r\nContent-Length: 15\r\n\r\nx=1\r\n0\r\n\r\n",
        ),
        ("both end together", "15", "5\r\nhello\r\n0\r\n\r\n"),
    ];
    for (which, length, body) in bodies {
        for coding in
            ["Transfer-Encoding", "transfer-encoding", "TRANSFER-ENCODING", "tRaNsFeR-eNcOdInG"]
        {
            let (length, coding) =
                (format!("Content-Length: {length}\r\n"), format!("{coding}: chunked\r\n"));
            corpus.bad(
                &format!("{which}, length first, {}", coding.trim_end()),
                post(&format!("{length}{coding}"), body),
            );
            corpus.bad(
                &format!("{which}, coding first, {}", coding.trim_end()),
                post(&format!("{coding}{length}"), body),
            );
        }
        let (length, coding) =
            (format!("Content-Length: {length}\r\n"), "Transfer-Encoding: chunked\r\n");
        corpus.bad(
            &format!("{which}, far apart"),
            post(&format!("{length}{}{coding}", "X-Pad: 1\r\n".repeat(30)), body),
        );
        corpus.bad(
            &format!("{which}, two lengths around"),
            post(&format!("{length}{coding}{length}"), body),
        );
        corpus.bad(
            &format!("{which}, two codings around"),
            post(&format!("{coding}{length}{coding}"), body),
        );
        corpus.bad(
            &format!("{which}, on a GET"),
            request("GET", "{k}", &format!("{length}{coding}"), body),
        );
        corpus.bad(
            &format!("{which}, asked to nominate the length away"),
            post(&format!("Connection: content-length\r\n{length}{coding}"), body),
        );
        corpus.bad(
            &format!("{which}, asked to nominate the coding away"),
            post(&format!("Connection: transfer-encoding\r\n{length}{coding}"), body),
        );
    }
}

fn without_a_body(corpus: &mut Corpus) {
    corpus.family("a length where none is looked for");
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE", "PATCH", "PUT", "PROPFIND", "X-ANY"]
    {
        let headers = format!("Content-Length: {}\r\n", INNER.len());
        let bytes = request(method, "{k}", &headers, INNER);
        corpus.passed(
            &format!("{method} with a request as its body"),
            bytes,
            wanted(method, INNER),
        );
    }
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        corpus.passed(
            &format!("{method} with a length of 0"),
            request(method, "{k}", "Content-Length: 0\r\n", ""),
            wanted(method, ""),
        );
        corpus.passed(
            &format!("{method} without a length"),
            request(method, "{k}", "", ""),
            wanted(method, ""),
        );
    }
    // Without a length there is no body: what looks like one is the next request, and not a good one.
    for method in ["POST", "PUT", "GET"] {
        let name = format!("{method} with bytes that no length covers");
        corpus.then_bad(&name, request(method, "{k}", "", "x=1\r\n"), wanted(method, ""));
    }
}
