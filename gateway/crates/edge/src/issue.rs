//! Certificates that an authority issues to listeners on demand.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use pingora_core::server::ShutdownWatch;
use pingora_core::services::background::BackgroundService;
use tollgate_acme::{Acme, AcmeError, AcmeSettings, Certificate, ChallengeKind, Challenges};
use tollgate_config::{Acme as Configured, Challenge, Listener};
use tollgate_listener::Certificates;

use crate::handover::Sockets;
use crate::listeners::Certified;

/// Certificates to be had from authorities, and the answers to their questions.
pub(crate) struct Issuance {
    pub(crate) challenges: Challenges,
    orders: Vec<Order>,
    /// Where an authority may ask, and whether it would be heard there.
    addresses: Vec<String>,
    sockets: Sockets,
}

struct Order {
    settings: AcmeSettings,
    certificates: Arc<Certificates>,
}

// === impl Issuance ===

impl Issuance {
    /// What the listeners ask for.
    pub(crate) fn new(
        listeners: &[Listener],
        certified: &[Certified],
        data_dir: &Path,
        sockets: Sockets,
    ) -> Result<Self, AcmeError> {
        let mut orders = Vec::new();
        for one in certified {
            let tls = listeners.get(one.index).and_then(|listener| listener.tls.as_ref());
            let Some(acme) = tls.and_then(|tls| tls.acme.as_ref()) else { continue };
            let settings = settings(acme, data_dir.to_owned());
            orders.push(Order { settings, certificates: Arc::clone(&one.certificates) });
        }
        for order in &orders {
            order.take_stored();
        }
        let challenges = match orders.is_empty() {
            true => Challenges::new(),
            false => Challenges::shared(data_dir)?,
        };
        for order in &orders {
            let answers = challenges.clone();
            let answer = move |domain: &str| Some(answers.tls_answer(domain)?.to_text());
            order.certificates.challenges().ask(answer);
        }
        let addresses = listeners.iter().map(|listener| listener.address.to_string()).collect();
        Ok(Self { challenges, orders, addresses, sockets })
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }
}

impl Order {
    /// Puts what is on disk into use, before the first connection comes. What is wrong with it is
    /// dealt with by the task, which looks at it again.
    fn take_stored(&self) {
        let authority = &self.settings.directory;
        match Acme::stored(&self.settings) {
            Ok(None) => {}
            Ok(Some(stored)) => take(&self.certificates, authority, &stored),
            Err(error) => {
                log::warn!(target: "edge", "no certificate from {authority} yet: {error}")
            }
        }
    }
}

fn settings(acme: &Configured, data_dir: PathBuf) -> AcmeSettings {
    let (directory, domains) = (acme.directory.clone(), acme.domains.clone());
    AcmeSettings {
        email: acme.email.clone(),
        challenge: match acme.challenge {
            Challenge::Http01 => ChallengeKind::Http01,
            Challenge::TlsAlpn01 => ChallengeKind::TlsAlpn01,
        },
        root_certificate: acme.root_certificate.clone(),
        ..AcmeSettings::new(directory, domains, data_dir)
    }
}

/// Puts a certificate into use.
fn take(certificates: &Certificates, authority: &str, issued: &Certificate) {
    let (chain, key) = (issued.chain_pem().as_bytes(), issued.key_pem().as_bytes());
    match certificates.issue(authority, chain, key) {
        Ok(()) => log::info!(target: "edge", "a certificate from {authority} is in use"),
        Err(fault) => {
            log::error!(target: "edge", "the certificate from {authority} cannot be used: {fault}");
        }
    }
}

#[async_trait]
impl BackgroundService for Issuance {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        // An authority that finds nobody would not be asked again for a minute.
        tokio::select! {
            () = self.sockets.opened(&self.addresses) => {}
            _ended = shutdown.changed() => return,
        }
        let mut running = Vec::new();
        for order in &self.orders {
            let certificates = Arc::clone(&order.certificates);
            let authority = order.settings.directory.clone();
            let named = authority.clone();
            let on_certificate =
                move |issued: &Certificate| take(&certificates, &authority, issued);
            match Acme::start(order.settings.clone(), self.challenges.clone(), on_certificate) {
                Ok(acme) => running.push(acme),
                Err(error) => log::error!(target: "acme", "{named}: {error}"),
            }
        }
        let _ended = shutdown.changed().await;
    }
}
