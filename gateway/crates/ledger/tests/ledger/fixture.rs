//! Calls and ledgers to test with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_domain::{
    CallId, Charge, Dialect, Ending, KeyHash, NanoUsd, Observed, Pricing, Usage,
};
use tollgate_ledger::{
    Account, Ledger, LedgerSettings, NewKey, Opened, Service, Settled, SpendFilter, SpendRow,
};

use crate::home::Home;

/// What each settled call of [`settled`] costs.
pub(crate) const COST: u64 = 1_500;

pub(crate) fn settings(home: &Home) -> LedgerSettings {
    LedgerSettings {
        fsync_interval: Duration::from_millis(5),
        price_interrupted: Arc::new(|_, usage| charge(usage.output * 10)),
        database: home.database(),
        ..LedgerSettings::new(home.path())
    }
}

pub(crate) async fn open(home: &Home) -> Ledger {
    Ledger::open(settings(home)).await.unwrap()
}

pub(crate) fn charge(amount: u64) -> Charge {
    Charge {
        amount: NanoUsd::new(amount),
        input: NanoUsd::ZERO,
        cached: NanoUsd::ZERO,
        output: NanoUsd::new(amount),
        pricing: Pricing::Priced("2026-11".into()),
    }
}

pub(crate) fn key_hash() -> KeyHash {
    KeyHash::of_key("sk-fixture-a1b2")
}

pub(crate) async fn create_key(ledger: &Ledger) {
    let key = NewKey::new(key_hash(), "sk-...a1b2", "admin");
    ledger.keys().create(key).await.unwrap();
}

pub(crate) fn opened() -> Opened {
    Opened {
        call: CallId::generate(),
        client_call_id: None,
        key_id: key_hash().to_string(),
        key_alias: Some("alias".into()),
        user_id: None,
        team_id: None,
        route: "/v1/chat/completions".into(),
        dialect: Dialect::OpenaiChat,
        model: "gpt".into(),
        deployment: "gpt-1".into(),
        provider: "openai".into(),
        upstream_model: "gpt-4o".into(),
        stream: true,
        reserved: NanoUsd::new(9_000),
        started_at: 1_700_000_000_000,
        account: Account::default(),
    }
}

/// One that began at a time, as its id says.
pub(crate) fn opened_at(started_at: u64) -> Opened {
    let mut id = *CallId::generate().as_bytes();
    id[..6].copy_from_slice(&started_at.to_be_bytes()[2..]);
    Opened { call: CallId::from_bytes(id), started_at, ..opened() }
}

pub(crate) fn settled(opened: Opened) -> Settled {
    Settled {
        ending: Ending::Success,
        status: 200,
        error: None,
        usage: Observed::Reported(Usage { input: 10, output: 5, ..Usage::default() }),
        charge: charge(COST),
        first_byte_at: Some(opened.started_at + 3),
        ended_at: opened.started_at + 7,
        plugins: vec!["sha256:aa".into()],
        service: Service::default(),
        opened,
    }
}

/// One whole call.
pub(crate) fn call(ledger: &Ledger) -> CallId {
    let opened = opened();
    ledger.journal().opened(&opened).unwrap();
    ledger.journal().settled(&settled(opened.clone())).unwrap();
    opened.call
}

/// So many of them.
pub(crate) fn calls(ledger: &Ledger, count: usize) {
    for _ in 0..count {
        call(ledger);
    }
}

pub(crate) async fn rows(ledger: &Ledger) -> Vec<SpendRow> {
    let filter = SpendFilter { limit: u32::MAX, ..SpendFilter::default() };
    ledger.spend_rows(filter).await.unwrap()
}

/// The row of one call; there must be one.
pub(crate) async fn row(ledger: &Ledger, call: CallId) -> SpendRow {
    let filter = SpendFilter { call: Some(call), ..SpendFilter::default() };
    let mut rows = ledger.spend_rows(filter).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.pop().unwrap()
}

/// A ledger's home in which the fixture's key is.
pub(crate) async fn with_fixture_key(home: &Home) {
    let ledger = open(home).await;
    create_key(&ledger).await;
    ledger.close().await;
}

/// What the fixture's key has spent, after a check that it is the sum of its rows.
pub(crate) async fn spend(ledger: &Ledger) -> u64 {
    let spend = ledger.keys().get(key_hash()).await.unwrap().unwrap().spend.get();
    let sum: u64 = rows(ledger).await.iter().map(|row| row.charge.amount.get()).sum();
    assert_eq!(spend, sum, "the key's spend is the sum of its rows");
    spend
}

/// Files in the journal folder whose name ends so, oldest first.
pub(crate) fn journal_files(dir: &Path, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir.join("journal")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.to_string_lossy().ends_with(end)).collect();
    paths.sort();
    paths
}

/// Waits, without a fixed delay, until a question is answered by yes; gives how long that took.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        tokio::task::yield_now().await;
    }
    start.elapsed()
}

/// Waits, without a fixed delay, for what another thread will do.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "{what}");
        tokio::task::yield_now().await;
    }
}
