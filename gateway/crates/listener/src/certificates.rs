//! The certificates of a listener: which one a client gets, by the name it asks for.

pub(crate) mod challenges;
pub(crate) mod pair;
mod table;
pub(crate) mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use self::challenges::ChallengeCertificates;
use self::pair::PairFault;
use self::table::Table;
use self::watch::{Event, Watched};

/// A certificate's file and its key's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PairFiles {
    /// The chain in PEM form, the server's own certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM form.
    pub key: PathBuf,
}

/// A pair of files cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificate {} with key {} cannot be used: {fault}",
        files.certificate.display(), files.key.display())]
pub struct CertificateError {
    /// The files.
    pub files: PairFiles,
    /// What is wrong with them.
    #[source]
    pub fault: PairFault,
}

/// Certificates for the names that they are made for. The first one is for all other names, and
/// for clients that name none.
///
/// Handshakes read a table that is replaced as a whole: none ever waits for a file.
#[derive(Debug)]
pub struct Certificates {
    table: ArcSwap<Table>,
    watched: Mutex<Vec<Watched>>,
    challenges: Arc<ChallengeCertificates>,
}

// === impl Certificates ===

impl Certificates {
    /// Loads pairs, all of which must be in order.
    pub fn load(files: Vec<PairFiles>) -> Result<Arc<Self>, CertificateError> {
        let watched: Vec<Watched> =
            files.into_iter().map(Watched::load).collect::<Result<_, _>>()?;
        Ok(Arc::new(Self {
            table: ArcSwap::from_pointee(table_of(&watched)),
            watched: Mutex::new(watched),
            challenges: Arc::default(),
        }))
    }

    /// Puts these pairs in the place of all others, if they are in order.
    pub fn replace(&self, files: Vec<PairFiles>) -> Result<(), CertificateError> {
        let loaded: Vec<Watched> =
            files.into_iter().map(Watched::load).collect::<Result<_, _>>()?;
        let mut watched = self.watched.lock();
        *watched = loaded;
        self.table.store(Arc::new(table_of(&watched)));
        Ok(())
    }

    /// Loads one more pair, and watches it from now on. A pair that is there already is read again.
    pub fn add(&self, files: PairFiles) -> Result<(), CertificateError> {
        let loaded = Watched::load(files)?;
        let mut watched = self.watched.lock();
        match watched.iter_mut().find(|known| known.files == loaded.files) {
            Some(known) => *known = loaded,
            None => watched.push(loaded),
        }
        self.table.store(Arc::new(table_of(&watched)));
        Ok(())
    }

    /// The certificates that prove control of a domain, for `acme-tls/1` handshakes.
    pub fn challenges(&self) -> &Arc<ChallengeCertificates> {
        &self.challenges
    }

    /// Looks at all files. What has changed and is in order takes effect; otherwise what was loaded
    /// before stays.
    fn check(&self, now: Instant) -> Vec<Event> {
        let mut watched = self.watched.lock();
        let events: Vec<Event> = watched.iter_mut().filter_map(|pair| pair.check(now)).collect();
        if events.iter().any(|event| matches!(event, Event::Loaded(_))) {
            self.table.store(Arc::new(table_of(&watched)));
        }
        events
    }
}

fn table_of(watched: &[Watched]) -> Table {
    Table::new(watched.iter().map(|watched| &watched.pair))
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.table.load().find(hello.server_name(), hello.signature_schemes())
    }
}

#[cfg(test)]
mod tests;
