//! Calls and ledgers to test with.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use tollgate_domain::{
    CallId, Charge, Dialect, Ending, KeyHash, NanoUsd, Observed, Pricing, Usage,
};
use tollgate_ledger::{Ledger, LedgerSettings, NewKey, Opened, Settled, SpendFilter, SpendRow};

/// What each settled call of [`settled`] costs.
pub(crate) const COST: u64 = 1_500;

pub(crate) fn settings(dir: &Path) -> LedgerSettings {
    LedgerSettings {
        fsync_interval: Duration::from_millis(5),
        price_interrupted: Arc::new(|_, usage| charge(usage.output * 10)),
        ..LedgerSettings::new(dir)
    }
}

pub(crate) async fn open(dir: &Path) -> Ledger {
    Ledger::open(settings(dir)).await.unwrap()
}

/// A connection of its own, to look behind the ledger's back.
pub(crate) async fn database(dir: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new().filename(dir.join("tollgate.db"));
    SqlitePool::connect_with(options).await.unwrap()
}

pub(crate) async fn execute(dir: &Path, sql: &'static str) {
    let database = database(dir).await;
    sqlx::query(sql).execute(&database).await.unwrap();
    database.close().await;
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
    }
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
    let filter = SpendFilter { limit: 100_000, ..SpendFilter::default() };
    ledger.spend_rows(filter).await.unwrap()
}

/// The row of one call; there must be one.
pub(crate) async fn row(ledger: &Ledger, call: CallId) -> SpendRow {
    let filter = SpendFilter { call: Some(call), ..SpendFilter::default() };
    let mut rows = ledger.spend_rows(filter).await.unwrap();
    assert_eq!(rows.len(), 1);
    rows.pop().unwrap()
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

/// Waits, without a fixed delay, for what another thread will do.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "{what}");
        tokio::task::yield_now().await;
    }
}
