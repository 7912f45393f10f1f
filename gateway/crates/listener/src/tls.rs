//! How TLS is spoken: versions, keys, protocols, resumption and clients' certificates.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use pem::Pem;
use rustls::crypto::aws_lc_rs::{Ticketer, kx_group};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{
    ProducesTickets, ServerSessionMemoryCache, StoresServerSessions, VerifierBuilderError,
    WebPkiClientVerifier,
};
use rustls::{RootCertStore, ServerConfig};

use crate::certificates::Certificates;

/// The protocol in which an ACME server asks for the proof of a domain.
pub(crate) const CHALLENGE: &[u8] = b"acme-tls/1";

/// How a listener speaks TLS.
#[derive(Clone, Debug)]
pub struct TlsSettings {
    /// Its certificates.
    pub certificates: Arc<Certificates>,
    /// HTTP/2 is offered beside HTTP/1.1.
    pub http2: bool,
    /// PEM file of the authorities, one of which must have signed a client's certificate. `None`:
    /// clients need no certificate.
    pub client_ca: Option<PathBuf>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The clients' authorities cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// They are not in PEM form.
    #[error("{} is not in PEM form: {source}", file.display())]
    NotPem {
        /// The file.
        file: PathBuf,
        /// Why.
        source: pem::PemError,
    },
    /// One of them is no certificate of an authority.
    #[error("{}: {source}", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// Clients' certificates cannot be verified by them.
    #[error(transparent)]
    Verifier(#[from] VerifierBuilderError),
    /// The provider of cryptography refuses.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// What clients need to resume a session. Listeners that share it let a client resume with one what
/// it began with the other; after a restart nobody resumes.
#[derive(Clone)]
pub struct Resumption {
    tickets: Arc<dyn ProducesTickets>,
    sessions: Arc<dyn StoresServerSessions>,
    sessions_max: usize,
}

/// TLS as a listener speaks it.
#[derive(Clone)]
pub struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) challenge: Arc<ServerConfig>,
}

/// The provider of cryptography: aws-lc, with the post-quantum hybrid first. Make it the process's
/// own, before any of pingora's objects is made.
pub fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
            kx_group::SECP384R1,
        ],
        ..aws_lc_rs::default_provider()
    }
}

// === impl Resumption ===

impl Resumption {
    /// Remembers so many sessions of clients that take no tickets.
    pub fn new(sessions_max: usize) -> Result<Self, TlsError> {
        let sessions = ServerSessionMemoryCache::new(sessions_max);
        Ok(Self { tickets: Ticketer::new()?, sessions, sessions_max })
    }
}

impl fmt::Debug for Resumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resumption")
            .field("sessions_max", &self.sessions_max)
            .finish_non_exhaustive()
    }
}

// === impl Tls ===

impl Tls {
    /// Sets TLS up.
    ///
    /// A listener that asks for clients' certificates shares its resumption with no other: whoever
    /// resumes shows no certificate, so that a session of a listener without them would do.
    pub fn new(settings: &TlsSettings, resumption: &Resumption) -> Result<Self, TlsError> {
        let provider = Arc::new(provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions()?;
        let (builder, resumption) = match &settings.client_ca {
            None => (builder.with_no_client_auth(), resumption.clone()),
            Some(file) => {
                let roots = Arc::new(authorities(file)?);
                let provider = Arc::clone(&provider);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let builder = builder.with_client_cert_verifier(verifier.build()?);
                (builder, Resumption::new(resumption.sessions_max)?)
            }
        };
        let certificates: Arc<Certificates> = Arc::clone(&settings.certificates);
        let mut config = builder.with_cert_resolver(certificates);
        config.ticketer = resumption.tickets;
        config.session_storage = resumption.sessions;
        config.alpn_protocols = match settings.http2 {
            true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            false => vec![b"http/1.1".to_vec()],
        };
        let challenges = Arc::clone(settings.certificates.challenges());
        let mut challenge = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(challenges);
        challenge.alpn_protocols = vec![CHALLENGE.to_vec()];
        Ok(Self { config: Arc::new(config), challenge: Arc::new(challenge) })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("alpn", &self.config.alpn_protocols).finish_non_exhaustive()
    }
}

fn authorities(file: &PathBuf) -> Result<RootCertStore, TlsError> {
    let text = std::fs::read(file)
        .map_err(|source| TlsError::Unreadable { file: file.clone(), source })?;
    let parts =
        pem::parse_many(text).map_err(|source| TlsError::NotPem { file: file.clone(), source })?;
    let mut roots = RootCertStore::empty();
    for part in parts.into_iter().filter(|part| part.tag() == "CERTIFICATE") {
        roots
            .add(Pem::into_contents(part).into())
            .map_err(|source| TlsError::Authority { file: file.clone(), source })?;
    }
    Ok(roots)
}
