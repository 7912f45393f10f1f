//! What requests are served by. A reload replaces it as a whole: a request keeps what it began with.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tollgate_config::{Cors, Edge as EdgeConfig};

use crate::gate::Gate;
use crate::listening::Listening;
use crate::site::{SiteError, Sites};

/// Sites and what stands behind them.
pub(crate) struct Serving {
    pub(crate) gate: Arc<Gate>,
    pub(crate) sites: Sites,
    pub(crate) listening: Listening,
}

/// The present [`Serving`].
pub(crate) struct Current {
    serving: ArcSwap<Serving>,
    /// Another one has taken its place.
    pub(crate) changed: Notify,
}

// === impl Serving ===

impl Serving {
    pub(crate) fn new(
        edge: Option<&EdgeConfig>,
        cors: Option<&Cors>,
        gate: Arc<Gate>,
    ) -> Result<Self, SiteError> {
        let listeners = edge.map_or(&[][..], |edge| &edge.listeners);
        let sites = edge.map_or(&[][..], |edge| &edge.sites);
        let listening = Listening::new(listeners);
        Ok(Self { gate, sites: Sites::new(sites, cors)?, listening })
    }
}

// === impl Current ===

impl Current {
    pub(crate) fn new(serving: Serving) -> Arc<Self> {
        let serving = ArcSwap::from_pointee(serving);
        Arc::new(Self { serving, changed: Notify::new() })
    }

    pub(crate) fn get(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    pub(crate) fn set(&self, serving: Serving) {
        self.serving.store(Arc::new(serving));
        self.changed.notify_waiters();
    }
}
