//! Work on a store beside gateways that run on it: bringing its schema up to date, checking it, and
//! pricing its calls anew.

mod journals;

use std::path::{Path, PathBuf};

use tollgate_domain::{Charge, Pricing, UnixMillis};

pub use self::journals::Chain;
use crate::store::{Checked, Priced, Store};
use crate::{Database, LedgerError, Migrated, SpendRow, StoreError};

/// A store that is open for such work.
pub struct Books {
    store: Store,
    data_dir: PathBuf,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Calls in the store.
    pub calls: u64,
    /// Keys whose spend was compared with their calls.
    pub keys: u64,
    /// Days whose sums were compared with their calls.
    pub days: u64,
    /// Segments of the journal whose chain was followed, and what is wrong with them.
    pub segments: Vec<Chain>,
    /// What does not fit, for people.
    pub wrong: Vec<String>,
}

/// What pricing anew came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repriced {
    /// Calls that were looked at.
    pub calls: u64,
    /// Those that have no price now; they keep what they were charged.
    pub unpriced: u64,
    /// Those whose charge differs.
    pub changed: u64,
    /// What all of them cost before, in nano-dollars.
    pub before: i128,
    /// What all of them cost now, in nano-dollars.
    pub after: i128,
}

// === impl Books ===

impl Books {
    /// Opens a store and brings its schema up to date; says what was done to it.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or its schema is newer than this program.
    pub async fn open(
        database: &Database,
        data_dir: &Path,
    ) -> Result<(Self, Migrated), LedgerError> {
        let (store, migrated) = Store::open(database, data_dir, "").await?;
        Ok((Self { store, data_dir: data_dir.to_owned() }, migrated))
    }

    /// Compares the spend of keys and the sums of days with the rows of calls, and follows the hash
    /// chains of the journal in the data folder, if there is one.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn verify(&self) -> Result<Findings, StoreError> {
        let Checked { calls, keys, days, mut wrong } = self.store.check().await?;
        let folder = self.data_dir.join("journal");
        let segments = tokio::task::spawn_blocking(move || journals::follow(&folder)).await;
        let segments = segments.map_err(|panic| StoreError::Unavailable(panic.into()))?;
        for Chain { name, defect, .. } in &segments {
            wrong.extend(defect.as_ref().map(|defect| format!("journal {name}: {defect}")));
        }
        Ok(Findings { calls, keys, days, segments, wrong })
    }

    /// Prices calls that began since a time anew, those that failed to be priced included. If it
    /// is to be applied, their charges, their keys' spend and the sums of days are changed, a few
    /// calls in each transaction; gateways that run know of it when they next read the key.
    ///
    /// # Errors
    ///
    /// The store does not answer; what was applied before stays so.
    pub async fn reprice(
        &self,
        since: UnixMillis,
        apply: bool,
        price: &mut dyn FnMut(&SpendRow) -> Charge,
    ) -> Result<Repriced, StoreError> {
        let mut total = Repriced::default();
        let mut after = None;
        loop {
            let rows = self.store.calls_since(since, after).await?;
            let Some(last) = rows.last() else { return Ok(total) };
            after = Some(last.call);
            let mut changed = Vec::new();
            for row in rows {
                total.calls += 1;
                let mut charge = price(&row);
                if !matches!(charge.pricing, Pricing::Priced(_)) {
                    total.unpriced += 1;
                    charge = row.charge.clone();
                }
                total.before += i128::from(row.charge.amount.to_stored());
                total.after += i128::from(charge.amount.to_stored());
                if charge != row.charge {
                    total.changed += 1;
                    changed.push(Priced { row, charge });
                }
            }
            if apply && !changed.is_empty() {
                self.store.reprice(&changed).await?;
            }
        }
    }

    /// Lets go of the store.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
