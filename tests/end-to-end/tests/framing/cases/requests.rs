//! Request lines and hosts.

use crate::case::{Corpus, get, own, request, seen, wanted};

pub(super) fn add(corpus: &mut Corpus) {
    methods(corpus);
    targets(corpus);
    versions(corpus);
    hosts(corpus);
    absolute(corpus);
}

fn line(line: &str) -> String {
    format!("{line}\r\nHost: site.example\r\n\r\n")
}

fn methods(corpus: &mut Corpus) {
    corpus.family("methods");
    for method in ["M-SEARCH", "get", "Get", "PROPFIND", "X!"] {
        corpus.passed(method, request(method, "{k}", "", ""), wanted(method, ""));
    }
    for method in [
        "",
        "G(T",
        "G T",
        "GET\t",
        "\u{feff}GET",
        "G\u{c9}T",
        "G\0T",
        "G\u{b}T",
        "GET\u{b}",
        "\"GET\"",
        "GET,",
        "GET/",
        "REFUSED",
        "G\rET",
        "G\nET",
        "GET\u{7f}",
    ] {
        corpus.bad(&format!("{method:?}"), line(&format!("{method} {{k}} HTTP/1.1")));
    }
    corpus.refused("CONNECT to an authority", 405, line("CONNECT site.example:443 HTTP/1.1"));
    corpus.refused("CONNECT to a path", 405, line("CONNECT {k} HTTP/1.1"));
    corpus.refused(
        "CONNECT elsewhere",
        405,
        "CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: 169.254.169.254:80\r\n\r\n",
    );
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn targets(corpus: &mut Corpus) {
    corpus.family("targets");
    for target in [
        "{k}?q=1",
        "{k}/a;b=c",
        "{k}/%20%0d%0a",
        "{k}?a=/../b",
        "{k}/!$&'()*+,;=:@",
        "{k}/[x]",
        "{k}/\"^{|}",
        "{k}?",
    ] {
        corpus.passed(
            &format!("{target:?}"),
            request("GET", target, "", ""),
            vec![seen("GET", target, "")],
        );
    }
    for target in [
        "",
        "{k} x",
        " {k}",
        "{k} ",
        "{k}\t",
        "\t{k}",
        "{k}\tx",
        "{k}\u{b}",
        "{k}\u{c}",
        "{k}\0",
        "{k}\u{7f}",
        "{k}\u{1}",
        "{k}\u{1b}",
        "{k}\r",
        "{k}\rx",
        "{k}\nx",
        "{k}\u{e9}",
        "{k}\u{a0}",
        "{k}#f",
        "#",
        "*",
        "k",
        "?{k}",
        "..{k}",
        "site.example{k}",
        "site.example:80",
        "//\u{e9}",
        "{k}\u{85}",
        "{k} HTTP/1.1\r\nX: y\r\n\r\nGET /smuggled",
    ] {
        // The last of these is two requests to those who split at the first line.
        if target.contains("smuggled") {
            continue;
        }
        corpus.bad(&format!("{target:?}"), line(&format!("GET {target} HTTP/1.1")));
    }
    for byte in [0x80_u8, 0x85, 0xa0, 0xff] {
        let mut bytes = b"GET {k}".to_vec();
        bytes.push(byte);
        bytes.extend_from_slice(b" HTTP/1.1\r\nHost: site.example\r\n\r\n");
        corpus.bad(&format!("byte {byte:#x}"), bytes);
    }
    for character in (0x21..0x7f_u8).map(char::from) {
        for (place, refused) in
            [(format!("{{k}}/{character}"), "#<>`"), (format!("{{k}}?{character}"), "#<>\"")]
        {
            let bytes = request("GET", &place, "", "");
            match refused.contains(character) {
                true => corpus.bad(&format!("{place:?}"), bytes),
                false => corpus.passed(&format!("{place:?}"), bytes, vec![seen("GET", &place, "")]),
            }
        }
    }
    corpus.passed("OPTIONS *", request("OPTIONS", "*", "", ""), own("OPTIONS", 404));
}

fn versions(corpus: &mut Corpus) {
    corpus.family("versions");
    for version in [
        "HTTP/1.2",
        "HTTP/1.10",
        "HTTP/1.01",
        "HTTP/01.1",
        "HTTP/2.0",
        "HTTP/2",
        "HTTP/3.0",
        "HTTP/0.9",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/",
        "HTTP",
        "http/1.1",
        "Http/1.1",
        "HTTP/1.1 ",
        " HTTP/1.1",
        "HTTP/1.1\t",
        "\tHTTP/1.1",
        "HTTP /1.1",
        "HTTP/ 1.1",
        "HTTP/1 .1",
        "HTTP/1.1x",
        "HTTP/1.1\0",
        "HTTP/1,1",
        "HTTP/11",
        "HTTP/-1.1",
        "HTTP/+1.1",
        "HTTP/1.1 HTTP/1.1",
        "HTTPS/1.1",
        "RTSP/1.0",
        "ICY/1.1",
        "",
        "HTTP/1.1\u{b}",
        "HTTP/1.\u{0661}",
    ] {
        corpus.bad(&format!("{version:?}"), line(&format!("GET {{k}} {version}")));
    }
    corpus.bad("HTTP/0.9", "GET {k}\r\n");
    corpus.bad("HTTP/0.9 with an empty line", "GET {k}\r\n\r\n");
    corpus.bad("a method alone", "GET\r\n\r\n");
    corpus.bad("HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    corpus.bad(
        "HTTP/2's preface and settings",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
    );
    corpus.bad("a TLS hello", b"\x16\x03\x01\x00\x05hello\r\n\r\n".to_vec());
    corpus.bad("a PROXY header", format!("PROXY TCP4 6.6.6.6 7.7.7.7 1 2\r\n{}", get("")));
    corpus.bad(
        "a PROXY header in bytes",
        [
            &b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x06\x06\x06\x06\x07\x07\x07\x07\0\x01\0\x02"[..],
            get("").as_bytes(),
        ]
        .concat(),
    );
    corpus.bad("an answer", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

fn hosts(corpus: &mut Corpus) {
    corpus.family("hosts");
    for host in
        ["site.example", "SITE.Example", "site.example:80", "  site.example", "site.example \t"]
    {
        corpus.passed(
            &format!("{host:?}"),
            format!("GET {{k}} HTTP/1.1\r\nHost:{host}\r\n\r\n"),
            wanted("GET", ""),
        );
    }
    for host in [
        "",
        " ",
        "a b",
        "site.example other",
        "a/b",
        "a?b",
        "a#b",
        "u@site.example",
        "site.example@other",
        "site.example:",
        "site.example:x",
        "site.example:80:80",
        "site.example:123456",
        "site.example:-1",
        "site.example:+80",
        "[::1",
        "[]",
        "[::1]x",
        "::1",
        "[g]",
        "a,b",
        "site.example, other.example",
        "a%62",
        "a\\b",
        "\"site.example\"",
        "site.example\0",
        "s\u{ed}te.example",
        "a;b",
        "site.example\u{b}",
        "site.example\r",
        "http://site.example",
        "site.example/{k}",
        "<a>",
        "a|b",
        "a^b",
        "$a",
    ] {
        corpus.bad(&format!("{host:?}"), format!("GET {{k}} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
    corpus.bad("none", "GET {k} HTTP/1.1\r\n\r\n");
    corpus.bad(
        "none, with other headers",
        "GET {k} HTTP/1.1\r\nX-Host: site.example\r\nX: y\r\n\r\n",
    );
    corpus.bad("of 300 bytes", format!("GET {{k}} HTTP/1.1\r\nHost: {}\r\n\r\n", "h".repeat(300)));
    for second in [
        "Host: site.example\r\n",
        "Host: other.example\r\n",
        "host: other.example\r\n",
        "HOST:\r\n",
        "Host : other.example\r\n",
        " Host: other.example\r\n",
        "Host\t: other.example\r\n",
    ] {
        corpus.bad(&format!("and {second:?}"), get(second));
        corpus.bad(&format!("and {second:?} far away"), get(&format!("X: y\r\nY: z\r\n{second}")));
    }
}

fn absolute(corpus: &mut Corpus) {
    corpus.family("absolute targets");
    for (target, path) in [
        ("http://site.example{k}", "{k}"),
        ("HTTP://site.example{k}", "{k}"),
        ("http://site.example{k}?q", "{k}?q"),
    ] {
        corpus.passed(target, request("GET", target, "", ""), vec![seen("GET", path, "")]);
    }
    for target in [
        "http://SITE.example{k}",
        "http://other.example{k}",
        "https://other.example{k}",
        "http://site.example:81{k}",
        "http://u@site.example{k}",
        "http://site.example@other.example{k}",
        "http:///{k}",
        "http://",
        "http:/{k}",
        "http:site.example{k}",
        "ftp://site.example{k}",
        "file://{k}",
        "gopher://site.example{k}",
        "javascript:alert(1)",
        "http://site.example\\{k}",
        "http://site.example#{k}",
        "http://[::1{k}",
        "://site.example{k}",
        "http://site.example:{k}",
        "http://site.example:x{k}",
        "http://site.example {k}",
        "http://other.example/http://site.example{k}",
        "http://site.example,other{k}",
        "ws://site.example{k}",
    ] {
        corpus.bad(&format!("{target:?}"), request("GET", target, "", ""));
    }
    corpus.bad("without a host", "GET http://site.example{k} HTTP/1.1\r\n\r\n");
    corpus.bad(
        "with two hosts",
        "GET http://site.example{k} HTTP/1.1\r\nHost: site.example\r\nHost: site.example\r\n\r\n",
    );
    corpus.bad(
        "the other way round",
        "GET http://site.example{k} HTTP/1.1\r\nHost: other.example\r\n\r\n",
    );
}
