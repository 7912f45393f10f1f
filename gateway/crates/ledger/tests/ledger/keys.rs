//! Virtual keys and their cache.

use std::time::Duration;

use serde_json::{Map, json};
use tollgate_domain::{KeyHash, KeyLimits, KeyRecord, NanoUsd, Scopes};
use tollgate_ledger::{KeyChange, KeyError, KeyFilter, NewKey, StoreError, StoreState};

use crate::fixture::{create_key, key_hash, open, settings, with_fixture_key};
use crate::home::{Home, on_both};
use crate::process::Process;

fn map(value: serde_json::Value) -> Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

fn full_key() -> NewKey {
    NewKey {
        alias: Some("alias".into()),
        user_id: Some("user".into()),
        team_id: Some("team".into()),
        models: vec!["gpt".into(), "o'brien".into()],
        spend: Some(NanoUsd::new(7)),
        max_budget: Some(NanoUsd::MAX),
        rpm_limit: Some(60),
        blocked: Some(false),
        expires: Some(1_800_000_000_000),
        extra: map(json!({"metadata": {"a": [1, 2.5, null]}, "tpm_limit": 5})),
        ..NewKey::new(key_hash(), "sk-...a1b2", "admin")
    }
}

on_both!(a_key_comes_back_as_it_was_made);
async fn a_key_comes_back_as_it_was_made(home: Home) {
    let ledger = open(&home).await;
    let made = ledger.keys().create(full_key()).await.unwrap();
    assert_eq!(ledger.keys().get(key_hash()).await.unwrap(), Some(made.clone()));
    assert_eq!(ledger.keys().find_alias("alias").await.unwrap(), Some(made.clone()));
    let record = ledger.keys().lookup(key_hash()).await.unwrap().unwrap();
    assert_eq!(*record, made.record());
    assert_eq!(record.limits.requests_per_minute, Some(60));
    assert!(record.scopes.call_models && !record.scopes.manage_keys);
    ledger.close().await;
    let ledger = open(&home).await;
    assert_eq!(ledger.keys().get(key_hash()).await.unwrap(), Some(made));
}

on_both!(no_two_keys_have_the_same_hash_or_alias);
async fn no_two_keys_have_the_same_hash_or_alias(home: Home) {
    let ledger = open(&home).await;
    ledger.keys().create(full_key()).await.unwrap();
    let same_key = NewKey { alias: None, ..full_key() };
    let taken = ledger.keys().create(same_key).await;
    assert!(matches!(taken, Err(KeyError::KeyTaken)), "{taken:?}");
    let other = KeyHash::of_key("sk-other");
    let same_alias = NewKey { hash: other, ..full_key() };
    let taken = ledger.keys().create(same_alias).await;
    assert!(matches!(taken, Err(KeyError::AliasTaken)), "{taken:?}");
    ledger.keys().create(NewKey::new(other, "sk-...ther", "admin")).await.unwrap();
    let rename = KeyChange { alias: Some(Some("alias".into())), ..KeyChange::default() };
    let taken = ledger.keys().update(other, rename).await;
    assert!(matches!(taken, Err(KeyError::AliasTaken)), "{taken:?}");
    assert_eq!(ledger.state(), StoreState::Connected);
}

on_both!(a_change_touches_only_what_it_names);
async fn a_change_touches_only_what_it_names(home: Home) {
    let ledger = open(&home).await;
    let made = ledger.keys().create(full_key()).await.unwrap();
    let change = KeyChange {
        rpm_limit: Some(None),
        spend: Some(NanoUsd::ZERO),
        extra: map(json!({"tpm_limit": 9, "tags": ["x"]})),
        updated_by: "somebody".into(),
        ..KeyChange::default()
    };
    let changed = ledger.keys().update(key_hash(), change).await.unwrap().unwrap();
    let mut expected = made;
    expected.rpm_limit = None;
    expected.spend = NanoUsd::ZERO;
    expected.extra = map(json!({
        "metadata": {"a": [1, 2.5, null]}, "tpm_limit": 9, "tags": ["x"]
    }));
    expected.updated_by = "somebody".into();
    expected.updated_at = changed.updated_at;
    assert_eq!(changed, expected);
    assert_eq!(ledger.keys().get(key_hash()).await.unwrap(), Some(expected));
    let nobody = ledger.keys().update(KeyHash::of_key("sk-x"), KeyChange::default()).await;
    assert!(nobody.unwrap().is_none());
}

on_both!(a_deleted_key_is_gone_and_its_row_is_kept_aside);
async fn a_deleted_key_is_gone_and_its_row_is_kept_aside(home: Home) {
    let ledger = open(&home).await;
    ledger.keys().create(full_key()).await.unwrap();
    let unknown = KeyHash::of_key("sk-unknown");
    let deleted = ledger.keys().delete(&[unknown, key_hash()], "admin").await.unwrap();
    assert_eq!(deleted, [key_hash()]);
    assert!(ledger.keys().get(key_hash()).await.unwrap().is_none());
    let kept = "SELECT hash || ' ' || spend || ' ' || deleted_by FROM deleted_keys";
    assert_eq!(home.texts(kept).await, [format!("{} 7 admin", key_hash())]);
    ledger.keys().create(full_key()).await.unwrap();
}

on_both!(lists_are_paged_newest_first_and_filtered);
async fn lists_are_paged_newest_first_and_filtered(home: Home) {
    let ledger = open(&home).await;
    for n in 0..7 {
        let hash = KeyHash::of_key(&format!("sk-{n}"));
        let user_id = Some(format!("user-{}", n % 2));
        let key = NewKey { user_id, ..NewKey::new(hash, &n.to_string(), "admin") };
        ledger.keys().create(key).await.unwrap();
    }
    let names = async |filter| {
        let (keys, total) = ledger.keys().list(filter).await.unwrap();
        (keys.into_iter().map(|key| key.name).collect::<Vec<_>>().join(","), total)
    };
    let page = |page, size| KeyFilter { page, size, ..KeyFilter::default() };
    assert_eq!(names(page(1, 3)).await, ("6,5,4".into(), 7));
    assert_eq!(names(page(3, 3)).await, ("0".into(), 7));
    let user = KeyFilter { user_id: Some("user-1".into()), ..page(1, 10) };
    assert_eq!(names(user).await, ("5,3,1".into(), 3));
    let hash = KeyFilter { key_hash: Some(KeyHash::of_key("sk-4")), ..page(1, 10) };
    assert_eq!(names(hash).await, ("4".into(), 1));
}

on_both!(every_change_is_seen_by_the_next_lookup);
async fn every_change_is_seen_by_the_next_lookup(home: Home) {
    let ledger = open(&home).await;
    let keys = ledger.keys();
    assert!(keys.lookup(key_hash()).await.unwrap().is_none());
    create_key(&ledger).await;
    assert!(!keys.lookup(key_hash()).await.unwrap().unwrap().blocked);
    let blocked = keys.set_blocked(key_hash(), true, "somebody").await.unwrap().unwrap();
    assert_eq!((blocked.blocked, blocked.updated_by.as_str()), (Some(true), "somebody"));
    assert!(keys.lookup(key_hash()).await.unwrap().unwrap().blocked);
    let change = KeyChange { models: Some(vec!["m".into()]), ..KeyChange::default() };
    keys.update(key_hash(), change).await.unwrap();
    assert_eq!(keys.lookup(key_hash()).await.unwrap().unwrap().models, ["m"]);
    keys.delete(&[key_hash()], "admin").await.unwrap();
    assert!(keys.lookup(key_hash()).await.unwrap().is_none());
    assert!(keys.set_blocked(key_hash(), true, "admin").await.unwrap().is_none());
}

on_both!(a_key_read_from_the_store_tells_what_it_spent_and_a_cached_one_does_not);
async fn a_key_read_from_the_store_tells_what_it_spent_and_a_cached_one_does_not(home: Home) {
    let process = Process::start(settings(&home)).await;
    process.ledger.keys().create(full_key()).await.unwrap();
    assert_eq!(process.spent(key_hash()), None);
    for _ in 0..3 {
        process.ledger.keys().lookup(key_hash()).await.unwrap();
        assert_eq!(process.spent(key_hash()), Some(7));
        let change = KeyChange { spend: Some(NanoUsd::new(9)), ..KeyChange::default() };
        process.ledger.keys().update(key_hash(), change).await.unwrap();
    }
}

on_both!(the_master_key_is_in_no_database_and_cannot_be_made);
async fn the_master_key_is_in_no_database_and_cannot_be_made(home: Home) {
    let ledger = open(&home).await;
    let master = KeyRecord {
        name: "master".into(),
        alias: None,
        user_id: None,
        team_id: None,
        models: Vec::new(),
        scopes: Scopes { administer: true, ..Scopes::default() },
        limits: KeyLimits::default(),
        blocked: false,
        expires: None,
    };
    assert!(ledger.keys().lookup(key_hash()).await.unwrap().is_none());
    ledger.keys().insert_permanent(key_hash(), master.clone());
    assert_eq!(*ledger.keys().lookup(key_hash()).await.unwrap().unwrap(), master);
    assert!(ledger.keys().get(key_hash()).await.unwrap().is_none());
    assert!(matches!(ledger.keys().create(full_key()).await, Err(KeyError::KeyTaken)));
}

on_both!(known_keys_stay_known_while_the_store_is_down_and_unknown_ones_are_not_refused);
async fn known_keys_stay_known_while_the_store_is_down_and_unknown_ones_are_not_refused(
    home: Home,
) {
    // Made before, so that no news of it is on its way.
    with_fixture_key(&home).await;
    let ledger = open(&home).await;
    ledger.keys().lookup(key_hash()).await.unwrap();
    home.execute("ALTER TABLE keys RENAME TO hidden").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3_600)).await;
    tokio::time::resume();
    assert!(ledger.keys().lookup(key_hash()).await.unwrap().is_some());
    let unknown = ledger.keys().lookup(KeyHash::of_key("sk-unknown")).await;
    assert!(matches!(unknown, Err(StoreError::Unavailable(_))), "{unknown:?}");
    home.execute("ALTER TABLE hidden RENAME TO keys").await;
    assert!(ledger.keys().lookup(KeyHash::of_key("sk-unknown")).await.unwrap().is_none());
}
