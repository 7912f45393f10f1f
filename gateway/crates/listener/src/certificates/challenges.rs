//! Certificates that prove to an ACME server who controls a domain (`tls-alpn-01`).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::{Pair, PairFault};

/// For each domain, the certificate that a handshake with the protocol `acme-tls/1` gets. Nobody
/// else sees them.
#[derive(Debug, Default)]
pub struct ChallengeCertificates(Mutex<HashMap<String, Arc<CertifiedKey>>>);

// === impl ChallengeCertificates ===

impl ChallengeCertificates {
    /// Presents a certificate for a domain; both parts are in PEM form.
    pub fn set(&self, domain: &str, certificate: &[u8], key: &[u8]) -> Result<(), PairFault> {
        let pair = Pair::parse(certificate, key)?;
        self.0.lock().insert(domain.to_ascii_lowercase(), pair.key);
        Ok(())
    }

    /// The domain's challenge is over.
    pub fn remove(&self, domain: &str) {
        self.0.lock().remove(&domain.to_ascii_lowercase());
    }
}

impl ResolvesServerCert for ChallengeCertificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let domain = hello.server_name()?.to_ascii_lowercase();
        self.0.lock().get(&domain).map(Arc::clone)
    }
}
