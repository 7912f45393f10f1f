//! From the journal to the store.

use tollgate_domain::{Charge, Ending, KeyHash, NanoUsd, Observed, Pricing, Usage};
use tollgate_ledger::{Account, KeyChange, Ledger, NewKey, Opened, Service, Settled, SpendFilter};

use crate::fixture::{
    COST, call, calls, charge, create_key, journal_files, open, opened, row, rows, settings,
    settled, spend,
};
use crate::home::{Home, on_both};

on_both!(every_field_of_a_call_reaches_its_row);
async fn every_field_of_a_call_reaches_its_row(home: Home) {
    let ledger = open(&home).await;
    let full = Settled {
        ending: Ending::Failure,
        status: 502,
        error: Some("malformed".into()),
        usage: Observed::Estimated(Usage {
            input: 1,
            output: 2,
            cached_input: 3,
            cache_write: 4,
            reasoning: u64::MAX,
            audio_input: 6,
            audio_output: 7,
        }),
        charge: Charge {
            amount: NanoUsd::new(60),
            input: NanoUsd::new(10),
            cached: NanoUsd::new(20),
            output: NanoUsd::new(30),
            pricing: Pricing::MeterFailed,
        },
        first_byte_at: None,
        ended_at: 99,
        plugins: vec!["a".into(), "b".into()],
        service: Service {
            model: Some("gpt-4o-2024".into()),
            attempts: 3,
            fallback: true,
            first_token_at: Some(77),
        },
        opened: Opened {
            account: Account {
                organization_id: Some("organization".into()),
                customer_id: Some("customer".into()),
                tags: vec!["b".into(), "a".into()],
                client_address: Some("192.0.2.1".into()),
            },
            client_call_id: Some("it's \"quoted\" \u{0} ü".into()),
            user_id: Some("user".into()),
            team_id: Some("team".into()),
            stream: false,
            started_at: 42,
            ..opened()
        },
    };
    ledger.journal().opened(&full.opened).unwrap();
    ledger.journal().settled(&full).unwrap();
    ledger.flush().await;
    let found = row(&ledger, full.opened.call).await;
    let expected = full.opened.clone();
    // PostgreSQL holds no NUL in a text.
    assert_eq!(found.client_call_id.as_deref(), Some("it's \"quoted\" \u{fffd} ü"));
    assert_eq!((found.account, found.service), (expected.account, full.service));
    assert_eq!((found.key_id, found.key_alias), (expected.key_id, expected.key_alias));
    assert_eq!((found.user_id, found.team_id), (expected.user_id, expected.team_id));
    assert_eq!((found.route, found.dialect), (expected.route, expected.dialect));
    assert_eq!((found.model, found.deployment), (expected.model, expected.deployment));
    assert_eq!((found.provider, found.stream), (expected.provider, expected.stream));
    assert_eq!(found.upstream_model, expected.upstream_model);
    assert_eq!((found.reserved, found.started_at), (expected.reserved, 42));
    assert_eq!((found.ending, found.status, found.error), (full.ending, 502, full.error));
    // The store's numbers end at 2^63 - 1.
    let usage = Usage { reasoning: i64::MAX as u64, ..full.usage.usage() };
    assert_eq!((found.usage, found.estimated), (usage, true));
    assert_eq!(found.charge, full.charge);
    assert_eq!((found.first_byte_at, found.ended_at), (None, 99));
    assert_eq!(found.plugins, full.plugins);
}

on_both!(rows_are_chosen_by_key_and_time_newest_first);
async fn rows_are_chosen_by_key_and_time_newest_first(home: Home) {
    let ledger = open(&home).await;
    for started_at in [30, 10, 20] {
        for key_id in ["a", "b"] {
            let key_id = key_id.to_owned();
            let opened = Opened { key_id, started_at, ..opened() };
            ledger.journal().settled(&settled(opened)).unwrap();
        }
    }
    ledger.flush().await;
    let times = async |filter| {
        let rows = ledger.spend_rows(filter).await.unwrap();
        rows.iter().map(|row| row.started_at).collect::<Vec<_>>()
    };
    let key = SpendFilter { key_id: Some("a".into()), ..SpendFilter::default() };
    assert_eq!(times(key.clone()).await, [30, 20, 10]);
    assert_eq!(times(SpendFilter { limit: 1, offset: 1, ..key.clone() }).await, [20]);
    assert_eq!(times(SpendFilter { from: Some(20), until: Some(30), ..key }).await, [20]);
}

on_both!(many_threads_settle_and_spend_is_the_sum_of_the_rows);
async fn many_threads_settle_and_spend_is_the_sum_of_the_rows(home: Home) {
    let settings = tollgate_ledger::LedgerSettings { segment_bytes: 64 << 10, ..settings(&home) };
    let ledger = Ledger::open(settings).await.unwrap();
    create_key(&ledger).await;
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| calls(&ledger, 500));
        }
    });
    ledger.flush().await;
    assert_eq!(rows(&ledger).await.len(), 4_000);
    assert_eq!(spend(&ledger).await, 4_000 * COST);
    assert_eq!(journal_files(home.path(), ".tgj").len(), 1, "shipped segments are deleted");
    ledger.close().await;
    assert_eq!(journal_files(home.path(), "").len(), 1, "only the recovery lock is left");
}

on_both!(a_call_may_settle_segments_later_and_its_first_segment_waits_for_it);
async fn a_call_may_settle_segments_later_and_its_first_segment_waits_for_it(home: Home) {
    let settings = tollgate_ledger::LedgerSettings { segment_bytes: 1, ..settings(&home) };
    let ledger = Ledger::open(settings).await.unwrap();
    create_key(&ledger).await;
    let long = opened();
    ledger.journal().opened(&long).unwrap();
    let first = journal_files(home.path(), ".tgj");
    calls(&ledger, 5);
    ledger.flush().await;
    let left = journal_files(home.path(), ".tgj");
    assert_eq!((left.len(), &left[0]), (2, &first[0]));
    ledger.journal().settled(&settled(long.clone())).unwrap();
    call(&ledger);
    ledger.flush().await;
    ledger.flush().await;
    assert!(!first[0].exists());
    assert_eq!(row(&ledger, long.call).await.ending, Ending::Success);
    assert_eq!(spend(&ledger).await, 7 * COST);
}

on_both!(what_ships_twice_counts_once_even_if_its_position_is_lost);
async fn what_ships_twice_counts_once_even_if_its_position_is_lost(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    calls(&ledger, 20);
    ledger.flush().await;
    let segment = journal_files(home.path(), ".tgj").remove(0);
    let bytes = std::fs::read(&segment).unwrap();
    ledger.close().await;
    let wrong = "INSERT INTO journal_positions SELECT 'x', 0, '', ''";
    for sql in
        [wrong, "UPDATE journal_positions SET \"offset\" = 100", "DELETE FROM journal_positions"]
    {
        std::fs::write(&segment, &bytes).unwrap();
        home.execute(sql).await;
        let ledger = open(&home).await;
        assert_eq!(rows(&ledger).await.len(), 20);
        assert_eq!(spend(&ledger).await, 20 * COST);
        assert!(!segment.exists());
        ledger.close().await;
    }
}

on_both!(a_key_deleted_while_its_calls_are_open_is_charged_on_the_kept_row);
async fn a_key_deleted_while_its_calls_are_open_is_charged_on_the_kept_row(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    let hash = crate::fixture::key_hash();
    ledger.keys().delete(&[hash], "admin").await.unwrap();
    create_key(&ledger).await;
    call(&ledger);
    ledger.flush().await;
    ledger.keys().delete(&[hash], "admin").await.unwrap();
    call(&ledger);
    ledger.flush().await;
    let spent = home.texts("SELECT '' || spend FROM deleted_keys ORDER BY id").await;
    assert_eq!(spent, ["0".to_owned(), (2 * COST).to_string()]);
}

on_both!(spend_that_does_not_fit_stops_at_the_largest_amount);
async fn spend_that_does_not_fit_stops_at_the_largest_amount(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    for _ in 0..2 {
        let huge = Settled { charge: charge(u64::MAX), ..settled(opened()) };
        ledger.journal().settled(&huge).unwrap();
        ledger.flush().await;
    }
    let key = ledger.keys().get(crate::fixture::key_hash()).await.unwrap().unwrap();
    assert_eq!(key.spend, NanoUsd::MAX);
}

on_both!(changing_a_key_does_not_lose_spend_that_is_shipped_meanwhile);
async fn changing_a_key_does_not_lose_spend_that_is_shipped_meanwhile(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    let hash = crate::fixture::key_hash();
    for n in 0..30 {
        calls(&ledger, 20);
        let change = KeyChange { rpm_limit: Some(Some(n)), ..KeyChange::default() };
        let (changed, ()) = tokio::join!(ledger.keys().update(hash, change), ledger.flush());
        changed.unwrap();
    }
    assert_eq!(spend(&ledger).await, 600 * COST);
}

on_both!(calls_of_keys_that_are_in_no_database_have_rows);
async fn calls_of_keys_that_are_in_no_database_have_rows(home: Home) {
    let ledger = open(&home).await;
    call(&ledger);
    ledger.flush().await;
    assert_eq!(rows(&ledger).await.len(), 1);
    let other = KeyHash::of_key("sk-other");
    let key = ledger.keys().create(NewKey::new(other, "sk-...ther", "admin")).await.unwrap();
    assert_eq!(key.spend, NanoUsd::ZERO);
}
