//! Chunked bodies: sizes, line ends, extensions, trailers.

use crate::case::{Corpus, Wanted, post, wanted};

fn chunked(body: &str) -> Vec<u8> {
    post("Transfer-Encoding: chunked\r\n", body).into_bytes()
}

fn hello() -> Vec<Wanted> {
    wanted("POST", "hello")
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn add(corpus: &mut Corpus) {
    corpus.family("chunks that are in order");
    for (name, body, text) in [
        ("one", "5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("none", "0\r\n\r\n", ""),
        ("two", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "hello"),
        ("leading zeros", "0005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("small hexadecimal", "a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("large hexadecimal", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("an extension", "5;x=y\r\nhello\r\n0\r\n\r\n", "hello"),
        ("an extension in quotes", "5; x=\"a;b\"\r\nhello\r\n0;last\r\n\r\n", "hello"),
        ("an extension with a tab", "5;\tx\r\nhello\r\n0\r\n\r\n", "hello"),
        ("an empty extension", "5;\r\nhello\r\n0\r\n\r\n", "hello"),
        ("a trailer", "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", "hello"),
        ("two trailers", "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Other: 2\r\n\r\n", "hello"),
        ("line ends as data", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"),
        (
            "a request as data",
            "1c\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n0\r\n\r\n",
            "GET /x HTTP/1.1\r\nHost: a\r\n",
        ),
    ] {
        let body = body.replace("1c\r\nGET", "1a\r\nGET");
        corpus.passed(name, chunked(&body), wanted("POST", text));
    }
    let many = format!("{}0\r\n\r\n", "1\r\nx\r\n".repeat(500));
    corpus.passed("five hundred of a byte", chunked(&many), wanted("POST", &"x".repeat(500)));
    corpus.passed(
        "an extension of 4000 bytes",
        chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "e".repeat(4000))),
        hello(),
    );

    corpus.family("chunk sizes");
    for size in [
        "",
        "g",
        "x",
        "0x5",
        "0X5",
        "x5",
        "5h",
        "h5",
        "+5",
        "-5",
        "-0",
        "+0",
        " 5",
        "\t5",
        "5 ",
        "5\t",
        "5  ",
        "5 ;x",
        "5\t;x",
        "5 5",
        "5,5",
        "5.",
        "5.0",
        "\"5\"",
        "5\u{b}",
        "\u{b}5",
        "5\u{c}",
        "5\0",
        "\u{0}5",
        "5\u{a0}",
        "\u{a0}5",
        "\u{0665}",
        "0000000000000005",
        "00000000000000005",
        "000000000000000000000000000000005",
        "10000000000000005",
        "100000000000000005",
        "fffffffffffffffb",
        "ffffffffffffffff",
        "8000000000000005",
        "7fffffffffffffff",
        "5=",
        "5:",
        "5\\",
        "5_",
        "5L",
        "5#",
        "5%",
        "5/",
        "5(",
        "=5",
        ";5",
        ";",
        "5\r",
        "\r5",
        "5\r;x",
    ] {
        corpus.broken(&format!("size {size:?}"), chunked(&format!("{size}\r\nhello\r\n0\r\n\r\n")));
    }
    for size in ["+0", "-0", "0x0", " 0", "0 ", "\0", "00000000000000000", "0\u{b}", "", "0\r"] {
        corpus.broken(
            &format!("last size {size:?}"),
            chunked(&format!("5\r\nhello\r\n{size}\r\n\r\n")),
        );
    }

    corpus.family("line ends in chunks");
    for (name, body) in [
        ("a bare LF after the size", "5\nhello\r\n0\r\n\r\n"),
        ("a bare CR after the size", "5\rhello\r\n0\r\n\r\n"),
        ("LF CR after the size", "5\n\rhello\r\n0\r\n\r\n"),
        ("CR CR LF after the size", "5\r\r\nhello\r\n0\r\n\r\n"),
        ("a bare LF after the data", "5\r\nhello\n0\r\n\r\n"),
        ("a bare CR after the data", "5\r\nhello\r0\r\n\r\n"),
        ("nothing after the data", "5\r\nhello0\r\n\r\n"),
        ("two bytes too many", "5\r\nhelloXX0\r\n\r\n"),
        ("a byte too many", "5\r\nhelloX\r\n0\r\n\r\n"),
        ("a byte too few", "5\r\nhell\r\n0\r\n\r\n"),
        ("an empty line before the size", "\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("an empty line between", "5\r\nhello\r\n\r\n0\r\n\r\n"),
        ("a bare LF after the last size", "5\r\nhello\r\n0\n\r\n"),
        ("bare LFs to the end", "5\r\nhello\r\n0\n\n"),
        ("a bare LF as the end", "5\r\nhello\r\n0\r\n\n"),
        ("a bare CR as the end", "5\r\nhello\r\n0\r\n\r"),
        ("the last line missing", "5\r\nhello\r\n0\r\n"),
        ("the last chunk missing", "5\r\nhello\r\n"),
    ] {
        corpus.broken(name, chunked(body));
    }

    corpus.family("chunk extensions");
    for extension in [
        ";a\nb",
        ";\n",
        ";a\n",
        ";a\rb",
        ";a\r",
        ";a\0b",
        ";a\u{7f}",
        ";a\u{b}",
        ";a\u{c}",
        ";a\u{1}",
        ";a=\"\n\"",
        ";a=\"\r\"",
        ";a=\"\r\n\"",
        ";\u{e9}",
        " a",
        "a",
        ",a",
        "\t;a",
        ":a",
    ] {
        corpus.broken(
            &format!("{extension:?}"),
            chunked(&format!("5{extension}\r\nhello\r\n0\r\n\r\n")),
        );
        corpus.broken(
            &format!("{extension:?}, of the last"),
            chunked(&format!("5\r\nhello\r\n0{extension}\r\n\r\n")),
        );
    }
    corpus
        .broken("of 5000 bytes", chunked(&format!("5;{}\r\nhello\r\n0\r\n\r\n", "e".repeat(5000))));
    // What one parser takes for the end of the line, and another for a part of it.
    let inner = "5;a\nGET {k}/smuggled HTTP/1.1\r\nhello\r\n0\r\n\r\n";
    corpus.broken("with a request in it", chunked(inner));

    corpus.family("trailers");
    for trailer in [
        "Content-Length: 5",
        "content-length: 0",
        "Transfer-Encoding: chunked",
        "transfer-encoding: identity",
        "Host: other.example",
        "Authorization: Bearer other",
        "X y: 1",
        "X : 1",
        " X: 1",
        "\tX: 1",
        ": 1",
        "X",
        "X: a\0b",
        "X: a\rb",
        "X: a\nb",
        "X: a\u{7f}",
        "X: 1\r\n folded",
        "X\u{b}: 1",
        "\u{e9}: 1",
        "GET {k}/smuggled HTTP/1.1",
        "X: 1\nContent-Length: 5",
        "X(: 1",
        "X\0: 1",
    ] {
        corpus.broken(
            &format!("{trailer:?}"),
            chunked(&format!("5\r\nhello\r\n0\r\n{trailer}\r\n\r\n")),
        );
    }
    let hundred = "X-T: 1\r\n".repeat(100);
    corpus.broken("a hundred", chunked(&format!("5\r\nhello\r\n0\r\n{hundred}\r\n")));
    let long = format!("X-T: {}", "t".repeat(5000));
    corpus.broken("of 5000 bytes", chunked(&format!("5\r\nhello\r\n0\r\n{long}\r\n\r\n")));
}
