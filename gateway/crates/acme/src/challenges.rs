//! Answers to the CA's questions, for whoever listens on ports 80 and 443.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use pem::Pem;

use crate::error::AcmeError;
use crate::published::SharedAnswers;

/// Answers at one time: a name has one for as long as its order takes.
const ANSWERS_MAX: usize = 1000;

/// What the CA is to be shown in a TLS handshake: a certificate that nobody else would trust.
#[derive(Clone, Eq, PartialEq)]
pub struct TlsAnswer {
    /// The certificate, DER. It is a chain of its own.
    pub certificate: Vec<u8>,
    /// Its private key, PKCS #8 in DER.
    pub private_key: Vec<u8>,
}

impl std::fmt::Debug for TlsAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsAnswer").finish_non_exhaustive()
    }
}

impl TlsAnswer {
    /// Both in PEM form, the certificate first.
    pub fn to_text(&self) -> String {
        let parts = [("CERTIFICATE", &self.certificate), ("PRIVATE KEY", &self.private_key)];
        pem::encode_many(&parts.map(|(tag, der)| Pem::new(tag, der.clone())))
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = pem::parse_many(text).ok()?.into_iter().map(Pem::into_contents);
        Some(Self { certificate: parts.next()?, private_key: parts.next()? })
    }
}

/// The answers that stand at this moment. Clones share them, and several certificates may too.
#[derive(Clone, Debug, Default)]
pub struct Challenges {
    http: Arc<RwLock<HashMap<String, Answer<String>>>>,
    tls: Arc<RwLock<HashMap<String, Answer<Arc<TlsAnswer>>>>>,
    shared: Option<Arc<SharedAnswers>>,
}

/// Not shown: only the CA and whoever it asks are to see it.
#[derive(Clone)]
struct Answer<T>(T);

impl<T> std::fmt::Debug for Answer<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl Challenges {
    /// The path that http-01 asks under, with the token behind it.
    pub const HTTP_PATH: &'static str = "/.well-known/acme-challenge/";

    /// The protocol that a client of tls-alpn-01 offers, alone.
    pub const TLS_PROTOCOL: &'static [u8] = b"acme-tls/1";

    /// Answers of this process only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers of every process on this data directory: the CA's question may arrive at another
    /// gateway than the one that ordered.
    pub fn shared(data_dir: &Path) -> Result<Self, AcmeError> {
        let shared = Some(Arc::new(SharedAnswers::open(data_dir)?));
        Ok(Self { shared, ..Self::default() })
    }

    /// The body of a 200 to `GET` [`Self::HTTP_PATH`]`{token}` on port 80, content type
    /// `application/octet-stream`. `None`: nobody waits for this token.
    pub fn http_answer(&self, token: &str) -> Option<String> {
        let own = self.http.read().get(token).map(|answer| answer.0.clone());
        own.or_else(|| self.shared.as_ref()?.get(HTTP, token))
    }

    /// The certificate for a handshake whose only ALPN protocol is [`Self::TLS_PROTOCOL`], by
    /// its server name. The connection ends after the handshake.
    pub fn tls_answer(&self, domain: &str) -> Option<Arc<TlsAnswer>> {
        let domain = domain.to_ascii_lowercase();
        let own = self.tls.read().get(&domain).map(|answer| Arc::clone(&answer.0));
        own.or_else(|| {
            let text = self.shared.as_ref()?.get(TLS, &domain)?;
            TlsAnswer::from_text(&text).map(Arc::new)
        })
    }

    /// Answers a token until the result is dropped. `None`: too many answers already.
    pub(crate) fn present_http(&self, token: &str, answer: String) -> Option<Presented> {
        self.share(HTTP, token, || answer.clone());
        insert(&self.http, token, Answer(answer))?;
        Some(Presented { challenges: self.clone(), kind: HTTP, name: token.to_owned() })
    }

    /// Answers for a domain until the result is dropped. `None`: too many answers already.
    pub(crate) fn present_tls(&self, domain: &str, answer: TlsAnswer) -> Option<Presented> {
        self.share(TLS, domain, || answer.to_text());
        insert(&self.tls, domain, Answer(Arc::new(answer)))?;
        Some(Presented { challenges: self.clone(), kind: TLS, name: domain.to_owned() })
    }

    /// This process answers even if the others cannot.
    fn share(&self, kind: &str, name: &str, answer: impl Fn() -> String) {
        let Some(shared) = &self.shared else { return };
        if let Err(error) = shared.put(kind, name, &answer()) {
            log::warn!(target: "acme", "other processes cannot answer the CA: {error}");
        }
    }
}

const HTTP: &str = "http";
const TLS: &str = "tls";

fn insert<T>(answers: &RwLock<HashMap<String, T>>, name: &str, answer: T) -> Option<()> {
    let mut answers = answers.write();
    if answers.len() >= ANSWERS_MAX {
        return None;
    }
    answers.insert(name.to_owned(), answer);
    Some(())
}

/// An answer that stands while this lives.
#[must_use]
#[derive(Debug)]
pub(crate) struct Presented {
    challenges: Challenges,
    kind: &'static str,
    name: String,
}

impl Drop for Presented {
    fn drop(&mut self) {
        if self.kind == HTTP {
            self.challenges.http.write().remove(&self.name);
        } else {
            self.challenges.tls.write().remove(&self.name);
        }
        if let Some(shared) = &self.challenges.shared {
            shared.remove(self.kind, &self.name);
        }
    }
}

#[cfg(test)]
mod tests;
