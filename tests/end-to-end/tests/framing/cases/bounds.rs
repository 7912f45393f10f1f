//! Heads that are too long, and those that are just short enough.

use crate::case::{Corpus, get, request, seen, wanted};

pub(super) fn add(corpus: &mut Corpus) {
    corpus.family("bounds");
    let long = |bytes: usize| format!("{{k}}/{}", "p".repeat(bytes));
    let target = long(7000);
    corpus.passed(
        "a target of 7,000 bytes",
        request("GET", &target, "", ""),
        vec![seen("GET", &target, "")],
    );
    for bytes in [8192, 20_000, 60_000] {
        corpus.refused(
            &format!("a target of {bytes} bytes"),
            414,
            request("GET", &long(bytes), "", ""),
        );
    }
    corpus.refused("a target without an end", 414, format!("GET {}", long(40_000)));
    corpus.refused("a method of 20,000 bytes", 414, request(&"M".repeat(20_000), "{k}", "", ""));
    corpus.passed(
        "a header of 20,000 bytes",
        get(&format!("X: {}\r\n", "v".repeat(20_000))),
        wanted("GET", ""),
    );
    for bytes in [33_000, 70_000, 200_000] {
        corpus.refused(
            &format!("a header of {bytes} bytes"),
            431,
            get(&format!("X: {}\r\n", "v".repeat(bytes))),
        );
    }
    corpus.refused(
        "a header without an end",
        431,
        format!("GET {{k}} HTTP/1.1\r\nHost: site.example\r\nX: {}", "v".repeat(50_000)),
    );
    corpus.refused(
        "a header's name of 40,000 bytes",
        431,
        get(&format!("{}: v\r\n", "N".repeat(40_000))),
    );
    corpus.passed("90 headers", get(&"X: y\r\n".repeat(90)), wanted("GET", ""));
    for count in [120, 1000] {
        corpus.refused(&format!("{count} headers"), 431, get(&"X: y\r\n".repeat(count)));
    }
    corpus.refused(
        "40 headers of 1,000 bytes",
        431,
        get(&format!("X: {}\r\n", "v".repeat(1000)).repeat(40)),
    );
    corpus.bad(
        "an endless line of blanks before the request",
        format!("{}{}", " ".repeat(100), get("")),
    );
}
