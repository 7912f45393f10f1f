//! The schema: made once, brought forward, never back.

use sqlx::{Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use tollgate_ledger::{Books, Ledger, LedgerError, Migrated, StoreState};

use crate::fixture::{COST, call, create_key, key_hash, open, row, rows, settings, spend};
use crate::home::{Home, on_both};

on_both!(many_that_start_at_once_make_the_schema_once, flavor = "multi_thread", worker_threads = 2);
async fn many_that_start_at_once_make_the_schema_once(home: Home) {
    let homes: Vec<_> = (0..6)
        .map(|_| if home.address.is_some() { home.beside() } else { Home::at(home.path(), None) })
        .collect();
    let starts: Vec<_> =
        homes.iter().map(|home| tokio::spawn(Ledger::open(settings(home)))).collect();
    let mut ledgers = Vec::new();
    for start in starts {
        ledgers.push(start.await.unwrap().unwrap());
    }
    create_key(&ledgers[0]).await;
    for ledger in &ledgers {
        call(ledger);
        ledger.flush().await;
        assert_eq!(ledger.state(), StoreState::Connected);
    }
    assert_eq!(spend(&ledgers[5]).await, 6 * COST);
}

on_both!(a_schema_of_a_newer_version_is_refused_and_left_alone);
async fn a_schema_of_a_newer_version_is_refused_and_left_alone(home: Home) {
    let ledger = open(&home).await;
    create_key(&ledger).await;
    ledger.close().await;
    let future = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                  execution_time) VALUES (9000, 'later', TRUE, '', 0)";
    home.execute(future).await;
    let refused = Ledger::open(settings(&home)).await.err().unwrap();
    assert!(matches!(refused, LedgerError::NewerSchema { found: 9_000, .. }), "{refused}");
    home.execute("DELETE FROM _sqlx_migrations WHERE version = 9000").await;
    let ledger = open(&home).await;
    assert!(ledger.keys().get(key_hash()).await.unwrap().is_some());
}

on_both!(a_schema_that_others_made_is_refused);
async fn a_schema_that_others_made_is_refused(home: Home) {
    open(&home).await.close().await;
    home.execute("UPDATE _sqlx_migrations SET checksum = 'xy' WHERE version = 1").await;
    let refused = Ledger::open(settings(&home)).await.err().unwrap();
    assert!(matches!(refused, LedgerError::ForeignSchema { version: 1 }), "{refused}");
}

on_both!(it_can_be_brought_forward_apart_from_a_start);
async fn it_can_be_brought_forward_apart_from_a_start(home: Home) {
    let (books, migrated) = Books::open(&home.database(), home.path()).await.unwrap();
    books.close().await;
    assert!(migrated.from == 0 && migrated.to >= 1, "{migrated:?}");
    let (books, again) = Books::open(&home.database(), home.path()).await.unwrap();
    books.close().await;
    assert_eq!(again, Migrated { from: migrated.to, to: migrated.to });
}

/// A database of the first version, with a key, a call that it made and one of another day.
const FIRST: &str = "INSERT INTO keys VALUES ('HASH', 'sk-...a1b2', NULL, NULL, NULL, '[]', 3100, \
    NULL, NULL, NULL, NULL, '{}', 1, 1, 'admin', 'admin'); \
    INSERT INTO calls SELECT id, NULL, 'HASH', 'alias', NULL, 'team', '/v1/chat/completions', \
    'openai-chat', 'gpt', 'gpt-1', 'openai', 'gpt-4o', 1, 200, 'success', NULL, 10, 5, 1, 0, 2, 0, \
    1500, '{\"input\":500,\"cached\":0,\"output\":1000}', 'priced', '2026-11', 9000, started_at, \
    NULL, started_at + 7, '[\"aa\",\"bb\"]' FROM (SELECT \
    '0189abcd-0000-7000-8000-000000000001' AS id, 1700000000000 AS started_at UNION ALL \
    SELECT '0189abcd-0000-7000-8000-000000000002', 1700100000000); \
    INSERT INTO journal_positions VALUES ('x', 80, '');";

#[tokio::test]
async fn what_the_first_version_wrote_is_taken_over() {
    let home = Home::sqlite();
    let made = include_str!("../../migrations/sqlite/0001_keys_and_calls.sql");
    let options = SqliteConnectOptions::new().filename(home.path().join("tollgate.db"));
    let mut file = SqliteConnection::connect_with(&options.create_if_missing(true)).await.unwrap();
    let rows_of_then = FIRST.replace("HASH", &key_hash().to_string());
    for sql in [made.to_owned(), rows_of_then] {
        file.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    // As sqlx's own tool left it.
    let migrator = sqlx::migrate!("./migrations/sqlite");
    migrator.skip(&mut file, Some(1)).await.unwrap();
    file.close().await.unwrap();
    let ledger = open(&home).await;
    assert_eq!(rows(&ledger).await.len(), 2);
    let id = "0189abcd-0000-7000-8000-000000000001".parse().unwrap();
    let found = row(&ledger, id).await;
    assert_eq!((found.charge.input.get(), found.charge.output.get()), (500, 1_000));
    assert_eq!((found.usage.reasoning, found.service.attempts), (2, 1));
    assert_eq!(found.plugins, ["aa", "bb"]);
    call(&ledger);
    ledger.flush().await;
    ledger.close().await;
    let (books, _) = Books::open(&home.database(), home.path()).await.unwrap();
    let findings = books.verify().await.unwrap();
    assert_eq!((findings.calls, findings.keys, findings.days), (3, 1, 2), "{findings:?}");
    assert!(findings.wrong.is_empty(), "{findings:?}");
}
