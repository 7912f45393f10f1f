//! Compares what came of a case with what had to.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::case::{Case, Then, Wanted};
use crate::recorder::Received;
use crate::sender::{Answer, End, Heard};

/// What was heard of each case, by its number.
pub(crate) type Outcomes = BTreeMap<usize, Heard>;

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Complaint {
    pub(crate) number: usize,
    pub(crate) what: String,
}

/// All that is wrong. `received` and `stray` are what came to the server behind.
pub(crate) fn judge(
    cases: &[Case],
    outcomes: &Outcomes,
    received: &[Received],
    stray: &[Vec<u8>],
) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let mut by_case: BTreeMap<usize, Vec<&Received>> = BTreeMap::new();
    for request in received {
        match Case::number_of(&request.target) {
            Some(number) => by_case.entry(number).or_default().push(request),
            None => complaints.push(Complaint {
                number: 0,
                what: format!("DESYNC: nobody sent {} {:?}", request.method, request.target),
            }),
        }
    }
    for bytes in stray {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let what = format!("DESYNC: bytes behind that are no request: {text:?}");
        complaints.push(Complaint { number: 0, what });
    }
    for case in cases {
        let passed = by_case.remove(&case.number).unwrap_or_default();
        let mut say = |what: String| complaints.push(Complaint { number: case.number, what });
        behind(case, &passed, &mut say);
        match outcomes.get(&case.number) {
            Some(heard) => in_front(case, heard, &mut say),
            None => say("was not tried".to_owned()),
        }
    }
    for number in by_case.into_keys() {
        complaints.push(Complaint { number, what: "DESYNC: there is no such case".to_owned() });
    }
    complaints
}

/// The requests that have to come to the server behind, with their canaries.
fn due(case: &Case) -> Vec<(Wanted, String)> {
    let passed = case.expected.answered.iter().filter(|wanted| wanted.own.is_none());
    let mut due: Vec<_> = passed.map(|wanted| (wanted.clone(), String::new())).collect();
    if case.expected.then == Then::Victims {
        for victim in case.victims() {
            let target = victim.target;
            let wanted = Wanted { method: "GET".to_owned(), target, body: Vec::new(), own: None };
            due.push((wanted, victim.authorization));
        }
    }
    due
}

/// What came to the server behind is what had to, no more and no less, and beyond doubt.
fn behind(case: &Case, passed: &[&Received], say: &mut impl FnMut(String)) {
    let mut due = due(case).into_iter();
    for received in passed {
        for doubt in received.doubts() {
            say(format!("DOUBT behind: {doubt}"));
        }
        let shown =
            format!("{} {:?} with {} bytes", received.method, received.target, received.body.len());
        if !received.is_whole {
            let is_own = received.target.starts_with(&case.path());
            if !(matches!(case.expected.then, Then::Broken(_)) && is_own) {
                say(format!("a request that was cut short came behind: {shown}"));
            }
            continue;
        }
        let Some((wanted, authorization)) = due.next() else {
            say(format!("DESYNC: came behind and should not: {shown}"));
            continue;
        };
        let is_same = received.method == wanted.method
            && received.target == wanted.target
            && received.body == wanted.body
            && (authorization.is_empty() || received.authorization == authorization);
        if !is_same {
            let body =
                String::from_utf8_lossy(&received.body).chars().take(200).collect::<String>();
            say(format!(
                "DESYNC: {shown} {body:?} {:?} came behind in the place of {} {:?}",
                received.authorization, wanted.method, wanted.target
            ));
        }
    }
    for (wanted, _) in due {
        say(format!("did not come behind: {} {:?}", wanted.method, wanted.target));
    }
}

/// The answers are those to the requests that were sent, in their order.
fn in_front(case: &Case, heard: &Heard, say: &mut impl FnMut(String)) {
    let mut answers = heard.answers.iter();
    for wanted in &case.expected.answered {
        answered(wanted, "", answers.next(), say);
    }
    match case.expected.then {
        Then::Victims => {
            for victim in case.victims() {
                let target = victim.target;
                let wanted =
                    Wanted { method: "GET".to_owned(), target, body: Vec::new(), own: None };
                answered(&wanted, &victim.authorization, answers.next(), say);
            }
        }
        Then::Refused(status) | Then::Broken(status) => match answers.next() {
            Some(answer) if answer.status == status => {}
            Some(answer) => say(format!("answered {} in the place of {status}", answer.status)),
            None => say(format!("no answer in the place of {status}")),
        },
        Then::Closed | Then::Tunnel => {}
    }
    for answer in answers {
        say(format!(
            "FOREIGN: an answer that nobody asked for: {} {:?}",
            answer.status, answer.body
        ));
    }
    let is_echo = case.victims().iter().flat_map(|victim| &victim.bytes).eq(&heard.rest);
    match case.expected.then {
        Then::Tunnel if is_echo && heard.end == End::Closed => {}
        Then::Tunnel => say(format!("the tunnel is {:?} after {:?}", heard.end, text(&heard.rest))),
        _ if !heard.rest.is_empty() => {
            say(format!("FOREIGN: bytes behind the last answer: {:?}", text(&heard.rest)));
        }
        _ if heard.end != End::Closed => say(format!("the connection is {:?}", heard.end)),
        _ => {}
    }
}

fn answered(
    wanted: &Wanted,
    authorization: &str,
    answer: Option<&Answer>,
    say: &mut impl FnMut(String),
) {
    let shown = format!("{} {}", wanted.method, wanted.target);
    let Some(answer) = answer else { return say(format!("no answer to {shown}")) };
    if let Some(status) = wanted.own {
        if answer.status != status {
            say(format!("{shown} is answered {}", answer.status));
        }
        return;
    }
    let is_upgrade = answer.status == 101 && wanted.target.ends_with("/101");
    if answer.status != 200 && !is_upgrade {
        return say(format!("{shown} is answered {}: {:?}", answer.status, answer.body));
    }
    let expected = format!("{shown} {authorization}");
    if wanted.method != "HEAD" && !is_upgrade && answer.body.trim_end() != expected.trim_end() {
        say(format!("FOREIGN: {shown} is answered with what is for {:?}", answer.body));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(300).collect()
}

/// The table of everything that is wrong; empty if nothing is.
pub(crate) fn table(way: &str, cases: &[Case], complaints: &[Complaint]) -> String {
    let mut table = String::new();
    for Complaint { number, what } in complaints {
        let case = cases.iter().find(|case| case.number == *number);
        let (family, name) = case.map_or(("-", "-"), |case| (case.family, &case.name));
        let expected = case.map(|case| case.expected.then);
        writeln!(table, "{way} | {number} | {family} | {name:.80} | {expected:?} | {what}")
            .expect("a String takes everything");
    }
    table
}
