//! PostgreSQL goes away and comes back, with calls all the while.

use std::time::{Duration, Instant};

use tollgate_domain::KeyHash;
use tollgate_ledger::{Ledger, NewKey, StoreError, StoreState};

use crate::cluster::Cluster;
use crate::fixture::{COST, calls, key_hash, open, rows, spend, until, with_fixture_key};
use crate::home::Home;

async fn blocked(ledger: &Ledger) -> Option<bool> {
    ledger.keys().lookup(key_hash()).await.unwrap().map(|key| key.blocked)
}

/// Calls go on, known keys stay, others cannot be known, and nobody waits long to hear so.
async fn serves_without_its_store(ledger: &Ledger) {
    until("it is noticed", async || {
        calls(ledger, 10);
        ledger.spend_rows(Default::default()).await.is_err()
    })
    .await;
    assert!(matches!(ledger.state(), StoreState::Unavailable { .. }));
    let start = Instant::now();
    for n in 0..200 {
        calls(ledger, 10);
        assert_eq!(blocked(ledger).await, Some(false), "it was known");
        let unknown = ledger.keys().lookup(KeyHash::of_key(&format!("sk-{n}"))).await;
        assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    }
    // One attempt in half a second waits; the rest is told at once.
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_store_that_is_stopped_under_load_loses_nothing_and_is_used_again() {
    let cluster = Cluster::start();
    let home =
        Home::at(tempfile::tempdir().unwrap().keep().as_path(), Some(cluster.database().await));
    with_fixture_key(&home).await;
    let ledger = open(&home).await;
    let beside = home.beside();
    let other = open(&beside).await;
    assert_eq!((blocked(&ledger).await, blocked(&other).await), (Some(false), Some(false)));
    calls(&ledger, 500);
    cluster.order("stop");
    calls(&ledger, 500);
    serves_without_its_store(&ledger).await;
    cluster.order("start");
    ledger.flush().await;
    assert_eq!(ledger.state(), StoreState::Connected);
    let made = rows(&ledger).await.len() as u64;
    assert!(made > 3_000, "{made}");
    assert_eq!(spend(&ledger).await, made * COST);
    // The listener of the other has to come back by itself.
    ledger.keys().set_blocked(key_hash(), true, "admin").await.unwrap();
    until("it is told again", async || blocked(&other).await == Some(true)).await;
    let fresh = KeyHash::of_key("sk-fresh");
    other.keys().create(NewKey::new(fresh, "sk-...resh", "admin")).await.unwrap();
    assert!(ledger.keys().lookup(fresh).await.unwrap().is_some());
    ledger.close().await;
    std::fs::remove_dir_all(home.path()).unwrap();
}

#[tokio::test]
async fn a_store_that_hangs_holds_nobody_up_for_good() {
    let cluster = Cluster::start();
    let home =
        Home::at(tempfile::tempdir().unwrap().keep().as_path(), Some(cluster.database().await));
    with_fixture_key(&home).await;
    let ledger = open(&home).await;
    assert_eq!(blocked(&ledger).await, Some(false));
    cluster.order("freeze");
    calls(&ledger, 300);
    let start = Instant::now();
    let unknown = ledger.keys().lookup(KeyHash::of_key("sk-unknown")).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    assert_eq!(blocked(&ledger).await, Some(false));
    cluster.order("thaw");
    ledger.flush().await;
    assert_eq!(spend(&ledger).await, 300 * COST);
    ledger.close().await;
    std::fs::remove_dir_all(home.path()).unwrap();
}
