//! Processes that are killed: this test program starts itself and kills what it started.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tollgate_domain::{Ending, Usage};

use crate::fixture::{COST, call, calls, create_key, open, opened, rows, spend};
use crate::home::{Home, on_both};

const DIR: &str = "TOLLGATE_CRASH_DIR";
const STORE: &str = "TOLLGATE_CRASH_STORE";
const SHIP: &str = "TOLLGATE_CRASH_SHIP";
/// Whole calls that a child has written before it says so.
const WHOLE: usize = 300;

/// What the child does; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let ledger = open(&Home::at(Path::new(&dir), std::env::var(STORE).ok())).await;
    let open_call = opened();
    ledger.journal().opened(&open_call).unwrap();
    let usage = Usage { output: 6, ..Usage::default() };
    ledger.journal().progress(open_call.call, &usage).unwrap();
    calls(&ledger, WHOLE);
    if std::env::var(SHIP).is_ok() {
        ledger.flush().await;
    }
    std::io::stderr().write_all(b"\nwritten\n").unwrap();
    // At a pace that those who ship and read the rows can keep up with.
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    loop {
        calls(&ledger, 3);
        pace.tick().await;
    }
}

/// Starts a child and returns once it has written and goes on writing. A ledger of this process
/// must be able to go on meanwhile: it may hold the store's lock that the child waits for.
async fn start(home: &Home, ship: bool) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::child", "--nocapture"]).env(DIR, home.path());
    command.envs(home.address.as_ref().map(|address| (STORE, address)));
    if ship {
        command.env(SHIP, "1");
    }
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let written = move || lines.map_while(Result::ok).any(|line| line == "written");
    assert!(tokio::task::spawn_blocking(written).await.unwrap(), "the child failed");
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Nothing is lost, nothing is there twice, and the open call was interrupted once.
async fn check(home: &Home, children: usize) {
    let ledger = open(home).await;
    let rows = rows(&ledger).await;
    let (interrupted, whole): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.ending == Ending::Interrupted);
    assert!(whole.len() >= children * WHOLE, "{}", whole.len());
    let estimated = interrupted.iter().filter(|row| row.estimated);
    assert_eq!(estimated.map(|row| row.charge.amount.get()).sum::<u64>(), 60 * children as u64);
    // A child may have died between the two records of its last call.
    assert!((children..=2 * children).contains(&interrupted.len()), "{}", interrupted.len());
    assert_eq!(spend(&ledger).await, whole.len() as u64 * COST + 60 * children as u64);
    ledger.close().await;
}

on_both!(a_killed_process_loses_nothing);
async fn a_killed_process_loses_nothing(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    ledger.close().await;
    kill(start(&home, false).await);
    check(&home, 1).await;
    check(&home, 1).await;
}

on_both!(a_process_killed_while_it_ships_counts_nothing_twice);
async fn a_process_killed_while_it_ships_counts_nothing_twice(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    ledger.close().await;
    for round in 1..=3 {
        kill(start(&home, true).await);
        check(&home, round).await;
    }
}

on_both!(a_start_beside_a_live_process_leaves_its_segments_alone);
async fn a_start_beside_a_live_process_leaves_its_segments_alone(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    let first = start(&home, false).await;
    let second = start(&home, true).await;
    call(&ledger);
    ledger.flush().await;
    let interrupted = rows(&ledger).await.iter().any(|row| row.ending == Ending::Interrupted);
    assert!(!interrupted, "both children are alive");
    kill(first);
    kill(second);
    ledger.close().await;
    check(&home, 2).await;
}
