//! What the ledger needs to be told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tollgate_domain::{Charge, NanoUsd, Pricing, Usage};

use crate::budgets::NoBudgets;
use crate::{Budgets, Database, Opened};

/// Prices a call whose process died before it settled.
pub type PriceInterrupted = Arc<dyn Fn(&Opened, &Usage) -> Charge + Send + Sync>;

/// Settings of the ledger.
#[derive(Clone)]
pub struct LedgerSettings {
    /// Folder of the journal, the locks and, by default, the database. Made with mode 0700.
    pub data_dir: PathBuf,
    /// Where keys and rows are kept.
    pub database: Database,
    /// How old rows of calls become; none: they are kept. The sums of days are kept in any case.
    pub rows_kept: Option<Duration>,
    /// How long a record may wait for its fsync. It is safe from `kill -9` at once; this is the
    /// window of a power loss.
    pub fsync_interval: Duration,
    /// Size at which a segment of the journal is ended and the next one begun.
    pub segment_bytes: u64,
    /// Is told what keys have spent, and what calls of other processes hold and cost.
    pub budgets: Arc<dyn Budgets>,
    /// Prices calls that a dead process left open, by their last journalled progress.
    pub price_interrupted: PriceInterrupted,
}

// === impl LedgerSettings ===

impl LedgerSettings {
    /// Defaults: fsync within 100 ms, segments of 64 MiB, no budgets, interrupted
    /// calls unpriced.
    pub fn new(data_dir: &Path) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            database: Database::Sqlite(None),
            rows_kept: None,
            fsync_interval: Duration::from_millis(100),
            segment_bytes: 64 << 20,
            budgets: Arc::new(NoBudgets),
            price_interrupted: Arc::new(|_, _| Charge {
                amount: NanoUsd::ZERO,
                input: NanoUsd::ZERO,
                cached: NanoUsd::ZERO,
                output: NanoUsd::ZERO,
                pricing: Pricing::Unpriced,
            }),
        }
    }
}
