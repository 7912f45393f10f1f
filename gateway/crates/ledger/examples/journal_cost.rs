//! What the journal costs a call, and what shipping costs beside it.
//!
//! `cargo run --release -p tollgate-ledger --example journal_cost [calls [postgresql://…]]`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for people")]

use std::time::Instant;

use tollgate_domain::{
    CallId, Charge, Dialect, Ending, KeyHash, NanoUsd, Observed, Pricing, Usage,
};
use tollgate_ledger::{
    Account, Database, Ledger, LedgerSettings, NewKey, Opened, Service, Settled,
};

fn settled(key: KeyHash) -> Settled {
    Settled {
        opened: Opened {
            call: CallId::generate(),
            client_call_id: None,
            key_id: key.to_string(),
            key_alias: Some("team-search-production".into()),
            user_id: Some("user-1".into()),
            team_id: None,
            route: "/v1/chat/completions".into(),
            dialect: Dialect::OpenaiChat,
            model: "gpt-4o-mini".into(),
            deployment: "openai-gpt-4o-mini-1".into(),
            provider: "openai".into(),
            upstream_model: "gpt-4o-mini-2024-07-18".into(),
            stream: true,
            reserved: NanoUsd::new(120_000),
            started_at: 1_700_000_000_000,
            account: Account::default(),
        },
        ending: Ending::Success,
        status: 200,
        error: None,
        usage: Observed::Reported(Usage { input: 812, output: 240, ..Usage::default() }),
        charge: Charge {
            amount: NanoUsd::new(99_000),
            input: NanoUsd::new(50_000),
            cached: NanoUsd::ZERO,
            output: NanoUsd::new(49_000),
            pricing: Pricing::Priced("2026-11-01".into()),
        },
        first_byte_at: Some(1_700_000_000_200),
        ended_at: 1_700_000_000_900,
        plugins: vec!["a".repeat(64), "b".repeat(64), "c".repeat(64), "d".repeat(64)],
        service: Service::default(),
    }
}

#[tokio::main]
async fn main() {
    let calls: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let dir = tempfile::tempdir().unwrap();
    let address = std::env::args().nth(2).map(|address| address.parse().unwrap());
    let database = address.map_or(Database::Sqlite(None), Database::Postgres);
    let settings = LedgerSettings { database, ..LedgerSettings::new(dir.path()) };
    let ledger = Ledger::open(settings).await.unwrap();
    let key = KeyHash::of_key("sk-example");
    ledger.keys().create(NewKey::new(key, "sk-...mple", "admin")).await.unwrap();
    let mut call = settled(key);
    let start = Instant::now();
    for _ in 0..calls {
        call.opened.call = CallId::generate();
        ledger.journal().opened(&call.opened).unwrap();
        ledger.journal().settled(&call).unwrap();
    }
    let journalled = start.elapsed();
    ledger.flush().await;
    let shipped = start.elapsed();
    println!("opened + settled: {:.2} us a call, shipper at work", per_call(journalled, calls));
    println!("journal to store: {:.2} us a call in all", per_call(shipped, calls));
    ledger.close().await;
}

fn per_call(elapsed: std::time::Duration, calls: u32) -> f64 {
    elapsed.as_secs_f64() * 1e6 / f64::from(calls)
}
