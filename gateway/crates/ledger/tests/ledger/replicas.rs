//! Several gateways on one store: what one does to a key, and what its calls cost, reaches the rest.

use std::time::Duration;

use tollgate_domain::{KeyHash, NanoUsd};
use tollgate_ledger::{KeyChange, Ledger, NewKey};

use crate::fixture::{
    COST, call, calls, create_key, journal_files, key_hash, open, rows, spend, until,
    with_fixture_key,
};
use crate::home::{Home, on_both};
use crate::process::Process;

/// A change takes effect everywhere within a second, and as much again on a machine that runs a
/// hundred of these tests at once.
const REVOKED: Duration = Duration::from_secs(2);
/// What is spent is known everywhere within two seconds, likewise.
const KNOWN: Duration = Duration::from_secs(4);

/// Another ledger on the same store: of another folder where that can be.
async fn other(home: &Home) -> (Home, Ledger) {
    let beside = match &home.address {
        Some(_) => home.beside(),
        None => Home::at(home.path(), None),
    };
    let ledger = open(&beside).await;
    (beside, ledger)
}

async fn is_blocked(ledger: &Ledger) -> Option<bool> {
    ledger.keys().lookup(key_hash()).await.unwrap().map(|key| key.blocked)
}

on_both!(what_is_done_to_a_key_takes_effect_elsewhere_within_a_second);
async fn what_is_done_to_a_key_takes_effect_elsewhere_within_a_second(home: Home) {
    let here = open(&home).await;
    let (_beside, there) = other(&home).await;
    let seen = async |what: &str, expected: Option<bool>| {
        let took = until(what, async || is_blocked(&there).await == expected).await;
        assert!(took < REVOKED, "{what}: {took:?}");
    };
    seen("nobody knows it", None).await;
    create_key(&here).await;
    seen("it is made", Some(false)).await;
    for blocked in [true, false, true, false] {
        here.keys().set_blocked(key_hash(), blocked, "admin").await.unwrap();
        seen("it is blocked or not", Some(blocked)).await;
    }
    let change = KeyChange { models: Some(vec!["m".into()]), ..KeyChange::default() };
    here.keys().update(key_hash(), change).await.unwrap();
    let took = until("its models are known", async || {
        there.keys().lookup(key_hash()).await.unwrap().unwrap().models == ["m"]
    });
    assert!(took.await < REVOKED);
    here.keys().delete(&[key_hash()], "admin").await.unwrap();
    seen("it is gone", None).await;
}

on_both!(what_somebody_does_by_hand_is_seen_too);
async fn what_somebody_does_by_hand_is_seen_too(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    assert_eq!(is_blocked(&ledger).await, Some(false));
    home.execute("UPDATE keys SET blocked = TRUE").await;
    let took = until("it is blocked", async || is_blocked(&ledger).await == Some(true)).await;
    assert!(took < REVOKED, "{took:?}");
}

on_both!(many_changes_at_once_make_all_keys_unknown);
async fn many_changes_at_once_make_all_keys_unknown(home: Home) {
    let here = open(&home).await;
    create_key(&here).await;
    assert_eq!(is_blocked(&here).await, Some(false));
    let digits = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)";
    home.execute(&format!(
        "{digits} INSERT INTO key_changes (hash) SELECT 'x' || i FROM n; \
         UPDATE keys SET blocked = TRUE; \
         {digits} INSERT INTO key_changes (hash) SELECT 'x' || i FROM n"
    ))
    .await;
    until("it is blocked", async || is_blocked(&here).await == Some(true)).await;
}

on_both!(spend_of_one_gateway_is_known_to_the_others);
async fn spend_of_one_gateway_is_known_to_the_others(home: Home) {
    with_fixture_key(&home).await;
    let beside = if home.address.is_some() { home.beside() } else { Home::at(home.path(), None) };
    let (here, there) = (Process::with_key(&home).await, Process::with_key(&beside).await);
    for round in 1..=3 {
        calls(&here.ledger, 300);
        let known = Some(round * 300 * COST);
        let took = until("it is known", async || there.spent(key_hash()) == known).await;
        assert!(took < KNOWN, "{took:?}");
    }
    there.end(there.admit(key_hash(), 70, u64::MAX).unwrap(), 70);
    let known = 900 * COST + 70;
    // Own calls of the fixture are not counted by their own process: `call` takes no budget.
    until("both ship", async || {
        there.ledger.flush().await;
        there.spent(key_hash()) == Some(known) && spend(&here.ledger).await == known
    })
    .await;
    assert_eq!(there.counted.0.open_total(), NanoUsd::ZERO);
}

#[tokio::test]
async fn folders_that_share_a_database_ship_recover_and_end_apart() {
    let home = Home::postgres().await;
    let first = open(&home).await;
    create_key(&first).await;
    let (beside, second) = other(&home).await;
    let open_call = crate::fixture::opened();
    first.journal().opened(&open_call).unwrap();
    calls(&first, 40);
    calls(&second, 60);
    tokio::join!(first.flush(), second.flush());
    let positions = "SELECT replica FROM journal_positions GROUP BY replica";
    assert_eq!(home.texts(positions).await.len(), 2);
    second.close().await;
    let second = open(&beside).await;
    call(&second);
    second.flush().await;
    assert_eq!(rows(&first).await.len(), 101, "the open call is of a process that lives");
    assert_eq!(spend(&second).await, 101 * COST);
    second.close().await;
    assert_eq!(journal_files(beside.path(), ".tgj").len(), 0);
    first.close().await;
    let first = open(&home).await;
    assert_eq!(rows(&first).await.len(), 102, "interrupted");
    first.close().await;
    assert!(home.texts(positions).await.is_empty());
}

#[tokio::test]
async fn positions_of_segments_that_are_gone_are_dropped_and_those_of_others_are_not() {
    let home = Home::postgres().await;
    open(&home).await.close().await;
    let replica = std::fs::read_to_string(home.path().join("replica")).unwrap();
    home.execute(&format!(
        "INSERT INTO journal_positions VALUES ('gone', 80, '', '{replica}'), ('b', 80, '', 'b')"
    ))
    .await;
    let ledger = open(&home).await;
    ledger.close().await;
    assert_eq!(home.texts("SELECT segment FROM journal_positions").await, ["b"]);
}

#[tokio::test]
async fn a_pooler_between_and_another_schema_change_nothing() {
    let home = Home::postgres().await.with("pgbouncer=true&schema=gateway&connection_limit=3");
    let here = open(&home).await;
    let (_beside, there) = other(&home).await;
    create_key(&here).await;
    assert_eq!(is_blocked(&there).await, Some(false));
    calls(&here, 700);
    here.flush().await;
    assert_eq!(rows(&there).await.len(), 700);
    assert_eq!(spend(&there).await, 700 * COST);
    here.keys().set_blocked(key_hash(), true, "admin").await.unwrap();
    let took = until("it is blocked", async || is_blocked(&there).await == Some(true)).await;
    assert!(took < REVOKED, "{took:?}");
    let other = KeyHash::of_key("sk-other");
    there.keys().create(NewKey::new(other, "sk-...ther", "admin")).await.unwrap();
    assert!(here.keys().get(other).await.unwrap().is_some());
}
