//! Stores and files that fail.

use std::fs;

use tollgate_domain::{Ending, Usage};
use tollgate_ledger::{JournalError, Ledger, LedgerSettings, StoreState};

use crate::fixture::{
    COST, call, calls, create_key, eventually, journal_files, key_hash, open, opened, row, rows,
    settings, settled, spend,
};
use crate::home::{Home, on_both};

/// The bytes of a segment with two settled calls and one that is open with progress, in this
/// order, put where a dead process would have left it.
async fn dead_segment(home: &Home) -> (std::path::PathBuf, Vec<u8>, tollgate_domain::CallId) {
    let other = Home::sqlite();
    let ledger = open(&other).await;
    let open = opened();
    ledger.journal().opened(&open).unwrap();
    ledger.journal().progress(open.call, &Usage { output: 4, ..Usage::default() }).unwrap();
    call(&ledger);
    call(&ledger);
    let segment = journal_files(other.path(), ".tgj").remove(0);
    let bytes = fs::read(&segment).unwrap();
    let path = home.path().join("journal").join(segment.file_name().unwrap());
    fs::create_dir_all(home.path().join("journal")).unwrap();
    fs::write(&path, &bytes).unwrap();
    (path, bytes, open.call)
}

on_both!(a_torn_tail_is_cut_and_everything_before_it_is_shipped);
async fn a_torn_tail_is_cut_and_everything_before_it_is_shipped(home: Home) {
    for cut in [1, 40, 300] {
        let home = home.fresh().await;
        let (path, bytes, open_call) = dead_segment(&home).await;
        fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        let ledger = open(&home).await;
        let mut endings: Vec<_> = rows(&ledger).await.iter().map(|row| row.ending.name()).collect();
        endings.sort_unstable();
        // The second call's settled record is the torn one, so the call itself was interrupted.
        assert_eq!(endings, ["interrupted", "interrupted", "success"], "cut {cut}");
        assert!(row(&ledger, open_call).await.estimated);
        assert!(journal_files(home.path(), ".damaged").is_empty());
    }
}

on_both!(a_damaged_segment_is_kept_aside_and_what_stands_before_is_shipped);
async fn a_damaged_segment_is_kept_aside_and_what_stands_before_is_shipped(home: Home) {
    let (path, mut bytes, open_call) = dead_segment(&home).await;
    // In the last record but one: the second call's `opened`.
    let end = bytes.len();
    bytes[end - 1_500] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let ledger = open(&home).await;
    let interrupted = row(&ledger, open_call).await;
    assert_eq!(interrupted.ending, Ending::Interrupted);
    assert_eq!((interrupted.charge.amount.get(), interrupted.usage.output), (40, 4));
    let kept = journal_files(home.path(), ".damaged");
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), bytes);
    assert!(!path.exists());
}

on_both!(a_file_that_is_no_segment_does_not_stop_the_start);
async fn a_file_that_is_no_segment_does_not_stop_the_start(home: Home) {
    fs::create_dir_all(home.path().join("journal")).unwrap();
    fs::write(home.path().join("journal/a.tgj"), [b'x'; 500]).unwrap();
    fs::write(home.path().join("journal/b.tgj"), b"").unwrap();
    let ledger = open(&home).await;
    assert_eq!(journal_files(home.path(), ".damaged").len(), 1);
    call(&ledger);
    ledger.flush().await;
    assert_eq!(rows(&ledger).await.len(), 1);
}

on_both!(calls_go_on_while_the_store_is_down_and_are_shipped_when_it_is_back);
async fn calls_go_on_while_the_store_is_down_and_are_shipped_when_it_is_back(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    call(&ledger);
    ledger.flush().await;
    home.execute("ALTER TABLE calls RENAME TO hidden").await;
    calls(&ledger, 700);
    assert!(ledger.spend_rows(Default::default()).await.is_err());
    assert!(matches!(ledger.state(), StoreState::Unavailable { since } if since > 0));
    home.execute("ALTER TABLE hidden RENAME TO calls").await;
    ledger.flush().await;
    assert_eq!(ledger.state(), StoreState::Connected);
    assert_eq!(rows(&ledger).await.len(), 701);
    assert_eq!(spend(&ledger).await, 701 * COST);
}

on_both!(a_journal_that_cannot_be_written_refuses_calls_and_comes_back_without_loss);
async fn a_journal_that_cannot_be_written_refuses_calls_and_comes_back_without_loss(home: Home) {
    let settings = LedgerSettings { segment_bytes: 1, ..settings(&home) };
    let ledger = Ledger::open(settings).await.unwrap();
    create_key(&ledger).await;
    let in_flight = opened();
    ledger.journal().opened(&in_flight).unwrap();
    let (journal, away) = (home.path().join("journal"), home.path().join("away"));
    fs::rename(&journal, &away).unwrap();
    // Every record needs a new segment, and none can be made now.
    let refused = ledger.journal().opened(&opened());
    assert!(matches!(refused, Err(JournalError::Write(_))), "{refused:?}");
    assert!(!ledger.journal().is_writable());
    let refused = ledger.journal().opened(&opened());
    assert!(matches!(refused, Err(JournalError::Unavailable)), "{refused:?}");
    let deferred = ledger.journal().settled(&settled(in_flight.clone()));
    assert!(matches!(deferred, Err(JournalError::Deferred)), "{deferred:?}");
    fs::rename(&away, &journal).unwrap();
    eventually("the journal is repaired", || ledger.journal().is_writable()).await;
    call(&ledger);
    ledger.flush().await;
    assert_eq!(row(&ledger, in_flight.call).await.ending, Ending::Success);
    assert_eq!(spend(&ledger).await, 2 * COST);
}

on_both!(a_closed_journal_refuses_calls);
async fn a_closed_journal_refuses_calls(home: Home) {
    let ledger = open(&home).await;
    let journal = std::sync::Arc::clone(ledger.journal());
    ledger.close().await;
    assert!(matches!(journal.opened(&opened()), Err(JournalError::Unavailable)));
    assert!(matches!(journal.settled(&settled(opened())), Err(JournalError::Unavailable)));
}

on_both!(two_ledgers_share_a_folder_and_leave_each_others_calls_alone);
async fn two_ledgers_share_a_folder_and_leave_each_others_calls_alone(home: Home) {
    let first = open(&home).await;
    create_key(&first).await;
    let in_flight = opened();
    first.journal().opened(&in_flight).unwrap();
    let second = open(&home).await;
    call(&second);
    call(&first);
    tokio::join!(first.flush(), second.flush());
    assert_eq!(rows(&second).await.len(), 2);
    second.close().await;
    first.journal().settled(&settled(in_flight.clone())).unwrap();
    first.close().await;
    let third = open(&home).await;
    assert_eq!(row(&third, in_flight.call).await.ending, Ending::Success);
    assert_eq!(spend(&third).await, 3 * COST);
}

on_both!(a_call_that_is_open_at_the_end_is_interrupted_once_at_the_next_start);
async fn a_call_that_is_open_at_the_end_is_interrupted_once_at_the_next_start(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    let (with_progress, without) = (opened(), opened());
    ledger.journal().opened(&with_progress).unwrap();
    ledger.journal().opened(&without).unwrap();
    let usage = |output| Usage { output, ..Usage::default() };
    ledger.journal().progress(with_progress.call, &usage(3)).unwrap();
    ledger.journal().progress(with_progress.call, &usage(8)).unwrap();
    ledger.close().await;
    for _ in 0..2 {
        let ledger = open(&home).await;
        let row_a = row(&ledger, with_progress.call).await;
        assert_eq!((row_a.ending, row_a.estimated), (Ending::Interrupted, true));
        assert_eq!(row_a.charge.amount.get(), 80);
        let row_b = row(&ledger, without.call).await;
        assert_eq!((row_b.ending, row_b.estimated), (Ending::Interrupted, false));
        assert_eq!(spend(&ledger).await, 80);
        ledger.close().await;
    }
}

on_both!(the_data_folder_is_private_and_holds_no_key);
async fn the_data_folder_is_private_and_holds_no_key(home: Home) {
    use std::os::unix::fs::PermissionsExt;
    let data = home.path().join("data");
    let ledger = open(&Home::at(&data, home.address.clone())).await;
    create_key(&ledger).await;
    call(&ledger);
    ledger.flush().await;
    assert!(ledger.keys().get(key_hash()).await.unwrap().is_some());
    let mut folders = vec![data];
    while let Some(folder) = folders.pop() {
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{path:?}");
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(10).any(|part| part == b"sk-fixture"), "{path:?}");
        }
    }
}
