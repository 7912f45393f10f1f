//! Certificates that prove to an ACME server who controls a domain (`tls-alpn-01`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::{Pair, PairFault};

/// For each domain, the certificate that a handshake with the protocol `acme-tls/1` gets. Nobody
/// else sees them.
#[derive(Default)]
pub struct ChallengeCertificates {
    known: Mutex<HashMap<String, Arc<CertifiedKey>>>,
    source: OnceLock<Source>,
}

/// Gives a domain's certificate and key in PEM form, both in one text.
type Source = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

// === impl ChallengeCertificates ===

impl ChallengeCertificates {
    /// Presents a certificate for a domain; both parts are in PEM form.
    pub fn set(&self, domain: &str, certificate: &[u8], key: &[u8]) -> Result<(), PairFault> {
        let pair = Pair::parse(certificate, key)?;
        self.known.lock().insert(domain.to_ascii_lowercase(), pair.key);
        Ok(())
    }

    /// The domain's challenge is over.
    pub fn remove(&self, domain: &str) {
        self.known.lock().remove(&domain.to_ascii_lowercase());
    }

    /// Asks `source` for domains that are not set. It is asked in the handshake and should be
    /// quick. The first source stays.
    pub fn ask(&self, source: impl Fn(&str) -> Option<String> + Send + Sync + 'static) {
        let _first = self.source.set(Box::new(source));
    }

    fn asked(&self, domain: &str) -> Option<Arc<CertifiedKey>> {
        let text = self.source.get()?(domain)?;
        Some(Pair::parse(text.as_bytes(), text.as_bytes()).ok()?.key)
    }
}

impl ResolvesServerCert for ChallengeCertificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let domain = hello.server_name()?.to_ascii_lowercase();
        let known = self.known.lock().get(&domain).map(Arc::clone);
        known.or_else(|| self.asked(&domain))
    }
}

impl fmt::Debug for ChallengeCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChallengeCertificates").finish_non_exhaustive()
    }
}
