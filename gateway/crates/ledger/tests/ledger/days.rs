//! Sums of days, many rows, and rows that grow old.

use std::collections::HashSet;
use std::time::Duration;

use tollgate_domain::{Ending, Observed, Usage, unix_now};
use tollgate_ledger::{
    Account, DailyFilter, DailyRow, DayField, Ledger, LedgerSettings, Opened, Settled, SpendFilter,
};

use crate::fixture::{
    COST, call, charge, create_key, open, opened, opened_at, rows, settings, settled, until,
};
use crate::home::{Home, on_both};

const DAY: u64 = 86_400_000;

fn journal(ledger: &Ledger, settled: &Settled) {
    ledger.journal().opened(&settled.opened).unwrap();
    ledger.journal().settled(settled).unwrap();
}

/// A call of a team, with tags and a customer.
fn labelled(day: u64, team: &str, tags: &[&str], customer: Option<&str>) -> Settled {
    let account = Account {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        customer_id: customer.map(str::to_owned),
        ..Account::default()
    };
    let team_id = Some(team.to_owned());
    settled(Opened { team_id, account, ..opened_at(day * DAY + 5) })
}

fn short(rows: &[DailyRow]) -> Vec<(Option<u32>, String, u64, u64)> {
    let short = |row: &DailyRow| (row.day, row.names.join("/"), row.requests, row.charge.get());
    rows.iter().map(short).collect()
}

on_both!(days_are_summed_by_whatever_is_asked_for);
async fn days_are_summed_by_whatever_is_asked_for(home: Home) {
    let ledger = open(&home).await;
    for day in [20_000, 20_000, 20_001] {
        journal(&ledger, &labelled(day, "a", &["x", "y", "x"], Some("me")));
        ledger.flush().await;
    }
    journal(&ledger, &labelled(20_001, "b", &["y"], None));
    let failed = Settled {
        ending: Ending::Failure,
        usage: Observed::Nothing,
        charge: charge(0),
        ..settled(Opened { started_at: 20_001 * DAY, ..opened() })
    };
    journal(&ledger, &failed);
    ledger.flush().await;
    let sums = async |filter: DailyFilter| short(&ledger.daily(&filter).await.unwrap());
    let row = |day, names: &str, requests, calls| (day, names.to_owned(), requests, calls * COST);
    let all = ledger.daily(&DailyFilter::default()).await.unwrap().remove(0);
    assert_eq!((all.requests, all.successes, all.failures), (5, 4, 1));
    assert_eq!(all.usage, Usage { input: 40, output: 20, ..Usage::default() });
    assert_eq!(
        (all.charge.get(), all.duration_ms),
        (4 * COST, 4 * 7 + failed.ended_at - 20_001 * DAY)
    );
    let by_team = DailyFilter { by: vec![DayField::Team], by_day: true, ..DailyFilter::default() };
    assert_eq!(
        sums(by_team.clone()).await,
        [
            row(Some(20_001), "", 1, 0),
            row(Some(20_000), "a", 2, 2),
            row(Some(20_001), "a", 1, 1),
            row(Some(20_001), "b", 1, 1),
        ]
    );
    let first = DailyFilter { until: Some(20_000), ..by_team };
    assert_eq!(sums(first).await, [row(Some(20_000), "a", 2, 2)]);
    let by_tag = DailyFilter { by: vec![DayField::Tag], ..DailyFilter::default() };
    assert_eq!(sums(by_tag).await, [row(None, "x", 3, 3), row(None, "y", 4, 4)]);
    let me = vec![(DayField::Customer, "me".to_owned())];
    let by_model = DailyFilter { by: vec![DayField::Model], only: me, ..DailyFilter::default() };
    assert_eq!(sums(by_model).await, [row(None, "gpt", 3, 3)]);
}

on_both!(names_of_any_length_and_numbers_of_any_size_are_shipped);
async fn names_of_any_length_and_numbers_of_any_size_are_shipped(home: Home) {
    let ledger = open(&home).await;
    let long: String = (0..2_000_u32).map(|n| char::from_u32(0x4e00 + n * 2).unwrap()).collect();
    let account = Account {
        organization_id: Some(long.clone()),
        customer_id: Some(long.clone()),
        tags: vec![long.clone()],
        client_address: None,
    };
    let huge = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
    for _ in 0..2 {
        let call = Settled {
            status: u16::MAX,
            charge: charge(u64::MAX),
            usage: Observed::Reported(huge),
            ..settled(Opened {
                key_id: format!("\u{0}{long}"),
                user_id: Some(long.clone()),
                model: long.clone(),
                account: account.clone(),
                ..opened()
            })
        };
        journal(&ledger, &call);
        ledger.flush().await;
    }
    assert_eq!(rows(&ledger).await[0].model, long);
    let sums = ledger.daily(&DailyFilter::default()).await.unwrap();
    assert_eq!((sums[0].requests, sums[0].charge.get()), (2, i64::MAX as u64));
}

on_both!(rows_are_read_in_pages_and_each_comes_once);
async fn rows_are_read_in_pages_and_each_comes_once(home: Home) {
    let ledger = open(&home).await;
    for n in 0..2_500 {
        // Many begin in the same millisecond.
        ledger.journal().settled(&settled(opened_at(DAY + n / 400))).unwrap();
    }
    ledger.flush().await;
    let key = opened().key_id;
    for key_id in [None, Some(key)] {
        let filter = SpendFilter { key_id, limit: u32::MAX, ..SpendFilter::default() };
        let mut pages = ledger.spend_pages(filter.clone());
        let mut seen = HashSet::new();
        let mut last = u64::MAX;
        loop {
            let page = pages.next().await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 1_000);
            for row in page {
                assert!(row.started_at <= last, "newest first");
                last = row.started_at;
                assert!(seen.insert(row.call));
            }
        }
        assert_eq!(seen.len(), 2_500);
        let part = SpendFilter { from: Some(DAY + 1), until: Some(DAY + 3), ..filter };
        assert_eq!(ledger.spend_rows(part).await.unwrap().len(), 800);
    }
}

on_both!(rows_that_are_too_old_are_dropped_and_their_sums_stay);
async fn rows_that_are_too_old_are_dropped_and_their_sums_stay(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    let old = unix_now() - 3 * DAY;
    for n in 0..1_203 {
        ledger.journal().settled(&settled(opened_at(old + n))).unwrap();
    }
    ledger.flush().await;
    ledger.close().await;
    let rows_kept = Some(Duration::from_millis(2 * DAY));
    let kept = LedgerSettings { rows_kept, ..settings(&home) };
    let ledger = Ledger::open(kept).await.unwrap();
    // The newest stays, as its place must not be given out again.
    until("the old ones are gone", async || rows(&ledger).await.len() == 1).await;
    ledger.journal().settled(&settled(opened_at(unix_now()))).unwrap();
    call(&ledger);
    ledger.flush().await;
    assert_eq!(rows(&ledger).await.len(), 3);
    let sums = ledger.daily(&DailyFilter::default()).await.unwrap();
    assert_eq!((sums[0].requests, sums[0].charge.get()), (1_205, 1_205 * COST));
}
