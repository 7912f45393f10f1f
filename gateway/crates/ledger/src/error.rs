//! What can go wrong, one type per audience: start, store, keys, journal.

use std::io;
use std::path::PathBuf;

/// Why the ledger does not open.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// A file or folder cannot be used.
    #[error("cannot use {}", .path.display())]
    Files {
        /// Which one.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The schema cannot be brought up to date.
    #[error("cannot bring the schema up to date")]
    Migration(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A newer version of this program has been here.
    #[error("the schema has version {found}, and this program knows {known} at most: it is older")]
    NewerSchema {
        /// The version of the schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The schema was made by other migrations than this program's.
    #[error("version {version} of the schema is not what this program makes")]
    ForeignSchema {
        /// The version that differs.
        version: i64,
    },
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process has been recovering the journal for too long.
    #[error("another process is still recovering the journal")]
    RecoveryBusy,
}

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or failed.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A row holds what this version cannot read.
    #[error("column {column} holds what cannot be read")]
    Unreadable {
        /// The column.
        column: &'static str,
    },
}

/// Why a key was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Another key has this alias.
    #[error("another key has this alias")]
    AliasTaken,
    /// The key exists already.
    #[error("the key exists already")]
    KeyTaken,
    /// The store gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a record is not in the journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// An earlier write or fsync failed and no fresh segment could be opened yet, or the journal
    /// is closed: no call may begin.
    #[error("the journal cannot be written at present")]
    Unavailable,
    /// As above, but the record is kept in memory and is written first as soon as that works.
    #[error("the journal cannot be written at present; the record waits in memory")]
    Deferred,
    /// The record is larger than any honest one.
    #[error("a journal record of {bytes} bytes is too large")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The record is there, but calls of another process leave the budget no room for this one.
    #[error("calls of another process have taken the budget")]
    OverBudget,
    /// The record is there, but what another process has opened could not be read.
    #[error("cannot read another process's journal")]
    Neighbours(#[source] io::Error),
    /// The write failed.
    #[error("cannot write to the journal")]
    Write(#[from] io::Error),
    /// The record cannot be written as JSON.
    #[error("cannot encode a journal record")]
    Encode(#[from] serde_json::Error),
}
