//! Listeners of the configuration, made ready to accept connections.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tollgate_config::{EdgeLimits, Listener as Configured, Tls as ConfiguredTls};
use tollgate_listener::{
    CertificateError, Certificates, ConnectionLimits, Connections, Deadlines, GuardLimits,
    Listener, PairFiles, Resumption, ServiceSettings, Tls, TlsError, TlsSettings,
};

use crate::certificate::{SelfSignedError, self_signed};
use crate::listening::ListenerId;

/// Clients that take no tickets can resume so many sessions.
const SESSIONS_MAX: usize = 10_000;

/// A listener's certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListenerError {
    /// None could be made.
    #[error(transparent)]
    SelfSigned(#[from] SelfSignedError),
    /// One cannot be loaded.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error("the TLS listener {address}: {source}")]
    Tls {
        /// The listener.
        address: SocketAddr,
        /// Why.
        source: TlsError,
    },
}

/// A listener's certificates, kept to be replaced.
#[derive(Clone)]
pub(crate) struct Certified {
    /// The listener's place in the configuration.
    pub(crate) index: usize,
    pub(crate) certificates: Arc<Certificates>,
}

/// All listeners, and the certificates of those that speak TLS.
pub(crate) struct Listeners {
    pub(crate) settings: ServiceSettings,
    pub(crate) certified: Vec<Certified>,
}

impl Listeners {
    /// The plain one and those of the configuration.
    pub(crate) fn new(
        plain: SocketAddr,
        configured: &[Configured],
        limits: &EdgeLimits,
        data_dir: &Path,
    ) -> Result<Self, ListenerError> {
        let resumption = Resumption::new(SESSIONS_MAX)
            .map_err(|source| ListenerError::Tls { address: plain, source })?;
        let mut listeners = vec![listener(plain, ListenerId(0))];
        let mut certified = Vec::new();
        for (index, one) in configured.iter().enumerate() {
            let mut ready = listener(one.address, ListenerId(index + 1));
            ready.proxy_protocol = one.proxy_protocol.then(|| one.trusted_proxies.clone());
            if let Some(tls) = &one.tls {
                let certificates = Certificates::load(files(tls, data_dir)?)?;
                certified.push(Certified { index, certificates: Arc::clone(&certificates) });
                let client_ca = tls.client_ca.clone();
                let settings = TlsSettings { certificates, http2: one.http2, client_ca };
                let tls = Tls::new(&settings, &resumption);
                let address = one.address;
                ready.tls = Some(tls.map_err(|source| ListenerError::Tls { address, source })?);
            }
            listeners.push(ready);
        }
        Ok(Self { settings: settings(listeners, limits), certified })
    }
}

/// The files of a listener's certificates.
pub(crate) fn files(
    tls: &ConfiguredTls,
    data_dir: &Path,
) -> Result<Vec<PairFiles>, SelfSignedError> {
    let mut files: Vec<PairFiles> = tls
        .certificates
        .iter()
        .map(|one| PairFiles { certificate: one.certificate.clone(), key: one.private_key.clone() })
        .collect();
    if !tls.self_signed.is_empty() {
        files.push(self_signed(&tls.self_signed, data_dir)?);
    }
    Ok(files)
}

fn listener(address: SocketAddr, id: ListenerId) -> Listener {
    Listener { address, tls: None, proxy_protocol: None, data: Arc::new(id) }
}

fn settings(listeners: Vec<Listener>, limits: &EdgeLimits) -> ServiceSettings {
    let per_client = match limits.connections_per_client {
        0 => usize::MAX,
        some => some,
    };
    ServiceSettings {
        name: "edge".to_owned(),
        listeners,
        guard: GuardLimits {
            header_bytes: usize::try_from(limits.header_bytes).unwrap_or(usize::MAX),
            header_count: limits.header_count,
        },
        deadlines: Deadlines {
            head: limits.header_timeout,
            idle: limits.idle_timeout,
            body: limits.body_timeout,
            body_rate: limits.body_rate,
        },
        handshake: limits.handshake_timeout,
        connections: Connections::new(ConnectionLimits { open: limits.connections, per_client }),
    }
}
