//! The corpus on the way to a model: what is refused is no call, costs nothing and asks nobody.

use std::collections::BTreeMap;

use tollgate_end_to_end::{Config, Gateway, Upstream, chat, rows, until};

use crate::case::{Case, Corpus, Then};
use crate::cases;
use crate::corpus::exchange_all;
use crate::sender::{End, Heard, Way};

const PATH: &str = "/v1/chat/completions";

/// A chat call over HTTP/1.1 whose framing is given.
fn call(key: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: site.example\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

/// The two calls behind a case, with prompts that tell whose they are.
fn victims(key: &str, number: usize) -> Vec<u8> {
    let victim = |letter: char, last: &str| {
        let body = chat("echo", &format!("victim-{number}{letter}.")).to_string();
        call(key, &format!("Content-Length: {}\r\n{last}", body.len()), &body)
    };
    [victim('a', ""), victim('b', "Connection: close\r\n")].concat()
}

/// The cases that are refused at once or in their body, on their way to a model.
fn refused(key: &str) -> Vec<(Case, Vec<u8>)> {
    let is_refused = |case: &Case| {
        let status = matches!(case.expected.then, Then::Refused(_) | Then::Broken(_));
        case.expected.answered.is_empty() && status
    };
    let all = cases::all().into_iter().filter(is_refused);
    all.map(|case| {
        let mut text = replaced(&case.bytes, case.path().as_bytes(), PATH.as_bytes());
        if matches!(case.expected.then, Then::Broken(_)) {
            // Whose body is read, has shown a key before.
            let host: &[u8] = b"Host: site.example\r\n";
            let with_key = format!("Host: site.example\r\nAuthorization: Bearer {key}\r\n");
            text = replaced(&text, host, with_key.as_bytes());
        }
        let bytes = [text, victims(key, case.number)].concat();
        (case, bytes)
    })
    .collect()
}

/// Calls whose framing is in order, however it looks.
fn accepted(key: &str) -> Vec<(Case, Vec<u8>)> {
    let mut corpus = Corpus::default();
    corpus.family("calls");
    let body =
        |corpus: &Corpus| chat("echo", &format!("own-{}.", corpus.cases.len() + 1)).to_string();
    let chunked = |body: &str| format!("{:x}\r\n{body}\r\n", body.len());
    let mut bytes = Vec::new();
    for kind in [
        "length",
        "zeros",
        "chunks",
        "extension",
        "trailer",
        "small chunks",
        "expect",
        "empty line",
    ] {
        let text = body(&corpus);
        let whole = chunked(&text);
        let coding = "Transfer-Encoding: chunked\r\n";
        bytes.push(match kind {
            "length" => call(key, &format!("Content-Length: {}\r\n", text.len()), &text),
            "zeros" => call(key, &format!("Content-Length: 000{}\r\n", text.len()), &text),
            "chunks" => call(key, coding, &format!("{whole}0\r\n\r\n")),
            "extension" => call(
                key,
                coding,
                &format!("{}0;x\r\n\r\n", whole.replacen("\r\n", ";a=\"b\"\r\n", 1)),
            ),
            "trailer" => call(key, coding, &format!("{whole}0\r\nX-Sum: 1\r\n\r\n")),
            "small chunks" => {
                let parts: String = text.chars().map(|c| chunked(&c.to_string())).collect();
                call(key, coding, &format!("{parts}0\r\n\r\n"))
            }
            "expect" => call(
                key,
                &format!("Expect: 100-continue\r\nContent-Length: {}\r\n", text.len()),
                &text,
            ),
            _ => {
                [b"\r\n".to_vec(), call(key, &format!("Content-Length: {}\r\n", text.len()), &text)]
                    .concat()
            }
        });
        corpus.passed(kind, "", Vec::new());
    }
    let with_victims = |(case, bytes): (Case, Vec<u8>)| {
        let number = case.number;
        (case, [bytes, victims(key, number)].concat())
    };
    corpus.cases.into_iter().zip(bytes).map(with_victims).collect()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// What is wrong with the answers to a refused one.
fn fault_of(case: &Case, heard: &Heard) -> Option<String> {
    let (Then::Refused(status) | Then::Broken(status)) = case.expected.then else {
        return Some("is no refused one".to_owned());
    };
    let statuses: Vec<u16> = heard.answers.iter().map(|answer| answer.status).collect();
    let is_right = statuses == [status] && heard.rest.is_empty() && heard.end == End::Closed;
    (!is_right).then(|| format!("{statuses:?} and {:?} in the place of {status}", heard.end))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_no_call() {
    let upstream = Upstream::start().await;
    let gateway = Gateway::start(Config::new().models(&upstream, &["echo"])).await;
    let key = gateway.free_key().await.key;
    let (refused, accepted) = (refused(&key), accepted(&key));
    assert!(refused.len() >= 300, "{} refused cases", refused.len());
    let way = Way::Whole(gateway.port);
    let began = std::time::Instant::now();
    let sent = |cases: &[(Case, Vec<u8>)]| -> Vec<_> {
        cases.iter().map(|(case, bytes)| (case.number, bytes.clone(), Vec::new())).collect()
    };
    let outcomes = exchange_all(sent(&refused), &way).await;
    let mut table: Vec<String> = refused
        .iter()
        .filter_map(|(case, _)| {
            let fault = outcomes.get(&case.number).and_then(|heard| fault_of(case, heard))?;
            Some(format!("{} | {} | {} | {fault}", case.number, case.family, case.name))
        })
        .collect();
    let calls: Vec<String> = upstream.calls().iter().map(|call| call.prompt()).collect();
    if !calls.is_empty() {
        table.push(format!("DESYNC: the model was asked {calls:?}"));
    }
    let outcomes = exchange_all(sent(&accepted), &way).await;
    for (case, _) in &accepted {
        let heard = &outcomes[&case.number];
        let bodies: Vec<&str> = heard.answers.iter().map(|answer| answer.body.as_str()).collect();
        let number = case.number;
        let due = ["own-N.", "victim-Na.", "victim-Nb."]
            .map(|text| text.replace('N', &number.to_string()));
        let is_right = bodies.len() == 3
            && bodies.iter().zip(&due).all(|(body, due)| body.contains(&format!("echo: {due}")));
        if !is_right {
            table.push(format!("{} | FOREIGN or missing: {bodies:?}", case.name));
        }
    }
    println!(
        "{} refused and {} accepted calls in {:?}",
        refused.len(),
        accepted.len(),
        began.elapsed()
    );
    assert!(table.is_empty(), "\n{}", table.join("\n"));
    let mut asked: BTreeMap<String, usize> = BTreeMap::new();
    for call in upstream.calls() {
        *asked.entry(call.prompt()).or_default() += 1;
    }
    assert_eq!(asked.len(), accepted.len() * 3);
    assert!(asked.values().all(|count| *count == 1), "{asked:?}");
    let stored = until("a row for every call", async || {
        let stored = rows(&gateway.data()).await;
        (stored.len() >= accepted.len() * 3).then_some(stored)
    })
    .await;
    assert_eq!(stored.len(), accepted.len() * 3);
}
