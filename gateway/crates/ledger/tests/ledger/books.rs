//! What is done to a store from outside: it is checked, and its calls are priced anew.

use tollgate_domain::{Charge, Pricing};
use tollgate_ledger::{Account, Books, DailyFilter, DayField, KeyChange, NewKey, Opened, SpendRow};

use crate::fixture::{
    COST, calls, charge, create_key, journal_files, key_hash, open, opened_at, rows, settled, spend,
};
use crate::home::{Home, on_both};

async fn books(home: &Home) -> Books {
    Books::open(&home.database(), home.path()).await.unwrap().0
}

on_both!(a_ledger_that_balances_has_no_findings_whatever_was_done_to_its_keys);
async fn a_ledger_that_balances_has_no_findings_whatever_was_done_to_its_keys(home: Home) {
    let ledger = open(&home).await;
    let keys = ledger.keys();
    create_key(&ledger).await;
    calls(&ledger, 30);
    ledger.flush().await;
    let set = |nano| KeyChange { spend: Some(charge(nano).amount), ..KeyChange::default() };
    keys.update(key_hash(), set(77)).await.unwrap();
    calls(&ledger, 10);
    ledger.flush().await;
    keys.delete(&[key_hash()], "admin").await.unwrap();
    calls(&ledger, 5);
    ledger.flush().await;
    let again = NewKey::new(key_hash(), "sk-...a1b2", "admin");
    keys.create(NewKey { spend: Some(charge(9).amount), ..again }).await.unwrap();
    calls(&ledger, 2);
    ledger.flush().await;
    let found = books(&home).await.verify().await.unwrap();
    assert_eq!((found.calls, found.keys, found.days), (47, 1, 1), "{found:?}");
    assert!(found.wrong.is_empty(), "{found:?}");
    assert_eq!(found.segments.iter().map(|segment| segment.records).sum::<u64>(), 94);
}

on_both!(what_does_not_fit_is_found);
async fn what_does_not_fit_is_found(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    calls(&ledger, 3);
    ledger.flush().await;
    let wrong = async |sql: &str, back: &str, what: &str| {
        home.execute(sql).await;
        let found = books(&home).await.verify().await.unwrap().wrong;
        assert!(
            !found.is_empty() && found.iter().any(|wrong| wrong.starts_with(what)),
            "{found:?}"
        );
        home.execute(back).await;
        assert_eq!(books(&home).await.verify().await.unwrap().wrong, [""; 0]);
    };
    let key = format!("spend of key {}", key_hash());
    wrong("UPDATE keys SET spend = spend + 1", "UPDATE keys SET spend = spend - 1", &key).await;
    wrong(
        "UPDATE calls SET charge_nano_usd = charge_nano_usd + 1 WHERE place = 2",
        "UPDATE calls SET charge_nano_usd = charge_nano_usd - 1 WHERE place = 2",
        "sums of day",
    )
    .await;
    wrong("UPDATE daily SET day = day + 1", "UPDATE daily SET day = day - 1", "sums of day").await;
    let segment = journal_files(home.path(), ".tgj").remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
    let found = books(&home).await.verify().await.unwrap().wrong;
    assert!(found.len() == 1 && found[0].starts_with("journal "), "{found:?}");
    bytes[middle] ^= 1;
    std::fs::write(&segment, &bytes).unwrap();
}

/// Twice what was charged, by another table; one deployment has no price any more.
fn twice(row: &SpendRow) -> Charge {
    if row.deployment == "gone" {
        return Charge { pricing: Pricing::Unpriced, ..charge(0) };
    }
    Charge { pricing: Pricing::Priced("2027".into()), ..charge(2 * COST) }
}

on_both!(calls_are_priced_anew_once_and_everything_follows);
async fn calls_are_priced_anew_once_and_everything_follows(home: Home) {
    const START: u64 = 1_700_000_000_000;
    let ledger = open(&home).await;
    create_key(&ledger).await;
    for n in 0..500_u64 {
        let account = Account { tags: vec!["t".into()], ..Account::default() };
        let mut call = settled(Opened { account, ..opened_at(START + n) });
        if n >= 490 {
            call.opened.deployment = "gone".into();
        }
        ledger.journal().settled(&call).unwrap();
    }
    ledger.flush().await;
    let books = books(&home).await;
    let dry = books.reprice(START + 100, false, &mut twice).await.unwrap();
    assert_eq!((dry.calls, dry.changed, dry.unpriced), (400, 390, 10));
    assert_eq!((dry.before, dry.after), (400 * 1_500, 390 * 3_000 + 10 * 1_500));
    assert_eq!(spend(&ledger).await, 500 * COST);
    assert_eq!(books.reprice(START + 100, true, &mut twice).await.unwrap(), dry);
    let again = books.reprice(START + 100, true, &mut twice).await.unwrap();
    assert_eq!((again.changed, again.before), (0, dry.after));
    assert_eq!(spend(&ledger).await, 890 * COST);
    let dear = rows(&ledger).await.iter().filter(|row| row.charge == twice(row)).count();
    assert_eq!(dear, 390);
    let by_tag = DailyFilter { by: vec![DayField::Tag], ..DailyFilter::default() };
    assert_eq!(ledger.daily(&by_tag).await.unwrap()[0].charge.get(), 890 * COST);
    assert_eq!(books.verify().await.unwrap().wrong, [""; 0]);
}
