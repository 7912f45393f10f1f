//! A PostgreSQL that this test program starts for itself.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

/// A server and its databases. It ends with this, or with the process.
pub(crate) struct Cluster {
    child: Mutex<(Child, BufReader<ChildStdout>)>,
    folder: PathBuf,
}

/// The one that tests share; each has a database of its own.
static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

// === impl Cluster ===

impl Cluster {
    pub(crate) fn shared() -> &'static Self {
        &SHARED
    }

    /// Starts a server, for tests that stop it.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("tollgate-pg-").tempdir().unwrap().keep();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster.sh");
        let mut command = Command::new(script);
        command.arg(&folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        answers.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n", "PostgreSQL does not start: ops/setup.sh --test installs it");
        Self { child: Mutex::new((child, answers)), folder }
    }

    /// Has the script do something, and waits until it is done.
    pub(crate) fn order(&self, what: &str) {
        let mut child = self.child.lock().unwrap();
        writeln!(child.0.stdin.as_mut().unwrap(), "{what}").unwrap();
        let mut line = String::new();
        child.1.read_line(&mut line).unwrap();
        assert_eq!(line, "ok\n", "{what}");
    }

    /// The address of a database.
    pub(crate) fn address(&self, database: &str) -> String {
        let folder = self.folder.to_str().unwrap();
        format!("postgresql://tollgate@localhost/{database}?host={folder}&sslmode=disable")
    }

    /// Makes an empty database; gives its address.
    pub(crate) async fn database(&self) -> String {
        let name = format!("t{}", Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&self.address("postgres")).await.unwrap();
        let sql = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(sql).await.unwrap();
        connection.close().await.unwrap();
        self.address(&name)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let child = &mut self.child.get_mut().unwrap().0;
        drop(child.stdin.take());
        child.wait().ok();
        std::fs::remove_dir(&self.folder).ok();
    }
}
