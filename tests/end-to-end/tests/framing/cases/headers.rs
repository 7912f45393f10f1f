//! The lines of a head: names, values, ends, folds.

use crate::case::{Corpus, HOST, get, post, wanted};

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn add(corpus: &mut Corpus) {
    corpus.family("header names and values");
    for headers in [
        "X:\r\n",
        "X: \r\n",
        "X:y\r\n",
        "X: \ty \t\r\n",
        "X: a:b\r\n",
        "!#$%&'*+-.^`|~: y\r\n",
        "x: caf\u{e9}\r\n",
        "X: a\tb\r\n",
        "X: \"q\"\r\n",
        "X: 1\r\nX: 2\r\n",
    ] {
        corpus.passed(&format!("{headers:?}"), get(headers), wanted("GET", ""));
    }
    for headers in [
        "X : y\r\n",
        "X\t: y\r\n",
        ": y\r\n",
        "X\r\n",
        "X y\r\n",
        "X y: z\r\n",
        " X: y\r\n",
        "\tX: y\r\n",
        "X\u{e9}: y\r\n",
        "X(: y\r\n",
        "X,: y\r\n",
        "X;: y\r\n",
        "X=: y\r\n",
        "X@: y\r\n",
        "X[: y\r\n",
        "X{: y\r\n",
        "X\\: y\r\n",
        "X/: y\r\n",
        "X?: y\r\n",
        "X\": y\r\n",
        "X<: y\r\n",
        "GET {k}/smuggled HTTP/1.1\r\n",
        "\u{feff}X: y\r\n",
        "X\u{200b}: y\r\n",
    ] {
        corpus.bad(&format!("{headers:?}"), get(headers));
    }
    for byte in (0..=0x1f_u8).filter(|byte| !matches!(byte, b'\t' | b'\n' | b'\r')).chain([0x7f]) {
        let character = char::from(byte);
        corpus.bad(&format!("byte {byte:#04x} in a value"), get(&format!("X: a{character}b\r\n")));
        corpus.bad(&format!("byte {byte:#04x} in a name"), get(&format!("X{character}Y: a\r\n")));
    }

    corpus.family("folded lines");
    for headers in [
        "X: y\r\n z\r\n",
        "X: y\r\n\tz\r\n",
        "X: y\r\n  \r\n",
        "X: y\r\n \r\n",
        "X:\r\n y\r\n",
        "X: y\r\n Host: other.example\r\n",
        "X: y\r\n Content-Length: 5\r\n",
        "X: y\r\n\r \n",
        " \r\n",
        "\t\r\n",
        "Authorization: Bearer\r\n x\r\n",
    ] {
        corpus.bad(&format!("{headers:?}"), post(headers, "hello"));
    }
    corpus.bad("before the first header", format!("GET {{k}} HTTP/1.1\r\n Host: {HOST}\r\n\r\n"));
    corpus.bad("of the host", format!("GET {{k}} HTTP/1.1\r\nHost:\r\n {HOST}\r\n\r\n"));

    corpus.family("line ends in a head");
    for (name, bytes) in [
        ("LF after the request line", "GET {k} HTTP/1.1\nHost: site.example\r\n\r\n"),
        ("LF after a header", "GET {k} HTTP/1.1\r\nHost: site.example\n\r\n"),
        ("LF after another header", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: y\n\r\n"),
        ("LF everywhere", "GET {k} HTTP/1.1\nHost: site.example\n\n"),
        ("LF as the end", "GET {k} HTTP/1.1\r\nHost: site.example\r\n\n"),
        ("LF LF in a value", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: y\n\n"),
        ("CR after the request line", "GET {k} HTTP/1.1\rHost: site.example\r\n\r\n"),
        ("CR after a header", "GET {k} HTTP/1.1\r\nHost: site.example\rX: y\r\n\r\n"),
        ("CR everywhere", "GET {k} HTTP/1.1\rHost: site.example\r\r\n\r\n"),
        ("CR CR LF", "GET {k} HTTP/1.1\r\r\nHost: site.example\r\n\r\n"),
        ("CR CR LF after a header", "GET {k} HTTP/1.1\r\nHost: site.example\r\r\n\r\n"),
        ("CR CR LF as the end", "GET {k} HTTP/1.1\r\nHost: site.example\r\n\r\r\n"),
        ("LF CR as the end", "GET {k} HTTP/1.1\r\nHost: site.example\n\r\n\r"),
        ("CR in a value", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: a\rb\r\n\r\n"),
        ("CR before a value", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX:\ra\r\n\r\n"),
        ("CR in a name", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX\ry: a\r\n\r\n"),
        (
            "a whole head behind a CR",
            "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: a\r\rGET /smuggled HTTP/1.1\r\n\r\n",
        ),
        (
            "a header behind a LF",
            "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: a\nContent-Length: 50\r\n\r\n",
        ),
        ("no end, and the next request", "GET {k} HTTP/1.1\r\nHost: site.example\r\n"),
        ("no end after a value", "GET {k} HTTP/1.1\r\nHost: site.example\r\nX: y"),
    ] {
        if name == "no end after a value" {
            // The victim's line goes on with the value; its headers are those of this request.
            corpus.bad(name, bytes);
        } else {
            corpus.bad(name, bytes);
        }
    }

    corpus.family("empty lines before a request");
    corpus.passed("one", "\r\nGET {k} HTTP/1.1\r\nHost: site.example\r\n\r\n", wanted("GET", ""));
    let twice = format!("{}\r\n{}", get(""), get(""));
    let both = [wanted("GET", ""), wanted("GET", "")].concat();
    corpus.passed("one between two", twice, both);
    for lines in [
        "\r\n\r\n",
        "\n",
        "\r",
        "\n\r\n",
        "\r\n\n",
        " \r\n",
        "\r\r\n",
        "\0\r\n",
        "\r\n \r\n",
        "\u{feff}",
    ] {
        corpus.bad(&format!("{lines:?}"), format!("{lines}{}", get("")));
    }
}
