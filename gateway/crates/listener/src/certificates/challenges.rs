//! Certificates that prove to an ACME server who controls a domain (`tls-alpn-01`).

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::pair::{PairFault, unread};

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
        let key = unread(certificate, key)?;
        self.known.lock().insert(domain.to_ascii_lowercase(), Arc::new(key));
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
        match unread(text.as_bytes(), text.as_bytes()) {
            Ok(key) => Some(Arc::new(key)),
            Err(fault) => {
                log::error!(target: "listener", "the answer for {domain} cannot be used: {fault}");
                None
            }
        }
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

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CustomExtension, KeyPair};

    use super::super::pair::Pair;
    use super::*;

    #[test]
    fn what_only_an_authority_understands_is_shown_all_the_same() {
        let key = KeyPair::generate().unwrap();
        let mut wanted = CertificateParams::new(vec!["new.example".to_owned()]).unwrap();
        wanted.custom_extensions = vec![CustomExtension::new_acme_identifier(&[7; 32])];
        let certificate = wanted.self_signed(&key).unwrap();
        let (certificate, key) = (certificate.pem(), key.serialize_pem());
        assert!(Pair::parse(certificate.as_bytes(), key.as_bytes()).is_err());
        let challenges = ChallengeCertificates::default();
        challenges.set("New.example", certificate.as_bytes(), key.as_bytes()).unwrap();
        assert!(challenges.known.lock().contains_key("new.example"));
        let both = format!("{certificate}{key}");
        challenges.ask(move |domain| (domain == "asked.example").then(|| both.clone()));
        assert!(challenges.asked("asked.example").is_some());
        assert!(challenges.asked("other.example").is_none());
    }

    #[test]
    fn what_is_no_certificate_with_a_key_is_not_taken() {
        let challenges = ChallengeCertificates::default();
        assert!(challenges.set("a.example", b"", b"").is_err());
        challenges.ask(|_| Some("nothing".to_owned()));
        assert!(challenges.asked("a.example").is_none());
    }
}
