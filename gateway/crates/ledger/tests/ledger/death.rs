//! A process that dies beside another: what its calls held and cost reaches the other.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tollgate_domain::{CallId, Ending, NanoUsd, Usage};
use tollgate_ledger::Ledger;

use crate::fixture::{
    eventually, journal_files, key_hash, open, opened, rows, settings, settled, spend,
    with_fixture_key,
};
use crate::home::{Home, on_both};
use crate::overlap::{BUDGET, EACH};
use crate::process::Process;

const DIR: &str = "TOLLGATE_DEATH_DIR";
const STORE: &str = "TOLLGATE_DEATH_STORE";

/// What the old process does; nothing in an ordinary run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let old = Process::with_key(&Home::at(Path::new(&dir), std::env::var(STORE).ok())).await;
    let mut open = old.admit_many(30, EACH, BUDGET);
    for opened in open.drain(..10) {
        old.end(opened, EACH / 2);
    }
    for opened in &open {
        let usage = Usage { output: 3, ..Usage::default() };
        old.ledger.journal().progress(opened.call, &usage).unwrap();
    }
    std::io::stderr().write_all(b"\nwritten\n").unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
}

/// Starts the old process: ten calls have ended at half their price, twenty are open.
fn start(home: &Home) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "death::child", "--nocapture"]).env(DIR, home.path());
    command.envs(home.address.as_ref().map(|address| (STORE, address)));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "written"), "the child failed");
    child
}

on_both!(a_process_killed_during_the_overlap_leaves_what_its_calls_cost_and_no_more);
async fn a_process_killed_during_the_overlap_leaves_what_its_calls_cost_and_no_more(home: Home) {
    with_fixture_key(&home).await;
    let mut old = start(&home);
    let new = Process::with_key(&home).await;
    assert_eq!(new.spent(key_hash()), Some(10 * EACH / 2));
    let mut open = new.admit_many(60, EACH, BUDGET);
    assert_eq!(open.len(), 50 - 20 - 5);
    old.kill().unwrap();
    old.wait().unwrap();
    // Each of the twenty comes to 30 of 100; what becomes free does so once it is known.
    eventually("the dead process's calls are interrupted", || {
        open.extend(new.admit(key_hash(), EACH, BUDGET));
        let spent = new.spent(key_hash()).unwrap();
        assert!(open.len() as u64 * EACH + spent <= BUDGET);
        spent == 10 * EACH / 2 + 20 * 30
    })
    .await;
    open.extend(new.admit_many(60, EACH, BUDGET));
    assert_eq!(open.len() as u64, (BUDGET - 500 - 600) / EACH);
    for opened in open {
        new.end(opened, EACH);
    }
    new.ledger.flush().await;
    new.catch_up().await;
    assert_eq!(new.spent(key_hash()), Some(spend(&new.ledger).await));
    assert_eq!(new.counted.0.open_total(), NanoUsd::ZERO);
    let rows = rows(&new.ledger).await;
    assert_eq!(rows.iter().filter(|row| row.ending == Ending::Interrupted).count(), 20);
    eventually("nobody is left", || !new.ledger.neighbours().any()).await;
}

/// A segment of a dead process with one call that has ended and one that is open, and the calls.
async fn dead_segment() -> (String, Vec<u8>, [CallId; 2]) {
    let other = Home::sqlite();
    let ledger = open(&other).await;
    let calls = [opened(), opened()];
    for opened in &calls {
        ledger.journal().opened(opened).unwrap();
    }
    let usage = Usage { output: 4, ..Usage::default() };
    ledger.journal().progress(calls[1].call, &usage).unwrap();
    ledger.journal().settled(&settled(calls[0].clone())).unwrap();
    let path = journal_files(other.path(), ".tgj").remove(0);
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    (name, std::fs::read(&path).unwrap(), calls.map(|opened| opened.call))
}

on_both!(what_is_recovered_for_a_dead_process_reaches_keys_that_are_loaded_already);
async fn what_is_recovered_for_a_dead_process_reaches_keys_that_are_loaded_already(home: Home) {
    for seen_before in [false, true] {
        let home = home.fresh().await;
        with_fixture_key(&home).await;
        let new = Process::with_key(&home).await;
        assert_eq!(new.spent(key_hash()), Some(0));
        let (name, bytes, calls) = dead_segment().await;
        std::fs::write(home.path().join("journal").join(name), bytes).unwrap();
        if seen_before {
            assert!(new.ledger.neighbours().look().unwrap());
            assert_eq!(new.counted.0.reserved(calls[1]).get(), 9_000);
            assert_eq!(new.spent(key_hash()), Some(1_500));
        }
        // Another start recovers it, as this process's own patrol would.
        let third = Ledger::open(settings(&home)).await.unwrap();
        third.close().await;
        new.catch_up().await;
        assert_eq!(new.spent(key_hash()), Some(1_500 + 40), "seen before: {seen_before}");
        assert_eq!(spend(&new.ledger).await, 1_540);
        assert_eq!(new.counted.0.open_total(), NanoUsd::ZERO);
    }
}
