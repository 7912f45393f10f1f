//! Where a ledger of a test lives: a data folder, and a database in it or elsewhere.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use tollgate_ledger::Database;

use crate::cluster::Cluster;

/// A data folder and its store.
pub(crate) struct Home {
    folder: Folder,
    /// The address of PostgreSQL; none: SQLite in the folder.
    pub(crate) address: Option<String>,
}

enum Folder {
    Own(tempfile::TempDir),
    Others(PathBuf),
}

/// Makes two tests of a function that takes a home: one with each store.
macro_rules! on_both {
    ($test:ident) => {
        crate::home::on_both!($test, flavor = "current_thread");
    };
    ($test:ident, $($flavor:tt)+) => {
        mod $test {
            use crate::home::Home;

            #[tokio::test($($flavor)+)]
            async fn sqlite() {
                super::$test(Home::sqlite()).await;
            }

            #[tokio::test($($flavor)+)]
            async fn postgres() {
                super::$test(Home::postgres().await).await;
            }
        }
    };
}
pub(crate) use on_both;

// === impl Home ===

impl Home {
    pub(crate) fn sqlite() -> Self {
        Self { folder: Folder::Own(tempfile::tempdir().unwrap()), address: None }
    }

    pub(crate) async fn postgres() -> Self {
        let address = Cluster::shared().database().await;
        Self { address: Some(address), ..Self::sqlite() }
    }

    /// The same store with another data folder; with SQLite, another store.
    pub(crate) fn beside(&self) -> Self {
        Self { address: self.address.clone(), ..Self::sqlite() }
    }

    /// Another of the same kind, with nothing in it.
    pub(crate) async fn fresh(&self) -> Self {
        if self.address.is_some() { Self::postgres().await } else { Self::sqlite() }
    }

    /// The same store by an address with more parameters.
    pub(crate) fn with(&self, parameters: &str) -> Self {
        let address = self.address.as_ref().map(|address| format!("{address}&{parameters}"));
        Self { address, ..Self::sqlite() }
    }

    /// One that another process made.
    pub(crate) fn at(path: &Path, address: Option<String>) -> Self {
        Self { folder: Folder::Others(path.to_owned()), address }
    }

    pub(crate) fn path(&self) -> &Path {
        match &self.folder {
            Folder::Own(folder) => folder.path(),
            Folder::Others(path) => path,
        }
    }

    pub(crate) fn database(&self) -> Database {
        match &self.address {
            Some(address) => Database::Postgres(address.parse().unwrap()),
            None => Database::Sqlite(None),
        }
    }

    /// Does something to the store behind the ledger's back.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.address {
            Some(address) => {
                PgConnection::connect(address).await.unwrap().execute(sql).await.map(drop).unwrap();
            }
            None => self.file().await.execute(sql).await.map(drop).unwrap(),
        }
    }

    /// The first column of each row of an answer, which must be text.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.address {
            Some(address) => {
                let mut connection = PgConnection::connect(address).await.unwrap();
                let rows = connection.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            None => {
                let rows = self.file().await.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    async fn file(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path().join("tollgate.db"));
        SqliteConnection::connect_with(&options).await.unwrap()
    }
}
