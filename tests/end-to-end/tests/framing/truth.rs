//! What a server behind is told of a client is what the gateway saw, whatever the client claims.

use std::collections::BTreeMap;

use tollgate_end_to_end::until;

use crate::case::{Case, Corpus, HOST, get, wanted};
use crate::corpus::{Setup, run, setup};
use crate::sender::Way;

/// Names under which somebody is told who a client is, where from, or what it asked for.
const NAMES: [&str; 34] = [
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Real-IP",
    "Forwarded",
    "x-forwarded-for",
    "X-FORWARDED-FOR",
    "x-real-ip",
    "FORWARDED",
    "X-Forwarded",
    "X-Forwarded-Server",
    "X-Forwarded-By",
    "X-Forwarded-Ssl",
    "X-Forwarded-Scheme",
    "X-Forwarded-Protocol",
    "X-Forwarded-Prefix",
    "X-Forwarded-Path",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Client-Cert",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Preferred-Username",
    "X_Forwarded_For",
    "X_Forwarded_Proto",
    "X-Forwarded_For",
    "X_Real_IP",
    "X_Real-IP",
    "HTTP_X_FORWARDED_FOR",
    "REMOTE_ADDR",
];

/// What a client says under them.
const CLAIMS: [&str; 6] = [
    "6.6.6.6",
    "6.6.6.6, 127.0.0.1",
    "evil.example",
    "for=6.6.6.6;host=evil.example;proto=evil",
    "\"evil\"; \\\"6.6.6.6",
    "evil\u{e9}",
];

/// Names that a client nominates to have them taken away.
const NOMINATED: [&str; 16] = [
    "authorization",
    "Authorization, x-tenant",
    "x-real-ip",
    "x-forwarded-for, x-forwarded-proto",
    "forwarded",
    "host",
    "content-length",
    "cookie",
    "close-not, x-forwarded-host",
    "x-forwarded-port",
    "X-FORWARDED-FOR",
    "x-api-key",
    "origin, referer",
    "sec-fetch-site",
    "keep-alive, authorization",
    "connection, x-real-ip",
];

/// The cases, with what each claims.
fn cases() -> Vec<Case> {
    let mut corpus = Corpus::default();
    corpus.family("claims about the client");
    for name in NAMES {
        for claim in CLAIMS {
            let headers = format!("{name}: {claim}\r\nAuthorization: Bearer own\r\n");
            corpus.passed(&format!("{name}: {claim}"), get(&headers), wanted("GET", ""));
        }
        let twice = format!("{name}: 6.6.6.6\r\n{name}: evil\r\nAuthorization: Bearer own\r\n");
        corpus.passed(&format!("{name} twice"), get(&twice), wanted("GET", ""));
    }
    corpus.family("nominated headers");
    for nominated in NOMINATED {
        let headers = format!(
            "Connection: {nominated}\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n\
             Authorization: Bearer own\r\n"
        );
        corpus.passed(nominated, get(&headers), wanted("GET", ""));
        let upper = get(&headers).replace("Connection:", "CONNECTION:");
        corpus.passed(&format!("{nominated}, in capitals"), upper, wanted("GET", ""));
    }
    corpus.cases
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_behind_is_told_the_truth_about_clients() {
    let mut setup = setup().await;
    let port = setup.gateway.port.to_string();
    for (way, told_port, proto) in [
        (Way::Whole(setup.gateway.port), port, "http"),
        (Way::tls(setup.tls, &setup.authority), setup.tls.to_string(), "https"),
    ] {
        let cases = cases();
        assert!(cases.len() >= 200, "{} cases", cases.len());
        let before = setup.record.all().0.len();
        run(&cases, &way).await;
        let (received, stray) = setup.record.all();
        assert!(stray.is_empty(), "{stray:?}");
        let forwarded = format!("for=127.0.0.1;host={HOST};proto={proto}");
        let truth = BTreeMap::from([
            ("host", HOST),
            ("x-real-ip", "127.0.0.1"),
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-proto", proto),
            ("x-forwarded-host", HOST),
            ("x-forwarded-port", told_port.as_str()),
            ("forwarded", forwarded.as_str()),
        ]);
        let mut table = Vec::new();
        let mut counted = 0;
        for request in received.iter().skip(before).filter(|r| r.target.starts_with("/k")) {
            counted += 1;
            let number = Case::number_of(&request.target);
            let case = cases.iter().find(|case| Some(case.number) == number).expect("a case");
            let mut say = |what: String| table.push(format!("{} | {what}", case.name));
            for (name, value) in &truth {
                if request.values(name) != [*value] {
                    say(format!("{name}: {:?}", request.values(name)));
                }
            }
            let head = String::from_utf8_lossy(&request.head).into_owned();
            for line in
                head.lines().filter(|line| line.contains("6.6.6.6") || line.contains("evil"))
            {
                say(format!("came behind: {line:?}"));
            }
            if request.authorization != "Bearer own" {
                say(format!("the key is {:?}", request.authorization));
            }
            request.doubts().into_iter().for_each(say);
        }
        println!("{}: {counted} of {} spoofed requests came behind", way.name(), cases.len());
        assert_eq!(counted, cases.len());
        assert!(table.is_empty(), "\n{}", table.join("\n"));
    }
    let Setup { gateway, record, .. } = &mut setup;
    gateway.stop().await;
    until("the end of all connections behind", async || (record.open() == 0).then_some(())).await;
}
