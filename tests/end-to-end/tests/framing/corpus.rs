//! The corpus against the built gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;
use tokio::sync::Semaphore;
use tollgate_end_to_end::{Authority, Config, Gateway, free_port, until};

use crate::case::{Case, HOST, Then};
use crate::cases;
use crate::judge::{Complaint, Outcomes, judge, table};
use crate::recorder::Record;
use crate::sender::Way;

/// Cases that are under way together.
const AT_ONCE: usize = 24;

pub(crate) struct Setup {
    pub(crate) gateway: Gateway,
    pub(crate) record: Record,
    pub(crate) authority: Authority,
    pub(crate) tls: u16,
    pub(crate) _folder: TempDir,
}

/// A gateway whose site has one route, to a server that keeps everything.
pub(crate) async fn setup() -> Setup {
    let (record, address) = Record::start().await;
    let (authority, folder, tls) =
        (Authority::new(), TempDir::new().expect("a folder"), free_port());
    let (certificate, key) = authority.issue().write(folder.path());
    let section = format!(
        "edge:\n  listeners:\n    - address: 127.0.0.1:{tls}\n      http2: true\n      tls:\n        \
         certificates:\n          - certificate: {}\n            private_key: {}\n  sites:\n    \
         - hosts: ['*']\n      routes: [{{path: /health, to: gateway}}]\n    - hosts: [{HOST}]\n      routes:\n        \
         - {{path: /, to: '{address}', public: true}}\n",
        certificate.display(),
        key.display()
    );
    let gateway = Gateway::start(Config::new().section(&section)).await;
    Setup { gateway, record, authority, tls, _folder: folder }
}

/// Sends every case and takes down what comes back.
pub(crate) async fn run(cases: &[Case], way: &Way) -> Outcomes {
    let sent = cases.iter().map(|case| {
        let answered = case.expected.answered.iter();
        let methods = answered.map(|wanted| wanted.method.clone()).collect();
        (case.number, case.sent(), methods)
    });
    exchange_all(sent.collect(), way).await
}

/// Sends each of these bytes over a connection of its own; the methods are those of the answers.
pub(crate) async fn exchange_all(sent: Vec<(usize, Vec<u8>, Vec<String>)>, way: &Way) -> Outcomes {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = Vec::new();
    for (number, bytes, methods) in sent {
        let (way, room) = (way.clone(), Arc::clone(&room));
        tasks.push(tokio::spawn(async move {
            let _turn = room.acquire().await.expect("nobody closes it");
            (number, way.send(&bytes, &methods).await)
        }));
    }
    let mut outcomes = BTreeMap::new();
    for task in tasks {
        let (number, heard) = task.await.expect("no panic");
        outcomes.insert(number, heard);
    }
    outcomes
}

/// Runs cases one way and gives the table of what is wrong.
async fn tried(cases: &[Case], way: impl FnOnce(&Setup) -> Way) -> String {
    let mut setup = setup().await;
    let way = way(&setup);
    let began = std::time::Instant::now();
    let outcomes = run(cases, &way).await;
    let took = began.elapsed();
    let mut complaints = Vec::new();
    // After everything, a fresh connection works.
    let last = cases::last_one(cases.len() + 1);
    let heard = way.send(&last.sent(), &[]).await;
    complaints.extend(
        judge(std::slice::from_ref(&last), &BTreeMap::from([(last.number, heard)]), &[], &[])
            .into_iter()
            .filter(|complaint| !complaint.what.starts_with("did not come behind")),
    );
    // When the gateway has ended, nothing more can come to the server behind.
    setup.gateway.stop().await;
    until("the end of all connections behind", async || (setup.record.open() == 0).then_some(()))
        .await;
    let (received, stray) = setup.record.all();
    let of_last = |target: &str| Case::number_of(target) == Some(last.number);
    let received: Vec<_> =
        received.into_iter().filter(|request| !of_last(&request.target)).collect();
    let judged: Vec<Case> = cases.iter().map(|case| allowed(&way, case, &outcomes)).collect();
    complaints.extend(judge(&judged, &outcomes, &received, &stray));
    println!("{}: {} cases in {took:?}, {} complaints", way.name(), cases.len(), complaints.len());
    report(&way, cases, &complaints)
}

/// A chunked body has ended for the server behind when its last chunk has come; if its answer
/// overtakes the client's last line end, the connection is closed instead of being used again.
fn allowed(way: &Way, case: &Case, outcomes: &Outcomes) -> Case {
    let mut case = case.clone();
    let heard = outcomes.get(&case.number).map_or(0, |heard| heard.answers.len());
    let is_early = matches!(way, Way::Pieces(_)) && heard == case.expected.answered.len();
    if is_early && case.expected.then == Then::Victims {
        case.expected.then = Then::Closed;
    }
    case
}

fn report(way: &Way, cases: &[Case], complaints: &[Complaint]) -> String {
    table(way.name(), cases, complaints)
}

fn check(table: &str) {
    assert!(table.is_empty(), "\n{table}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_past_the_gateway() {
    let cases = cases::all();
    let mut families: BTreeMap<_, usize> = BTreeMap::new();
    for case in &cases {
        *families.entry(case.family).or_default() += 1;
    }
    println!("{} cases: {families:?}", cases.len());
    assert!(cases.len() >= 300, "{} cases", cases.len());
    check(&tried(&cases, |setup| Way::Whole(setup.gateway.port)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_a_few_bytes_at_a_time() {
    let cases = cases::all();
    let small: Vec<_> = cases.into_iter().filter(|case| case.bytes.len() < 5000).collect();
    check(&tried(&small, |setup| Way::Pieces(setup.gateway.port)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_smuggled_through_tls() {
    let cases = cases::all();
    // Every third one, and all that are passed on.
    let some: Vec<_> = cases
        .into_iter()
        .filter(|case| case.number % 3 == 0 || !matches!(case.expected.then, Then::Refused(_)))
        .collect();
    check(&tried(&some, |setup| Way::tls(setup.tls, &setup.authority)).await);
}
