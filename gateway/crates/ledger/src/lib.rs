//! Everything that must outlive the process: virtual keys, the journal of calls, and the store
//! that the journal is shipped to. The only crate that names sqlx.
//!
//! A call writes an `opened` record before its upstream is asked and a `settled` record before its
//! last byte goes to the client. Both are plain appends to a local file, so a call never waits for
//! the store. The shipper moves the records to the store in batches; see [`Journal`].
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! use tollgate_domain::KeyHash;
//! use tollgate_ledger::{Ledger, LedgerSettings, NewKey};
//!
//! let dir = tempfile::tempdir().unwrap();
//! let ledger = Ledger::open(LedgerSettings::new(dir.path())).await.unwrap();
//! let hash = KeyHash::of_key("sk-example-a1b2");
//! ledger.keys().create(NewKey::new(hash, "sk-...a1b2", "admin")).await.unwrap();
//! assert!(ledger.keys().lookup(hash).await.unwrap().is_some());
//! ledger.close().await;
//! # });
//! ```

mod books;
mod budgets;
mod error;
mod journal;
mod keys;
mod ledger;
mod neighbours;
mod retention;
mod settings;
mod shipper;
mod spend;
mod store;

pub use books::{Books, Chain, Findings, Repriced};
pub use budgets::Budgets;
pub use error::{JournalError, KeyError, LedgerError, StoreError};
pub use journal::{Account, Journal, Opened, Service, Settled};
pub use keys::{KeyChange, KeyFilter, KeyStore, NewKey, StoredKey};
pub use ledger::Ledger;
pub use neighbours::Neighbours;
pub use settings::{LedgerSettings, PriceInterrupted};
pub use spend::{SpendFilter, SpendRow};
pub use store::{
    AddressError, DailyFilter, DailyRow, Database, DayField, Migrated, PostgresAddress, SpendPages,
    StoreState,
};
