//! The certificates of a listener: which one a client gets, by the name it asks for.

pub(crate) mod challenges;
pub(crate) mod pair;
mod table;
pub(crate) mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use self::challenges::ChallengeCertificates;
use self::pair::{Pair, PairFault};
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
    /// Certificates that come from no file, by who issued them.
    issued: Mutex<BTreeMap<String, Pair>>,
    challenges: Arc<ChallengeCertificates>,
}

// === impl Certificates ===

impl Certificates {
    /// Loads pairs, all of which must be in order.
    pub fn load(files: Vec<PairFiles>) -> Result<Arc<Self>, CertificateError> {
        let watched: Vec<Watched> =
            files.into_iter().map(Watched::load).collect::<Result<_, _>>()?;
        Ok(Arc::new(Self {
            table: ArcSwap::from_pointee(Table::new(watched.iter().map(|watched| &watched.pair))),
            watched: Mutex::new(watched),
            issued: Mutex::default(),
            challenges: Arc::default(),
        }))
    }

    /// Puts these pairs in the place of all others, if they are in order.
    pub fn replace(&self, files: Vec<PairFiles>) -> Result<(), CertificateError> {
        let loaded: Vec<Watched> =
            files.into_iter().map(Watched::load).collect::<Result<_, _>>()?;
        let mut watched = self.watched.lock();
        *watched = loaded;
        self.publish(&watched);
        Ok(())
    }

    /// Takes a certificate from an authority, both parts in PEM form, in the place of the one that
    /// came from there before. Certificates of files come first where names are the same.
    pub fn issue(&self, authority: &str, chain: &[u8], key: &[u8]) -> Result<(), PairFault> {
        let pair = Pair::parse(chain, key)?;
        let watched = self.watched.lock();
        self.issued.lock().insert(authority.to_owned(), pair);
        self.publish(&watched);
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
        self.publish(&watched);
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
            self.publish(&watched);
        }
        events
    }

    fn publish(&self, watched: &[Watched]) {
        let issued = self.issued.lock();
        let pairs = watched.iter().map(|watched| &watched.pair).chain(issued.values());
        self.table.store(Arc::new(Table::new(pairs)));
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.table.load().find(hello.server_name(), hello.signature_schemes())
    }
}

#[cfg(test)]
mod tests;
