//! Stores and files that fail.

use std::fs;
use std::path::Path;

use tollgate_domain::{Ending, Usage};
use tollgate_ledger::{JournalError, Ledger, LedgerSettings, StoreState};

use crate::fixture::{
    COST, call, calls, create_key, eventually, execute, journal_files, key_hash, open, opened, row,
    rows, settings, settled, spend,
};

/// The bytes of a segment with two settled calls and one that is open with progress, in this
/// order, put where a dead process would have left it.
async fn dead_segment(dir: &Path) -> (std::path::PathBuf, Vec<u8>, tollgate_domain::CallId) {
    let other = tempfile::tempdir().unwrap();
    let ledger = open(other.path()).await;
    let open = opened();
    ledger.journal().opened(&open).unwrap();
    ledger.journal().progress(open.call, &Usage { output: 4, ..Usage::default() }).unwrap();
    call(&ledger);
    call(&ledger);
    let segment = journal_files(other.path(), ".tgj").remove(0);
    let bytes = fs::read(&segment).unwrap();
    let path = dir.join("journal").join(segment.file_name().unwrap());
    fs::create_dir_all(dir.join("journal")).unwrap();
    fs::write(&path, &bytes).unwrap();
    (path, bytes, open.call)
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_everything_before_it_is_shipped() {
    for cut in [1, 40, 300] {
        let dir = tempfile::tempdir().unwrap();
        let (path, bytes, open_call) = dead_segment(dir.path()).await;
        fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
        let ledger = open(dir.path()).await;
        let mut endings: Vec<_> = rows(&ledger).await.iter().map(|row| row.ending.name()).collect();
        endings.sort_unstable();
        // The second call's settled record is the torn one, so the call itself was interrupted.
        assert_eq!(endings, ["interrupted", "interrupted", "success"], "cut {cut}");
        assert!(row(&ledger, open_call).await.estimated);
        assert!(journal_files(dir.path(), ".damaged").is_empty());
    }
}

#[tokio::test]
async fn a_damaged_segment_is_kept_aside_and_what_stands_before_is_shipped() {
    let dir = tempfile::tempdir().unwrap();
    let (path, mut bytes, open_call) = dead_segment(dir.path()).await;
    // In the last record but one: the second call's `opened`.
    let end = bytes.len();
    bytes[end - 1_500] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let ledger = open(dir.path()).await;
    let interrupted = row(&ledger, open_call).await;
    assert_eq!(interrupted.ending, Ending::Interrupted);
    assert_eq!((interrupted.charge.amount.get(), interrupted.usage.output), (40, 4));
    let kept = journal_files(dir.path(), ".damaged");
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(&kept[0]).unwrap(), bytes);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_file_that_is_no_segment_does_not_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("journal")).unwrap();
    fs::write(dir.path().join("journal/a.tgj"), [b'x'; 500]).unwrap();
    fs::write(dir.path().join("journal/b.tgj"), b"").unwrap();
    let ledger = open(dir.path()).await;
    assert_eq!(journal_files(dir.path(), ".damaged").len(), 1);
    call(&ledger);
    ledger.flush().await;
    assert_eq!(rows(&ledger).await.len(), 1);
}

#[tokio::test]
async fn calls_go_on_while_the_store_is_down_and_are_shipped_when_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    create_key(&ledger).await;
    call(&ledger);
    ledger.flush().await;
    execute(dir.path(), "ALTER TABLE calls RENAME TO hidden").await;
    calls(&ledger, 700);
    assert!(ledger.spend_rows(Default::default()).await.is_err());
    assert!(matches!(ledger.state(), StoreState::Unavailable { since } if since > 0));
    execute(dir.path(), "ALTER TABLE hidden RENAME TO calls").await;
    ledger.flush().await;
    assert_eq!(ledger.state(), StoreState::Connected);
    assert_eq!(rows(&ledger).await.len(), 701);
    assert_eq!(spend(&ledger).await, 701 * COST);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_refuses_calls_and_comes_back_without_loss() {
    let dir = tempfile::tempdir().unwrap();
    let settings = LedgerSettings { segment_bytes: 1, ..settings(dir.path()) };
    let ledger = Ledger::open(settings).await.unwrap();
    create_key(&ledger).await;
    let in_flight = opened();
    ledger.journal().opened(&in_flight).unwrap();
    let (journal, away) = (dir.path().join("journal"), dir.path().join("away"));
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

#[tokio::test]
async fn a_closed_journal_refuses_calls() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    let journal = std::sync::Arc::clone(ledger.journal());
    ledger.close().await;
    assert!(matches!(journal.opened(&opened()), Err(JournalError::Unavailable)));
    assert!(matches!(journal.settled(&settled(opened())), Err(JournalError::Unavailable)));
}

#[tokio::test]
async fn two_ledgers_share_a_folder_and_leave_each_others_calls_alone() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).await;
    create_key(&first).await;
    let in_flight = opened();
    first.journal().opened(&in_flight).unwrap();
    let second = open(dir.path()).await;
    call(&second);
    call(&first);
    tokio::join!(first.flush(), second.flush());
    assert_eq!(rows(&second).await.len(), 2);
    second.close().await;
    first.journal().settled(&settled(in_flight.clone())).unwrap();
    first.close().await;
    let third = open(dir.path()).await;
    assert_eq!(row(&third, in_flight.call).await.ending, Ending::Success);
    assert_eq!(spend(&third).await, 3 * COST);
}

#[tokio::test]
async fn a_call_that_is_open_at_the_end_is_interrupted_once_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    create_key(&ledger).await;
    let (with_progress, without) = (opened(), opened());
    ledger.journal().opened(&with_progress).unwrap();
    ledger.journal().opened(&without).unwrap();
    let usage = |output| Usage { output, ..Usage::default() };
    ledger.journal().progress(with_progress.call, &usage(3)).unwrap();
    ledger.journal().progress(with_progress.call, &usage(8)).unwrap();
    ledger.close().await;
    for _ in 0..2 {
        let ledger = open(dir.path()).await;
        let row_a = row(&ledger, with_progress.call).await;
        assert_eq!((row_a.ending, row_a.estimated), (Ending::Interrupted, true));
        assert_eq!(row_a.charge.amount.get(), 80);
        let row_b = row(&ledger, without.call).await;
        assert_eq!((row_b.ending, row_b.estimated), (Ending::Interrupted, false));
        assert_eq!(spend(&ledger).await, 80);
        ledger.close().await;
    }
}

#[tokio::test]
async fn the_data_folder_is_private_and_holds_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let ledger = open(&data).await;
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
