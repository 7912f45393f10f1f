//! Another configuration for a running server: sites, routes, what stands behind them, and
//! certificates. Sockets stay as they are.

use std::sync::Arc;

use tollgate_config::{Cors, Edge as EdgeConfig, Listener};
use tollgate_listener::Certificates;

use crate::gate::Gate;
use crate::listeners::{Certified, ListenerError, files};
use crate::server::{EdgeError, EdgeSettings};
use crate::serving::{Current, Serving};

/// Gives a running server another configuration.
pub struct Reload {
    current: Arc<Current>,
    certified: Vec<Certified>,
    /// As the server was started.
    settings: EdgeSettings,
}

impl Reload {
    pub(crate) fn new(
        current: Arc<Current>,
        certified: Vec<Certified>,
        settings: EdgeSettings,
    ) -> Self {
        Self { current, certified, settings }
    }

    /// Requests that begin from now on are served by these. After an error nothing has changed.
    /// Gives what takes effect at the next start only.
    pub fn apply(
        &self,
        edge: Option<&EdgeConfig>,
        cors: Option<&Cors>,
        gate: Arc<Gate>,
    ) -> Result<Vec<String>, EdgeError> {
        let mut serving = Serving::new(edge, cors, gate)?;
        let before = self.settings.edge.as_ref();
        let now = edge.map_or(&[][..], |edge| &edge.listeners);
        let started = before.map_or(&[][..], |edge| &edge.listeners);
        let mut later = Vec::new();
        if !serving.listening.has_addresses_of(&self.current.get().listening) {
            later.push("the addresses of listeners".to_owned());
            serving.listening = crate::listening::Listening::new(started);
        } else {
            self.replace_certificates(now)?;
            later.extend(changes_of_sockets(started, now));
        }
        if before.map(|edge| &edge.limits) != edge.map(|edge| &edge.limits) {
            later.push("edge.limits".to_owned());
        }
        self.current.set(serving);
        Ok(later)
    }

    /// All or none.
    fn replace_certificates(&self, listeners: &[Listener]) -> Result<(), ListenerError> {
        let mut ready = Vec::new();
        for one in &self.certified {
            let tls = listeners.get(one.index).and_then(|listener| listener.tls.as_ref());
            let Some(tls) = tls else { continue };
            let files = files(tls, &self.settings.data_dir)?;
            Certificates::load(files.clone())?;
            ready.push((&one.certificates, files));
        }
        for (certificates, files) in ready {
            certificates.replace(files)?;
        }
        Ok(())
    }
}

/// What of listeners is fixed when they start.
fn changes_of_sockets(started: &[Listener], now: &[Listener]) -> Vec<String> {
    let mut changes = Vec::new();
    for (before, now) in started.iter().zip(now) {
        let facts = |listener: &Listener| {
            let tls = listener.tls.as_ref();
            (
                tls.map(|tls| (tls.client_ca.clone(), tls.acme.clone())),
                listener.http2,
                listener.proxy_protocol.then(|| listener.trusted_proxies.clone()),
            )
        };
        if facts(before) != facts(now) {
            let address = now.address;
            changes.push(format!(
                "of the listener {address}: tls, client_ca, acme, http2, proxy_protocol"
            ));
        }
    }
    changes
}
