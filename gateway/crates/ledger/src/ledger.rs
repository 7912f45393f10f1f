//! Opens, watches and closes the parts of the ledger.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{self, Instant};
use uuid::Uuid;

use crate::journal::segment;
use crate::journal::{Journal, Syncer};
use crate::keys::{KeyStore, Watcher};
use crate::neighbours::{Follower, Neighbours};
use crate::retention::Retention;
use crate::shipper::Shipper;
use crate::shipper::recovery::{Recovered, Recovery};
use crate::store::{Store, StoreState};
use crate::{
    DailyFilter, DailyRow, LedgerError, LedgerSettings, Migrated, SpendFilter, SpendPages,
    SpendRow, StoreError,
};

/// How long to wait for another process that recovers the journal.
const RECOVERY_MAX: Duration = Duration::from_secs(60);
const RECOVERY_POLL: Duration = Duration::from_millis(50);

/// Keys, journal and spend of a data folder. Two processes may have the same one open, and several
/// folders the same PostgreSQL.
pub struct Ledger {
    keys: Arc<KeyStore>,
    journal: Arc<Journal>,
    store: Store,
    neighbours: Arc<Neighbours>,
    // Dropped in this order: the tasks first, then the thread. None once it is closed.
    tasks: Mutex<Option<(Watcher, Retention, Follower)>>,
    shipper: Mutex<Option<Shipper>>,
    syncer: Mutex<Option<Syncer>>,
}

// === impl Ledger ===

impl Ledger {
    /// Opens the ledger: brings the schema up to date, ships what dead processes left in the
    /// journal, reads what live ones have open, and starts the shipper on the current runtime and the fsync thread.
    ///
    /// # Errors
    ///
    /// A folder, a file or the database cannot be used.
    pub async fn open(settings: LedgerSettings) -> Result<Self, LedgerError> {
        let journal_dir: Arc<Path> = settings.data_dir.join("journal").into();
        make_private_dir(&settings.data_dir)?;
        make_private_dir(&journal_dir)?;
        let replica = replica(&settings.data_dir)
            .map_err(|source| LedgerError::Files { path: settings.data_dir.clone(), source })?;
        let store = Box::pin(open_store(&settings, &replica)).await?;
        let recovery = Recovery {
            store: store.clone(),
            dir: Arc::clone(&journal_dir),
            price: settings.price_interrupted,
        };
        let patience = Instant::now() + RECOVERY_MAX;
        while Box::pin(recovery.run()).await? == Recovered::Busy {
            if Instant::now() > patience {
                return Err(LedgerError::RecoveryBusy);
            }
            time::sleep(RECOVERY_POLL).await;
        }
        let files = |source| LedgerError::Files { path: journal_dir.to_path_buf(), source };
        if let Err(error) = Box::pin(store.tidy_positions(&segments(&journal_dir).await?)).await {
            log::warn!("store: positions of segments that are gone stay: {error}");
        }
        let neighbours = Neighbours::new(&journal_dir, store.clone(), settings.budgets);
        let neighbours = Arc::new(neighbours);
        let follower = Box::pin(Follower::start(&neighbours)).await?;
        let journal =
            Journal::create(&journal_dir, settings.segment_bytes, Arc::clone(&neighbours));
        let journal = Arc::new(journal.map_err(files)?);
        let syncer = Syncer::start(&journal, settings.fsync_interval).map_err(files)?;
        let shipper = Shipper::start(recovery, &journal, &neighbours);
        let keys = Arc::new(KeyStore::new(store.clone(), Arc::clone(&neighbours)));
        let watcher = Watcher::start(&keys).await?;
        let retention = Retention::start(&store, settings.rows_kept);
        Ok(Self {
            keys,
            journal,
            store,
            neighbours,
            tasks: Mutex::new(Some((watcher, retention, follower))),
            shipper: Mutex::new(Some(shipper)),
            syncer: Mutex::new(Some(syncer)),
        })
    }

    /// The virtual keys.
    pub fn keys(&self) -> &KeyStore {
        &self.keys
    }

    /// The journal of this process.
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// The other processes on this folder.
    pub fn neighbours(&self) -> &Neighbours {
        &self.neighbours
    }

    /// Whether the store answers, as the last query saw it. One is made every two seconds.
    pub fn state(&self) -> StoreState {
        self.store.state()
    }

    /// Calls in the store, newest first.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn spend_rows(&self, filter: SpendFilter) -> Result<Vec<SpendRow>, StoreError> {
        self.store.find_calls(&filter, None).await
    }

    /// Calls in the store, newest first, read a page at a time: for more than fit in memory.
    pub fn spend_pages(&self, filter: SpendFilter) -> SpendPages {
        SpendPages::new(self.store.clone(), filter)
    }

    /// Sums of days.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn daily(&self, filter: &DailyFilter) -> Result<Vec<DailyRow>, StoreError> {
        self.store.daily(filter).await
    }

    /// Waits until everything that is in the journal now is in the store, however long the store
    /// does not answer.
    pub async fn flush(&self) {
        let flusher = self.shipper.lock().as_ref().map(Shipper::flusher);
        if let Some(flusher) = flusher {
            flusher.flush().await;
        }
    }

    /// Writes nothing more, ships what there is, and lets go of the data folder. Calls that are
    /// open still are ended as interrupted at the next start. Whoever still holds the journal can
    /// write nothing to it.
    pub async fn close(&self) {
        let journal = Arc::clone(&self.journal);
        let closing = tokio::task::spawn_blocking(move || journal.close());
        if let Err(panic) = closing.await {
            log::error!("journal: closing it failed: {panic}");
        }
        let shipper = self.shipper.lock().take();
        if let Some(shipper) = shipper {
            shipper.stop().await;
        }
        drop((self.tasks.lock().take(), self.syncer.lock().take()));
        self.journal.let_go();
        self.store.close().await;
    }
}

/// Opens the store while no other process on this folder can be changing its schema.
async fn open_store(settings: &LedgerSettings, replica: &str) -> Result<Store, LedgerError> {
    let path = settings.data_dir.join("migrate.lock");
    let lock = tokio::task::spawn_blocking({
        let path = path.clone();
        move || lock(&path)
    });
    let lock = lock.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    let lock = lock.map_err(|source| LedgerError::Files { path, source })?;
    let store = Store::open(&settings.database, &settings.data_dir, replica).await;
    drop(lock);
    let (store, Migrated { from, to }) = store?;
    if from != to {
        log::info!("store: its schema is brought from version {from} to {to}");
    }
    Ok(store)
}

/// The segments that are in a folder.
async fn segments(dir: &Arc<Path>) -> Result<Vec<Uuid>, LedgerError> {
    let path = Arc::clone(dir);
    let found = tokio::task::spawn_blocking(move || segment::find_all(&path)).await;
    let found = found.unwrap_or_else(|panic| Err(io::Error::other(panic)));
    let found = found.map_err(|source| LedgerError::Files { path: dir.to_path_buf(), source })?;
    Ok(found.into_iter().map(|(id, _)| id).collect())
}

/// The name of a data folder among those that share a store: made once, kept in a file.
fn replica(data_dir: &Path) -> io::Result<String> {
    let path = data_dir.join("replica");
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match made {
        Ok(mut file) => {
            let name = Uuid::now_v7().to_string();
            file.write_all(name.as_bytes())?;
            file.sync_all()?;
            Ok(name)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => std::fs::read_to_string(path),
        Err(error) => Err(error),
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Makes a folder that only its owner may enter; one that is there is made so.
fn make_private_dir(path: &Path) -> Result<(), LedgerError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path).and_then(|()| {
        let mut permissions = path.metadata()?.permissions();
        if permissions.mode() & 0o077 == 0 {
            return Ok(());
        }
        permissions.set_mode(0o700);
        std::fs::set_permissions(path, permissions)
    });
    made.map_err(|source| LedgerError::Files { path: path.to_owned(), source })
}
