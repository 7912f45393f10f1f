//! `Transfer-Encoding` in every spelling that some parser takes for `chunked` and another does not.

use crate::case::{Corpus, post, request, wanted};

/// Lines that are taken for `Transfer-Encoding: chunked` by somebody. `{n}` is where the plain
/// name stands.
const NAMES: [&str; 33] = [
    "Transfer-Encoding :",
    "Transfer-Encoding\t:",
    "Transfer-Encoding  :",
    " Transfer-Encoding:",
    "\tTransfer-Encoding:",
    "Transfer-Encoding\u{b}:",
    "Transfer-Encoding\u{c}:",
    "Transfer-Encoding\0:",
    "\0Transfer-Encoding:",
    "\u{b}Transfer-Encoding:",
    "Transfer-Encoding\u{7f}:",
    "\u{7f}Transfer-Encoding:",
    "Transfer\0-Encoding:",
    "Transfer-\0Encoding:",
    "Transfer\r-Encoding:",
    "Transfer Encoding:",
    "Transfer- Encoding:",
    "Transfer -Encoding:",
    "Transfer\t-Encoding:",
    "\"Transfer-Encoding\":",
    "Transfer-Encoding\u{a0}:",
    "\u{a0}Transfer-Encoding:",
    "\u{feff}Transfer-Encoding:",
    "Transfer\u{ad}-Encoding:",
    "Tran\u{17f}fer-Encoding:",
    "Transfer\u{2010}Encoding:",
    "Transfer-Encoding",
    "Transfer-Encoding=",
    ":Transfer-Encoding:",
    "Transfer-Encoding\r:",
    "(Transfer-Encoding):",
    "[Transfer-Encoding]:",
    "Transfer-Encoding/:",
];

/// Values of `Transfer-Encoding` that are not exactly `chunked`.
const VALUES: [&str; 58] = [
    "",
    "identity",
    "gzip",
    "deflate",
    "br",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, identity",
    "identity, chunked",
    "chunked, chunked",
    "chunked,chunked",
    "chunked,",
    ",chunked",
    ", chunked",
    "chunked ,",
    "chunked, ",
    "chunked;",
    "chunked;q=1",
    "chunked; x=y",
    "chunked q",
    "\"chunked\"",
    "'chunked'",
    "`chunked`",
    "chunked\"",
    "\"chunked",
    "xchunked",
    "x-chunked",
    "chunkedx",
    "chunke",
    "chunk",
    "chunked-",
    "-chunked",
    "cow",
    "chun ked",
    "chun\tked",
    "c\u{fc}nked",
    "chun\u{212a}ed",
    "chunked\u{b}",
    "\u{b}chunked",
    "chunked\u{c}",
    "\u{c}chunked",
    "chunked\0",
    "\0chunked",
    "chunked\u{7f}",
    "\u{1}chunked",
    "\u{8}chunked",
    "chunked\u{1f}",
    "chunked\u{a0}",
    "\u{a0}chunked",
    "\u{85}chunked",
    "chunked\u{85}",
    "\u{feff}chunked",
    "\u{2003}chunked",
    "chunked\r",
    "\rchunked",
    "chunked\rX: y",
    "chunked\r\r",
    "\u{e}chunked",
];

/// Whole blocks of lines.
const BLOCKS: [&str; 22] = [
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nX: y\r\ntransfer-encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding:\r\n\tchunked\r\n",
    "Transfer-Encoding: \r\n chunked\r\n",
    "Transfer-Encoding: chunked\r\n , identity\r\n",
    "Transfer-Encoding: identity,\r\n chunked\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n",
    "X: y\r\n\tTransfer-Encoding: chunked\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    "X: y\n\rTransfer-Encoding: chunked\r\n",
    "X: y\r\rTransfer-Encoding: chunked\r\n",
    "X: y\r\n\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\nX: y\r\n",
    "Transfer-Encoding: chunked\n",
];

/// Names that only look like it: what they say has no weight, here or behind.
const OTHERS: [&str; 12] = [
    "X-Transfer-Encoding",
    "Transfer-Encoding-X",
    "XTransfer-Encoding",
    "Transfer-Encodings",
    "TransferEncoding",
    "Transfer_Encoding",
    "transfer_encoding",
    "Transfer--Encoding",
    "Transfer.Encoding",
    "TE",
    "Content-Encoding",
    "Content-Transfer-Encoding",
];

/// In a body that ends with its chunks.
const CHUNKS: &str = "5\r\nhello\r\n0\r\n\r\n";

#[expect(clippy::too_many_lines, reason = "a table of cases")]
pub(super) fn add(corpus: &mut Corpus) {
    corpus.family("transfer-encoding, plain");
    for coding in [
        "chunked",
        "Chunked",
        "CHUNKED",
        "cHuNkEd",
        "  chunked",
        "\tchunked",
        "chunked ",
        "chunked\t",
        " \t chunked \t ",
    ] {
        let headers = format!("Transfer-Encoding:{coding}\r\n");
        corpus.passed(&format!("{coding:?}"), post(&headers, CHUNKS), wanted("POST", "hello"));
    }
    corpus.passed(
        "name in capitals",
        post("TRANSFER-ENCODING: chunked\r\n", CHUNKS),
        wanted("POST", "hello"),
    );
    for method in ["GET", "DELETE", "OPTIONS", "PATCH"] {
        let bytes = request(method, "{k}", "Transfer-Encoding: chunked\r\n", CHUNKS);
        corpus.passed(&format!("on a {method}"), bytes, wanted(method, "hello"));
    }

    corpus.family("transfer-encoding, other names");
    for name in OTHERS {
        let headers = format!("{name}: chunked\r\nContent-Length: 5\r\n");
        corpus.passed(
            &format!("{name} beside a length"),
            post(&headers, "hello"),
            wanted("POST", "hello"),
        );
        let bytes = post(&format!("{name}: chunked\r\n"), CHUNKS);
        corpus.then_bad(&format!("{name} alone"), bytes, wanted("POST", ""));
    }

    corpus.family("transfer-encoding, odd");
    let lines = NAMES.iter().map(|name| format!("{name} chunked\r\n"));
    let values = VALUES.iter().map(|value| format!("Transfer-Encoding: {value}\r\n"));
    let blocks = BLOCKS.iter().map(|block| (*block).to_owned());
    let odd: Vec<String> = lines.chain(values).chain(blocks).collect();
    for lines in &odd {
        corpus.bad(&format!("alone: {lines:?}"), post(lines, CHUNKS));
        let cl_te = post(&format!("Content-Length: 6\r\n{lines}"), "0\r\n\r\nG");
        corpus.bad(&format!("after a length: {lines:?}"), cl_te);
        let te_cl = post(
            &format!("{lines}Content-Length: 4\r\n"),
            "2e\r\nGET {k}/smuggled HTTP/1.1\r\nX: y\r\n\r\n0\r\n\r\n",
        );
        corpus.bad(&format!("before a length: {lines:?}"), te_cl);
    }
    // Bytes that are no text.
    for byte in [0x80_u8, 0x85, 0xa0, 0xad, 0xff] {
        let with = |before: bool| {
            let mut bytes = post("Transfer-Encoding: ", "").into_bytes();
            bytes.truncate(bytes.len() - 2);
            if before {
                bytes.push(byte);
            }
            bytes.extend_from_slice(b"chunked");
            if !before {
                bytes.push(byte);
            }
            bytes.extend_from_slice(b"\r\n\r\n0\r\n\r\n");
            bytes
        };
        corpus.bad(&format!("byte {byte:#x} before the value"), with(true));
        corpus.bad(&format!("byte {byte:#x} after the value"), with(false));
    }

    corpus.family("transfer-encoding in HTTP/1.0");
    for headers in ["", "Connection: keep-alive\r\n", "Content-Length: 5\r\n"] {
        for coding in ["chunked", "identity", "gzip, chunked", ""] {
            let bytes = format!(
                "POST {{k}} HTTP/1.0\r\nHost: site.example\r\n{headers}Transfer-Encoding: {coding}\r\n\r\n{CHUNKS}"
            );
            corpus.bad(&format!("{coding:?} beside {headers:?}"), bytes);
        }
    }
}
