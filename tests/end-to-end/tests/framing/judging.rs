//! The judge can find fault: what it is shown here is made up.

use std::collections::BTreeMap;

use crate::case::{Case, Corpus, get, post, wanted};
use crate::judge::{Outcomes, judge};
use crate::recorder::Received;
use crate::sender::{Answer, End, Heard, parse};

fn refused() -> Case {
    let mut corpus = Corpus::default();
    corpus.bad("refused", post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "x"));
    corpus.cases.remove(0)
}

fn passed() -> Case {
    let mut corpus = Corpus::default();
    corpus.passed("passed", get(""), wanted("GET", ""));
    corpus.cases.remove(0)
}

fn received(target: &str, authorization: &str) -> Received {
    let head = format!(
        "GET {target} HTTP/1.1\r\nHost: site.example\r\nAuthorization: {authorization}\r\n\r\n"
    );
    Received { is_whole: true, ..Received::of(head.as_bytes()).expect("a request") }
}

fn heard(answers: &[(u16, &str)]) -> Heard {
    let answers = answers.iter();
    let answers =
        answers.map(|(status, body)| Answer { status: *status, body: (*body).to_owned() });
    Heard { answers: answers.collect(), rest: Vec::new(), end: End::Closed }
}

/// What passes as it should: both victims with their own canaries.
fn all_received() -> Vec<Received> {
    vec![
        received("/k1", ""),
        received("/v1a", "Bearer canary-1a"),
        received("/v1b", "Bearer canary-1b"),
    ]
}

const ANSWERS: [(u16, &str); 3] =
    [(200, "GET /k1 "), (200, "GET /v1a Bearer canary-1a"), (200, "GET /v1b Bearer canary-1b")];

fn complaints(case: Case, heard: Heard, received: &[Received], stray: &[Vec<u8>]) -> Vec<String> {
    let outcomes: Outcomes = BTreeMap::from([(1, heard)]);
    let found = judge(&[case], &outcomes, received, stray);
    found.into_iter().map(|complaint| complaint.what).collect()
}

fn assert_found(found: &[String], what: &str) {
    assert!(found.iter().any(|found| found.contains(what)), "{what}: {found:?}");
}

#[test]
fn what_is_as_it_should_be_is_not_complained_of() {
    assert!(complaints(passed(), heard(&ANSWERS), &all_received(), &[]).is_empty());
    assert!(complaints(refused(), heard(&[(400, "{}")]), &[], &[]).is_empty());
}

#[test]
fn a_request_behind_that_was_refused_in_front_is_found() {
    let found = complaints(refused(), heard(&[(400, "")]), &[received("/k1", "")], &[]);
    assert_found(&found, "DESYNC: came behind and should not");
    let found =
        complaints(refused(), heard(&[(400, "")]), &[received("/v1a", "Bearer canary-1a")], &[]);
    assert_found(&found, "DESYNC: came behind and should not");
}

#[test]
fn a_request_that_nobody_sent_is_found() {
    let smuggled = [all_received(), vec![received("/smuggled", "")]].concat();
    let found = complaints(passed(), heard(&ANSWERS), &smuggled, &[]);
    assert_found(&found, "DESYNC: nobody sent GET \"/smuggled\"");
    let found = complaints(passed(), heard(&ANSWERS), &all_received(), &[b"G".to_vec()]);
    assert_found(&found, "DESYNC: bytes behind that are no request");
}

#[test]
fn a_victim_that_was_swallowed_or_changed_is_found() {
    let mut all = all_received();
    all[0].body = b"GET /v1a HTTP/1.1\r\n".to_vec();
    assert_found(
        &complaints(passed(), heard(&ANSWERS), &all, &[]),
        "DESYNC: GET \"/k1\" with 19 bytes",
    );
    let mut all = all_received();
    all[1].authorization = "Bearer canary-2a".to_owned();
    assert_found(&complaints(passed(), heard(&ANSWERS), &all, &[]), "in the place of GET \"/v1a\"");
    let all = &all_received()[..2];
    assert_found(
        &complaints(passed(), heard(&ANSWERS), all, &[]),
        "did not come behind: GET \"/v1b\"",
    );
}

#[test]
fn an_answer_that_is_anothers_is_found() {
    let [first, second, third] = ANSWERS;
    let found = complaints(passed(), heard(&[first, third, second]), &all_received(), &[]);
    assert_found(&found, "FOREIGN: GET /v1a is answered with what is for");
    let found =
        complaints(refused(), heard(&[(400, ""), (200, "GET /v1a Bearer canary-1a")]), &[], &[]);
    assert_found(&found, "FOREIGN: an answer that nobody asked for");
    assert_found(
        &complaints(refused(), heard(&[(200, "")]), &[], &[]),
        "answered 200 in the place of 400",
    );
    let open = Heard { end: End::Open, ..heard(&[(400, "")]) };
    assert_found(&complaints(refused(), open, &[], &[]), "the connection is Open");
}

#[test]
fn what_could_be_read_in_two_ways_behind_is_found() {
    for lines in [
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\n",
        "Content-Length: +1\r\n",
        "Host: other\r\n",
        "X : y\r\n",
        "X: a\nContent-Length: 1\r\n",
        " folded\r\n",
        "X_Y: z\r\n",
    ] {
        let head = format!("GET /k1 HTTP/1.1\r\nHost: site.example\r\n{lines}\r\n");
        let doubts = Received::of(head.as_bytes()).expect("a request").doubts();
        assert!(!doubts.is_empty(), "{lines:?}");
    }
    assert!(all_received().iter().all(|request| request.doubts().is_empty()));
}

#[test]
fn answers_are_told_apart_by_their_framing() {
    let bytes = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\
        HTTP/1.1 HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\nrest";
    let methods = ["GET", "GET", "HEAD"].map(str::to_owned);
    let heard = parse(bytes.to_vec(), &methods, End::Closed);
    let told: Vec<_> = heard.answers.iter().map(|a| (a.status, a.body.as_str())).collect();
    assert_eq!(told, [(200, "HTTP/1.1 "), (200, "hi"), (200, ""), (404, "")]);
    assert_eq!(heard.rest, b"rest");
}
